package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.duett.bench.device.LoopDevice;
import org.duett.bench.host.FreePort;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.SourceTree;
import org.duett.bench.target.NbdAddress;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;
import org.duett.ittests.oracle.VerifiedLoad;
import org.duett.replicator.control.ControlRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A node whose peer was never there, on metadata that DRBD's own tool made; judged by the tools of others. */
@ExtendWith(StoryOnFailure.class)
class LoneNodeTest {

    private static final String RESOURCE = "r0";
    private static final int DISK_BYTES = 64 << 20;
    private static final int MAGIC_BYTE = DISK_BYTES - 4096 + 60;

    @TempDir
    Path folder;

    private ReplicatorProcess node;
    private Path disk;

    @BeforeEach
    void startNode() throws IOException {
        Requirements.demand(Requirement.program("drbdmeta", "drbd-utils"));
        List<Integer> ports = FreePort.find(2);
        disk = folder.resolve("disk");
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        DiskFiles.createMetadata(disk);
        node = ReplicatorProcess.prepare(folder, "alone", """
                resource %s {
                  volume 0 { device /dev/drbd0; disk %s; meta-disk internal; }
                  on alone  { address 127.0.0.1:%d; }
                  on absent { address 127.0.0.1:%d; }
                }
                """.formatted(RESOURCE, disk, ports.get(0), ports.get(1))).start();
    }

    @AfterEach
    void closeNode() {
        if (node != null) node.close();
    }

    private NbdAddress upAndPrimary() {
        node.up(RESOURCE);
        node.promoteByForce(RESOURCE);
        return export();
    }

    private NbdAddress export() {
        return NbdAddress.parse(node.nbdUri(RESOURCE, 0));
    }

    @Test
    void whatNbdcopyFioAndQemuIoWroteIsOnTheDisk() throws IOException {
        Requirements.demand(Requirement.program("nbdcopy", "libnbd-bin"), Requirement.program("fio", "fio"),
                Requirement.program("qemu-io", "qemu-utils"));
        String uri = upAndPrimary().uri();
        byte[] image = new byte[24 << 20];
        new Random(1).nextBytes(image);
        Path in = Files.write(folder.resolve("in"), image);
        HostCommand.must("nbdcopy", "--flush", in.toString(), uri);
        assertThat(HostCommand.must("fio", "--name=verify", "--ioengine=nbd", "--uri=" + uri, "--rw=randwrite", "--bsrange=512-64k",
                "--bs_unaligned=0", "--blockalign=512", "--iodepth=16", "--offset=24m", "--size=24m", "--io_size=24m", "--verify=crc32c",
                "--verify_fatal=1", "--verify_state_save=0", "--fsync=64")).contains("err= 0");
        assertThat(HostCommand.must("qemu-io", "-f", "raw", "--discard=unmap", "-c", "write -P 0x5a 50M 1M", "-c", "discard 50M 256k",
                "-c", "write -z 51m 512", "-c", "read -P 0 50M 256k", "-c", "read -P 0x5a 51456k 700k", uri)).doesNotContain("failed");
        assertThat(HostCommand.must("nbdinfo", uri)).contains("can_multi_conn: true");

        node.down(RESOURCE);
        assertThat(Arrays.mismatch(Arrays.copyOf(firstBytes(image.length), image.length), image)).isEqualTo(-1);
        assertThat(DiskFiles.dumpMetadata(disk)).contains("la-size-sect");
    }

    private byte[] firstBytes(int length) throws IOException {
        try (var in = Files.newInputStream(disk)) {
            return in.readNBytes(length);
        }
    }

    /** Needs root, loop devices and FUSE. The file system is checked on the disk itself, too, when the node is down. */
    @Test
    void ext4OnALoopDeviceOverNbdfuseIsCleanAndComplete() throws Exception {
        Requirements.demand(LoopDevice.requirements());
        Requirements.demand(Requirement.program("nbdfuse", "libnbd-bin"), Requirement.program("fusermount3", "fuse3"),
                Requirement.program("mkfs.ext4", "e2fsprogs"), Requirement.kernelFile("/dev/fuse", "FUSE"));
        Path fuse = Files.createFile(folder.resolve("volume"));
        Path mountPoint = Files.createDirectory(folder.resolve("mounted"));
        Path pidFile = folder.resolve("nbdfuse.pid");
        Process nbdfuse = new ProcessBuilder("nbdfuse", "--pidfile", pidFile.toString(), fuse.toString(), upAndPrimary().uri())
                .redirectErrorStream(true).redirectOutput(folder.resolve("nbdfuse.log").toFile()).start();
        try {
            while (!Files.exists(pidFile)) {
                assertThat(nbdfuse.waitFor(20, TimeUnit.MILLISECONDS)).as("nbdfuse ended").isFalse();
            }
            try (LoopDevice loop = LoopDevice.over(fuse)) {
                useFileSystem(loop, mountPoint);
            }
        } finally {
            HostCommand.run("fusermount3", "-u", fuse.toString());
            nbdfuse.waitFor(30, TimeUnit.SECONDS);
            nbdfuse.destroyForcibly();
        }
        node.down(RESOURCE);
        try (LoopDevice loop = LoopDevice.over(disk)) {
            HostCommand.must("e2fsck", "-f", "-n", loop.path().toString());
        }
    }

