package org.duett.replicator.peer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.duett.replicator.wire.PacketDecoder;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;

/** One of the two sockets of a link: bytes in, to its decoder; bytes out, gathered in an {@link Outbox}. Owned by the link. */
final class LinkSocket extends ChannelInboundHandlerAdapter {
    private final PeerLink link;
    private final PacketDecoder decoder;
    private final WireSocket kind;
    final Outbox outbox;
    /** Came while reading was paused. */
    private final Deque<ByteBuf> waiting = new ArrayDeque<>();
    private Channel channel;
    private boolean closed;

    LinkSocket(PeerLink link, WireSocket kind, PacketDecoder decoder) {
        this.link = link;
        this.kind = kind;
        this.decoder = decoder;
        outbox = new Outbox(switch (kind) {
            case DATA -> 64 << 10;
            case META -> 16 << 10;
        });
    }

    /** Takes over the channel; what it received so far waits for {@link #readOn}. */
    void takeOver(PairingSocket socket) {
        channel = socket.channel();
        outbox.attach(channel);
        ByteBuf early = socket.handOver(this);
        if (early.isReadable()) {
            waiting.add(early);
        } else {
            early.release();
        }
    }

    Channel channel() {
        return channel;
    }

    /** Everything that the peer sent before it closed was delivered. */
    boolean isDrained() {
        return !channel.isActive() && waiting.isEmpty();
    }

    void pause() {
        decoder.pause();
        channel.config().setAutoRead(false);
    }

    /** Decodes what waits, then reads again. Never called from within a packet's delivery. */
    void readOn() {
        if (closed) return;
        decoder.resume();
        while (!closed && !decoder.isPaused() && !waiting.isEmpty()) {
            decode(waiting.removeFirst());
        }
        if (!closed && !decoder.isPaused()) channel.config().setAutoRead(true);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        if (closed) {
            in.release();
        } else if (decoder.isPaused() || !waiting.isEmpty()) {
            // Read before the pause took effect.
            waiting.addLast(in);
        } else {
            decode(in);
        }
    }

    /** Takes over the buffer; what a pause leaves of it waits. */
    private void decode(ByteBuf in) {
        boolean left = false;
        try {
            decoder.decode(in);
            left = in.isReadable() && !closed;
        } catch (WireException violation) {
            link.violated(violation);
        } finally {
            if (left) {
                waiting.addFirst(in);
            } else {
                in.release();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        link.ended(kind);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof Error || cause instanceof RuntimeException) {
            link.failed(cause);
        } else if (!(cause instanceof ClosedChannelException)) {
            // That one is a write behind the end, of which channelInactive tells.
            link.broken(kind + ": " + cause.getMessage());
        }
    }

    /** Nothing is decoded any more. The channel is closed by the caller. */
    void close() {
        if (closed) return;
        closed = true;
        decoder.close();
        for (ByteBuf in : waiting) {
            in.release();
        }
        waiting.clear();
        outbox.close();
    }
}
