package org.duett.ittests.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root and QEMU: the kernel's DRBD by itself, with two volumes, before anything of ours is connected to it. */
class KernelDrbdTest {

    private static final long STATE_LIMIT_MILLIS = 60_000;

    @TempDir
    static Path folder;

    private static Namespace ours;
    private static Namespace kernels;
    private static VirtualCable cable;
    private static KernelDrbd kernel;

    @BeforeAll
    static void bootKernel() throws IOException {
        KernelDrbd.demandAvailable();
        ours = Namespace.create();
        kernels = Namespace.create();
        cable = VirtualCable.between(ours, kernels);
        String configuration = """
                global { usage-count no; }
                resource r0 {
                  net { protocol C; ping-timeout 30; }
                  volume 0 { device /dev/drbd0; disk /dev/vda; meta-disk internal; }
                  volume 1 { device /dev/drbd1; disk /dev/vdb; meta-disk internal; }
                  on ours   { address %s:7788; }
                  on kernel { address %s:7788; }
                }
                """.formatted(cable.addressOf(ours), cable.addressOf(kernels));
        kernel = KernelDrbd.boot(
                new KernelDrbd.Setup("kernel", configuration, List.of(makeDisk("disk0"), makeDisk("disk1"))),
                cable, kernels);
        kernel.must("drbdadm create-md --force r0 </dev/null");
        kernel.must("drbdadm up r0");
    }

    @AfterAll
    static void closeAll() {
        if (kernel != null) {
            kernel.close();
        }
        if (kernels != null) {
            kernels.close();
        }
        if (ours != null) {
            ours.close();
        }
    }

    @Test
    void itWaitsForItsPeerWithEveryVolume() {
        kernel.waitUntil("WFConnection", status -> status.contains("cs:WFConnection"), STATE_LIMIT_MILLIS);

        assertThat(kernel.status()).contains("version: 8.4");
        assertThat(kernel.connectionState(0)).isEqualTo("WFConnection");
        assertThat(kernel.connectionState(1)).isEqualTo("WFConnection");
        assertThat(kernel.connectionState(2)).isNull();
    }

    @Test
    void whatIsWrittenOnThePrimaryIsInTheDiskImage() throws IOException {
        kernel.must("drbdadm primary --force r0");
        assertThat(kernel.role(0)).isEqualTo("Primary");
        assertThat(kernel.diskStates(1)).isEqualTo("UpToDate/DUnknown");

        kernel.must("printf 'written by a kernel' | dd of=/dev/drbd1 bs=512 seek=100 conv=sync oflag=direct");

        byte[] written = new byte[19];
        try (var image = new RandomAccessFile(kernel.diskImage(1).toFile(), "r")) {
            image.seek(100 * 512);
            image.readFully(written);
        }
        assertThat(new String(written, StandardCharsets.US_ASCII)).isEqualTo("written by a kernel");
    }

    @Test
    void aCommandThatFailsSaysSo() {
        assertThat(kernel.exec("echo what; exit 3").exitCode()).isEqualTo(3);
        assertThat(kernel.exec("echo what; exit 3").output()).isEqualTo("what\n");
    }

    @Test
    void itAnswersFromTheOtherEndOfTheCableUntilThatIsPulled() {
        Requirements.demand(Requirement.program("arping", "iputils-arping"));
        String[] arping = {"arping", "-f", "-w", "3", "-I", cable.interfaceNameIn(ours), cable.addressOf(kernels)};
        assertThat(ours.run(arping).exitCode()).isZero();

        cable.pull();
        assertThat(ours.run(arping).exitCode()).isNotZero();

        cable.replug();
        assertThat(ours.run(arping).exitCode()).isZero();
    }

    @Test
    void afterAPowerLossItBootsAgainFromItsDisk() throws IOException {
        try (Namespace other = Namespace.create(); Namespace own = Namespace.create()) {
            VirtualCable ownCable = VirtualCable.between(other, own);
            String configuration = """
                    resource r0 {
                      device /dev/drbd0; disk /dev/vda; meta-disk internal;
                      on other  { address %s:7788; }
                      on victim { address %s:7788; }
                    }
                    """.formatted(ownCable.addressOf(other), ownCable.addressOf(own));
            var setup = new KernelDrbd.Setup("victim", configuration, List.of(makeDisk("disk2")));
            try (KernelDrbd victim = KernelDrbd.boot(setup, ownCable, own)) {
                victim.must("drbdadm create-md --force r0 </dev/null; drbdadm up r0; drbdadm primary --force r0");
                victim.must("echo before the power loss | dd of=/dev/drbd0 bs=4k conv=sync oflag=direct");
                victim.kill();
            }
            try (KernelDrbd victim = KernelDrbd.boot(setup, ownCable, own)) {
                victim.must("drbdadm up r0; drbdadm primary r0");
                assertThat(victim.must("head -n 1 /dev/drbd0")).isEqualTo("before the power loss\n");
            }
        }
    }

    private static Path makeDisk(String name) throws IOException {
        Path disk = folder.resolve(name);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(32 << 20);
        }
        assert Files.exists(disk);
        return disk;
    }
}
