package org.duett.replicator.peer;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.machine.Event;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PacketDecoder;
import org.duett.replicator.wire.PacketEncoder;
import org.duett.replicator.wire.PayloadAllocator;
import org.duett.replicator.wire.WireException;
import org.duett.replicator.wire.WireSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data socket and the meta socket of one connection incarnation, used as one: packets go out on the socket that they belong to
 * and come in as events. It ends once, by {@link #close} or by a loss; after that it delivers nothing.
 */
final class PeerLink {
    interface Loss {
        /** The link is gone. Maybe called from within a call into the link: a failed write shows while actions are performed. */
        void lost(Event.PeerLost event);
    }

    private enum Stage {
        OPEN, CLOSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);

    private static final int NOT_ANNOUNCED = -1;
    /** So long a socket that we close waits for the peer to read on, or to close as well. */
    private static final long LINGER_MILLIS = 1000;

    /** So long the second socket may take to end after the first. */
    private static final long REST_MILLIS = 500;

    private final EventLoop loop;
    private final int connection;
    private final PeerEvents events;
    private final Loss loss;
    private final LinkSocket data;
    private final LinkSocket meta;
    private final PacketDecoder dataDecoder;
    private final PacketEncoder encoder = new PacketEncoder();
    private final Event.PeerPacketArrived arrived = new Event.PeerPacketArrived();
    private final Runnable readOn = this::readOn;

    private Stage stage = Stage.OPEN;
    private boolean reading = true;
    private boolean readOnOrdered;
    private int ourFeatures = NOT_ANNOUNCED;
    private int peersFeatures = NOT_ANNOUNCED;

    PeerLink(EventLoop loop, int connection, PeerPairing.Pair pair, PayloadAllocator payloads, PeerEvents events, Loss loss) {
        this.loop = loop;
        this.connection = connection;
        this.events = events;
        this.loss = loss;
        dataDecoder = new PacketDecoder(WireSocket.DATA, payloads, this::deliver);
        data = new LinkSocket(this, WireSocket.DATA, dataDecoder);
        meta = new LinkSocket(this, WireSocket.META, new PacketDecoder(WireSocket.META, payloads, this::deliver));
        data.takeOver(pair.data());
        meta.takeOver(pair.meta());
    }

    /** Delivers what came before the link was there. */
    void begin() {
        readOn();
        meta.readOn();
    }

    // ---- what the core asks for

    /** Sends with the next {@link #flush}; keeps nothing of the packet but a reference of its own to a payload. */
    void send(Packet packet) {
        if (stage != Stage.OPEN) return;
        if (packet instanceof Packet.ConnectionFeatures features) {
            ourFeatures = features.featureFlags();
            agreeOnFeatures();
        }
        LinkSocket socket = switch (PacketEncoder.socketOf(packet)) {
            case DATA -> data;
            case META -> meta;
        };
        socket.outbox.add(encoder, packet);
    }

    void flush() {
        if (stage != Stage.OPEN) return;
        // Acks first: the peer's host waits for them.
        meta.outbox.flush();
        data.outbox.flush();
    }

    /** No packet of the data socket is delivered until {@link #resumeReading}; the meta socket is always read. */
    void pauseReading() {
        if (stage != Stage.OPEN) return;
        reading = false;
        data.pause();
    }

    void resumeReading() {
        if (stage != Stage.OPEN || reading) return;
        reading = true;
        // A task of its own: the caller is in the middle of an event, maybe of a packet of this very socket.
        if (!readOnOrdered) loop.execute(readOn);
        readOnOrdered = true;
    }

    private void readOn() {
        readOnOrdered = false;
        if (stage == Stage.OPEN && reading) data.readOn();
    }

    /** Sends what was ordered before, then closes. Nothing is delivered any more. */
    void close() {
        if (stage != Stage.OPEN) return;
        flush();
        end();
        finish(data.channel());
        finish(meta.channel());
    }

    /**
     * Ends our direction behind the last byte and goes on reading (into nothing) until the peer has ended its own: closing with
     * unread bytes would make TCP reset the connection, and the peer might lose what we sent last.
     */
    private void finish(Channel channel) {
        channel.config().setAutoRead(true);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(sent -> ((DuplexChannel) channel).shutdownOutput());
        closeWhenStuck(channel, Long.MAX_VALUE);
    }

    private void closeWhenStuck(Channel channel, long formerUnsentBytes) {
        loop.schedule(() -> {
            if (!channel.isOpen()) return;
            ChannelOutboundBuffer unsent = channel.unsafe().outboundBuffer();
            long unsentBytes = unsent == null ? 0 : unsent.totalPendingWriteBytes();
            if (unsentBytes > 0 && unsentBytes < formerUnsentBytes) {
                closeWhenStuck(channel, unsentBytes);
            } else {
                channel.close();
            }
        }, LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }

    // ---- what happens

    private void deliver(Packet packet) {
        assert stage == Stage.OPEN;
        if (packet instanceof Packet.ConnectionFeatures features) {
            peersFeatures = features.featureFlags();
            agreeOnFeatures();
        }
        events.deliver(arrived.with(connection, packet));
    }

    private void agreeOnFeatures() {
        if (ourFeatures != NOT_ANNOUNCED && peersFeatures != NOT_ANNOUNCED) dataDecoder.featuresAgreed(ourFeatures & peersFeatures);
    }

    /**
     * The peer closed one socket. What it sent before on the other one may still be on the way (an answer to a disconnect, acks): the
     * link ends when both have ended, or a moment later.
     */
    void ended(WireSocket socket) {
        String detail = socket + ": closed by the peer";
        if (data.isDrained() && meta.isDrained()) {
            broken(detail);
        } else {
            loop.schedule(() -> broken(detail), REST_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    void violated(WireException violation) {
        lose(Event.PeerLost.Reason.PROTOCOL_ERROR, violation.getMessage());
    }

    void broken(String detail) {
        lose(Event.PeerLost.Reason.BROKEN_PIPE, detail);
    }

    /** An error of our own; those of the core never come so far, its loop ends the process (design 2, "Fail-stop"). */
    void failed(Throwable cause) {
        LOG.error("connection={} closed by an error of our own", connection, cause);
        lose(Event.PeerLost.Reason.BROKEN_PIPE, cause.toString());
    }

    private void lose(Event.PeerLost.Reason reason, String detail) {
        if (stage != Stage.OPEN) return;
        end();
        data.channel().close();
        meta.channel().close();
        loss.lost(new Event.PeerLost(connection, reason, detail));
    }

    private void end() {
        stage = Stage.CLOSED;
        data.close();
        meta.close();
    }
}
