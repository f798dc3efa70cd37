package org.duett.failover.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.ClusterRecord;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.NodeReportCodec;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.Incarnation;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;

/**
 * One machine: its replicator, its failover daemon, and the members of its groups, which outlive the daemon but not the machine. Plays the
 * shells of the daemon; decides nothing.
 */
final class SimulatedHost {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long ADDRESS_LIFETIME_NANOS = 5 * SECOND;
    private static final int MOST_BODY_BYTES = 768;

    /** Something of a group on this machine: an address, a program. */
    static final class Part {
        boolean running;
        boolean doesNotStart;
        boolean doesNotStop;
        long aliveUntilNanos = Long.MAX_VALUE;
        int starts;
    }

    final int index;
    final SimulatedNode node;
    private final ClusterConfig config;
    private final SimulatedTime time;
    private final Wires wires;
    private final ClusterWorld world;
    private final SplittableRandom random;
    final List<Part> parts = new ArrayList<>();

    private boolean power;
    private long boot;
    private long lives;
    private ClusterRecord record = ClusterRecord.EMPTY;

    // ---- the daemon; null: it does not run
    private FailoverMachine machine;
    private PeerLiveness liveness;
    private int daemon;
    private boolean asleep;
    private final List<Runnable> queued = new ArrayList<>();
    private long toldNanos;
    private long nextHeartbeatNanos;
    private boolean sendNow;
    private final Map<String, Long> refusedNanos = new TreeMap<>();
    private boolean replicatorSleeps;

    SimulatedHost(int index, SimulatedNode node, ClusterConfig config, ClusterWorld world, Wires wires, SimulatedTime time, long seed) {
        this.index = index;
        this.node = node;
        this.config = config;
        this.world = world;
        this.wires = wires;
        this.time = time;
        random = new SplittableRandom(seed);
        for (int i = 0; i < members().size(); i++) parts.add(new Part());
        node.resumesTerms();
    }

    private GroupConfig group() {
        return config.groups().getFirst();
    }

    private List<MemberConfig> members() {
        return group().members();
    }

    // ---- power and processes

    boolean hasPower() {
        return power;
    }

    /** Neither daemon was stopped and has not been continued yet. */
    boolean isAwake() {
        return !asleep && !replicatorSleeps;
    }

    boolean daemonRuns() {
        return machine != null;
    }

    void powerOn() {
        power = true;
        boot++;
        startReplicator();
        after(random.nextLong(3 * SECOND), this::startDaemon);
    }

    void powerOnIfOff() {
        if (!power) powerOn();
    }

    /** At the start: its replicator runs already. */
    void joins() {
        power = true;
        boot++;
        world.replicatorStarted(index);
        startDaemon();
    }

    void powerOff() {
        power = false;
        killDaemon();
        if (node.isRunning()) world.losePower(node);
        for (Part part : parts) part.running = false;
    }

    void startReplicator() {
        if (!power || node.isRunning()) return;
        node.up();
        replicatorSleeps = false;
        world.replicatorStarted(index);
    }

    void startDaemon() {
        if (!power || machine != null) return;
        daemon++;
        world.daemonStarted(index);
        asleep = false;
        queued.clear();
        long now = time.nowNanos();
        toldNanos = now;
        var timing = config.timing();
        var times = LivenessTimes.ofMillis(timing.keepaliveMillis(), timing.warntimeMillis(), timing.deadtimeMillis(), timing.initdeadMillis());
        var self = new Heartbeat.Sender(config.name(), config.localNode(), new Incarnation(1000 * index + boot, ++lives));
        liveness = new PeerLiveness(self, config.peerNode(), times, List.of(Wires.CROSSOVER, Wires.LAN), now);
        machine = new FailoverMachine(config, record, 0, now);
        nextHeartbeatNanos = now;
        turn(daemon);
        watchReplicator(daemon);
        refreshAddresses(daemon);
    }

    void killDaemon() {
        machine = null;
        liveness = null;
        daemon++;
        queued.clear();
    }

    /** SIGSTOP and SIGCONT: what comes meanwhile waits in buffers. */
    void stopDaemonFor(long nanos) {
        if (machine == null) return;
        asleep = true;
        int life = daemon;
        after(nanos, () -> {
            if (life != daemon) return;
            asleep = false;
            List<Runnable> backlog = List.copyOf(queued);
            queued.clear();
            advance();
            for (Runnable each : backlog) onLoop(life, each);
        });
    }

