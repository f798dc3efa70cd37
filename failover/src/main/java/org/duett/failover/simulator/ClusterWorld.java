package org.duett.failover.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.duett.failover.decision.Event;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.Notice;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;

/** One life of a cluster from one seed: load, faults, repair, and the checkers that watch all the time (promises 1, 2 and the takeover). */
public final class ClusterWorld {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final long REPAIR_NANOS = 240 * SECOND;
    /** Clients are busy for so long after anything has happened, and slow while nothing does. */
    private static final long BUSY_NANOS = 3 * SECOND;
    private static final long BUSY_PAUSE_NANOS = 100 * MILLI;
    private static final long IDLE_PAUSE_NANOS = 1000 * MILLI;
    /** Requests of the last moment before a fault: they are everywhere on their way when it comes. */
    private static final int LAST_REQUESTS = 5;
    private static final long BETWEEN_LAST_REQUESTS_NANOS = 300_000;

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

    /** In one life of five a report takes several datagrams, as one of many groups does. */
    private static final int SMALL_PART_BYTES = 48;
    private static final int PART_BYTES = 768;

    private final long seed;
    private final SplittableRandom random;
    private final SimulatedTime time = new SimulatedTime();
    /** Those with data. */
    private final List<WorldGroup> groups = new ArrayList<>();
    /** Of all groups, also of the one without a resource. */
    private final List<String> names;
    private final Wires wires;
    private final List<SimulatedHost> hosts = new ArrayList<>();
    private final ProofKind proof;
    private final WorldProofs proofs;
    private final ClusterSaboteur saboteur;
    private final ClusterCheckers checkers;
    private final AfterFault afterFault;
    private final ClusterOperator operator;
    private final Set<ClusterFault> allowed;
    private final List<String> trace = new ArrayList<>();
    private final boolean tracing;
    private long hash = 1125899906842597L;
    private long events;

    private boolean load;
    /** Whoever asks for requests now: the former ones have ended. */
    private int clients;
    private long busyUntilNanos;
    private int faults;
    private int takeovers;
    private int starts;
    private final List<OperatorCommand> asked = new ArrayList<>();

    public ClusterWorld(long seed, Set<ClusterFault> allowed, boolean tracing) {
        this.seed = seed;
        this.tracing = tracing;
        this.allowed = allowed.isEmpty() ? EnumSet.noneOf(ClusterFault.class) : EnumSet.copyOf(allowed);
        random = new SplittableRandom(seed);
        proof = ProofKind.values()[random.nextInt(ProofKind.values().length)];
        // One group, or two of which each node runs one.
        int count = random.nextInt(3) == 0 ? 1 : 2;
        for (int i = 0; i < count; i++) groups.add(new WorldGroup(i, seed + 1_000_003L * i, time, this::broken, this::stir));
        Optional<WorldJob> job = WorldJob.of(seed);
        names = Stream.concat(groups.stream().map(group -> group.name), job.stream().map(each -> WorldJob.NAME)).toList();
        wires = new Wires(time, groups.stream().map(group -> group.pair.network()).toList(), random.nextLong());
        for (WorldGroup group : groups) group.pair.trace(tracing);
        var config = new WorldConfig(proof, groups, seed % 3 == 0, job);
        for (int index = 0; index < 2; index++) hosts.add(new SimulatedHost(index, groups, config.of(index), this, wires, time, random.nextLong()));
        proofs = new WorldProofs(proof, this, time, wires, hosts, random.nextLong());
        saboteur = new ClusterSaboteur(this, time, random, groups, hosts, wires);
        checkers = new ClusterCheckers(this, time, wires, groups, names, hosts);
        afterFault = new AfterFault(this, time, groups, names, hosts, wires);
        operator = new ClusterOperator(this, time, groups, names, hosts, random.nextLong());
    }

    // ---- a life

    /** Lives it; throws {@link Broken} or an AssertionError of a checker when a promise is broken. */
    public Result live() {
        groups.forEach(WorldGroup::bringUp);
        for (SimulatedHost host : hosts) host.joins();
        load = true;
        client(++clients);
        checkers.watch();
        saboteur.poison();
        if (proof == ProofKind.MANUAL) operator.lookAfterThem();
        int rounds = 1 + random.nextInt(3);
        repair("at the start");
        for (int round = 0; round < rounds; round++) {
            int startsBefore = starts;
            int faultsBefore = faults;
            disorder();
            repair("after round " + (round + 1));
            checkMoves(starts - startsBefore, faults - faultsBefore);
        }
        return result();
    }

