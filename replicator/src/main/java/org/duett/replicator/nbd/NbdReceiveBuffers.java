package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Tells the transport where the next bytes of one connection go: into a buffer of its own, from which headers and small payloads are
 * taken, or straight into the payload of a long write, so that it is not copied. Owned by {@link NbdConnection}.
 */
// The interface carries a deprecation of old; it is the one that transports ask.
@SuppressWarnings("deprecation")
final class NbdReceiveBuffers implements RecvByteBufAllocator, RecvByteBufAllocator.ExtendedHandle {
    /** A system call costs more than the copy of a few KiB; a copy of many costs more than a system call. */
    static final int DIRECT_FROM_BYTES = 16 << 10;
    private static final int BUFFER_BYTES = 64 << 10;
    /** Then it is the turn of the other connections of this loop. */
    private static final int BYTES_PER_TURN = 1 << 20;

    private final NbdConnection connection;
    private final ByteBuf buffer;
    /** The payload that is being received, with a reference of its own. */
    private ByteBuf direct;

    /** A read into one of them is under way; on io_uring the kernel writes while this loop does other things. */
    private boolean lent;
    private int attemptedBytes;
    private int lastBytes;
    private long turnBytes;

    NbdReceiveBuffers(NbdConnection connection, ByteBufAllocator allocator) {
        assert BUFFER_BYTES >= 4 * (NbdProtocol.OPTION_HEADER_BYTES + NbdProtocol.MAX_OPTION_BYTES) / 2
                : "an option must fit";
        this.connection = connection;
        this.buffer = allocator.directBuffer(BUFFER_BYTES, BUFFER_BYTES);
    }

    ByteBuf buffer() {
        return buffer;
    }

    /** From now on the bytes go into {@code payload}, from its writer index to {@code lengthBytes}. */
    void directInto(ByteBuf payload, int lengthBytes) {
        assert !lent;
        assert direct == null;
        assert !buffer.isReadable() : "older bytes come first";
        // An own slice, as transports write up to the end of the capacity.
        direct = payload.retainedSlice(0, lengthBytes).writerIndex(payload.writerIndex());
    }

    boolean isDirect() {
        return direct != null;
    }

    /** How much of the payload has arrived. */
    int directBytes() {
        return direct.writerIndex();
    }

    void endDirect() {
        if (direct == null) return;
        direct.release();
        direct = null;
    }

    /** Nothing may be taken or moved now. */
    boolean isLent() {
        return lent;
    }

    boolean isOurs(Object message) {
        return message == buffer || message == direct;
    }

    /** Makes room behind what was not understood yet: part of a header, an option, or requests that wait. */
    void compact() {
        assert !lent : "the kernel would write where the bytes were";
        if (!buffer.isReadable()) buffer.clear();
        else if (buffer.writableBytes() < BUFFER_BYTES / 2) buffer.discardReadBytes();
    }

    void release() {
        endDirect();
        buffer.release();
    }

    // ---- asked by the transport

    @Override
    public Handle newHandle() {
        return this;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
        // Transports also read when nobody asked: after the client hung up, to come to the end. Then there may be no room. Nothing may be
        // thrown from here: it would end the loop.
        if (connection.isClosed() || direct == null && !buffer.isWritable()) return allocator.directBuffer(NbdProtocol.REQUEST_BYTES);
        lent = true;
        return (direct != null ? direct : buffer).retain();
    }

    @Override
    public boolean continueReading() {
        return !connection.isClosed() && !connection.isStalled() && lastBytes == attemptedBytes
                && turnBytes < BYTES_PER_TURN;
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
        return !connection.isClosed() && !connection.isStalled() && maybeMoreData.get() && turnBytes < BYTES_PER_TURN;
    }

    @Override
    public int guess() {
        return BUFFER_BYTES;
    }

    @Override
    public void reset(ChannelConfig config) {
        turnBytes = 0;
    }

    @Override
    public void incMessagesRead(int messages) {
        // Turns are counted in bytes.
    }

    @Override
    public void lastBytesRead(int bytes) {
        lent = false;
        lastBytes = bytes;
        if (bytes > 0) turnBytes += bytes;
    }

    @Override
    public int lastBytesRead() {
        return lastBytes;
    }

    @Override
    public void attemptedBytesRead(int bytes) {
        attemptedBytes = bytes;
    }

    @Override
    public int attemptedBytesRead() {
        return attemptedBytes;
    }

    @Override
    public void readComplete() {
        lent = false; // also when the read failed
    }
}