    void stopReplicatorFor(long nanos) {
        if (!node.isRunning()) return;
        replicatorSleeps = true;
        node.sleep(nanos);
        int life = world.replicatorLife(index);
        after(nanos, () -> {
            if (life == world.replicatorLife(index)) replicatorSleeps = false;
        });
    }

    private void after(long nanos, Runnable what) {
        time.after(nanos, what);
    }

    // ---- the loop of the daemon

    private void onLoop(int life, Runnable what) {
        if (life != daemon || machine == null) return;
        if (asleep) {
            queued.add(what);
            return;
        }
        advance();
        if (life == daemon && machine != null) what.run();
        beat();
    }

    private void turn(int life) {
        if (life != daemon) return;
        onLoop(life, () -> {
        });
        // Once awake it finds one turn, however long it slept.
        queued.removeIf(each -> asleep && queued.size() > 2000);
        after(config.timing().keepaliveMillis() * MILLI / 4 + random.nextLong(MILLI), () -> turn(life));
    }

    private void advance() {
        List<LivenessEvent> events = new ArrayList<>();
        liveness.advance(time.nowNanos(), events);
        tell(events);
        if (machine != null && time.nowNanos() - toldNanos >= MILLI) {
            toldNanos = time.nowNanos();
            deliver(new Event.TimeAdvanced(toldNanos));
        }
    }

    private void tell(List<LivenessEvent> events) {
        for (LivenessEvent event : events) {
            world.note(index, event);
            if (event instanceof LivenessEvent.PeerDead) deliver(new Event.PeerSilent());
            if (event instanceof LivenessEvent.PeerLate late) {
                deliver(new Event.PeerLate(time.nowNanos() + config.timing().deadtimeMillis() * MILLI - late.silentMillis() * MILLI));
            }
            if (event instanceof LivenessEvent.PeerOnTimeAgain) deliver(new Event.PeerOnTime());
            if (event instanceof LivenessEvent.PathLate late) deliver(new Event.PathDoubtful(late.path()));
            if (event instanceof LivenessEvent.PathOneWay oneWay) deliver(new Event.PathDoubtful(oneWay.path()));
            if (event instanceof LivenessEvent.PeerNotUnderstood) deliver(new Event.PeerStrange("nothing of it can be read"));
        }
    }

    private void beat() {
        if (machine == null || asleep) return;
        long now = time.nowNanos();
        if (now < nextHeartbeatNanos && !sendNow) return;
        if (now >= nextHeartbeatNanos) nextHeartbeatNanos = now + config.timing().keepaliveMillis() * MILLI;
        sendNow = false;
        byte[] body = NodeReportCodec.encode(machine.report(now / MILLI), MOST_BODY_BYTES);
        liveness.beginHeartbeat(now);
        for (String path : List.of(Wires.CROSSOVER, Wires.LAN)) {
            Heartbeat heartbeat = liveness.heartbeat(path, List.of(1), body);
            wires.send(path, index, () -> world.host(1 - index).hear(path, heartbeat));
        }
    }

    /** The kernel answers for a daemon that does not run, on the way back of that path. */
    private void refuse(String path) {
        wires.send(path, index, () -> world.host(1 - index).refused(path));
    }

    private void refused(String path) {
        int life = daemon;
        onLoop(life, () -> {
            refusedNanos.put(path, time.nowNanos());
            boolean everywhere = refusedNanos.size() == 2
                    && refusedNanos.values().stream().allMatch(at -> time.nowNanos() - at <= 3 * config.timing().keepaliveMillis() * MILLI);
            if (everywhere) deliver(new Event.PeerHasNoDaemon());
        });
    }

    private void hear(String path, Heartbeat heartbeat) {
        if (power && machine == null) refuse(path);
        int life = daemon;
        onLoop(life, () -> {
            List<LivenessEvent> events = new ArrayList<>();
            PeerLiveness.Reception reception = liveness.received(path, heartbeat, events);
            tell(events);
            if (reception != PeerLiveness.Reception.NEWEST || !liveness.peerHearsUs() || machine == null) return;
            try {
                deliver(new Event.PeerHeard(NodeReportCodec.decode(heartbeat.body()), liveness.echoedSentBootNanos(), time.nowNanos() / MILLI));
            } catch (NodeReportCodec.Malformed wrong) {
                throw new AssertionError(wrong);
            }
        });
    }

