package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.Arrays;
import org.duett.replicator.machine.BufferSource;

/** A node's memory for blocks: plain buffers that come filled with rubbish, and are counted until their last reference is gone. */
public final class SimulatedBuffers implements BufferSource {
    static final int RUBBISH = 0xa5;

    private int outstanding;

    private final class Counted extends UnpooledHeapByteBuf {
        Counted(int lengthBytes) {
            super(UnpooledByteBufAllocator.DEFAULT, lengthBytes, lengthBytes);
            outstanding++;
        }

        @Override
        protected void freeArray(byte[] array) {
            outstanding--;
            // Whoever reads it from now on finds that it is not his.
            Arrays.fill(array, (byte) RUBBISH);
        }
    }

    @Override
    public ByteBuf allocate(int lengthBytes) {
        assert lengthBytes > 0;
        ByteBuf buffer = new Counted(lengthBytes);
        Arrays.fill(buffer.array(), (byte) RUBBISH);
        return buffer;
    }

    /** Zero when all is quiet, or something leaks. */
    public int outstanding() {
        return outstanding;
    }
}
