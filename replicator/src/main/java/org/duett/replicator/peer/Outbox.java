package org.duett.replicator.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PacketEncoder;

/**
 * What is to be sent on one socket: headers and small packets gathered in pooled chunks, payloads as slices between them. Nothing is
 * copied but headers, and nothing is allocated in the steady state. Owned by a {@link LinkSocket}.
 */
final class Outbox {
    /** More than any packet needs without its payload. */
    private static final int ROOM_BYTES = 4096 + 64;

    private final int chunkBytes;
    private Channel channel;
    /** Readable: encoded, but not handed to the channel yet. */
    private ByteBuf chunk;
    private boolean unflushed;
    private boolean closed;

    Outbox(int chunkBytes) {
        assert chunkBytes >= 2 * ROOM_BYTES;
        this.chunkBytes = chunkBytes;
    }

    void attach(Channel newChannel) {
        channel = newChannel;
    }

    void add(PacketEncoder encoder, Packet packet) {
        if (chunk == null || chunk.writableBytes() < ROOM_BYTES) replaceChunk();
        if (closed) return;
        encoder.encode(packet, chunk);
        unflushed = true;
        if (packet instanceof Packet.Data data) {
            handOver();
            channel.write(data.payload.retainedSlice(data.payloadIndex, data.lengthBytes), channel.voidPromise());
        }
    }

    void flush() {
        if (!unflushed) return;
        unflushed = false;
        handOver();
        channel.flush();
    }

    /** A channel that turns out to be broken tells so from within; then {@link #close} has been called on return. */
    private void handOver() {
        int ready = chunk.readableBytes();
        if (ready > 0) channel.write(chunk.readRetainedSlice(ready), channel.voidPromise());
    }

    private void replaceChunk() {
        if (chunk != null) handOver();
        if (closed) return;
        if (chunk != null) chunk.release();
        // Not the channel's allocator: its slices are recycled objects only here.
        chunk = PooledByteBufAllocator.DEFAULT.directBuffer(chunkBytes, chunkBytes);
    }

    void close() {
        closed = true;
        if (chunk != null) chunk.release();
        chunk = null;
        unflushed = false;
    }
}
