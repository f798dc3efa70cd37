package org.duett.replicator.machine;

/**
 * Whatever works on a range of a volume's blocks: a host write, a peer's write, a resync block. Carries the range, its place in the
 * overlap tracker and its reference in the activity log, so that neither needs memory of its own per write.
 */
public abstract class BlockUser {
    public static final int SECTOR_BYTES = 512;
    /** Not in the activity log. */
    public static final int NO_LOG_SLOT = -1;

    public int volume;
    public long firstSector;
    public int lengthBytes;

    // ---- overlap tracker: present users and those that wait behind them, in order of arrival
    public BlockUser previousPresent;
    public BlockUser nextPresent;
    public BlockUser nextBehind;
    public boolean present;

    // ---- activity log: the extent's slot, and the queue of users that wait for a transaction
    public int logSlot = NO_LOG_SLOT;
    /** The log that the slot is one of; a later attach has another. */
    public Object logOfSlot;
    public BlockUser nextForLog;

    public final long endSector() {
        return firstSector + lengthBytes / SECTOR_BYTES;
    }

    public final boolean overlaps(BlockUser other) {
        return firstSector < other.endSector() && other.firstSector < endSector();
    }
}
