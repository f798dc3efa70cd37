package org.duett.bench.workload;

/**
 * What a load does: blocks of one size at offsets of one pattern, so many in flight; {@code readShare} of them are reads.
 * The same seed asks for the same blocks in the same order.
 */
public record Workload(int blockBytes, int depth, double readShare, Pattern pattern, long seed) {

    public enum Pattern {
        RANDOM,
        SEQUENTIAL
    }

    public Workload {
        if (blockBytes <= 0 || blockBytes % 512 != 0)
            throw new IllegalArgumentException("block of " + blockBytes + " bytes");
        if (depth <= 0)
            throw new IllegalArgumentException("depth " + depth);
        if (readShare < 0 || readShare > 1)
            throw new IllegalArgumentException("share of reads " + readShare);
    }

    /** The one that the figures of the project are about. */
    public static Workload randomWrites(int depth, long seed) {
        return new Workload(4096, depth, 0, Pattern.RANDOM, seed);
    }

    @Override
    public String toString() {
        String direction = readShare == 0
                ? "writes"
                : readShare == 1 ? "reads" : "mixed, " + Math.round(readShare * 100) + " % reads";
        return blockBytes / 1024 + " KiB " + (pattern == Pattern.RANDOM ? "random " : "sequential ") + direction
                + ", depth " + depth;
    }
}
