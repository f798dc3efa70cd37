package org.duett.replicator.peer;

import io.netty.channel.EventLoop;
import java.util.random.RandomGenerator;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PayloadAllocator;

/**
 * One resource's connection to its peer through all incarnations: performs the peer actions of the core on the loop that owns the
 * resource. Actions for an incarnation that is gone do nothing; nothing of an incarnation is delivered after
 * {@link Event.PeerLost} or {@link #disconnect}.
 */
public final class PeerConnections {
    private static final int NONE = Integer.MIN_VALUE;

    private final EventLoop loop;
    private final PayloadAllocator payloads;
    private final PeerEvents events;
    private final PeerPairing pairing;

    /** The incarnation that is wanted or there. */
    private int current = NONE;
    /** Null while the sockets are being paired. */
    private PeerLink link;

    /**
     * @param random for the times between attempts; nothing depends on its quality
     */
    public PeerConnections(Transport transport, EventLoop loop, PeerSettings settings, PayloadAllocator payloads, PeerEvents events,
            RandomGenerator random) {
        this.loop = loop;
        this.payloads = payloads;
        this.events = events;
        pairing = new PeerPairing(transport, loop, settings, random, this::paired, this::knocked);
    }

    /** Performs {@link Action.Connect}: tries until {@link Event.PeerConnected} can be delivered. */
    public void connect(int connection) {
        assert loop.inEventLoop();
        assert connection != NONE;
        closeLink();
        current = connection;
        pairing.start(connection);
    }

    /** Performs {@link Action.Disconnect}: sends what was ordered before, closes, and refuses the peer until the next connect. */
    public void disconnect(int connection) {
        assert loop.inEventLoop();
        if (connection != current) return;
        pairing.stop();
        closeLink();
    }

    /** Performs {@link Action.SendPacket}; the bytes leave with the next {@link #flush}. */
    public void send(Action.SendPacket order) {
        send(order.connection, order.packet);
    }

    public void send(int connection, Packet packet) {
        assert loop.inEventLoop();
        if (link != null && connection == current) link.send(packet);
    }

    /** Once behind the actions of an event. */
    public void flush() {
        if (link != null) link.flush();
    }

    /** Performs {@link Action.PauseReading}. */
    public void pauseReading(int connection) {
        assert loop.inEventLoop();
        if (link != null && connection == current) link.pauseReading();
    }

    /** Performs {@link Action.ResumeReading}. */
    public void resumeReading(int connection) {
        assert loop.inEventLoop();
        if (link != null && connection == current) link.resumeReading();
    }

    /** For good: as {@link #disconnect} does, and what the peer opened meanwhile is closed, too. */
    public void close() {
        assert loop.inEventLoop();
        pairing.close();
        closeLink();
    }

    private void closeLink() {
        current = NONE;
        if (link != null) link.close();
        link = null;
    }

    /** Connections refused so far because they were not the peer's. */
    public int refusedConnections() {
        return pairing.refused();
    }

    private void paired(int connection, PeerPairing.Pair pair) {
        assert connection == current;
        PeerLink newLink = new PeerLink(loop, connection, pair, payloads, events, this::lost);
        link = newLink;
        events.deliver(new Event.PeerConnected(connection, pair.resolveConflicts()));
        // The core may have disconnected again.
        if (link == newLink) newLink.begin();
    }

    private void knocked() {
        if (link != null) events.deliver(new Event.PeerKnocked(current));
    }

    /** The listener stays: the next connect finds what the peer opened meanwhile. */
    private void lost(Event.PeerLost event) {
        link = null;
        // A task of its own, for the loss may show while actions are performed; one of them may be a disconnect.
        loop.execute(() -> {
            if (event.connection() == current) events.deliver(event);
        });
    }
}