    private void useFileSystem(LoopDevice loop, Path mountPoint) {
        String docs = SourceTree.top().resolve("docs").toString();
        String copy = mountPoint.resolve("docs").toString();
        HostCommand.must("mkfs.ext4", "-q", "-F", loop.path().toString());
        HostCommand.must("mount", loop.path().toString(), mountPoint.toString());
        try {
            HostCommand.must("cp", "-r", docs, mountPoint.resolve("gone").toString());
            HostCommand.must("cp", "-r", docs, copy);
            HostCommand.must("rm", "-r", mountPoint.resolve("gone").toString());
            HostCommand.must("fstrim", mountPoint.toString());
        } finally {
            HostCommand.must("umount", mountPoint.toString());
        }
        HostCommand.must("e2fsck", "-f", "-n", loop.path().toString());
        HostCommand.must("mount", "-o", "ro", loop.path().toString(), mountPoint.toString());
        try {
            HostCommand.must("diff", "-r", docs, copy);
        } finally {
            HostCommand.must("umount", mountPoint.toString());
        }
    }

    @Test
    void aClientThatIsKilledInMidWriteCostsOnlyItsOwnConnection() throws Exception {
        Requirements.demand(Requirement.program("fio", "fio"));
        NbdAddress export = upAndPrimary();
        VerifiedLoad load = VerifiedLoad.forVolumeOf(node.volume(RESOURCE, 0).sizeBytes()).startOn(export);
        for (int i = 0; i < 3; i++) {
            long before = writtenKib();
            // Behind the other's blocks, which are below 24 MiB.
            Process client = new ProcessBuilder("fio", "--name=victim", "--ioengine=nbd", "--uri=" + export.uri(), "--rw=randwrite",
                    "--bs=1m", "--iodepth=8", "--offset=32m", "--size=24m", "--time_based", "--runtime=600", "--thread")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            try {
                load.awaitMore(200);
                node.waitUntil("big writes", RESOURCE, status -> status.volume(0).counters().get("writtenKib") > before + 20_000, 60_000);
            } finally {
                client.destroyForcibly();
                client.onExit().join();
            }
            load.awaitMore(200);
        }
        load.stop();
        assertThat(node.status(RESOURCE).role()).isEqualTo("Primary");
        node.waitUntil("an end of all requests", RESOURCE, status -> status.volume(0).counters().get("hostPending") == 0, 60_000);
        // The writer's own blocks only: the victims' lie behind them.
        load.verifyFirst(24 << 20, export);
    }

    private long writtenKib() {
        return node.volume(RESOURCE, 0).counters().get("writtenKib");
    }

    private interface Damage {
        void to(FileChannel disk) throws IOException;
    }

    @Test
    void damagedMetadataIsRefusedAndNoByteIsWritten() throws IOException {
        upAndPrimary();
        node.down(RESOURCE);
        byte[] intact = Files.readAllBytes(disk);
        refuses("a damaged magic", intact, file -> file.write(ByteBuffer.wrap(new byte[] {0}), MAGIC_BYTE));
        refuses("noise for a superblock", intact, file -> {
            byte[] noise = new byte[4096];
            new Random(2).nextBytes(noise);
            file.write(ByteBuffer.wrap(noise), DISK_BYTES - 4096);
        });
        refuses("a disk that lost its end", intact, file -> file.truncate(DISK_BYTES - (4 << 20)));
        refuses("a disk that grew", intact, file -> file.write(ByteBuffer.wrap(new byte[] {0}), DISK_BYTES + (1 << 20) - 1));
        refuses("metadata for a larger device", intact, file -> file.write(ByteBuffer.allocate(8).putLong(0, 1L << 40), DISK_BYTES - 4096));

        Files.write(disk, intact);
        node.up(RESOURCE);
        assertThat(node.volume(RESOURCE, 0).disk()).isEqualTo("UpToDate");
    }

    private void refuses(String what, byte[] intact, Damage damage) throws IOException {
        Files.write(disk, intact);
        try (var file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            damage.to(file);
        }
        byte[] damaged = Files.readAllBytes(disk);
        assertThat(node.refusal(new ControlRequest.Up(RESOURCE))).as(what).contains("cannot attach");
        node.down(RESOURCE);
        assertThat(Arrays.mismatch(Files.readAllBytes(disk), damaged)).as("first byte that changed: " + what).isEqualTo(-1);
    }
}
