package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.nio.ByteBuffer;

/** A bounded pool of direct memory that reuses its buffers and knows how much of it is out. */
final class TestPayloadPool implements PayloadPool {
    private final long limitBytes;
    private final Map<Integer, Deque<Memory>> unused = new TreeMap<>();
    private final List<Runnable> waiting = new ArrayList<>();
    private long outBytes;
    int refusals;

    TestPayloadPool(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    long outBytes() {
        return outBytes;
    }

    @Override
    public ByteBuf tryAllocate(int lengthBytes) {
        int size = Math.max(4096, Integer.highestOneBit(lengthBytes - 1) << 1);
        if (outBytes + size > limitBytes) {
            refusals++;
            return null;
        }
        outBytes += size;
        Memory memory = unused.computeIfAbsent(size, any -> new ArrayDeque<>()).poll();
        return memory == null ? new Memory(size) : memory.again();
    }

    @Override
    public void whenAvailable(Runnable then) {
        waiting.add(then);
    }

    private final class Memory extends io.netty.buffer.UnpooledDirectByteBuf {
        Memory(int size) {
            super(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, ByteBuffer.allocateDirect(size), size);
        }

        Memory again() {
            resetRefCnt();
            return this;
        }

        @Override
        protected void deallocate() {
            outBytes -= capacity();
            unused.get(capacity()).push(this);
            if (waiting.isEmpty()) return;
            List<Runnable> now = List.copyOf(waiting);
            waiting.clear();
            now.forEach(Runnable::run);
        }
    }
}
