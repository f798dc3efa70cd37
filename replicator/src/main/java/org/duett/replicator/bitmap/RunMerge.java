package org.duett.replicator.bitmap;

import org.duett.replicator.bitmap.BitmapRunLength.Runs;

/** Merges the set runs of one compressed packet into a bitmap, a bounded part at a time: one packet may set terabytes. */
public final class RunMerge {
    private final DirtyBitmap bitmap;
    private final Runs runs;
    private int run;
    private boolean set;
    private long bit;
    private long endOfRun;
    private long newlySetBits;

    public RunMerge(DirtyBitmap bitmap, Runs runs) {
        assert runs.nextBit() <= bitmap.bits();
        this.bitmap = bitmap;
        this.runs = runs;
        set = !runs.firstIsSet();
        bit = runs.firstBit();
        endOfRun = bit;
    }

    /** Goes over at most {@code maxWords} words of the bitmap; true when the packet is merged. */
    public boolean step(long maxWords) {
        assert maxWords > 0;
        long budgetBits = 64 * maxWords;
        while (bit < runs.nextBit() && budgetBits > 0) {
            if (bit == endOfRun)
                nextRun();
            budgetBits -= set ? mergePart(budgetBits) : skipClearRun();
        }
        return bit == runs.nextBit();
    }

    /** How many bits the peer's runs added so far. */
    public long newlySetBits() {
        return newlySetBits;
    }

    private void nextRun() {
        endOfRun = bit + runs.lengths()[run++];
        set = !set;
    }

    private long mergePart(long budgetBits) {
        long end = Math.min(endOfRun, bit + budgetBits);
        newlySetBits += bitmap.setRange(bit, end);
        long merged = end - bit;
        bit = end;
        return merged;
    }

    /** Costs one, so that a packet of clear runs ends its step, too. */
    private long skipClearRun() {
        bit = endOfRun;
        return 1;
    }
}
