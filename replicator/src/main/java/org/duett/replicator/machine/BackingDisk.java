package org.duett.replicator.machine;

/**
 * A volume's backing device: data area and metadata area. Implemented by io_uring, by file channels, and by the simulator; all pass
 * one {@code BackingDiskContract}. Not thread safe: one event loop owns it.
 */
public interface BackingDisk {
    /**
     * Starts the operation and returns at once; the answer comes later as {@link DiskOperation#done} through the sink that the
     * disk was opened with, never from within this call. Retains the buffer until then.
     */
    void start(DiskOperation operation);

    /** Operations that were started and have not answered. */
    int outstanding();

    Geometry geometry();

    /** Looks how large the devices are now, and uses what they have grown by. What shrinks keeps its size here: using it fails. */
    Geometry measure();

    /**
     * Gives up the device as soon as nothing is outstanding; its lock is held as long (rule 14). {@code whenClosed} runs on the
     * owning loop.
     */
    void close(Runnable whenClosed);

    /** What the core must know of the device. Sizes are whole bytes as the device has them. */
    record Geometry(long dataBytes, long metadataBytes, boolean metadataOnDataDevice, int logicalBlockBytes, int physicalBlockBytes,
            boolean discards) {
    }
}
