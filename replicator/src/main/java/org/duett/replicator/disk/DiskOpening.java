package org.duett.replicator.disk;

import org.duett.replicator.machine.BackingDisk;
import org.duett.replicator.machine.OperatorReport;

/** How opening a volume's backing device ended. */
public sealed interface DiskOpening {
    /**
     * The disk is open and locked, and is the receiver's to close.
     *
     * @param engine how it reaches the kernel, for log and status: {@code io_uring}, or {@code threads} and why
     * @param thin the data file has holes: writes may find no space
     */
    record Opened(BackingDisk disk, String engine, boolean thin) implements DiskOpening {
    }

    /** Nothing was written; the devices are as free as before. */
    record Refused(OperatorReport report) implements DiskOpening {
    }
}
