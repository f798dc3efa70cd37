package org.duett.replicator.metadata;

import io.netty.buffer.ByteBuf;

/** The activity log of DRBD before 8.4, a ring of sectors: read once, when such a disk is attached for the first time (spec metadata A). */
final class OldActivityLog {
    private static final int MAGIC = 0x83740267;
    private static final int PAIRS = 62;
    private static final int CONTEXT_PAIRS = 61;
    private static final int SECTORS_PER_BLOCK = 8;
    private static final int PAIRS_AT = 8;
    private static final int CHECK_AT = PAIRS_AT + 8 * PAIRS;

    private final ActivitySlots slots = new ActivitySlots();
    private final long ringSectors;

    OldActivityLog(int activityLogExtents) {
        ringSectors = 1 + MetadataLayout.divideUp(Integer.toUnsignedLong(activityLogExtents), CONTEXT_PAIRS);
    }

    void feed(int position, ByteBuf source, int index) {
        for (int i = 0; i < SECTORS_PER_BLOCK; i++)
            if ((long) position * SECTORS_PER_BLOCK + i < ringSectors)
                feedSector(source, index + i * MetadataLayout.SECTOR_BYTES);
    }

    private void feedSector(ByteBuf source, int index) {
        if (source.getInt(index) != MAGIC || source.getInt(index + CHECK_AT) != check(source, index))
            return;
        int number = source.getInt(index + 4);
        for (int pair = 1; pair < PAIRS; pair++)
            apply(source, index + PAIRS_AT + 8 * pair, number);
        apply(source, index + PAIRS_AT, number);
    }

    private void apply(ByteBuf source, int pairIndex, int number) {
        int extent = source.getInt(pairIndex + 4);
        if (extent != ActivityLogTransaction.FREE)
            slots.set(source.getInt(pairIndex), extent, number);
    }

    private static int check(ByteBuf source, int index) {
        int check = 0;
        for (int pair = 0; pair < PAIRS; pair++)
            check ^= source.getInt(index + PAIRS_AT + 8 * pair + 4);
        return check;
    }

    int[] extents() {
        return slots.extents();
    }
}
