package org.duett.replicator.peer;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.WireSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the two TCP connections of a link (spec wire 1.1, 1.2): listens, connects, sorts out connections that crossed, and waits until
 * a pair has stayed alive for a moment. Connections that the peer opens while there is a link leave it alone (the core is told, and
 * its keepalive decides whether the link is dead) and are kept for a few seconds: a peer that came back before we noticed its death
 * finds us quickly. While no connection is wanted nobody listens, as with a kernel.
 *
 * <p>
 * Who opens what. Either side opens the data socket. Who accepted it opens the meta socket at once; who opened it leaves the meta
 * socket to the peer for a while and then opens it, too. So a peer that only connects, or only accepts, is paired as well.
 *
 * <p>
 * Crossing: both sides opened the same socket. A kernel closes its own within milliseconds and keeps ours. Of two Duett nodes the one
 * with the lower address keeps its own and the other closes its own, after a moment in which a kernel would have acted. Should
 * addresses be seen differently (address translation), chance decides who closes first; should both die, each tries again after a
 * random time.
 */
final class PeerPairing implements PairingSocket.Watcher {
    interface Result {
        /** Both sockets are up. Called on the loop as a task of its own, never from within {@link #start}. */
        void paired(int connection, Pair pair);
    }

    /** Told that the peer opened a connection while none was wanted. */
    interface Knock {
        void heard();
    }

    /** {@code resolveConflicts}: we accepted the meta socket (spec wire 1.3). */
    record Pair(PairingSocket data, PairingSocket meta) {
        boolean resolveConflicts() {
            return meta.isAccepted();
        }
    }

    private enum Phase {
        /** No connection is wanted, or there is one. */
        IDLE, PAIRING
    }

    private static final Logger LOG = LoggerFactory.getLogger(PeerPairing.class);
    /** How long a connection that came while none was wanted is kept. */
    private static final long KEPT_MILLIS = 5000;
    private static final long FIRST_RETRY_MILLIS = 200;

    private final EventLoop loop;
    private final PeerSettings settings;
    private final RandomGenerator random;
    private final RefusalLog refusals;
    private final PeerListener listener;
    private final PeerConnector connector;
    private final Result result;
    private final Knock knock;

    private final Lane data = new Lane(WireSocket.DATA);
    private final Lane meta = new Lane(WireSocket.META);
    private Phase phase = Phase.IDLE;
    private int connection;
    /** Attempts that failed since the start; the first retries are quick. */
    private int failures;
    private ScheduledFuture<?> nextAttempt;
    private ScheduledFuture<?> settling;

    /** The candidates for one of the two sockets. */
    private static final class Lane {
        final WireSocket kind;
        PairingSocket ours;
        PairingSocket accepted;
        /** Running while both are there. */
        ScheduledFuture<?> crossing;
        /** Running while {@link #accepted} came unasked. */
        ScheduledFuture<?> expiry;

        Lane(WireSocket kind) {
            this.kind = kind;
        }

        boolean isEmpty() {
            return ours == null && accepted == null;
        }

        /** The one candidate, or null when there is none or they crossed. */
        PairingSocket single() {
            if (ours == null) return accepted;
            return accepted == null ? ours : null;
        }

        boolean remove(PairingSocket socket) {
            if (ours != socket && accepted != socket) return false;
            if (ours == socket) ours = null;
            if (accepted == socket) accepted = null;
            crossing = cancelled(crossing);
            if (accepted == null) expiry = cancelled(expiry);
            return true;
        }

        void dropAll() {
            if (ours != null) ours.drop();
            if (accepted != null) accepted.drop();
            clear();
        }

        void clear() {
            ours = null;
            accepted = null;
            crossing = cancelled(crossing);
            expiry = cancelled(expiry);
        }
    }

    PeerPairing(Transport transport, EventLoop loop, PeerSettings settings, RandomGenerator random, Result result, Knock knock) {
        this.knock = knock;
        this.loop = loop;
        this.settings = settings;
        this.random = random;
        this.result = result;
        refusals = new RefusalLog(settings.resource());
        listener = new PeerListener(transport, loop, settings, refusals, this::arrived);
        connector = new PeerConnector(transport, loop, settings, refusals);
    }

