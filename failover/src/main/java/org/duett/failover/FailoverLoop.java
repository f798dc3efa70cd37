package org.duett.failover;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ConfigDigest;
import org.duett.failover.control.ClusterRequest;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.NodeReportCodec;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the machine and the peer's liveness: time, datagrams, answers and requests come in through a queue, actions go
 * out to shells that never make it wait. An error in the core performs nothing of that event and halts the daemon (fail-stop); the next
 * one adopts what runs.
 */
final class FailoverLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FailoverLoop.class);
    private static final long NANOS_PER_MILLI = 1_000_000L;
    private static final int REMEMBERED_EVENTS = 200;
    private static final int REFUSALS_TOGETHER = 3;

    /** Performs what the loop does not do itself; never waits. */
    interface Shells {
        void perform(Action action);

        void send(String path, byte[] datagram);

        /** What happened to paths and peer, for log, notification and metrics. */
        void told(LivenessEvent event);

        /** Called at each turn of the loop. */
        void turn(long bootNanos);

        void halt(String why);
    }

    private final ClusterConfig config;
    private final LongSupplier bootClock;
    private final FailoverMachine machine;
    private final PeerLiveness liveness;
    private HeartbeatCodec codec;
    private final ConfigDigest configDigest;
    private final LivenessTimes times;
    private Shells shells;

    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final List<Action> actions = new ArrayList<>();
    private final List<LivenessEvent> livenessEvents = new ArrayList<>();
    private final Deque<String> recent = new ArrayDeque<>();
    private final Map<Long, CompletableFuture<ClusterRequest.Answer>> asked = new TreeMap<>();
    private final Map<String, Long> refusedNanos = new TreeMap<>();
    private long lastTicket;
    private long toldNanos;
    private long nextHeartbeatNanos;
    private boolean sendNow;
    private ConfigDigest peerDigest;
    private volatile boolean ended;
    private Thread thread;

    FailoverLoop(ClusterConfig config, LongSupplier bootClock, FailoverMachine machine, PeerLiveness liveness, HeartbeatCodec codec, ConfigDigest configDigest,
            LivenessTimes times) {
        this.config = config;
        this.bootClock = bootClock;
        this.machine = machine;
        this.liveness = liveness;
        this.codec = codec;
        this.configDigest = configDigest;
        this.times = times;
        peerDigest = configDigest;
        toldNanos = bootClock.getAsLong();
    }

    void start(Shells newShells) {
        shells = newShells;
        thread = Thread.ofPlatform().name("failover").start(this::run);
    }

    private void run() {
        try {
            while (!ended) {
                Runnable next = queue.poll(Math.max(1, times.turnNanos() / NANOS_PER_MILLI), TimeUnit.MILLISECONDS);
                advance();
                for (; next != null; next = queue.poll()) next.run();
                beat();
            }
        } catch (InterruptedException stopped) {
            LOG.info("the failover loop was stopped");
        } catch (Throwable mistake) {
            failStop(mistake);
        }
    }

    private void failStop(Throwable mistake) {
        LOG.error("The failover daemon stops: a mistake of ours. Groups and data are left as they are; the next daemon takes them over. Last events:\n{}",
                String.join("\n", recent), mistake);
        shells.halt(String.valueOf(mistake));
    }

    // ---- time and heartbeats

    private void advance() {
        long now = bootClock.getAsLong();
        liveness.advance(now, livenessEvents);
        tellLiveness();
        if (now - toldNanos >= NANOS_PER_MILLI) {
            toldNanos = now;
            deliver(new Event.TimeAdvanced(now));
        }
        shells.turn(now);
    }

    private void beat() {
        long now = bootClock.getAsLong();
        if (now < nextHeartbeatNanos && !sendNow) return;
        if (now >= nextHeartbeatNanos) nextHeartbeatNanos = now + times.keepaliveNanos();
        sendNow = false;
        byte[] report = NodeReportCodec.encode(machine.report(System.currentTimeMillis()), liveness.mostBodyBytes());
        for (Heartbeat.Part part : Heartbeat.Part.of(report, liveness.mostBodyBytes())) {
            liveness.beginHeartbeat(now);
            for (var path : config.paths()) shells.send(path.name(), codec.encode(liveness.heartbeat(path.name(), configDigest.parts(), part)));
        }
    }

    // ---- from any thread

    /** A datagram from the peer's address on this path. */
    void received(String path, byte[] datagram) {
        queue.add(() -> read(path, datagram));
    }

    /** Nobody listens at the peer's end of this path. */
    void refused(String path) {
        queue.add(() -> {
            advance();
            refusedNanos.put(path, toldNanos);
            // One path alone says little: its address may have come up after the daemon. All of them, at about the same time, say enough.
            boolean everywhere = config.paths().stream().allMatch(each -> refusedNanos.containsKey(each.name())
                    && toldNanos - refusedNanos.get(each.name()) <= REFUSALS_TOGETHER * times.keepaliveNanos());
            if (everywhere) deliver(new Event.PeerHasNoDaemon());
        });
    }

    void post(Event event) {
        queue.add(() -> {
            advance();
            deliver(event);
        });
    }

    /** The key file has changed: the next heartbeat is made with the first of these, and what comes is read with either. */
    void useKeys(List<byte[]> keys) {
        queue.add(() -> codec = new HeartbeatCodec(keys));
    }

    CompletableFuture<ClusterRequest.Answer> ask(OperatorCommand command) {
        var answer = new CompletableFuture<ClusterRequest.Answer>();
        queue.add(() -> {
            advance();
            asked.put(++lastTicket, answer);
            deliver(new Event.OperatorAsked(lastTicket, command));
        });
        return answer;
    }

    /** Looks at machine and liveness on the loop's thread. */
    <T> CompletableFuture<T> look(BiFunction<FailoverMachine, PeerLiveness, T> look) {
        var result = new CompletableFuture<T>();
        queue.add(() -> result.complete(look.apply(machine, liveness)));
        return result;
    }

    // ---- on the loop

    private void read(String path, byte[] datagram) {
        switch (codec.decode(datagram)) {
            case HeartbeatCodec.Reading.Unreadable(var reason) -> liveness.rejected(path, reason, livenessEvents);
            case HeartbeatCodec.Reading.Authentic(Heartbeat heartbeat) -> {
                PeerLiveness.Reception reception = liveness.received(path, heartbeat, livenessEvents);
                tellLiveness();
                if (reception == PeerLiveness.Reception.NEWEST && liveness.peerHearsUs()) heard(heartbeat);
            }
        }
        tellLiveness();
    }

    private void heard(Heartbeat heartbeat) {
        advance();
        ConfigDigest theirs = new ConfigDigest(heartbeat.configDigest());
        if (!theirs.equals(peerDigest)) compare(theirs);
        try {
            deliver(new Event.PeerHeard(NodeReportCodec.decode(liveness.heardReport()), liveness.echoedSentBootNanos(), System.currentTimeMillis()));
        } catch (NodeReportCodec.Malformed otherVersion) {
            deliver(new Event.PeerStrange(otherVersion.getMessage()));
        }
    }

    /** Harmful differences stop takeovers; of the others the log tells. */
    private void compare(ConfigDigest theirs) {
        peerDigest = theirs;
        List<String> harmful = new ArrayList<>();
        for (ConfigDigest.Difference difference : configDigest.differencesTo(theirs)) {
            if (difference.harmful()) harmful.add(difference.text());
            else LOG.warn("The configurations of the two nodes differ: {}. Nothing is refused for that; make the files equal.", difference.text());
        }
        deliver(new Event.ConfigurationsDiffer(String.join("; ", harmful)));
    }

    private void tellLiveness() {
        for (LivenessEvent event : List.copyOf(livenessEvents)) {
            shells.told(event);
            Event.of(event, toldNanos, times.deadtimeNanos()).ifPresentOrElse(this::deliver, () -> note(event));
        }
        livenessEvents.clear();
    }

    private void note(Object what) {
        if (recent.size() == REMEMBERED_EVENTS) recent.removeFirst();
        recent.addLast(toldNanos / NANOS_PER_MILLI + " ms " + what);
    }

    private void deliver(Event event) {
        if (!(event instanceof Event.TimeAdvanced || event instanceof Event.PeerHeard || event instanceof Event.PeerHasNoDaemon || event instanceof Event.ReplicatorSeen)) note(event);
        machine.handle(event, actions);
        List<Action> ordered = List.copyOf(actions);
        actions.clear();
        for (Action action : ordered) perform(action);
    }

    private void perform(Action action) {
        switch (action) {
            case Action.SendHeartbeat() -> sendNow = true;
            case Action.AnswerOperator(long ticket, boolean done, String text) -> asked.remove(ticket).complete(new ClusterRequest.Answer(done, text));
            case Action.Order order -> performOutside(order);
            case Action.RestartReplicator restart -> performOutside(restart);
            case Action.TellOfPeerFailStop told -> performOutside(told);
            case Action.ProbeMember probe -> shells.perform(probe);
            case Action.CheckAddress check -> performOutside(check);
            case Action.StartMember start -> performOutside(start);
            case Action.StopMember stop -> performOutside(stop);
            case Action.AskProof ask -> performOutside(ask);
            case Action.RenewProof renew -> shells.perform(renew);
            case Action.ReleaseProof release -> performOutside(release);
            case Action.Remember remember -> performOutside(remember);
            case Action.Notify notify -> performOutside(notify);
            case Action.Leave leave -> {
                // The goodbye goes out before the daemon ends.
                sendNow = true;
                beat();
                performOutside(leave);
            }
        }
    }

    private void performOutside(Action action) {
        note("  -> " + action);
        shells.perform(action);
    }

    @Override
    public void close() {
        ended = true;
        if (thread != null) thread.interrupt();
    }
}
