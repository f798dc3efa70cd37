package org.duett.replicator.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.replicator.machine.OperatorReport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of it need root (loop devices, mounts, swap); those are skipped elsewhere. */
class DiskOpenerTest {
    private static final int SIZE_BYTES = 16 << 20;

    @TempDir
    Path directory;

    private final DiskOpener opener = new DiskOpener();
    private final LinuxCalls calls = new LinuxCalls();

    @AfterEach
    void close() {
        opener.close();
        calls.close();
    }

    @Test
    void aFileOpensWithItsSizeAndAlignment() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        BackingDevices devices = opener.open(DiskRequest.internal("Resource r0 volume 0", file));
        assertThat(devices.metadataIsInternal()).isTrue();
        assertThat(devices.data().sizeBytes).isEqualTo(SIZE_BYTES);
        assertThat(devices.data().logicalBlockBytes).isGreaterThanOrEqualTo(512);
        assertThat(devices.data().memoryAlignmentBytes).isBetween(1, 4096);
        assertThat(devices.data().thin).isTrue();
        devices.close(calls);
    }

    @Test
    void aMissingFileIsRefused() {
        assertRefused(directory.resolve("nothing"), "it does not exist", "duett create-md --size");
    }

    @Test
    void aDirectoryIsRefused() {
        assertRefused(directory, "it is a directory", "regular file or of a block device");
    }

    @Test
    void aCharacterDeviceIsRefused() {
        assertRefused(Path.of("/dev/null"), "neither a regular file nor a block device", "regular file or of a block device");
    }

    @Test
    void aFileThatIsTooSmallIsRefused() {
        assertRefused(KernelDiskHarness.newFile(directory, "empty", 0), "only 0 bytes", "duett create-md");
        assertRefused(KernelDiskHarness.newFile(directory, "small", 4096), "only 4096 bytes", "duett create-md");
    }

    @Test
    void aFileThatAnotherDiskHasIsRefusedUntilItIsClosed() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        BackingDevices first = opener.open(DiskRequest.internal("Resource r0 volume 0", file));
        assertRefused(file, "it is locked by this process", "must not share a device");
        assertRefused(link, "it is locked by this process", "must not share a device");
        first.close(calls);
        opener.open(DiskRequest.internal("Resource r0 volume 0", link)).close(calls);
    }

    @Test
    void dataAndMetadataMustNotBeTheSameFile() {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        OperatorReport report = refusal(new DiskRequest("Resource r0 volume 0", file, new DiskRequest.Metadata.External(file), false, false));
        assertThat(report.whatHappened()).contains("metadata device").contains("locked by this process");
        // The data device was given up again.
        assertThat(lockIsFree(file)).isTrue();
    }

    @Test
    void volumesMayShareAnIndexedMetadataDeviceButNobodyElseMayHaveIt() throws Exception {
        Path metadata = KernelDiskHarness.newFile(directory, "metadata", SIZE_BYTES);
        Path one = KernelDiskHarness.newFile(directory, "one", SIZE_BYTES);
        Path other = KernelDiskHarness.newFile(directory, "other", SIZE_BYTES);
        DiskRequest.Metadata indexed = new DiskRequest.Metadata.Indexed(metadata);
        BackingDevices first = opener.open(new DiskRequest("Resource r0 volume 0", one, indexed, false, false));
        BackingDevices second = opener.open(new DiskRequest("Resource r0 volume 1", other, indexed, false, false));
        assertRefused(metadata, "it is locked", "must not share a device");
        first.close(calls);
        second.close(calls);
    }

    @Test
    void aFileThatAnotherProcessWritesIsRefusedByItsName() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        Process writer = new ProcessBuilder("sh", "-c", "exec 3>>'" + file + "'; echo open; read answer").start();
        try {
            assertThat(writer.inputReader().readLine()).isEqualTo("open");
            assertRefused(file, "process " + writer.pid(), "has it open for writing", "End that process");
        } finally {
            writer.destroy();
            writer.waitFor();
        }
        opener.open(DiskRequest.internal("Resource r0 volume 0", file)).close(calls);
    }

    /** Needs root: a mount that only the other process sees. */
    @Test
    void aFileOfTheSamePathOnAnotherProcessesMountIsNoneOfOurs() throws Exception {
        HostTools.assumeRoot();
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        Process writer = new ProcessBuilder("unshare", "--mount", "sh", "-c",
                "mount -t tmpfs none '" + directory + "' && exec 3>>'" + file + "'; echo open; read answer").start();
        try {
            assertThat(writer.inputReader().readLine()).isEqualTo("open");
            opener.open(DiskRequest.internal("Resource r0 volume 0", file)).close(calls);
        } finally {
            writer.destroy();
            writer.waitFor();
        }
    }

    @Test
    void aFileThatAnotherProcessOnlyReadsIsTaken() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        Process reader = new ProcessBuilder("sh", "-c", "exec 3<'" + file + "'; echo open; read answer").start();
        try {
            assertThat(reader.inputReader().readLine()).isEqualTo("open");
            opener.open(DiskRequest.internal("Resource r0 volume 0", file)).close(calls);
        } finally {
            reader.destroy();
            reader.waitFor();
        }
    }

    @Test
    void aLockOfAnotherProcessIsReported() throws Exception {
        Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
        // Opened for reading, so that it is the lock that is in the way.
        Process holder = new ProcessBuilder("flock", "--exclusive", "--no-fork", file.toString(), "sh", "-c", "echo locked; read answer").start();
        try {
            assumeTrue("locked".equals(holder.inputReader().readLine()), "flock(1) does not work here");
            OperatorReport report = refusal(DiskRequest.internal("Resource r0 volume 0", file));
            assertThat(report.whatHappened()).contains("process " + holder.pid());
        } finally {
            holder.destroy();
            holder.waitFor();
        }
    }

    @Test
    void aFileUnderALoopDeviceIsRefused() {
        try (HostTools tools = HostTools.assumeRoot()) {
            Path file = KernelDiskHarness.newFile(directory, "data", SIZE_BYTES);
            String loop = tools.loopDevice(file);
            assertRefused(file, "the loop device " + loop + " is on it", "losetup -d " + loop);
        }
    }

    @Test
    void aBlockDeviceOpensAndIsRefusedToASecondDisk() throws Exception {
        try (HostTools tools = HostTools.assumeRoot()) {
            Path loop = Path.of(tools.loopDevice(KernelDiskHarness.newFile(directory, "data", SIZE_BYTES)));
            BackingDevices devices = opener.open(DiskRequest.internal("Resource r0 volume 0", loop));
            try {
                assertThat(devices.data().sizeBytes).isEqualTo(SIZE_BYTES);
                assertThat(devices.data().logicalBlockBytes).isEqualTo(512);
                assertThat(devices.data().thin).isFalse();
                OperatorReport report = refusal(DiskRequest.internal("Resource r1 volume 0", loop));
                assertThat(report.whatHappened()).contains("Resource r1 volume 0").containsAnyOf("in use", "locked");
            } finally {
                devices.close(calls);
            }
        }
    }

    @Test
    void aMountedBlockDeviceIsRefusedByItsMountPoint() throws Exception {
        try (HostTools tools = HostTools.assumeRoot()) {
            String loop = tools.loopDevice(KernelDiskHarness.newFile(directory, "data", SIZE_BYTES));
            tools.assumeWorks(List.of("mkfs.ext4", "-q", loop));
            Path mountPoint = Files.createDirectory(directory.resolve("mount point"));
            tools.mount(loop, mountPoint.toString());
            assertRefused(Path.of(loop), "it is mounted at " + mountPoint, "umount " + mountPoint);
        }
    }

    @Test
    void aFileOnAFileSystemOverALoopDeviceIsTaken() throws Exception {
        try (HostTools tools = HostTools.assumeRoot()) {
            String loop = tools.loopDevice(KernelDiskHarness.newFile(directory, "outer", SIZE_BYTES));
            tools.assumeWorks(List.of("mkfs.ext4", "-q", loop));
            Path mountPoint = Files.createDirectory(directory.resolve("mounted"));
            tools.mount(loop, mountPoint.toString());
            Path inner = KernelDiskHarness.newFile(mountPoint, "inner", 1 << 20);
            opener.open(DiskRequest.internal("Resource r0 volume 0", inner)).close(calls);
        }
    }

    @Test
    void swapSpaceIsRefused() {
        try (HostTools tools = HostTools.assumeRoot()) {
            String loop = tools.loopDevice(KernelDiskHarness.newFile(directory, "swap", SIZE_BYTES));
            tools.assumeWorks(List.of("mkswap", loop));
            tools.swapOn(loop);
            assertRefused(Path.of(loop), "it is swap space", "swapoff " + loop);
        }
    }

    @Test
    void fileSystemsOfOtherProgramsAndMachinesAreKnownByTheirType() {
        assertThat(StorageBelow.foreignFileSystem(0x65735546L)).contains("FUSE");
        assertThat(StorageBelow.foreignFileSystem(0x6969L)).contains("NFS");
        assertThat(StorageBelow.foreignFileSystem(0xff534d42L)).contains("CIFS");
        assertThat(StorageBelow.foreignFileSystem(0xef53L)).isEmpty();
    }

    @Test
    void aFileOnFuseIsRefusedAlsoWhenAFileSystemLiesBetween() throws Exception {
        // The loop device goes first, then the file below it.
        try (FuseFile fuse = FuseFile.assumeWorks(directory, SIZE_BYTES); HostTools tools = HostTools.assumeRoot()) {
            assertRefused(fuse.path(), "it lies on FUSE", "a file on a local disk");
            String loop = tools.loopDevice(fuse.path());
            tools.assumeWorks(List.of("mkfs.ext4", "-q", loop));
            Path mountPoint = Files.createDirectory(directory.resolve("mounted"));
            tools.mount(loop, mountPoint.toString());
            Path inner = KernelDiskHarness.newFile(mountPoint, "inner", 1 << 20);
            assertRefused(inner, "it lies on " + loop + " over " + fuse.path() + " on FUSE", "a file on a local disk");
        }
    }

    private boolean lockIsFree(Path file) {
        try {
            opener.open(DiskRequest.internal("Resource r9 volume 0", file)).close(calls);
            return true;
        } catch (DiskRefused refused) {
            return false;
        }
    }

    private void assertRefused(Path path, String... says) {
        byte[] before = content(path);
        OperatorReport report = refusal(DiskRequest.internal("Resource r0 volume 0", path));
        assertThat(report.whatHappened()).startsWith("Resource r0 volume 0: " + path);
        assertThat(report.keptSafe()).isEqualTo("Nothing was written to it.");
        assertThat(report.toString()).contains(says);
        assertThat(content(path)).isEqualTo(before);
    }

    private static byte[] content(Path path) {
        try {
            return Files.isRegularFile(path) && Files.size(path) <= SIZE_BYTES ? Files.readAllBytes(path) : new byte[0];
        } catch (IOException exception) {
            throw new AssertionError(exception);
        }
    }

    private OperatorReport refusal(DiskRequest request) {
        try {
            opener.open(request).close(calls);
        } catch (DiskRefused refused) {
            return refused.report();
        }
        throw new AssertionError(request + " was opened");
    }
}
