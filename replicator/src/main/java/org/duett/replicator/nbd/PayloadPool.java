package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;

/**
 * The bounded, aligned memory that data of clients is received into and answered from; used on the resource's event loop only. While
 * nothing is taken from it, it must have room for the largest request ({@link NbdProtocol#MAX_PAYLOAD_BYTES}).
 */
public interface PayloadPool {
    /** A buffer of at least {@code lengthBytes}, contents undefined, with one reference that the caller owns; null when none is free. */
    ByteBuf tryAllocate(int lengthBytes);

    /**
     * Calls {@code then} on the loop as soon as {@link #tryAllocate} is worth another attempt. A server always brings the same one; a
     * call too many does no harm.
     */
    void whenAvailable(Runnable then);
}
