package org.duett.failover.simulator;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.duett.failover.config.CheckConfig;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.PathConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.config.Timing;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.Notice;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.replicator.machine.Command;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** One life of a cluster from one seed: load, faults, repair, and the checkers that watch all the time (promises 1, 2 and the takeover). */
public final class ClusterWorld {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    /** Detection, proof, start of all members, with retries of proof and start. */
    private static final long TAKEOVER_NANOS = 25 * SECOND;
    private static final long REPAIR_NANOS = 240 * SECOND;
    /** After this nothing moves any more that has no reason to. */
    private static final long NOTHING_MOVES_NANOS = 25 * SECOND;
    /** Several times what a node in doubt may take to let go. */
    private static final long DOUBT_NANOS = 30 * SECOND;
    /** A few keepalives, and a look at the replicator. */
    private static final long KNOWN_NANOS = 3 * SECOND;
    private static final int PROGRAM = 2;
    private static final String WRITE = "HostRequestArrived WRITE";
    static final String CHECK = "net";
    static final String CHECKED_GROUP = "web";
    static final int CHECK_INTERVAL_MILLIS = 1000;

    /** What the cluster takes as proof. */
    public enum ProofKind { PING, FENCE, WITNESS, MANUAL }

    /** How a life ended: what happened in it, for figures. */
    public record Result(long seed, ProofKind proof, long events, long simulatedNanos, int faults, int takeovers, int starts, long writes, long hash) {
    }

    /** A promise was broken. */
    public static final class Broken extends RuntimeException {
        Broken(String what) {
            super(what);
        }
    }

    private final long seed;
    private final SplittableRandom random;
    private final SimulatedTime time = new SimulatedTime();
    private final List<WorldGroup> groups = new ArrayList<>();
    private final Wires wires;
    private final List<SimulatedHost> hosts = new ArrayList<>();
    private final ProofKind proof;
    private final WorldProofs proofs;
    private final Set<ClusterFault> allowed;
    private final List<String> trace = new ArrayList<>();
    private final boolean tracing;
    private long hash = 1125899906842597L;
    private long events;

    private boolean load;
    private int faults;
    private int takeovers;
    private int starts;
    private int startsBeforeRound;
    private int faultsBeforeRound;
    private long lastTicket;
    /** Of the last fault, if it is one that moves nothing: asked before anything else happens. */
    private Runnable nothingMoved = () -> {
    };
    /** Whoever serves this group meets a write that ends its replicator; null: nobody does. */
    private WorldGroup poisoned;
    private final long[] haltedNanos = {-1, -1};
    /** Since when a node has held a proof beside a connection that speaks; 0: it does not. */
    private final long[] provenBesideConnectionNanos = new long[2];
    private final int[] haltsSeen = new int[2];
    /** Since when both daemons have heard each other; 0: they do not. */
    private long togetherSinceNanos;
    /** By node and group: since when it has been in doubt beside a silent peer. */
    private final Map<String, Long> doubtSinceNanos = new TreeMap<>();

    public ClusterWorld(long seed, Set<ClusterFault> allowed, boolean tracing) {
        this.seed = seed;
        this.tracing = tracing;
        this.allowed = allowed.isEmpty() ? EnumSet.noneOf(ClusterFault.class) : EnumSet.copyOf(allowed);
        random = new SplittableRandom(seed);
        proof = ProofKind.values()[random.nextInt(ProofKind.values().length)];
        // One group, or two of which each node runs one.
        int count = random.nextInt(3) == 0 ? 1 : 2;
        for (int i = 0; i < count; i++) groups.add(new WorldGroup(i, seed + 1_000_003L * i, time, this::broken));
        wires = new Wires(time, groups.stream().map(group -> group.pair.network()).toList(), random.nextLong());
        for (WorldGroup group : groups) group.pair.trace(tracing);
        for (int index = 0; index < 2; index++) hosts.add(new SimulatedHost(index, groups, config(index), this, wires, time, random.nextLong()));
        proofs = new WorldProofs(proof, time, wires, hosts, random.nextLong());
    }

