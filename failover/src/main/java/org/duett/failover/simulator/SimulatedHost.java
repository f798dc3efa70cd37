package org.duett.failover.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.decision.Action;
import org.duett.failover.decision.ClusterRecord;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.NodeReportCodec;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatRejection;
import org.duett.failover.heartbeat.Incarnation;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.duett.replicator.machine.Command;
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
    private final List<WorldGroup> groups;
    private final ClusterConfig config;
    private final SimulatedTime time;
    private final Wires wires;
    private final ClusterWorld world;
    private final SplittableRandom random;
    /** Of each group, in the order of its members. */
    private final Map<String, List<Part>> parts = new TreeMap<>();

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
    private int replicatorLife;
    private long replicatorSinceNanos;
    /** How long the former process had run. */
    private long replicatorRanNanos;
    private long awakeSinceNanos;
    private boolean sawReplicator;

    // ---- what is wrong with it
    /** Nothing that it sends or receives can be understood. */
    boolean keyIsWrong;
    /** What its failover check finds; empty: nothing. */
    String checkFinds = "";
    private String checkTold = "";

    // ---- halts of the replicator (rule 25)
    private record Halt(String resource, String event, long bootNanos) {
    }

    private Halt haltNote;
    /** Of each resource: what the running replicator has been told of the other node's, and until when. */
    private final Map<String, Action.TellOfPeerFailStop> toldOfPeer = new TreeMap<>();
    /** Of each resource that has stopped alone: at what. */
    private final Map<String, String> stoppedAt = new TreeMap<>();
    int halts;

    SimulatedHost(int index, List<WorldGroup> groups, ClusterConfig config, ClusterWorld world, Wires wires, SimulatedTime time, long seed) {
        this.index = index;
        this.groups = List.copyOf(groups);
        this.config = config;
        this.world = world;
        this.wires = wires;
        this.time = time;
        random = new SplittableRandom(seed);
        for (GroupConfig group : config.groups()) parts.put(group.name(), group.members().stream().map(member -> new Part()).toList());
        for (WorldGroup group : groups) node(group).resumesTerms();
    }

    SimulatedNode node(WorldGroup group) {
        return group.pair.nodes().get(index);
    }

    private SimulatedNode node(String resource) {
        return groups.stream().filter(group -> group.resource.equals(resource)).map(this::node).findFirst().orElseThrow();
    }

    String name() {
        return config.localNode();
    }

    private List<MemberConfig> members(String group) {
        return config.groups().stream().filter(each -> each.name().equals(group)).findFirst().orElseThrow().members();
    }

    List<Part> parts(String group) {
        return parts.get(group);
    }

    private Stream<Part> allParts() {
        return parts.values().stream().flatMap(List::stream);
    }

    boolean wouldStart() {
        return allParts().noneMatch(part -> part.doesNotStart || part.doesNotStop);
    }

    void mendParts() {
        allParts().forEach(part -> {
            part.doesNotStart = false;
            part.doesNotStop = false;
        });
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
        replicatorLife++;
        startDaemon();
    }

    void powerOff() {
        power = false;
        killDaemon();
        if (replicatorRuns()) {
            for (WorldGroup group : groups) world.losePower(group, index);
        }
        replicatorEnded();
        haltNote = null;
        allParts().forEach(part -> part.running = false);
    }

    /** One process for all resources. */
    boolean replicatorRuns() {
        return node(groups.getFirst()).isRunning();
    }

    void startReplicator() {
        if (!power || replicatorRuns()) return;
        for (WorldGroup group : groups) node(group).up();
        replicatorEnded();
    }

    void killReplicator() {
        if (!replicatorRuns()) return;
        for (WorldGroup group : groups) group.kill(node(group));
        replicatorEnded();
    }

    private void replicatorEnded() {
        replicatorLife++;
        replicatorRanNanos = time.nowNanos() - replicatorSinceNanos;
        replicatorSinceNanos = time.nowNanos();
        replicatorSleeps = false;
        toldOfPeer.clear();
        stoppedAt.clear();
    }

    /** Its core cannot handle this write: as ProcessFailStop does (rule 25). */
    void meetsWriteOfDeath(WorldGroup group, String event) {
        if (!replicatorRuns() || replicatorSleeps || stoppedAt.containsKey(group.resource)) return;
        var told = toldOfPeer.get(group.resource);
        if (told != null && told.event().equals(event) && time.nowNanos() < told.untilBootNanos()) {
            stoppedAt.put(group.resource, event);
            // Nothing is delivered to it any more.
            node(group).sleep(Long.MAX_VALUE / 4);
            return;
        }
        halts++;
        haltNote = new Halt(group.resource, event, time.nowNanos());
        killReplicator();
    }

    boolean hasStopped(WorldGroup group) {
        return stoppedAt.containsKey(group.resource);
    }

    void startDaemon() {
        if (!power || machine != null) return;
        daemon++;
        world.proofs().daemonStarted(index);
        checkTold = "";
        sawReplicator = false;
        awakeSinceNanos = time.nowNanos();
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
        check(daemon);
    }

    /** The runner of the one failover check: looks again and again, and tells when what it finds has changed. */
    private void check(int life) {
        if (life != daemon) return;
        if (!asleep && !checkTold.equals(checkFinds)) {
            checkTold = checkFinds;
            for (GroupConfig group : config.groups()) {
                if (!group.name().equals(ClusterWorld.CHECKED_GROUP)) continue;
                onLoop(life, () -> deliver(new Event.CheckChanged(group.name(), ClusterWorld.CHECK, checkTold)));
            }
        }
        after(ClusterWorld.CHECK_INTERVAL_MILLIS * MILLI / 2 + random.nextLong(ClusterWorld.CHECK_INTERVAL_MILLIS * MILLI / 2), () -> check(life));
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
            awakeSinceNanos = time.nowNanos();
            List<Runnable> backlog = List.copyOf(queued);
            queued.clear();
            advance();
            for (Runnable each : backlog) onLoop(life, each);
        });
    }

    void stopReplicatorFor(long nanos) {
        if (!replicatorRuns()) return;
        replicatorSleeps = true;
        for (WorldGroup group : groups) {
            if (!hasStopped(group)) node(group).sleep(nanos);
        }
        int life = replicatorLife;
        after(nanos, () -> {
            if (life == replicatorLife) replicatorSleeps = false;
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
            Event.of(event, time.nowNanos(), config.timing().deadtimeMillis() * MILLI).ifPresent(this::deliver);
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
            if (keyIsWrong != world.host(1 - index).keyIsWrong) {
                liveness.rejected(path, HeartbeatRejection.NOT_AUTHENTIC, events);
                tell(events);
                return;
            }
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
        if (event instanceof Event.ReplicatorSeen) sawReplicator = true;
        List<Action> out = new ArrayList<>();
        List<GroupStatus> before = machine.groups();
        machine.handle(event, out);
        List<GroupStatus> now = machine.groups();
        int life = daemon;
        for (int i = 0; i < now.size(); i++) {
            if (before.get(i).phase() != now.get(i).phase()) world.phaseChanged(index, now.get(i).name(), before.get(i).phase(), now.get(i).phase());
        }
        for (Action action : out) {
            if (life == daemon) perform(life, action);
        }
    }

    // ---- the shells

    private void perform(int life, Action action) {
        world.note(index, action);
        switch (action) {
            case Action.Order(long order, String resource, var command) -> order(life, order, resource, command);
            case Action.RestartReplicator(boolean kill) -> after(random.nextLong(2 * SECOND), () -> {
                if (!power) return;
                if (kill) killReplicator();
                startReplicator();
            });
            case Action.TellOfPeerFailStop told -> {
                if (replicatorRuns()) toldOfPeer.put(told.resource(), told);
            }
            case Action.ProbeMember(String group, int member) -> post(life, delay(), new Event.MemberProbed(group, member, look(group, member)));
            case Action.CheckAddress(String group, int member) -> post(life, delay(), new Event.AddressChecked(group, member,
                    world.addressAnswers(index, group, member) ? "the other node" : ""));
            case Action.StartMember(String group, int member) -> after(delay(), () -> startMember(life, group, member));
            case Action.StopMember(String group, int member, boolean force) -> after(delay(), () -> stopMember(life, group, member));
            case Action.AskProof(long attempt, boolean exclusive, int lookMillis) -> world.proofs().prove(index, attempt, lookMillis,
                    event -> post(life, delay(), event));
            case Action.RenewProof(long attempt) -> world.proofs().renew(index, attempt, event -> post(life, delay(), event));
            case Action.ReleaseProof() -> world.proofs().release(index);
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
    private void order(int life, long order, String resource, Command command) {
        SimulatedNode node = node(resource);
        if (!node.isRunning() || stoppedAt.containsKey(resource)) {
            if (order != 0) post(life, delay(), new Event.OrderAnswered(order, false, node.isRunning() ? "it has stopped itself" : "the replicator does not run"));
            return;
        }
        world.orderedBefore(node, command);
        long ticket = node.command(command);
        if (order != 0) awaitResult(life, order, node, ticket, replicatorLife);
    }

    private void awaitResult(int life, long order, SimulatedNode node, long ticket, int replicatorsLife) {
        after(MILLI, () -> {
            if (!node.isRunning() || replicatorsLife != replicatorLife) {
                onLoop(life, () -> deliver(new Event.OrderAnswered(order, false, "the replicator is gone")));
                return;
            }
            CommandResult result = node.result(ticket);
            if (result == null) {
                if (life == daemon) awaitResult(life, order, node, ticket, replicatorsLife);
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
        if (haltNote != null) {
            Halt halt = haltNote;
            onLoop(life, () -> deliver(new Event.ReplicatorHalted(halt.resource, halt.event, halt.bootNanos)));
        }
        if (!replicatorRuns()) onLoop(life, () -> deliver(new Event.ReplicatorGone(true, "no process")));
        else if (replicatorSleeps) onLoop(life, () -> deliver(new Event.ReplicatorGone(false, "no answer")));
        else onLoop(life, () -> deliver(new Event.ReplicatorSeen(views())));
        after(config.timing().keepaliveMillis() * MILLI / 2 + random.nextLong(20 * MILLI), () -> watchReplicator(life));
    }

    private List<ResourceView> views() {
        return replicatorRuns() ? groups.stream().map(group -> view(group, node(group).machine().status())).toList() : List.of();
    }

    private ResourceView view(WorldGroup group, ResourceStatus status) {
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
        return new ResourceView(status.name(), status.role(), status.peerRole(), connected, disk, peerDisk, target,
                status.volumes().getFirst().identifiers().current(), status.term(), status.contact(), status.eyewitness(), alone, status.frozen(),
                stoppedAt.getOrDefault(group.resource, ""), new ResourceView.Signs(status.peer().heardNanos(), status.peer().answeredPingNanos()));
    }

    // ---- members

    private MemberState look(String group, int member) {
        return isRunning(group, member) ? MemberState.RUNNING : MemberState.STOPPED;
    }

    boolean isRunning(String group, int member) {
        Part part = parts.get(group).get(member);
        return power && part.running && time.nowNanos() < part.aliveUntilNanos;
    }

    private void startMember(int life, String group, int member) {
        if (!power || life != daemon) return;
        Part part = parts.get(group).get(member);
        MemberOutcome outcome = MemberOutcome.DONE;
        boolean isAddress = members(group).get(member) instanceof MemberConfig.Address;
        if (part.doesNotStart) {
            outcome = MemberOutcome.failed("it does not start");
        } else if (!isRunning(group, member)) {
            part.running = true;
            part.starts++;
            part.aliveUntilNanos = isAddress ? time.nowNanos() + ADDRESS_LIFETIME_NANOS : Long.MAX_VALUE;
            world.memberStarted(index, group, member);
        }
        post(life, delay(), new Event.MemberAnswered(group, member, outcome));
    }

    private void stopMember(int life, String group, int member) {
        if (!power || life != daemon) return;
        Part part = parts.get(group).get(member);
        boolean stays = part.doesNotStop && isRunning(group, member);
        if (!stays) part.running = false;
        post(life, delay(), new Event.MemberAnswered(group, member, stays ? MemberOutcome.failed("it does not stop") : MemberOutcome.DONE));
    }

    private void refreshAddresses(int life) {
        if (life != daemon) return;
        for (GroupStatus group : asleep ? List.<GroupStatus>of() : machine.groups()) {
            if (group.word().equals("up")) refreshAddresses(group.name());
        }
        after(SECOND, () -> refreshAddresses(life));
    }

    private void refreshAddresses(String group) {
        for (int i = 0; i < members(group).size(); i++) {
            if (members(group).get(i) instanceof MemberConfig.Address && isRunning(group, i)) {
                parts.get(group).get(i).aliveUntilNanos = time.nowNanos() + ADDRESS_LIFETIME_NANOS;
            }
        }
    }

    // ---- for the world

    FailoverMachine machine() {
        return machine;
    }

    GroupStatus status(WorldGroup group) {
        return machine.groups().stream().filter(each -> each.name().equals(group.name)).findFirst().orElseThrow();
    }

    boolean daemonSawReplicator() {
        return sawReplicator;
    }

    /** For how long its daemon has not been stopped; 0 while it is. */
    long awakeForNanos() {
        return isAwake() ? time.nowNanos() - awakeSinceNanos : 0;
    }

    /** Of the process that ended last. */
    long replicatorRanForNanos() {
        return replicatorRanNanos;
    }

    boolean hasHaltNote() {
        return haltNote != null;
    }

    boolean hearsPeer() {
        return machine != null && machine.peerLife() == PeerLife.ALIVE;
    }

    /** Programs on this machine reach the device, with or without an address. */
    boolean hasDevice(WorldGroup group) {
        return power && node(group).isRunning() && !hasStopped(group) && node(group).hasExport(0);
    }

    /** All of the group is here: a client that reaches the address is served. */
    boolean serves(WorldGroup group) {
        if (!hasDevice(group)) return false;
        List<MemberConfig> members = members(group.name);
        for (int i = 0; i < members.size(); i++) {
            if (!(members.get(i) instanceof MemberConfig.Resource) && !isRunning(group.name, i)) return false;
        }
        return true;
    }
}
