package org.duett.replicator.simulator;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;

/** A buffer of one length whose memory is used again after its last reference is gone. It comes with anything in it. */
class SpareBuffer extends UnpooledHeapByteBuf {
    private final SpareArrays arrays;

    SpareBuffer(SpareArrays arrays, int lengthBytes) {
        // Before the rest, which takes an array.
        this.arrays = arrays;
        super(UnpooledByteBufAllocator.DEFAULT, lengthBytes, lengthBytes);
    }

    @Override
    protected byte[] allocateArray(int lengthBytes) {
        return arrays.take(lengthBytes);
    }

    @Override
    protected void freeArray(byte[] array) {
        arrays.giveBack(array);
    }
}
