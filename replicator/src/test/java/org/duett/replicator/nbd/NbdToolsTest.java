package org.duett.replicator.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The server judged by clients that others wrote. Each needs its Debian package; without it the test is skipped and says so. */
@Timeout(180)
@ParameterizedClass
@EnumSource(Transport.class)
class NbdToolsTest {
    private final Transport transport;
    @TempDir
    Path work;
    private NbdBench bench;

    NbdToolsTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport.configName() + " is not available here");
        bench = new NbdBench(transport).promoted();
    }

    @AfterEach
    void stop() throws Exception {
        if (bench != null) bench.close();
    }

    private record Result(int exitCode, String output) {
    }

    private Result run(String debianPackage, List<String> command) throws Exception {
        boolean installed = List.of(System.getenv("PATH").split(":")).stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command.getFirst())));
        assumeTrue(installed, () -> command.getFirst() + " is not installed: apt-get install " + debianPackage);
        Path output = Files.createTempFile(work, command.getFirst(), ".out");
        Process process = new ProcessBuilder(command).directory(work.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile()).start();
        try {
            if (!process.waitFor(120, TimeUnit.SECONDS)) throw new AssertionError(command + " hangs: " + Files.readString(output));
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), Files.readString(output, UTF_8));
    }

    private String succeed(String debianPackage, String... command) throws Exception {
        Result result = run(debianPackage, List.of(command));
        assertThat(result.exitCode()).as("%s: %s", List.of(command), result.output()).isZero();
        return result.output();
    }

    @Test
    void nbdinfoShowsTheExport() throws Exception {
        for (String uri : List.of(bench.uri(), bench.tcpUri())) {
            String info = succeed("libnbd-bin", "nbdinfo", uri);
            assertThat(info).contains("newstyle-fixed without TLS, using simple packets", NbdBench.NAME,
                    "export-size: 67108864", "can_flush: true",
                    "can_fua: true", "can_trim: true", "can_zero: true", "can_multi_conn: true", "is_read_only: false",
                    "block_size_minimum: 512",
                    "block_size_preferred: 4096", "block_size_maximum: 33554432");
        }
        assertThat(succeed("libnbd-bin", "nbdinfo", "--list", "nbd+unix:///?socket=" + bench.socket))
                .contains(NbdBench.NAME);

        bench.doOnLoop(() -> bench.server.closeExport(0));
        assertThat(run("libnbd-bin", List.of("nbdinfo", bench.uri())).exitCode()).isNotZero();
    }

    @Test
    void qemuImgShowsWhyASecondaryRefuses() throws Exception {
        bench.doOnLoop(() -> bench.server.closeExport(0));
        Result refused = run("qemu-utils", List.of("qemu-img", "info", bench.uri()));
        assertThat(refused.exitCode()).isNotZero();
        assertThat(refused.output()).contains(NbdBench.WHY_NOT);
    }

    @Test
    void nbdcopyCopiesInAndOutOverManyConnections() throws Exception {
        byte[] image = new byte[(int) NbdBench.SIZE_BYTES];
        new Random(7).nextBytes(image);
        Path in = Files.write(work.resolve("in"), image);
        succeed("libnbd-bin", "nbdcopy", "--flush", "--connections=4", "--requests=64", in.toString(), bench.uri());
        assertThat(bench.onLoop(() -> bench.disk.contents(0, image.length))).isEqualTo(ByteBuffer.wrap(image));

        succeed("libnbd-bin", "nbdcopy", bench.tcpUri(), work.resolve("out").toString());
        assertThat(Files.mismatch(in, work.resolve("out"))).isEqualTo(-1);
    }

    @Test
    void qemuIoWritesReadsZeroesAndDiscards() throws Exception {
        String out = succeed("qemu-utils", "qemu-io", "-f", "raw", "--cache=none", "--discard=unmap",
                "-c", "write -P 0x5a 0 4M", "-c", "write -f -P 0xa5 1M 64k", "-c", "flush", "-c", "read -P 0x5a 0 1M",
                "-c", "read -P 0xa5 1M 64k",
                "-c", "write -z 2M 512", "-c", "write -z -u 3M 1M", "-c", "read -P 0 2M 512", "-c", "read -P 0 3M 1M",
                "-c", "discard 0 512k",
                "-c", "write -P 0x11 513 1", "-c", "read -P 0x11 513 1", "-c", "aio_write -P 0x22 16M 32M", "-c",
                "aio_flush",
                "-c", "read -P 0x22 16M 32M", bench.uri());
        assertThat(out).doesNotContain("failed", "Pattern verification failed");
    }

    @Test
    void qemuImgConvertsAndCompares() throws Exception {
        byte[] image = new byte[(int) NbdBench.SIZE_BYTES];
        new Random(8).nextBytes(image);
        java.util.Arrays.fill(image, 1 << 20, 32 << 20, (byte) 0);
        Path in = Files.write(work.resolve("in"), image);
        succeed("qemu-utils", "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", in.toString(), bench.uri());
        assertThat(
                succeed("qemu-utils", "qemu-img", "compare", "-f", "raw", "-F", "raw", in.toString(), bench.tcpUri()))
                .contains("identical");
        assertThat(succeed("qemu-utils", "qemu-img", "info", bench.uri())).contains("64 MiB");
    }

    @Test
    void fioVerifiesRandomWritesWithItsChecksums() throws Exception {
        assertThat(succeed("fio", "fio", "--name=verify", "--ioengine=nbd", "--uri=" + bench.uri(), "--rw=randwrite",
                "--bs=4k", "--iodepth=32",
                "--size=64m", "--io_size=32m", "--verify=crc32c", "--verify_fatal=1", "--fsync=64", "--randseed=1"))
                .contains("err= 0");
        assertThat(succeed("fio", "fio", "--name=mixed", "--ioengine=nbd", "--uri=" + bench.tcpUri(), "--rw=randwrite",
                "--bsrange=512-256k",
                "--bs_unaligned=0", "--blockalign=512", "--iodepth=16", "--size=64m", "--io_size=64m",
                "--verify=crc32c", "--verify_fatal=1",
                "--randseed=2")).contains("err= 0");
    }

    @Test
    void twoFioJobsWorkOnTheSameExportAtOnce() throws Exception {
        assertThat(succeed("fio", "fio", "--ioengine=nbd", "--uri=" + bench.uri(), "--bs=4k", "--iodepth=16",
                "--verify=crc32c", "--verify_fatal=1",
                "--rw=randwrite", "--size=32m", "--io_size=16m", "--thread", "--name=low", "--offset=0", "--name=high",
                "--offset=32m"))
                .contains("err= 0");
    }
}
