package org.duett.replicator.disk;

import java.nio.file.Path;

/**
 * One opened and locked file or block device. Its descriptor carries the lock, so closing it gives the device up. Owned by the disk
 * that works on it.
 */
final class BackingDevice {
    final Path path;
    final int descriptor;
    /** Grows when the device did and somebody looked; written by the loop that owns the disk. */
    volatile long sizeBytes;
    /** Offsets and lengths are multiples of it. */
    final int logicalBlockBytes;
    final int physicalBlockBytes;
    /** Addresses are multiples of it. */
    final int memoryAlignmentBytes;
    /** Zeroing a range costs less than writing it. */
    final boolean discards;
    /** A file with holes. */
    final boolean thin;

    BackingDevice(Path path, int descriptor, Size size, Alignment alignment, boolean discards) {
        assert descriptor >= 0;
        this.path = path;
        this.descriptor = descriptor;
        this.sizeBytes = size.bytes();
        this.thin = size.allocatedBytes() < size.bytes();
        this.logicalBlockBytes = alignment.logicalBlockBytes();
        this.physicalBlockBytes = alignment.physicalBlockBytes();
        this.memoryAlignmentBytes = alignment.memoryBytes();
        this.discards = discards;
    }

    /** How large it is, and how much of that has space on the medium. */
    record Size(long bytes, long allocatedBytes) {
    }

    /** What O_DIRECT demands, and the block size that the device works with inside. */
    record Alignment(int memoryBytes, int logicalBlockBytes, int physicalBlockBytes) {
        Alignment {
            assert Integer.bitCount(memoryBytes) == 1;
            assert Integer.bitCount(logicalBlockBytes) == 1;
            assert logicalBlockBytes >= 512;
            assert physicalBlockBytes >= logicalBlockBytes;
        }
    }

    /** Keeps the size that it has when the device cannot say, or is smaller now. */
    void measure(LinuxCalls calls) {
        LinuxCalls.FileStatus status = new LinuxCalls.FileStatus();
        if (calls.fileStatus(descriptor, status) < 0) return;
        long now = status.isBlockDevice() ? calls.ioctlNumber(descriptor, LinuxCalls.BLKGETSIZE64) : status.sizeBytes;
        sizeBytes = Math.max(sizeBytes, now);
    }

    void close(LinuxCalls calls) {
        // An error here can only speak of data that was never flushed; whoever needed it to be durable has flushed and knows.
        calls.closeDescriptor(descriptor);
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
