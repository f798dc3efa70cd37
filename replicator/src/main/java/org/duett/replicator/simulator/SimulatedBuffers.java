package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.duett.replicator.machine.BufferSource;

/** A node's memory for blocks: plain buffers that come filled with rubbish, and are counted until their last reference is gone. */
public final class SimulatedBuffers implements BufferSource {
    static final int RUBBISH = 0xa5;
    private static final int FORGET_RELEASED_EVERY = 4096;

    private List<ByteBuf> handedOut = new ArrayList<>();

    @Override
    public ByteBuf allocate(int lengthBytes) {
        assert lengthBytes > 0;
        if (handedOut.size() >= FORGET_RELEASED_EVERY) forgetReleased();
        ByteBuf buffer = Unpooled.buffer(lengthBytes);
        Arrays.fill(buffer.array(), (byte) RUBBISH);
        handedOut.add(buffer);
        return buffer;
    }

    /** Zero when all is quiet, or something leaks. */
    public int outstanding() {
        forgetReleased();
        return handedOut.size();
    }

    private void forgetReleased() {
        List<ByteBuf> held = new ArrayList<>();
        for (ByteBuf buffer : handedOut) {
            if (buffer.refCnt() > 0) held.add(buffer);
        }
        handedOut = held;
    }
}
