package org.duett.bench.verify;

import java.util.Arrays;
import java.util.Optional;
import org.duett.bench.verify.StampedBlock.Content;

/**
 * What was written to each block of a volume, and what of that was acknowledged. A block has at most one write under way; so it
 * must hold its last acknowledged write, or the one that is under way and was not answered: nothing else.
 */
public final class WriteLedger {

    private static final long NONE = 0;

    private final long[] acknowledged;
    private final long[] underWay;
    private long lastSequence;
    private long acknowledgedWrites;

    public WriteLedger(int blocks) {
        acknowledged = new long[blocks];
        underWay = new long[blocks];
    }

    private WriteLedger(WriteLedger larger, int blocks) {
        acknowledged = Arrays.copyOf(larger.acknowledged, blocks);
        underWay = Arrays.copyOf(larger.underWay, blocks);
        lastSequence = larger.lastSequence;
        acknowledgedWrites = larger.acknowledgedWrites;
    }

    /** The same for the first so many blocks: the end of a disk is not the volume's. */
    public WriteLedger firstBlocks(int blocks) {
        assert blocks <= acknowledged.length : "a larger ledger";
        return new WriteLedger(this, blocks);
    }

    public int blocks() {
        return acknowledged.length;
    }

    /** The number of the write that begins now; it goes into the block's stamp. */
    public long begin(int block) {
        assert underWay[block] == NONE : "block " + block + " has a write under way";
        underWay[block] = ++lastSequence;
        return lastSequence;
    }

    public boolean isUnderWay(int block) {
        return underWay[block] != NONE;
    }

    public void acknowledged(int block) {
        assert underWay[block] != NONE : "block " + block + " has no write under way";
        acknowledged[block] = underWay[block];
        underWay[block] = NONE;
        acknowledgedWrites++;
    }

    /** Empty when the block may hold this, else what it should hold. */
    public Optional<String> complaint(int block, Content content) {
        return switch (content) {
            case Content.Zeroes() -> acknowledged[block] == NONE
                    ? Optional.empty()
                    : Optional.of(
                            "block " + block + " is empty; write " + acknowledged[block] + " of it was acknowledged");
            case Content.Write(long sequence) -> mayHold(block, sequence)
                    ? Optional.empty()
                    : Optional.of("block " + block + " holds write " + sequence + "; write " + acknowledged[block]
                            + " of it was acknowledged"
                            + (isUnderWay(block) ? ", and write " + underWay[block] + " was under way" : ""));
            case Content.Damaged(String reason) -> Optional.of("block " + block + " is damaged: " + reason);
        };
    }

    private boolean mayHold(int block, long sequence) {
        return sequence == acknowledged[block] || isUnderWay(block) && sequence == underWay[block];
    }

    /**
     * After its client died, a write under way is on disk or it is not; from now on the block must stay as it was found. True when it
     * was under way and is on disk.
     */
    public boolean settle(int block, Content found) {
        if (!isUnderWay(block))
            return false;
        boolean onDisk = found instanceof Content.Write(long sequence) && sequence == underWay[block];
        if (onDisk)
            acknowledged[block] = underWay[block];
        underWay[block] = NONE;
        return onDisk;
    }

    /** How many writes were answered with success. */
    public long acknowledgedWrites() {
        return acknowledgedWrites;
    }

    public int writesUnderWay() {
        int count = 0;
        for (long each : underWay) {
            if (each != NONE)
                count++;
        }
        return count;
    }
}
