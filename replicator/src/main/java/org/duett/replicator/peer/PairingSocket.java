package org.duett.replicator.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import org.duett.replicator.wire.FirstPacket;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;

/**
 * One TCP connection while it is not yet half of a link: which socket it is to be, what came on it too early to be read, and when it
 * ends. Watched by the listener until its first packet is there, then by the pairing.
 */
final class PairingSocket extends ChannelInboundHandlerAdapter {
    interface Watcher {
        /** The first packet of an accepted connection is there; {@link #kind} is known. */
        void opened(PairingSocket socket);

        /** Bytes of the handshake came: for the peer, the pair is complete. */
        void spoke(PairingSocket socket);

        /** It is closed, by whomever. */
        void closed(PairingSocket socket);
    }

    /** What a peer may say before we answer is P_CONNECTION_FEATURES, 80 bytes. */
    private static final int EARLY_BYTES_LIMIT = 1024;

    private final boolean accepted;
    private final RefusalLog refusals;
    private final ByteBuf early = Unpooled.buffer(FirstPacket.BYTES, EARLY_BYTES_LIMIT);
    private Watcher watcher;
    private Channel channel;
    private WireSocket kind;

    private PairingSocket(boolean accepted, Watcher watcher, RefusalLog refusals) {
        this.accepted = accepted;
        this.watcher = watcher;
        this.refusals = refusals;
    }

    /** A connection that the peer opened: its first packet says what it is. */
    static PairingSocket accepted(Watcher watcher, RefusalLog refusals) {
        return new PairingSocket(true, watcher, refusals);
    }

    /** A connection that we open: {@link #open} says what it is. */
    static PairingSocket ours(Watcher watcher, RefusalLog refusals) {
        return new PairingSocket(false, watcher, refusals);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
    }

    /** Makes a connection of ours the data or the meta socket. */
    void open(WireSocket newKind) {
        assert !accepted;
        assert kind == null;
        kind = newKind;
        ByteBuf first = Unpooled.buffer(FirstPacket.BYTES);
        FirstPacket.encode(newKind, first);
        channel.writeAndFlush(first, channel.voidPromise());
    }

    boolean isAccepted() {
        return accepted;
    }

    /** Null before the first packet. */
    WireSocket kind() {
        return kind;
    }

    Channel channel() {
        return channel;
    }

    boolean isAlive() {
        return channel.isActive();
    }

    boolean hasSpoken() {
        return kind != null && early.isReadable();
    }

    void watchedBy(Watcher newWatcher) {
        watcher = newWatcher;
    }

    /** Ends it at once; the peer sees a reset. {@link Watcher#closed} is not called. */
    void drop() {
        watcher = null;
        if (channel.isOpen()) channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.close();
    }

    /** Hands the channel over to a link, which must read these bytes first. */
    ByteBuf handOver(LinkSocket successor) {
        watcher = null;
        channel.pipeline().replace(this, "link", successor);
        return early;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (watcher != null) take(in);
        } finally {
            in.release();
        }
    }

    private void take(ByteBuf in) {
        if (kind == null && accepted) {
            early.writeBytes(in, Math.min(in.readableBytes(), FirstPacket.BYTES - early.readableBytes()));
            if (early.readableBytes() < FirstPacket.BYTES) return;
            try {
                kind = FirstPacket.decode(early);
            } catch (WireException stranger) {
                refuse(RefusalLog.Reason.WRONG_FIRST_BYTES, stranger.getMessage());
                return;
            }
            assert !early.isReadable();
            early.clear();
            watcher.opened(this);
            if (watcher == null) return;
        }
        if (!in.isReadable()) return;
        if (in.readableBytes() > early.maxWritableBytes()) {
            refuse(RefusalLog.Reason.TOO_MUCH_TOO_EARLY, "more than " + EARLY_BYTES_LIMIT + " bytes before the handshake");
            return;
        }
        early.writeBytes(in);
        watcher.spoke(this);
    }

    /** Ends it, with a line in the log, as a connection that is not the peer's. */
    void refuse(RefusalLog.Reason reason, String detail) {
        refusals.refused(reason, channel.remoteAddress(), detail);
        Watcher told = watcher;
        drop();
        if (told != null) told.closed(this);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        Watcher told = watcher;
        watcher = null;
        if (told != null) told.closed(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A reset while pairing is part of it; channelInactive follows and tells the watcher.
        context.close();
    }
}
