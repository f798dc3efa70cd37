package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.duett.replicator.disk.AlignedBuffers;

/** The memory that production has, bounded as a test wants it; counts how often it had nothing. */
final class AlignedPayloads implements PayloadPool {
    private final AlignedBuffers buffers;
    int refusals;

    AlignedPayloads(EventLoop loop, long limitBytes) {
        buffers = new AlignedBuffers(loop, limitBytes);
    }

    long outBytes() {
        return buffers.outstandingBytes();
    }

    @Override
    public ByteBuf tryAllocate(int lengthBytes) {
        ByteBuf buffer = buffers.tryAllocate(lengthBytes);
        if (buffer == null) refusals++;
        return buffer;
    }

    @Override
    public void whenAvailable(Runnable then) {
        buffers.whenAvailable(then);
    }

    /** Fails when anything is still out. */
    void close() {
        buffers.close();
    }
}