    /** Tries until both sockets are up or {@link #stop} is called. */
    void start(int newConnection) {
        assert loop.inEventLoop();
        connection = newConnection;
        phase = Phase.PAIRING;
        failures = 0;
        data.expiry = cancelled(data.expiry);
        meta.expiry = cancelled(meta.expiry);
        listener.open();
        LOG.debug("resource={} connection={} pairing with {} starts", settings.resource(), connection, settings.peerAddress());
        review();
    }

    /**
     * Ends the attempts and refuses the peer's, until the next start. What the peer opened beside a link is kept as long as it would
     * have been: if the link was half-open, its successor finds it.
     */
    void stop() {
        assert loop.inEventLoop();
        listener.close();
        if (phase == Phase.IDLE) return;
        becomeIdle();
        data.dropAll();
        meta.dropAll();
    }

    void close() {
        stop();
        data.dropAll();
        meta.dropAll();
    }

    /** Connections refused so far because they were not the peer's. */
    int refused() {
        return refusals.refused();
    }

    private void becomeIdle() {
        phase = Phase.IDLE;
        connector.abandon();
        nextAttempt = cancelled(nextAttempt);
        settling = cancelled(settling);
    }

    // ---- what happens

    /** The peer opened a connection and said which. */
    private void arrived(PairingSocket socket) {
        Lane lane = laneOf(socket);
        socket.watchedBy(this);
        // The peer opens a second one only when it has given up the first.
        if (lane.accepted != null) {
            PairingSocket replaced = lane.accepted;
            lane.remove(replaced);
            replaced.drop();
        }
        lane.accepted = socket;
        switch (phase) {
            case PAIRING -> {
                if (lane.ours != null) crossed(lane);
                settling = cancelled(settling);
                // The peer is there: whatever was ordered for later is due now.
                failures = 0;
                nextAttempt = cancelled(nextAttempt);
                review();
            }
            case IDLE -> {
                LOG.info("resource={} peer opened a {} unasked; kept for {} ms", settings.resource(), lane.kind, KEPT_MILLIS);
                lane.expiry = after(KEPT_MILLIS, () -> {
                    lane.remove(socket);
                    socket.drop();
                });
                knock.heard();
            }
        }
    }

    private void connected(PairingSocket socket) {
        if (!socket.isAlive()) {
            failed(new ClosedChannelException());
            return;
        }
        if (data.isEmpty()) {
            opened(data, socket);
        } else if (meta.isEmpty() && data.single() != null) {
            opened(meta, socket);
        } else {
            // The peer was quicker.
            socket.drop();
        }
        review();
    }

    private void opened(Lane lane, PairingSocket socket) {
        failures = 0;
        lane.ours = socket;
        socket.open(lane.kind);
    }

    private void failed(Throwable cause) {
        LOG.debug("resource={} connection={} attempt failed: {}", settings.resource(), connection, cause.toString());
        failures++;
        attemptAfter(retryMillis());
    }

    @Override
    public void opened(PairingSocket socket) {
        assert false : "only the listener waits for first packets";
    }

    @Override
    public void spoke(PairingSocket socket) {
        if (phase == Phase.PAIRING) review();
    }

    @Override
    public void closed(PairingSocket socket) {
        // Of our own attempt the connector hears as well.
        if (socket.kind() == null) return;
        Lane lane = laneOf(socket);
        if (!lane.remove(socket) || phase != Phase.PAIRING) return;
        settling = cancelled(settling);
        if (lane.isEmpty()) {
            // A peer that ends the meta socket that we opened has given up the data socket with it, though its end may never reach us.
            if (lane == meta && !socket.isAccepted()) data.dropAll();
            // Both of two that crossed died, or the peer dropped what it had: not at the same moment as the peer again.
            nextAttempt = cancelled(nextAttempt);
            attemptAfter(random.nextLong(settings.timing().firstPacketMillis()));
        }
        review();
    }

    // ---- what follows

