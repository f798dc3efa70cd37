package org.duett.replicator.wire;

import io.netty.buffer.ByteBuf;

/** Where a decoder gets the buffers for the data of blocks. */
public interface PayloadAllocator {
    /** A buffer of at least {@code lengthBytes}, contents undefined, with one reference that the caller owns. */
    ByteBuf allocate(int lengthBytes);
}
