package org.duett.replicator.disk;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.disk.LinuxCalls.FileStatus;

/**
 * Opens a volume's devices for exclusive use, or says why not. Whatever it refuses it has neither read from nor written to (but for
 * one block that tells the alignment). Blocks while the devices are slow to open, so it does not run on an event loop.
 */
final class DiskOpener implements AutoCloseable {
    /** No data device with internal metadata can be smaller: superblock, activity log, a bitmap, and something to store. */
    static final long SMALLEST_BYTES = 64 << 10;

    private static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4096;

    private final LinuxCalls calls = new LinuxCalls();

    private enum Use {
        DATA("data"), METADATA("metadata"), SHARED_METADATA("shared metadata");

        private final String word;

        Use(String word) {
            this.word = word;
        }

        boolean isExclusive() {
            return this != SHARED_METADATA;
        }
    }

    @Override
    public void close() {
        calls.close();
    }

    BackingDevices open(DiskRequest request) throws DiskRefused {
        BackingDevice data = open(request, request.data(), Use.DATA);
        try {
            BackingDevice metadata = switch (request.metadata()) {
                case DiskRequest.Metadata.Internal() -> data;
                case DiskRequest.Metadata.External(Path device) -> open(request, device, Use.METADATA);
                case DiskRequest.Metadata.Indexed(Path device) -> open(request, device, Use.SHARED_METADATA);
            };
            return new BackingDevices(data, metadata, request.punchHole());
        } catch (DiskRefused refusal) {
            data.close(calls);
            throw refusal;
        }
    }

    private BackingDevice open(DiskRequest request, Path configured, Use use) throws DiskRefused {
        String subject = request.subject() + ": " + configured + " cannot be its " + use.word + " device: ";
        Path path = existing(subject, configured);
        FileStatus status = new FileStatus();
        int looking = calls.open(path, LinuxCalls.O_PATH, 0);
        if (looking < 0) throw notOpened(subject, looking, status);
        try {
            refuse(calls.fileStatus(looking, status), subject);
            refuseType(subject, status);
            if (status.isRegularFile() && !request.allowNetworkStorage()) refuseForeign(subject, looking, status);
            refuseUsed(subject, path, status, use);
        } finally {
            calls.closeDescriptor(looking);
        }
        int exclusively = status.isBlockDevice() && use.isExclusive() ? LinuxCalls.O_EXCL : 0;
        int descriptor = calls.open(path, LinuxCalls.O_RDWR | LinuxCalls.O_DIRECT | exclusively, 0);
        if (descriptor < 0) throw notOpened(subject, descriptor, status);
        try {
            return lockedDevice(subject, path, descriptor, status, use);
        } catch (DiskRefused refusal) {
            calls.closeDescriptor(descriptor);
            throw refusal;
        }
    }

    private BackingDevice lockedDevice(String subject, Path path, int descriptor, FileStatus seen, Use use) throws DiskRefused {
        int lock = use.isExclusive() ? LinuxCalls.LOCK_EXCLUSIVE : LinuxCalls.LOCK_SHARED;
        int locked = calls.flock(descriptor, lock | LinuxCalls.LOCK_NONBLOCKING);
        if (locked == -ErrnoText.EAGAIN) throw locked(subject, seen);
        refuse(locked, subject);

        FileStatus status = new FileStatus();
        refuse(calls.fileStatus(descriptor, status), subject);
        if (status.inode != seen.inode || !status.containingDevice.equals(seen.containingDevice)) {
            throw refused(subject + "it was replaced by another file while it was opened.", "Attach it again.");
        }
        long sizeBytes = status.isBlockDevice() ? calls.ioctlNumber(descriptor, LinuxCalls.BLKGETSIZE64) : status.sizeBytes;
        refuse(sizeBytes < 0 ? (int) sizeBytes : 0, subject);
        if (sizeBytes < SMALLEST_BYTES) {
            throw refused(subject + "it is only " + sizeBytes + " bytes large; " + SMALLEST_BYTES + " is the least.",
                    "Give the right path, or make a file of the wanted size: duett create-md --size ...");
        }
        BackingDevice.Size size = new BackingDevice.Size(sizeBytes, status.isBlockDevice() ? sizeBytes : status.allocatedBytes);
        return new BackingDevice(path, descriptor, size, alignment(descriptor, status), zeroesCheaply(descriptor, status));
    }

    // ---- refusals

    private static Path existing(String subject, Path configured) throws DiskRefused {
        try {
            return configured.toRealPath();
        } catch (IOException missing) {
            throw refused(subject + "it does not exist (or is not to be reached by this user).",
                    "Check the path and whether its file system is mounted; a new file is made by: duett create-md --size ...");
        }
    }

    private static void refuseType(String subject, FileStatus status) throws DiskRefused {
        if (status.isRegularFile() || status.isBlockDevice()) return;
        throw refused(subject + (status.isDirectory() ? "it is a directory." : "it is neither a regular file nor a block device."),
                "Give the path of a regular file or of a block device.");
    }

