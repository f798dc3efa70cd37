package org.duett.failover.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.ClusterRecord;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.NodeReportCodec;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatRejection;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.duett.replicator.machine.Command;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.DiskState;

/** One life of a machine's failover daemon: the real machine on the real liveness, between shells that are played here. Decides nothing. */
final class HostDaemon {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final int MOST_QUEUED = 2000;
    private static final List<String> PATHS = List.of(Wires.CROSSOVER, Wires.LAN);

    private final SimulatedHost host;
    private final ClusterConfig config;
    private final SimulatedTime time;
    private final Wires wires;
    private final ClusterWorld world;
    private final HostReplicator replicator;
    private final SplittableRandom random;

    private final FailoverMachine machine;
    private final PeerLiveness liveness;
    private boolean over;
    /** The version of its record that is on disk: they are written one after the other. */
    private long remembered;
    private boolean asleep;
    private long heardNanos = Long.MIN_VALUE / 2;
    private long awakeSinceNanos;
    private final List<Runnable> queued = new ArrayList<>();
    private long toldNanos;
    private long nextHeartbeatNanos;
    private boolean sendNow;
    private final Map<String, Long> refusedNanos = new TreeMap<>();
    private String checkTold = "";
    private List<Boolean> connectedSeen = List.of();
    private String cutOffTold = "";
    private boolean sawReplicator;
    /** As its last status said: what a witness is told. */
    private Map<String, Long> generations = Map.of();
    /** As the machine told after its last event; null: nobody has asked since. */
    private List<GroupStatus> statuses;

    HostDaemon(SimulatedHost host, ClusterConfig config, Heartbeat.Sender self, ClusterRecord record, long pausedForNanos, ClusterWorld world, Wires wires, SimulatedTime time,
            SplittableRandom random) {
        this.host = host;
        this.config = config;
        this.world = world;
        this.wires = wires;
        this.time = time;
        this.random = random;
        replicator = host.replicator();
        long now = time.nowNanos();
        awakeSinceNanos = now;
        toldNanos = now;
        nextHeartbeatNanos = now;
        var timing = config.timing();
        var times = LivenessTimes.ofMillis(timing.keepaliveMillis(), timing.warntimeMillis(), timing.deadtimeMillis(), timing.initdeadMillis());
        liveness = new PeerLiveness(self, config.peerNode(), times, PATHS, now);
        machine = new FailoverMachine(config, record, pausedForNanos, now);
    }

    void begin() {
        turn();
        watchReplicator();
        if (world.statusIsReadOften()) watchConnections();
        eachSecond();
        check();
    }

    void end() {
        over = true;
        queued.clear();
    }

    // ---- what others know of it

    FailoverMachine machine() {
        return machine;
    }

    List<GroupStatus> statuses() {
        if (statuses == null) statuses = machine.groups();
        return statuses;
    }

    boolean hearsPeer() {
        return machine.peerLife() == PeerLife.ALIVE;
    }

    /** When a heartbeat of the peer came last. */
    long heardNanos() {
        return heardNanos;
    }

    Map<String, Long> generations() {
        return generations;
    }

    boolean isAsleep() {
        return asleep;
    }

    long awakeSinceNanos() {
        return awakeSinceNanos;
    }

    boolean sawReplicator() {
        return sawReplicator;
    }

    // ---- its loop

    /** SIGSTOP and SIGCONT: what comes meanwhile waits in buffers. */
    void stopFor(long nanos) {
        asleep = true;
        time.after(nanos, () -> {
            if (over) return;
            asleep = false;
            awakeSinceNanos = time.nowNanos();
            List<Runnable> backlog = List.copyOf(queued);
            queued.clear();
            advance();
            for (Runnable each : backlog) onLoop(each);
        });
    }

    private void onLoop(Runnable what) {
        if (over) return;
        if (asleep) {
            queued.add(what);
            return;
        }
        advance();
        if (!over) what.run();
        beat();
    }

    private void turn() {
        if (over) return;
        onLoop(() -> {
        });
        // Once awake it finds one turn, however long it slept.
        if (asleep && queued.size() > MOST_QUEUED) queued.clear();
        time.after(config.timing().keepaliveMillis() * MILLI / 4 + random.nextLong(MILLI), this::turn);
    }

    private void advance() {
        List<LivenessEvent> events = new ArrayList<>();
        liveness.advance(time.nowNanos(), events);
        tell(events);
        if (!over && time.nowNanos() - toldNanos >= MILLI) {
            toldNanos = time.nowNanos();
            deliver(new Event.TimeAdvanced(toldNanos));
        }
    }

    private void tell(List<LivenessEvent> events) {
        for (LivenessEvent event : events) {
            world.note(host.index, event);
            Event.of(event, time.nowNanos(), config.timing().deadtimeMillis() * MILLI).ifPresent(this::deliver);
        }
    }

    private void post(long delay, Event event) {
        time.after(delay, () -> onLoop(() -> deliver(event)));
    }