    private ClusterConfig config(int index) {
        String local = index == 0 ? "alpha" : "beta";
        String peer = index == 0 ? "beta" : "alpha";
        List<ProofConfig> configured = switch (proof) {
            case PING -> List.of(new ProofConfig.Ping(List.of(address(9)), 1));
            case FENCE -> List.of(new ProofConfig.FenceAgent("fence", Map.of(), 0, 5000));
            case WITNESS -> List.of(new ProofConfig.Witness(Path.of("lease"), 4000));
            case MANUAL -> List.of(new ProofConfig.Manual());
        };
        boolean webPrefersBeta = seed % 3 == 0;
        List<GroupConfig> configs = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            Optional<String> prefers = i == 0 ? webPrefersBeta ? Optional.of("beta") : Optional.empty() : Optional.of(webPrefersBeta ? "alpha" : "beta");
            List<MemberConfig> members = List.of(new MemberConfig.Resource(groups.get(i).resource, 30_000, 30_000),
                    new MemberConfig.Address(address(100 + i), 24, "lan", 5, 10_000, 10_000),
                    new MemberConfig.Program("service" + i, new MemberConfig.ProgramKind.Systemd("service" + i), 10_000, 10_000));
            configs.add(new GroupConfig(groups.get(i).name, prefers, members, 2, 2000));
        }
        var check = new CheckConfig(CHECK, Optional.of(CHECKED_GROUP), CheckConfig.Consequence.FAILOVER, new CheckConfig.Kind.ServiceNet(), CHECK_INTERVAL_MILLIS, 1000,
                2, 2);
        Timing timing = new Timing(200, 1000, 2000, 8_000, 200, 1000);
        return new ClusterConfig("world", local, peer, Path.of("key"), timing, List.of(path(Wires.CROSSOVER), path(Wires.LAN)), configured, configs,
                List.of(check), List.of(), Path.of("socket"), Path.of("run"), Path.of("state"));
    }

    private static PathConfig path(String name) {
        return new PathConfig(name, new InetSocketAddress(address(1), 7799), new InetSocketAddress(address(2), 7799));
    }

    private static InetAddress address(int last) {
        try {
            return InetAddress.getByAddress(new byte[]{10, 0, 0, (byte) last});
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }

    // ---- a life

    /** Lives it; throws {@link Broken} or an AssertionError of a checker when a promise is broken. */
    public Result live() {
        for (WorldGroup group : groups) group.pair.bringUp();
        for (SimulatedHost host : hosts) host.joins();
        load = true;
        client();
        watch();
        poison();
        int rounds = 1 + random.nextInt(3);
        repair("at the start");
        for (int round = 0; round < rounds; round++) {
            startsBeforeRound = starts;
            faultsBeforeRound = faults;
            disorder();
            repair("after round " + (round + 1));
            checkMoves();
        }
        long coreEvents = 0;
        long writes = 0;
        long whole = hash;
        for (WorldGroup group : groups) {
            writes += group.writesDone();
            for (SimulatedNode node : group.pair.nodes()) {
                coreEvents += node.events();
                whole = whole * 31 + node.traceHash();
            }
        }
        return new Result(seed, proof, events + coreEvents, time.nowNanos(), faults, takeovers, starts, writes, whole);
    }

    private void disorder() {
        int count = 1 + random.nextInt(4);
        List<ClusterFault> kinds = List.copyOf(allowed);
        for (int i = 0; i < count && !kinds.isEmpty(); i++) {
            time.runFor(500 * MILLI + random.nextLong(8 * SECOND));
            boolean settled = isSettled() && hosts.stream().allMatch(SimulatedHost::wouldStart);
            ClusterFault fault = kinds.get(random.nextInt(kinds.size()));
            WorldGroup group = groups.get(random.nextInt(groups.size()));
            faults++;
            say("==== " + fault + " " + group.name);
            nothingMoved.run();
            nothingMoved = () -> {
            };
            if (settled) expect(fault, group);
            act(fault, group);
            // Most faults come alone; some come into the recovery from the one before.
            if (random.nextInt(3) > 0) {
                time.runFor(10 * SECOND + random.nextLong(20 * SECOND));
                if (random.nextBoolean()) mend();
            }
        }
        time.runFor(random.nextLong(20 * SECOND));
    }

    private SimulatedHost active(WorldGroup group) {
        for (SimulatedHost host : hosts) {
            if (host.serves(group)) return host;
        }
        return hosts.get(random.nextInt(2));
    }

    private void act(ClusterFault fault, WorldGroup group) {
        SimulatedHost active = active(group);
        SimulatedHost passive = hosts.get(1 - active.index);
        SimulatedHost either = hosts.get(random.nextInt(2));
        SimulatedHost.Part program = active.parts(group.name).get(PROGRAM);
        long aWhile = 200 * MILLI + random.nextLong(10 * SECOND);
        switch (fault) {
            case ACTIVE_LOSES_POWER -> powerCycle(active, aWhile);
            case ACTIVE_LOSES_POWER_LONG -> powerOff(active);
            case PASSIVE_LOSES_POWER -> powerCycle(passive, aWhile);
            case BOTH_LOSE_POWER -> {
                powerOff(active);
                powerOff(passive);
                time.after(aWhile, either::powerOn);
                if (random.nextBoolean()) time.after(aWhile + random.nextLong(30 * SECOND), hosts.get(1 - either.index)::powerOnIfOff);
            }
            case FAILOVER_DAEMON_KILLED -> {
                either.killDaemon();
                time.after(aWhile / 5, either::startDaemon);
            }
            case PASSIVE_DAEMON_STAYS_AWAY -> passive.killDaemon();
            case REPLICATOR_KILLED -> either.killReplicator();
            case FAILOVER_DAEMON_STOPPED -> either.stopDaemonFor(aWhile);
            case REPLICATOR_STOPPED -> either.stopReplicatorFor(aWhile);
            case NODE_STOPPED -> {
                either.stopDaemonFor(aWhile);
                either.stopReplicatorFor(aWhile);
            }
            case REPLICATION_CUT -> wires.cutReplication();
            case CROSSOVER_CUT -> wires.cutCrossover();
            case CROSSOVER_HEARTBEATS_CUT -> wires.cutCrossoverHeartbeats();
            case ACTIVE_LAN_CUT -> wires.cutLan(active.index);
            case PASSIVE_LAN_CUT -> wires.cutLan(passive.index);
            case ACTIVE_ISOLATED -> isolate(active);
            case PASSIVE_ISOLATED -> isolate(passive);
            case ACTIVE_CUT_OFF_UNWATCHED -> {
                active.stopDaemonFor(5 * SECOND + aWhile);
                isolate(active);
            }
            case SHORT_ISOLATION -> {
                isolate(either);
                time.after(1200 * MILLI + random.nextLong(600 * MILLI), wires::heal);
            }
            case LAN_BACK_FIRST -> {
                isolate(passive);
                time.after(8 * SECOND + aWhile / 2, wires::healLan);
            }
            case NODE_MUTE -> wires.mute(either.index);
            case FLAPPING -> {
                for (int i = 0; i < 4; i++) {
                    time.after(i * aWhile / 4, wires::cutCrossover);
                    time.after(i * aWhile / 4 + aWhile / 8, wires::heal);
                }
            }
            case HEARTBEATS_LOST -> wires.cutHeartbeats();
            case WRONG_KEY -> either.keyIsWrong = true;
            case CHECK_FAILS_ON_ACTIVE -> active(groups.getFirst()).checkFinds = "no answer";
            case CHECK_FAILS_ON_BOTH -> hosts.forEach(host -> host.checkFinds = "no answer");
            case PROGRAM_CRASHES -> program.running = false;
            case PROGRAM_DOES_NOT_START -> {
                either.parts(group.name).get(PROGRAM).doesNotStart = true;
                program.running = false;
            }
            case PROGRAM_DOES_NOT_STOP -> {
                program.doesNotStop = true;
                ask(active, new OperatorCommand.Switchover(group.name));
            }
            case WRITE_OF_DEATH -> poisoned = group;
            case SWITCHOVER -> ask(either, new OperatorCommand.Switchover(group.name));
            case STANDBY_AND_ONLINE -> {
                ask(active, new OperatorCommand.Standby());
                time.after(aWhile, () -> ask(active, new OperatorCommand.Online()));
            }
            case STOP_AND_START -> {
                ask(either, new OperatorCommand.Stop(group.name));
                time.after(aWhile, () -> ask(hosts.get(random.nextInt(2)), new OperatorCommand.Start(group.name)));
            }
            case PAUSE -> ask(either, new OperatorCommand.Pause(aWhile));
            case LEAVE -> {
                ask(active, new OperatorCommand.Leave());
                time.after(aWhile + 5 * SECOND, active::startDaemon);
            }
        }
    }

    private void isolate(SimulatedHost host) {
        wires.cutCrossover();
        wires.cutLan(host.index);
    }

    private void powerOff(SimulatedHost host) {
        if (host.hasPower()) host.powerOff();
    }

    private void powerCycle(SimulatedHost host, long offNanos) {
        powerOff(host);
        time.after(offNanos, host::powerOnIfOff);
    }

    void ask(SimulatedHost host, OperatorCommand command) {
        if (host.daemonRuns()) host.ask(command, ++lastTicket);
    }

    // ---- repair

    /** Nothing goes wrong any more. Replicators that have ended are not started: that is their failover daemon's work. */
    private void mend() {
        wires.heal();
        poisoned = null;
        for (SimulatedHost host : hosts) {
            host.powerOnIfOff();
            host.startDaemon();
            host.mendParts();
            host.keyIsWrong = false;
            host.checkFinds = "";
        }
    }

    /** The operator does what the messages say: one node serves each group, and both have the data. */
    private void repair(String when) {
        say("==== repair " + when);
        nothingMoved.run();
        nothingMoved = () -> {
        };
        long limit = time.nowNanos() + REPAIR_NANOS;
        boolean good = false;
        while (!good && time.nowNanos() < limit) {
            mend();
            for (SimulatedHost host : hosts) {
                if (host.daemonRuns()) operate(host);
            }
            time.runFor(5 * SECOND);
            good = isSettled();
        }
        if (!good) broken("does not become good again");
        load = false;
        time.runFor(2 * SECOND);
        long quietBy = time.nowNanos() + 60 * SECOND;
        while (!groups.stream().allMatch(WorldGroup::isQuiet)) {
            if (time.nowNanos() > quietBy) broken("does not become quiet: " + groups.stream().mapToInt(WorldGroup::openRequests).sum() + " requests open");
            time.runFor(SECOND);
        }
        for (WorldGroup group : groups) group.pair.checkAll();
        load = true;
        client();
    }

    private void operate(SimulatedHost host) {
        ask(host, new OperatorCommand.Online());
        // A daemon that came when the replicator had ended already leaves its start to who starts daemons at the boot.
        if (!host.replicatorRuns() && !host.daemonSawReplicator()) host.startReplicator();
        if (!host.replicatorRuns()) ask(host, new OperatorCommand.Recover(""));
        if (!host.daemonRuns()) return;
        for (WorldGroup group : groups) {
            GroupStatus status = host.status(group);
            if (!status.failedHere().isEmpty() || status.word().equals("frozen") || host.hasStopped(group)) ask(host, new OperatorCommand.Recover(group.name));
            if (status.word().equals("stopped")) ask(host, new OperatorCommand.Start(group.name));
        }
    }

    /** Exactly one serves each group, the other could take over, and all paths work. */
    private boolean isSettled() {
        if (!wires.isWhole() || poisoned != null) return false;
        for (SimulatedHost host : hosts) {
            if (!host.hearsPeer() || !host.isAwake() || host.keyIsWrong || !host.checkFinds.isEmpty()) return false;
        }
        return groups.stream().allMatch(this::isSettled);
    }

    private boolean isSettled(WorldGroup group) {
        if (!group.pair.isProtected() && !group.isConnected()) return false;
        int serving = 0;
        for (SimulatedHost host : hosts) {
            String word = host.status(group).word();
            if (host.serves(group) && word.equals("up")) serving++;
            else if (!word.equals("recover")) return false;
        }
        return serving == 1;
    }

    // ---- what goes on all the time

    private void client() {
        if (!load) return;
        time.after(2 * MILLI + random.nextLong(40 * MILLI), this::client);
        for (WorldGroup group : groups) group.request(hosts);
    }

    private void watch() {
        time.after(MILLI, this::watch);
        for (WorldGroup group : groups) group.watch(hosts);
        boolean together = hosts.stream().allMatch(host -> host.hearsPeer() && host.isAwake());
        if (!together) togetherSinceNanos = 0;
        else if (togetherSinceNanos == 0) togetherSinceNanos = time.nowNanos();
        for (SimulatedHost host : hosts) {
            checkProof(host);
            checkDoubt(host);
            checkHalts(host);
        }
    }

    private long togetherForNanos() {
        return togetherSinceNanos == 0 ? 0 : time.nowNanos() - togetherSinceNanos;
    }

    /** The client asks again and again, as its request is answered by nobody. */
    private void poison() {
        time.after(300 * MILLI + random.nextLong(1500 * MILLI), this::poison);
        if (poisoned == null) return;
        for (SimulatedHost host : hosts) {
            if (host.serves(poisoned)) host.meetsWriteOfDeath(poisoned, WRITE);
        }
    }

    // ---- checkers

    /** Of a peer that is heard nothing is proven, and of one whose replicator has been connected for seconds neither (rule 8). */
    private void checkProof(SimulatedHost host) {
        if (!host.daemonRuns() || host.awakeForNanos() < KNOWN_NANOS || host.machine().proof().isEmpty()) {
            provenBesideConnectionNanos[host.index] = 0;
            return;
        }
        // One that was fenced for what it could not stop has been heard a moment ago.
        if (togetherForNanos() > KNOWN_NANOS) broken(host.name() + " holds a proof that a peer which it hears does not act");
        boolean connected = groups.stream().anyMatch(group -> group.connectedForNanos() > KNOWN_NANOS);
        boolean replicatorsRun = hosts.stream().allMatch(SimulatedHost::isAwake);
        boolean speaks = host.machine().peerLife() == PeerLife.SILENT && connected && replicatorsRun && wires.carriesReplication();
        // The next word, which both nodes ask for, ends it.
        if (!speaks) provenBesideConnectionNanos[host.index] = 0;
        else if (provenBesideConnectionNanos[host.index] == 0) provenBesideConnectionNanos[host.index] = time.nowNanos();
        else if (time.nowNanos() - provenBesideConnectionNanos[host.index] > SECOND) {
            broken(host.name() + " holds a proof that a peer does not act whose replicator is connected");
        }
    }

    /** Who does not know whether the other one acts lets go of what the world sees (rule 9). */
    private void checkDoubt(SimulatedHost host) {
        for (WorldGroup group : groups) {
            String key = host.name() + " " + group.name;
            boolean inDoubt = host.daemonRuns() && host.isAwake() && host.machine().peerLife() == PeerLife.SILENT && proof != ProofKind.MANUAL
                    && host.status(group).phase() == GroupPhase.UP && host.status(group).word().equals("in doubt");
            if (!inDoubt) doubtSinceNanos.remove(key);
            else if (time.nowNanos() - doubtSinceNanos.computeIfAbsent(key, any -> time.nowNanos()) > DOUBT_NANOS) broken(key + " is in doubt and is not let go of");
        }
    }

    /** What has ended the replicator of one node does not end that of the other one, which has heard of it (rule 25). */
    private void checkHalts(SimulatedHost host) {
        if (host.halts == haltsSeen[host.index]) return;
        haltsSeen[host.index] = host.halts;
        long now = time.nowNanos();
        haltedNanos[host.index] = now;
        long other = haltedNanos[1 - host.index];
        boolean toldOfIt = other >= 0 && now - other > KNOWN_NANOS && togetherForNanos() > KNOWN_NANOS && now - other < 500 * SECOND
                && hosts.get(1 - host.index).hasHaltNote() && host.replicatorRanForNanos() > KNOWN_NANOS;
        if (toldOfIt) broken("the write that had ended the replicator of " + hosts.get(1 - host.index).name() + " ended that of " + host.name() + ", too");
    }

    /** Nothing flaps: a bounded number of starts for each fault. */
    private void checkMoves() {
        int bound = (6 + 6 * (faults - faultsBeforeRound)) * groups.size();
        if (starts - startsBeforeRound > bound) {
            broken((starts - startsBeforeRound) + " starts of a group for " + (faults - faultsBeforeRound) + " faults");
        }
    }

    // ---- what follows a fault at a settled moment

    /** What a takeover has to survive; the other faults are judged by the repair. */
    private static final Set<ClusterFault> NEED_PROOF = EnumSet.of(ClusterFault.ACTIVE_LOSES_POWER, ClusterFault.ACTIVE_LOSES_POWER_LONG,
            ClusterFault.PASSIVE_LOSES_POWER, ClusterFault.ACTIVE_ISOLATED, ClusterFault.PASSIVE_ISOLATED, ClusterFault.ACTIVE_CUT_OFF_UNWATCHED,
            ClusterFault.LAN_BACK_FIRST);
    private static final Set<ClusterFault> NEED_NO_PROOF = EnumSet.of(ClusterFault.REPLICATION_CUT, ClusterFault.CROSSOVER_CUT,
            ClusterFault.CROSSOVER_HEARTBEATS_CUT, ClusterFault.PROGRAM_CRASHES, ClusterFault.SWITCHOVER, ClusterFault.REPLICATOR_KILLED, ClusterFault.PASSIVE_DAEMON_STAYS_AWAY,
            ClusterFault.PASSIVE_LAN_CUT, ClusterFault.CHECK_FAILS_ON_ACTIVE);
    /** The other node lives and can be known to live. */
    private static final Set<ClusterFault> MOVE_NOTHING = EnumSet.of(ClusterFault.HEARTBEATS_LOST, ClusterFault.WRONG_KEY, ClusterFault.CHECK_FAILS_ON_BOTH,
            ClusterFault.SHORT_ISOLATION);

    private void expect(ClusterFault fault, WorldGroup group) {
        boolean needsProof = NEED_PROOF.contains(fault);
        boolean served = NEED_NO_PROOF.contains(fault) || needsProof && proof != ProofKind.MANUAL;
        // A node that runs the other group cannot be the passive one alone.
        if (groups.size() > 1 && fault == ClusterFault.PASSIVE_LAN_CUT || groups.size() > 1 && fault == ClusterFault.PASSIVE_DAEMON_STAYS_AWAY) served = false;
        int number = faults;
        if (served && pausedNanos() == 0) time.after(TAKEOVER_NANOS, () -> {
            if (faults == number) groups.forEach(each -> expectServed(fault, each));
        });
        if (fault == ClusterFault.CHECK_FAILS_ON_ACTIVE) {
            SimulatedHost before = active(groups.getFirst());
            time.after(NOTHING_MOVES_NANOS, () -> {
                if (faults == number && !before.checkFinds.isEmpty() && before.serves(groups.getFirst())) {
                    broken("a failover check fails on " + before.name() + " alone, and " + NOTHING_MOVES_NANOS / SECOND + " s later it still serves");
                }
            });
        }
        if (MOVE_NOTHING.contains(fault)) {
            int before = starts;
            nothingMoved = () -> {
                if (starts != before) broken(fault + " has moved a group");
            };
            time.after(NOTHING_MOVES_NANOS, () -> {
                if (faults != number) return;
                nothingMoved.run();
                groups.forEach(each -> expectServed(fault, each));
            });
        }
    }

    private void expectServed(ClusterFault fault, WorldGroup group) {
        boolean served = hosts.stream().anyMatch(host -> host.serves(group) && !host.node(group).machine().status().frozen());
        if (!served) broken(fault + " at a settled moment, and " + TAKEOVER_NANOS / SECOND + " s later nobody serves " + group.name);
    }

    private long pausedNanos() {
        return hosts.stream().filter(SimulatedHost::daemonRuns).mapToLong(host -> host.machine().pausedForNanos()).max().orElse(0);
    }

    // ---- what hosts tell

    SimulatedHost host(int index) {
        return hosts.get(index);
    }

    WorldProofs proofs() {
        return proofs;
    }

    void losePower(WorldGroup group, int index) {
        SimulatedHost other = hosts.get(1 - index);
        group.losePower(group.pair.nodes().get(index), other.hasPower() && other.node(group).isRunning());
    }

    /** Promoted: on what disk (never on one that is Outdated or Inconsistent)? */
    void orderedBefore(SimulatedNode node, Command command) {
        if (!(command instanceof Command.Promote(boolean force))) return;
        VolumeState state = node.machine().state(0);
        boolean bad = state.disk() == DiskState.OUTDATED || state.disk() == DiskState.INCONSISTENT;
        if (bad && state.role() != Role.PRIMARY) broken(node.name() + " is promoted on a disk that is " + state.disk().displayName());
        if (force) broken(node.name() + " is promoted by force, and no operator said so");
    }

    void phaseChanged(int index, String group, GroupPhase before, GroupPhase now) {
        SimulatedHost host = hosts.get(index);
        say(host.name() + " " + group + " ==== " + before + " -> " + now);
        if (now != GroupPhase.STARTING) return;
        starts++;
        if (host.machine().peerLife() != PeerLife.ALIVE) takeovers++;
        checkClaim(host, hosts.get(1 - index), group);
    }

    /** Two nodes that hear each other never start the same group both: who begins has been heard to claim it. */
    private void checkClaim(SimulatedHost host, SimulatedHost other, String group) {
        if (togetherForNanos() < SECOND || !other.daemonRuns()) return;
        GroupPhase theirs = other.machine().groups().stream().filter(each -> each.name().equals(group)).findFirst().orElseThrow().phase();
        if (theirs == GroupPhase.STARTING || theirs == GroupPhase.UP) broken(host.name() + " starts " + group + ", which is " + theirs + " on " + other.name());
    }

    /** Some other machine answers ARP for it: it has the address, has power, and the LAN leads there. */
    boolean addressAnswers(int index, String group, int member) {
        SimulatedHost other = hosts.get(1 - index);
        return other.isRunning(group, member) && wires.clientReaches(index) && wires.clientReaches(1 - index);
    }

    /** A program that could not be stopped on the other node, which is heard, is not started here on hope. */
    void memberStarted(int index, String group, int member) {
        SimulatedHost other = hosts.get(1 - index);
        boolean heard = hosts.get(index).hearsPeer();
        if (member == PROGRAM && heard && other.daemonRuns() && other.isRunning(group, member)) {
            broken("the program of " + group + " starts while it still runs on the other node");
        }
    }

    void told(int index, Notice notice) {
        say(hosts.get(index).name() + " **** " + notice.kind() + " " + notice.text());
    }

    void answered(int index, long ticket, boolean done, String text) {
        say(hosts.get(index).name() + " answers " + ticket + ": " + done + " " + text);
    }

    void note(int index, Object what) {
        events++;
        String text = null;
        boolean often = what instanceof Event.TimeAdvanced || what instanceof Event.PeerHeard || what instanceof Event.ReplicatorSeen;
        if (!often) {
            text = String.valueOf(what);
            hash = hash * 31 + text.hashCode() + time.nowNanos();
        }
        if (tracing && !often) say(hosts.get(index).name() + " " + text);
    }

    private void say(String line) {
        if (tracing) trace.add(time.nowNanos() / 1000 + "us " + line);
    }

    /** What daemons and replicators were told and ordered, in the order of time. */
    public List<String> trace() {
        List<String> all = new ArrayList<>(trace);
        for (WorldGroup group : groups) all.addAll(group.pair.traceLines());
        all.sort(Comparator.comparingLong(line -> Long.parseLong(line.substring(0, line.indexOf("us ")))));
        return all;
    }

    private void broken(String what) {
        StringBuilder text = new StringBuilder("seed " + seed + " (" + proof + ", " + groups.size() + " groups): " + what + " at " + time.nowNanos() / MILLI + " ms");
        for (SimulatedHost host : hosts) {
            text.append("\n  ").append(host.name()).append(host.hasPower() ? "" : " without power");
            for (WorldGroup group : groups) text.append(host.serves(group) ? " serves " + group.name : "");
            if (host.daemonRuns()) text.append(" peer=").append(host.machine().peerLife()).append(' ').append(host.machine().groups());
        }
        for (WorldGroup group : groups) {
            text.append("\n  ").append(group.name).append(": ").append(group.pair.describe());
            for (SimulatedNode node : group.pair.nodes()) {
                var reports = node.reports();
                for (var report : reports.subList(Math.max(0, reports.size() - 3), reports.size())) text.append("\n  ").append(node.name()).append(": ").append(report);
            }
        }
        throw new Broken(text.toString());
    }
}