    private Result result() {
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
            stir();
            for (int last = 0; last < LAST_REQUESTS; last++) {
                for (WorldGroup each : groups) each.request(hosts);
                time.runFor(random.nextLong(BETWEEN_LAST_REQUESTS_NANOS));
            }
            boolean settled = isSettled() && hosts.stream().allMatch(SimulatedHost::wouldStart);
            ClusterFault fault = kinds.get(random.nextInt(kinds.size()));
            String group = names.get(random.nextInt(names.size()));
            faults++;
            say("==== " + fault + " " + group);
            afterFault.ends();
            if (settled) afterFault.expect(fault, saboteur.active(groups.getFirst().name), group, saboteur.active(group));
            saboteur.act(fault, group);
            // Most faults come alone; some come into the recovery from the one before.
            if (random.nextInt(3) > 0) {
                time.runFor(10 * SECOND + random.nextLong(20 * SECOND));
                if (random.nextBoolean()) {
                    saboteur.mend();
                    stir();
                }
            }
        }
        time.runFor(random.nextLong(20 * SECOND));
    }

    /** Nothing flaps: a bounded number of starts for each fault. */
    private void checkMoves(int startsOfRound, int faultsOfRound) {
        int bound = (6 + 6 * faultsOfRound) * names.size();
        if (startsOfRound > bound) broken(startsOfRound + " starts of a group for " + faultsOfRound + " faults");
    }

    private void client(int of) {
        if (!load || of != clients) return;
        time.after(2 * MILLI + random.nextLong(time.nowNanos() < busyUntilNanos ? BUSY_PAUSE_NANOS : IDLE_PAUSE_NANOS), () -> client(of));
        for (WorldGroup group : groups) group.request(hosts);
    }

    /** Something happens, or is about to: there is much to be lost now. */
    void stir() {
        boolean wasBusy = time.nowNanos() < busyUntilNanos;
        busyUntilNanos = time.nowNanos() + BUSY_NANOS;
        if (!wasBusy && load) client(++clients);
    }

    void ask(SimulatedHost host, OperatorCommand command) {
        if (!host.daemonRuns()) return;
        asked.add(command);
        checkers.asked(host, command);
        host.ask(command, asked.size());
    }

    // ---- repair

    /** The operator does what the messages say: one node serves each group, and both have the data. */
    private void repair(String when) {
        say("==== repair " + when);
        afterFault.ends();
        stir();
        long limit = time.nowNanos() + REPAIR_NANOS;
        boolean good = false;
        while (!good && time.nowNanos() < limit) {
            saboteur.mend();
            hosts.forEach(operator::repair);
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
        for (WorldGroup group : groups) {
            group.pair.checkAll();
            group.pair.forgetReplacedWrites();
        }
        load = true;
        client(++clients);
    }

    /** The nodes reach the witness by a net of its own: who is cut off from everything else could take the lease, and serve nobody. */
    boolean witnessIsApart() {
        return proof == ProofKind.WITNESS && seed % 2 == 1;
    }

    /** A machine that was fenced is back before its heartbeats are missed, now and then. */
    boolean machinesBootFast() {
        return seed % 4 == 3;
    }

    /** What does not start does so on neither node, now and then. */
    boolean programsFailEverywhere() {
        return seed % 6 == 1;
    }

    /** What an operator asks for when a program does not stop. */
    OperatorCommand stopsIt(String group) {
        return stopsByWord() ? new OperatorCommand.Stop(group) : new OperatorCommand.Switchover(group);
    }

    /** Nobody is to start then what could not be stopped. */
    boolean stopsByWord() {
        return seed % 3 == 1;
    }

    /** The next faults come into a pause, now and then. */
    boolean pausesAreLong() {
        return seed % 2 == 0;
    }

    /** A takeover takes its time on the disk, now and then. */
    boolean disksAreSlowInTakeover() {
        return seed % 6 == 5;
    }

    /** The daemon reads the status whenever a connection changes, and so sees also what stands for a moment only. */
    boolean statusIsReadOften() {
        return seed % 7 == 4;
    }

    /** Room for the report of a node in each heartbeat. */
    int partBytes() {
        return seed % 5 == 2 ? SMALL_PART_BYTES : PART_BYTES;
    }

    /** Exactly one serves each group, the other could take over, and all paths work. */
    private boolean isSettled() {
        if (!wires.isWhole() || saboteur.isPoisoned()) return false;
        for (SimulatedHost host : hosts) {
            if (!host.hearsPeer() || !host.isAwake() || !host.keepsReplicator() || host.keyIsWrong || !host.checkFinds.isEmpty()) return false;
        }
        return groups.stream().allMatch(this::isSettled) && names.stream().allMatch(this::isServedByOne);
    }

    private boolean isSettled(WorldGroup group) {
        if (!group.pair.isProtected() && !group.isConnected()) return false;
        // It is told within a second, and refuses until then what it does not know (seed 402309).
        if (group.pair.nodes().stream().anyMatch(node -> !proofs.witnessKnows(group.pair.settings().name(), node.machine().volume(0).identifiers().current()))) return false;
        return true;
    }

    private boolean isServedByOne(String group) {
        int serving = 0;
        for (SimulatedHost host : hosts) {
            String word = host.status(group).word();
            if (host.serves(group) && word.equals("up")) serving++;
            else if (!word.equals("recover")) return false;
        }
        return serving == 1;
    }

    // ---- what hosts, checkers and the saboteur ask

    SimulatedTime time() {
        return time;
    }

    SimulatedHost host(int index) {
        return hosts.get(index);
    }

    WorldProofs proofs() {
        return proofs;
    }

    ProofKind proof() {
        return proof;
    }

    ClusterCheckers checkers() {
        return checkers;
    }

    ClusterOperator operator() {
        return operator;
    }

    int faults() {
        return faults;
    }

    int starts() {
        return starts;
    }

    /** Some other machine answers ARP for it: it has the address, has power, and the LAN leads there. */
    boolean addressAnswers(int index, String group, int member) {
        return hosts.get(1 - index).parts(group).isRunning(member) && wires.clientReaches(index) && wires.clientReaches(1 - index);
    }

    // ---- what they tell

    void losePower(WorldGroup group, int index) {
        SimulatedHost other = hosts.get(1 - index);
        group.losePower(group.pair.nodes().get(index), other.hasPower() && other.node(group).isRunning());
    }

    void phaseChanged(int index, String group, GroupPhase before, GroupPhase now) {
        SimulatedHost host = hosts.get(index);
        say(host.name() + " " + group + " ==== " + before + " -> " + now);
        stir();
        checkers.phaseChanged(host, group, before, now);
        if (now != GroupPhase.STARTING) return;
        starts++;
        if (host.machine().peerLife() != PeerLife.ALIVE) takeovers++;
        checkers.claimed(host, group);
    }

    void told(int index, Notice notice) {
        if (tracing) say(hosts.get(index).name() + " **** " + notice.kind() + " " + notice.text());
    }

    void answered(int index, long ticket, boolean done, String text) {
        if (tracing) say(hosts.get(index).name() + " answers " + ticket + ": " + done + " " + text);
        checkers.answered(hosts.get(index), asked.get((int) ticket - 1), done);
    }

    void note(int index, Object what) {
        events++;
        boolean often = what instanceof Event.TimeAdvanced || what instanceof Event.PeerHeard || what instanceof Event.ReplicatorSeen;
        if (often) return;
        String text = String.valueOf(what);
        hash = hash * 31 + text.hashCode() + time.nowNanos();
        if (tracing) say(hosts.get(index).name() + " " + text);
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

    void broken(String what) {
        StringBuilder text = new StringBuilder("seed " + seed + " (" + proof + ", " + names.size() + " groups): " + what + " at " + time.nowNanos() / MILLI + " ms");
        for (SimulatedHost host : hosts) {
            text.append("\n  ").append(host.name()).append(host.hasPower() ? "" : " without power");
            for (String group : names) text.append(host.serves(group) ? " serves " + group : "");
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