    private void post(int life, long delay, Event event) {
        after(delay, () -> onLoop(life, () -> deliver(event)));
    }

    private void deliver(Event event) {
        if (machine == null) return;
        world.note(index, event);
        List<Action> out = new ArrayList<>();
        GroupPhase before = machine.groups().getFirst().phase();
        machine.handle(event, out);
        GroupPhase now = machine.groups().getFirst().phase();
        if (before != now) world.phaseChanged(index, before, now);
        int life = daemon;
        for (Action action : out) {
            if (life == daemon) perform(life, action);
        }
    }

    // ---- the shells

    private void perform(int life, Action action) {
        world.note(index, action);
        switch (action) {
            case Action.Order(long order, String resource, var command) -> order(life, order, command);
            case Action.RestartReplicator(boolean kill) -> after(random.nextLong(2 * SECOND), () -> {
                if (!power) return;
                if (kill && node.isRunning()) world.kill(node);
                startReplicator();
            });
            case Action.TellOfPeerFailStop told -> {
                // No core of this world halts itself.
            }
            case Action.ProbeMember(String group, int member) -> post(life, delay(), new Event.MemberProbed(group, member, look(member)));
            case Action.CheckAddress(String group, int member) -> post(life, delay(), new Event.AddressChecked(group, member,
                    world.addressAnswers(index, member) ? "the other node" : ""));
            case Action.StartMember(String group, int member) -> after(delay(), () -> startMember(life, member));
            case Action.StopMember(String group, int member, boolean force) -> after(delay(), () -> stopMember(life, member, force));
            case Action.AskProof(long attempt, boolean exclusive, int lookMillis) -> world.prove(index, attempt, lookMillis, event -> post(life, delay(), event));
            case Action.RenewProof(long attempt) -> world.renew(index, attempt, event -> post(life, delay(), event));
            case Action.ReleaseProof() -> world.release(index);
            case Action.Remember(long version, ClusterRecord what) -> after(delay(), () -> {
                if (!power || life != daemon) return;
                record = what;
                onLoop(life, () -> deliver(new Event.Remembered(version)));
            });
            case Action.SendHeartbeat() -> sendNow = true;
            case Action.Notify(var notice) -> world.told(index, notice);
            case Action.AnswerOperator(long ticket, boolean done, String text) -> world.answered(index, ticket, done, text);
            case Action.Leave() -> after(SECOND, () -> {
                if (life == daemon) killDaemon();
            });
        }
    }

    private long delay() {
        return 1 + random.nextLong(random.nextInt(10) == 0 ? 300 * MILLI : 5 * MILLI);
    }

    void ask(OperatorCommand command, long ticket) {
        int life = daemon;
        onLoop(life, () -> deliver(new Event.OperatorAsked(ticket, command)));
    }

    /** Orders reach the replicator in their order; an asked one is answered when it has been done. */
    private void order(int life, long order, org.duett.replicator.machine.Command command) {
        if (!node.isRunning()) {
            if (order != 0) post(life, delay(), new Event.OrderAnswered(order, false, "the replicator does not run"));
            return;
        }
        world.orderedBefore(index, command);
        long ticket = node.command(command);
        if (order != 0) awaitResult(life, order, ticket, world.replicatorLife(index));
    }

    private void awaitResult(int life, long order, long ticket, int replicatorLife) {
        after(MILLI, () -> {
            if (!node.isRunning() || replicatorLife != world.replicatorLife(index)) {
                onLoop(life, () -> deliver(new Event.OrderAnswered(order, false, "the replicator is gone")));
                return;
            }
            CommandResult result = node.result(ticket);
            if (result == null) {
                if (life == daemon) awaitResult(life, order, ticket, replicatorLife);
                return;
            }
            Event answer = switch (result) {
                case CommandResult.Done(String text) -> new Event.OrderAnswered(order, true, text);
                case CommandResult.Refused(var code, var report) -> new Event.OrderAnswered(order, false, report.whatHappened());
            };
            onLoop(life, () -> {
                // Its status is read before the answer is judged, as the link does.
                deliver(new Event.ReplicatorSeen(views()));
                deliver(answer);
            });
        });
    }