    /** Orders what the present candidates call for; harmless to repeat. */
    private void review() {
        assert phase == Phase.PAIRING;
        PairingSocket dataSocket = data.single();
        PairingSocket metaSocket = meta.single();
        if (dataSocket != null && metaSocket != null) {
            connector.abandon();
            nextAttempt = cancelled(nextAttempt);
            settle(dataSocket, metaSocket);
        } else if (data.isEmpty()) {
            attemptAfter(0);
        } else if (dataSocket != null && meta.isEmpty()) {
            attemptAfter(dataSocket.isAccepted() ? 0 : jittered(2 * settings.timing().pingTimeoutMillis()));
        }
    }

    private void settle(PairingSocket dataSocket, PairingSocket metaSocket) {
        // A peer that speaks has waited already, and has just this pair.
        long millis = dataSocket.hasSpoken() ? 0 : settings.timing().settleMillis();
        if (settling != null) {
            if (millis > 0) return;
            settling = cancelled(settling);
        }
        settling = after(millis, () -> {
            settling = null;
            paired(new Pair(dataSocket, metaSocket));
        });
    }

    private void paired(Pair pair) {
        if (!pair.data.isAlive() || !pair.meta.isAlive()) {
            // Its end is on the way to us.
            return;
        }
        assert data.single() == pair.data;
        assert meta.single() == pair.meta;
        becomeIdle();
        data.clear();
        meta.clear();
        LOG.debug("resource={} connection={} paired: data socket {}, meta socket {}", settings.resource(), connection,
                pair.data.isAccepted() ? "accepted" : "opened", pair.meta.isAccepted() ? "accepted" : "opened");
        result.paired(connection, pair);
    }

    /** One attempt is under way or ordered at most; a later order does not move an earlier one. */
    private void attemptAfter(long millis) {
        if (connector.isConnecting() || nextAttempt != null) return;
        nextAttempt = after(millis, () -> {
            nextAttempt = null;
            boolean useful = data.isEmpty() || meta.isEmpty() && data.single() != null;
            if (useful) connector.connect(this, this::connected, this::failed);
        });
    }

    private void crossed(Lane lane) {
        Timings wait = ourConnectionSurvives() ? Timings.PEER_CLOSES_ITS_OWN : Timings.A_KERNEL_CLOSES_ITS_OWN;
        LOG.debug("resource={} connection={} both opened a {}", settings.resource(), connection, lane.kind);
        lane.crossing = after(jittered(wait.millis(settings.timing())), () -> {
            // Nobody closed one. The accepted one is proof of a living peer, ours may hang in the queue of a dead one.
            PairingSocket ours = lane.ours;
            lane.remove(ours);
            ours.drop();
            review();
        });
    }

    private enum Timings {
        PEER_CLOSES_ITS_OWN, A_KERNEL_CLOSES_ITS_OWN;

        long millis(PeerSettings.Timing timing) {
            return switch (this) {
                case PEER_CLOSES_ITS_OWN -> timing.firstPacketMillis();
                case A_KERNEL_CLOSES_ITS_OWN -> Math.max(1, timing.pingTimeoutMillis() / 2);
            };
        }
    }

    private boolean ourConnectionSurvives() {
        InetSocketAddress local = settings.localAddress();
        InetSocketAddress peer = settings.peerAddress();
        int order = Arrays.compareUnsigned(local.getAddress().getAddress(), peer.getAddress().getAddress());
        return (order == 0 ? Integer.compare(local.getPort(), peer.getPort()) : order) < 0;
    }

    /** Quick at first, then every connect-int, a seventh more or less. */
    private long retryMillis() {
        long interval = settings.timing().connectIntervalMillis();
        long quick = FIRST_RETRY_MILLIS << Math.min(failures - 1, 20);
        return jittered(Math.min(quick, interval));
    }

    private long jittered(long millis) {
        long seventh = millis / 7;
        return seventh == 0 ? millis : millis + random.nextLong(-seventh, seventh + 1);
    }

    private Lane laneOf(PairingSocket socket) {
        return switch (socket.kind()) {
            case DATA -> data;
            case META -> meta;
        };
    }

    private ScheduledFuture<?> after(long millis, Runnable task) {
        return loop.schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    private static ScheduledFuture<?> cancelled(ScheduledFuture<?> running) {
        if (running != null) running.cancel(false);
        return null;
    }
}
