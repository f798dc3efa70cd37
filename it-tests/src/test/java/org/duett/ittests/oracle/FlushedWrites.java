package org.duett.ittests.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.duett.bench.verify.StampedBlock.Content;

/**
 * What a program wrote to each block, when it began to, and from when on it was told that this is on stable storage: what a disk
 * must hold after it lost its power at any moment in between. The clock is that of the logged devices.
 */
public final class FlushedWrites {

    private static final long NEVER = Long.MAX_VALUE;

    private static final class Write {
        final long sequence;
        final long began;
        long durable = NEVER;

        Write(long sequence, long began) {
            this.sequence = sequence;
            this.began = began;
        }
    }

    private final List<List<Write>> blocks;
    private final List<Write> notFlushed = new ArrayList<>();
    private long lastSequence;

    public FlushedWrites(int blocks) {
        this.blocks = IntStream.range(0, blocks).mapToObj(_ -> (List<Write>) new ArrayList<Write>()).toList();
    }

    public int blocks() {
        return blocks.size();
    }

    /** Returns the number of the write that begins now. */
    public long began(int block, long now) {
        var write = new Write(++lastSequence, now);
        blocks.get(block).add(write);
        notFlushed.add(write);
        return lastSequence;
    }

    /** A FLUSH was answered: all writes so far are durable. */
    public void flushed(long now) {
        notFlushed.forEach(write -> write.durable = now);
        notFlushed.clear();
    }

    /** The last write was answered, and was one with FUA. */
    public void lastWasForced(long now) {
        notFlushed.removeLast().durable = now;
    }

    /**
     * Empty when the block may hold this after a power loss at that moment. A block that was written to after its last durable write may
     * hold any of these writes, or parts of them.
     */
    public Optional<String> complaint(int block, Content content, long moment) {
        List<Write> begun = blocks.get(block).stream().filter(write -> write.began <= moment).toList();
        boolean certain = begun.isEmpty() || begun.getLast().durable <= moment;
        if (!certain) return Optional.empty();
        boolean right = switch (content) {
            case Content.Zeroes() -> begun.isEmpty();
            case Content.Write(long sequence) -> !begun.isEmpty() && begun.getLast().sequence == sequence;
            case Content.Damaged damaged -> false;
        };
        return right ? Optional.empty() : Optional.of("block " + block + " is " + content + "; last of its " + begun.size()
                + " writes was " + (begun.isEmpty() ? "none" : begun.getLast().sequence + ", flushed"));
    }
}
