package org.duett.bench.workload;

import java.util.SplittableRandom;

/** The offsets that a workload asks for, one after another. */
final class Offsets {

    private final int blockBytes;
    private final long blocks;
    private final boolean sequential;
    private final SplittableRandom random;
    private long nextBlock;

    Offsets(Workload workload, long sizeBytes) {
        blockBytes = workload.blockBytes();
        blocks = sizeBytes / blockBytes;
        sequential = workload.pattern() == Workload.Pattern.SEQUENTIAL;
        random = new SplittableRandom(workload.seed());
        if (blocks == 0)
            throw new IllegalArgumentException("a volume of " + sizeBytes + " bytes has no block of " + blockBytes);
    }

    long nextBytes() {
        if (!sequential)
            return random.nextLong(blocks) * blockBytes;
        long offset = nextBlock * blockBytes;
        nextBlock = (nextBlock + 1) % blocks;
        return offset;
    }
}