    private void deliver(Event event) {
        if (over) return;
        world.note(host.index, event);
        if (event instanceof Event.ReplicatorSeen) sawReplicator = true;
        List<Action> out = new ArrayList<>();
        List<GroupPhase> before = phases();
        machine.handle(event, out);
        statuses = null;
        List<GroupPhase> now = phases();
        for (int i = 0; i < now.size(); i++) {
            if (before.get(i) != now.get(i)) world.phaseChanged(host.index, config.groups().get(i).name(), before.get(i), now.get(i));
        }
        for (Action action : out) {
            if (!over) perform(action);
        }
    }

    private List<GroupPhase> phases() {
        List<GroupPhase> phases = new ArrayList<>(config.groups().size());
        for (GroupConfig group : config.groups()) phases.add(machine.phase(group.name()));
        return phases;
    }

    void ask(OperatorCommand command, long ticket) {
        onLoop(() -> {
            // As the daemon does before it asks its machine.
            if (command instanceof OperatorCommand.Pause(long forNanos)) host.rememberPause(time.nowNanos() + forNanos);
            deliver(new Event.OperatorAsked(ticket, command));
        });
    }

    // ---- heartbeats

    private void beat() {
        if (over || asleep) return;
        long now = time.nowNanos();
        if (now < nextHeartbeatNanos && !sendNow) return;
        if (now >= nextHeartbeatNanos) nextHeartbeatNanos = now + config.timing().keepaliveMillis() * MILLI;
        sendNow = false;
        byte[] report = NodeReportCodec.encode(machine.report(now / MILLI), world.partBytes());
        for (Heartbeat.Part part : Heartbeat.Part.of(report, world.partBytes())) {
            liveness.beginHeartbeat(now);
            for (String path : PATHS) {
                Heartbeat heartbeat = liveness.heartbeat(path, List.of(1), part);
                wires.send(path, host.index, () -> host.other().hear(path, heartbeat));
            }
        }
    }

    /** The kernel of the other node says that no daemon runs there. */
    void refused(String path) {
        onLoop(() -> {
            refusedNanos.put(path, time.nowNanos());
            boolean everywhere = refusedNanos.size() == PATHS.size()
                    && refusedNanos.values().stream().allMatch(at -> time.nowNanos() - at <= 3 * config.timing().keepaliveMillis() * MILLI);
            if (everywhere) deliver(new Event.PeerHasNoDaemon());
        });
    }

    void hear(String path, Heartbeat heartbeat) {
        onLoop(() -> {
            List<LivenessEvent> events = new ArrayList<>();
            if (host.keyIsWrong != host.other().keyIsWrong) {
                liveness.rejected(path, HeartbeatRejection.NOT_AUTHENTIC, events);
                tell(events);
                return;
            }
            PeerLiveness.Reception reception = liveness.received(path, heartbeat, events);
            tell(events);
            heardNanos = time.nowNanos();
            if (reception != PeerLiveness.Reception.NEWEST || !liveness.peerHearsUs() || over) return;
            try {
                deliver(new Event.PeerHeard(NodeReportCodec.decode(liveness.heardReport()), liveness.echoedSentBootNanos(), time.nowNanos() / MILLI));
            } catch (NodeReportCodec.Malformed wrong) {
                throw new AssertionError(wrong);
            }
        });
    }

    // ---- what it looks at again and again

    /** The runner of the one failover check: tells when what it finds has changed. */
    private void check() {
        if (over) return;
        if (!asleep && !checkTold.equals(host.checkFinds)) {
            checkTold = host.checkFinds;
            for (GroupConfig group : config.groups()) {
                if (!group.name().equals(WorldConfig.CHECKED_GROUP)) continue;
                onLoop(() -> deliver(new Event.CheckChanged(group.name(), WorldConfig.CHECK, checkTold)));
            }
        }
        time.after(WorldConfig.CHECK_INTERVAL_MILLIS * MILLI / 2 + random.nextLong(WorldConfig.CHECK_INTERVAL_MILLIS * MILLI / 2), this::check);
    }

    /** Its interface has a carrier, or it has not. */
    private void lookForAddressesCutOff() {
        String why = world.witnessIsApart() && !wires.clientReaches(host.index) ? "lan is down" : "";
        if (asleep || why.equals(cutOffTold)) return;
        cutOffTold = why;
        for (GroupConfig group : config.groups()) onLoop(() -> deliver(new Event.AddressCutOff(group.name(), host.parts(group.name()).address(), why)));
    }

    private void watchReplicator() {
        if (over) return;
        HostReplicator.Halt halt = replicator.haltNote();
        if (halt != null) onLoop(() -> deliver(new Event.ReplicatorHalted(halt.resource(), halt.event(), halt.bootNanos())));
        if (!replicator.runs()) onLoop(() -> deliver(new Event.ReplicatorGone(true, "no process")));
        else if (replicator.sleeps()) onLoop(() -> deliver(new Event.ReplicatorGone(false, "no answer")));
        else onLoop(() -> deliver(new Event.ReplicatorSeen(replicator.views())));
        time.after(config.timing().keepaliveMillis() * MILLI / 2 + random.nextLong(20 * MILLI), this::watchReplicator);
    }

