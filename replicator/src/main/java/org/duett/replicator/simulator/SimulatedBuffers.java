package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.duett.replicator.machine.BufferSource;

/** A node's memory for blocks: plain buffers that come filled with rubbish, and are counted until their last reference is gone; the next ones use it again. */
public final class SimulatedBuffers implements BufferSource {
    private static final int RUBBISH = 0xa5;
    private static final byte[] PATTERN = pattern();

    private final SpareArrays arrays;
    private int outstanding;

    SimulatedBuffers() {
        this(new SpareArrays());
    }

    SimulatedBuffers(SpareArrays arrays) {
        this.arrays = arrays;
    }

    private final class Counted extends SpareBuffer {
        Counted(int lengthBytes) {
            super(arrays, lengthBytes);
            outstanding++;
        }

        @Override
        protected byte[] allocateArray(int lengthBytes) {
            byte[] bytes = super.allocateArray(lengthBytes);
            // Each time: whoever reads what nobody has written finds no block of before.
            Arrays.fill(bytes, (byte) RUBBISH);
            return bytes;
        }

        @Override
        protected void freeArray(byte[] array) {
            outstanding--;
            super.freeArray(array);
        }
    }

    private static byte[] pattern() {
        byte[] bytes = new byte[1 << 16];
        Arrays.fill(bytes, (byte) RUBBISH);
        return bytes;
    }

    @Override
    public ByteBuf allocate(int lengthBytes) {
        assert lengthBytes > 0;
        return new Counted(lengthBytes);
    }

    /** Fills a part of a buffer with rubbish. */
    static void spoil(ByteBuf buffer, int index, int lengthBytes) {
        for (int filled = 0; filled < lengthBytes; filled += PATTERN.length) {
            buffer.setBytes(index + filled, PATTERN, 0, Math.min(PATTERN.length, lengthBytes - filled));
        }
    }

    /** Zero when all is quiet, or something leaks. */
    public int outstanding() {
        return outstanding;
    }
}
