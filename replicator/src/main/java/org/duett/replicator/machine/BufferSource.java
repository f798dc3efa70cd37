package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;

/** Where the core gets buffers for what it reads and writes itself: aligned memory in production, plain memory in the simulator. */
public interface BufferSource {
    /** A buffer of at least {@code lengthBytes}, contents undefined, with one reference that the caller owns. */
    ByteBuf allocate(int lengthBytes);
}