    private void refuseForeign(String subject, int descriptor, FileStatus status) throws DiskRefused {
        Optional<String> fileSystem = StorageBelow.foreignFileSystem(calls.fileSystemType(descriptor));
        Optional<String> foreign = fileSystem.isPresent() ? fileSystem : StorageBelow.foreignBelow(status.containingDevice, calls);
        if (foreign.isEmpty()) return;
        throw refused(subject + "it lies on " + foreign.get() + ", whose answers depend on another program or machine, and"
                + " could depend on Duett itself.", "Use a file on a local disk, or a local block device.");
    }

    private static void refuseUsed(String subject, Path path, FileStatus status, Use use) throws DiskRefused {
        Optional<String> loop = DeviceUsers.loopDevice(path);
        if (loop.isPresent()) {
            throw refused(subject + "the loop device " + loop.get() + " is on it.", "End that: losetup -d " + loop.get());
        }
        if (status.isBlockDevice()) {
            Optional<String> mountPoint = DeviceUsers.mountPoint(path, status.ownDevice);
            if (mountPoint.isPresent()) {
                throw refused(subject + "it is mounted at " + mountPoint.get() + ".", "End that: umount " + mountPoint.get());
            }
        }
        if (DeviceUsers.isSwap(path)) throw refused(subject + "it is swap space.", "End that: swapoff " + path);
        if (!use.isExclusive()) return;
        Optional<String> writer = DeviceUsers.writer(path);
        if (writer.isPresent()) {
            throw refused(subject + writer.get() + " has it open for writing.", "End that process, or give another device.");
        }
    }

    private static DiskRefused locked(String subject, FileStatus status) {
        String holder = DeviceUsers.lockHolder(status).orElse("another process");
        return refused(subject + "it is locked by " + holder + ".",
                "Two volumes must not share a device. Detach the other one, or correct the path in the configuration.");
    }

    private static DiskRefused notOpened(String subject, int result, FileStatus status) {
        int errno = -result;
        if (errno == ErrnoText.EBUSY) {
            List<String> holders = status.ownDevice == null ? List.of() : StorageBelow.holders(status.ownDevice);
            String by = holders.isEmpty() ? "the kernel or another program" : String.join(", ", holders);
            return refused(subject + "it is in use by " + by + ".",
                    "Look with lsblk what is built on it (a mount, LVM, RAID, multipath, swap), and end that first.");
        }
        if (errno == ErrnoText.EINVAL && status.isRegularFile()) {
            return refused(subject + "its file system knows no direct I/O (O_DIRECT).", "Put the file on ext4 or XFS.");
        }
        return refusal(subject, errno);
    }

    private static DiskRefused refused(String whatHappened, String whatToDo) {
        return new DiskRefused(whatHappened, "Nothing was written to it.", whatToDo);
    }

    private static void refuse(int result, String subject) throws DiskRefused {
        if (result < 0) throw refusal(subject, -result);
    }

    private static DiskRefused refusal(String subject, int errno) {
        String whatToDo = errno == ErrnoText.EACCES
                ? "Give this user read and write permission on it; for a block device see also: blockdev --getro."
                : "Look into the kernel's log (dmesg) and check the device.";
        return refused(subject + "it cannot be opened (" + ErrnoText.of(errno) + ").", whatToDo);
    }

    // ---- what the device is like

    private BackingDevice.Alignment alignment(int descriptor, FileStatus status) {
        int memory = status.directMemoryAlignment;
        int logical = status.directOffsetAlignment;
        int physical;
        if (status.isBlockDevice()) {
            logical = (int) calls.ioctlNumber(descriptor, LinuxCalls.BLKSSZGET);
            physical = (int) calls.ioctlNumber(descriptor, LinuxCalls.BLKPBSZGET);
        } else {
            physical = (int) StorageBelow.queueNumber(status.containingDevice, "physical_block_size", SECTOR_BYTES);
        }
        if (logical <= 0) logical = takesSectors(descriptor) ? SECTOR_BYTES : PAGE_BYTES;
        if (memory <= 0) memory = logical;
        logical = Math.max(logical, SECTOR_BYTES);
        return new BackingDevice.Alignment(memory, logical, Math.max(logical, physical));
    }

    /** Kernels before 6.1 and some file systems do not tell their alignment: reading one sector does. */
    private boolean takesSectors(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            long page = arena.allocate(2 * PAGE_BYTES, PAGE_BYTES).address();
            return calls.pread(descriptor, page + SECTOR_BYTES, SECTOR_BYTES, SECTOR_BYTES) == SECTOR_BYTES;
        }
    }

    private boolean zeroesCheaply(int descriptor, FileStatus status) {
        return status.isBlockDevice()
                ? StorageBelow.queueNumber(status.ownDevice, "write_zeroes_max_bytes", 0) > 0
                : StorageBelow.zeroesRangesCheaply(calls.fileSystemType(descriptor));
    }
}