    private void watchReplicator(int life) {
        if (life != daemon) return;
        if (!node.isRunning()) onLoop(life, () -> deliver(new Event.ReplicatorGone(true, "no process")));
        else if (replicatorSleeps) onLoop(life, () -> deliver(new Event.ReplicatorGone(false, "no answer")));
        else onLoop(life, () -> deliver(new Event.ReplicatorSeen(views())));
        after(config.timing().keepaliveMillis() * MILLI / 2 + random.nextLong(20 * MILLI), () -> watchReplicator(life));
    }

    private List<ResourceView> views() {
        if (!node.isRunning()) return List.of();
        ResourceStatus status = node.machine().status();
        boolean connected = true;
        boolean target = false;
        DiskState disk = DiskState.UP_TO_DATE;
        DiskState peerDisk = DiskState.UP_TO_DATE;
        for (ResourceStatus.VolumeStatus volume : status.volumes()) {
            ConnectionState state = volume.state().connection();
            connected &= state.isEstablished();
            target |= state.isTargetSide();
            if (volume.state().disk().compareTo(disk) < 0) disk = volume.state().disk();
            if (volume.state().peerDisk().compareTo(peerDisk) < 0) peerDisk = volume.state().peerDisk();
        }
        boolean alone = !status.proof().isEmpty() && !status.proof().equals("none");
        return List.of(new ResourceView(status.name(), status.role(), status.peerRole(), connected, disk, peerDisk, target,
                status.volumes().getFirst().identifiers().current(), status.term(), status.contact(), status.eyewitness(), alone, status.frozen(), "",
                new ResourceView.Signs(status.peer().heardNanos(), status.peer().answeredPingNanos())));
    }

    // ---- members

    private MemberState look(int member) {
        Part part = parts.get(member);
        return isRunning(part) ? MemberState.RUNNING : MemberState.STOPPED;
    }

    private boolean isRunning(Part part) {
        return power && part.running && time.nowNanos() < part.aliveUntilNanos;
    }

    boolean isRunning(int member) {
        return isRunning(parts.get(member));
    }

    private void startMember(int life, int member) {
        if (!power || life != daemon) return;
        Part part = parts.get(member);
        MemberOutcome outcome = MemberOutcome.DONE;
        boolean isAddress = members().get(member) instanceof MemberConfig.Address;
        if (part.doesNotStart) {
            outcome = MemberOutcome.failed("it does not start");
        } else if (!isRunning(part)) {
            part.running = true;
            part.starts++;
            part.aliveUntilNanos = isAddress ? time.nowNanos() + ADDRESS_LIFETIME_NANOS : Long.MAX_VALUE;
            world.memberStarted(index, member);
        }
        post(life, delay(), new Event.MemberAnswered(group().name(), member, outcome));
    }

    private void stopMember(int life, int member, boolean force) {
        if (!power || life != daemon) return;
        Part part = parts.get(member);
        boolean stays = part.doesNotStop && isRunning(part);
        if (!stays) part.running = false;
        post(life, delay(), new Event.MemberAnswered(group().name(), member, stays ? MemberOutcome.failed("it does not stop") : MemberOutcome.DONE));
    }

    private void refreshAddresses(int life) {
        if (life != daemon) return;
        boolean up = machine != null && !asleep && machine.groups().getFirst().word().equals("up");
        for (int i = 0; up && i < parts.size(); i++) {
            Part part = parts.get(i);
            if (members().get(i) instanceof MemberConfig.Address && isRunning(part)) part.aliveUntilNanos = time.nowNanos() + ADDRESS_LIFETIME_NANOS;
        }
        after(SECOND, () -> refreshAddresses(life));
    }

    // ---- for the world

    FailoverMachine machine() {
        return machine;
    }

    ClusterConfig config() {
        return config;
    }

    /** All of the group is here: a client that reaches the address is served. */
    boolean serves() {
        if (!power || !node.isRunning()) return false;
        for (int i = 0; i < parts.size(); i++) {
            boolean here = members().get(i) instanceof MemberConfig.Resource ? node.hasExport(0) : isRunning(i);
            if (!here) return false;
        }
        return true;
    }
}