    private void watchConnections() {
        if (over) return;
        if (!asleep && replicator.runs() && !replicator.sleeps()) {
            List<ResourceView> views = replicator.views();
            List<Boolean> connected = views.stream().map(ResourceView::connected).toList();
            if (!connected.equals(connectedSeen)) onLoop(() -> deliver(new Event.ReplicatorSeen(views)));
            connectedSeen = connected;
        }
        time.after(MILLI / 2 + random.nextLong(MILLI / 2), this::watchConnections);
    }

    /** The lifetime of addresses goes on while a group is up for certain; a witness is told what both nodes have. */
    private void eachSecond() {
        if (over) return;
        for (GroupStatus group : asleep ? List.<GroupStatus>of() : statuses()) {
            if (group.word().equals("up")) host.parts(group.name()).refreshAddresses();
        }
        lookForAddressesCutOff();
        if (!asleep) generations = machine.resources().stream().collect(Collectors.toMap(ResourceView::name, each -> each.current() | 1));
        boolean together = !asleep && !machine.resources().isEmpty() && machine.resources().stream()
                .allMatch(each -> each.connected() && each.disk() == DiskState.UP_TO_DATE && each.peerDisk() == DiskState.UP_TO_DATE);
        if (together) world.proofs().nodesAreEqual(host.index);
        time.after(SECOND, this::eachSecond);
    }

    // ---- the shells

    private void perform(Action action) {
        world.note(host.index, action);
        switch (action) {
            case Action.Order(long order, String resource, Command command) -> order(order, resource, command);
            case Action.RestartReplicator(boolean kill) -> host.restartReplicator(kill, random.nextLong(2 * SECOND));
            case Action.TellOfPeerFailStop told -> replicator.tell(told);
            case Action.ProbeMember(String group, int member) -> post(delay(), new Event.MemberProbed(group, member, host.parts(group).look(member)));
            case Action.CheckAddress(String group, int member) -> post(delay(), new Event.AddressChecked(group, member,
                    world.addressAnswers(host.index, group, member) ? "the other node" : ""));
            case Action.StartMember(String group, int member) -> time.after(delay(), () -> startMember(group, member));
            case Action.StopMember(String group, int member, boolean force) -> time.after(delay(), () -> stopMember(group, member));
            case Action.AskProof(long attempt, boolean exclusive, int lookMillis) -> {
                world.checkers().asksForProof(host);
                world.proofs().prove(host.index, attempt, lookMillis, event -> post(delay(), event));
            }
            case Action.RenewProof(long attempt) -> world.proofs().renew(host.index, attempt, event -> post(delay(), event));
            case Action.ReleaseProof() -> world.proofs().release(host.index);
            case Action.Remember(long version, ClusterRecord what) -> time.after(delay(), () -> {
                if (over) return;
                if (version > remembered) host.remember(what);
                remembered = Math.max(remembered, version);
                onLoop(() -> deliver(new Event.Remembered(version)));
            });
            case Action.SendHeartbeat() -> sendNow = true;
            case Action.Notify(var notice) -> world.told(host.index, notice);
            case Action.AnswerOperator(long ticket, boolean done, String text) -> world.answered(host.index, ticket, done, text);
            case Action.Leave() -> time.after(SECOND, () -> {
                if (!over) host.killDaemon();
            });
        }
    }

    private long delay() {
        return 1 + random.nextLong(random.nextInt(10) == 0 ? 300 * MILLI : 5 * MILLI);
    }

    /** Orders reach the replicator in their order; an asked one is answered when it has been done. */
    private void order(long order, String resource, Command command) {
        String refusal = replicator.refusal(resource);
        if (!refusal.isEmpty()) {
            if (order != 0) post(delay(), new Event.OrderAnswered(order, false, refusal));
            return;
        }
        world.checkers().ordered(replicator.node(resource), command);
        HostReplicator.Ticket ticket = replicator.order(resource, command);
        if (order != 0) await(ticket, order);
    }

    private void await(HostReplicator.Ticket ticket, long order) {
        time.after(MILLI, () -> {
            Event.OrderAnswered answer = replicator.answer(ticket, order);
            if (answer == null) {
                if (!over) await(ticket, order);
                return;
            }
            boolean lives = replicator.isOf(ticket);
            onLoop(() -> {
                // Its status is read before the answer is judged, as the link does.
                if (lives) deliver(new Event.ReplicatorSeen(replicator.views()));
                deliver(answer);
            });
        });
    }

    // ---- members

    private void startMember(String group, int member) {
        if (over) return;
        world.checkers().ordersStart(host, group, member);
        MemberOutcome outcome = host.parts(group).start(member, () -> world.checkers().memberStarted(host, group, member));
        post(delay(), new Event.MemberAnswered(group, member, outcome));
    }

    private void stopMember(String group, int member) {
        if (over) return;
        post(delay(), new Event.MemberAnswered(group, member, host.parts(group).stop(member)));
    }
}
