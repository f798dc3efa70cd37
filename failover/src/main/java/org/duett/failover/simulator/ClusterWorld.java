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
import java.util.function.Consumer;
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
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedPair;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/** One life of a cluster from one seed: load, faults, repair, and the checkers that watch all the time (promises 1, 2 and the takeover). */
public final class ClusterWorld {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    /** Detection, proof, start of all members, with retries of proof and start. */
    private static final long TAKEOVER_NANOS = 25 * SECOND;
    private static final long REPAIR_NANOS = 240 * SECOND;
    private static final int PROGRAM = 2;

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

    private record Write(SimulatedPair.HostOperation operation, int host) {
    }

    private final long seed;
    private final SplittableRandom random;
    private final SimulatedPair pair;
    private final Wires wires;
    private final List<SimulatedHost> hosts = new ArrayList<>();
    private final ProofKind proof;
    private final Set<ClusterFault> allowed;
    private final int[] replicatorLives = new int[2];
    private final List<String> trace = new ArrayList<>();
    private final boolean tracing;
    private long hash = 1125899906842597L;
    private long events;

    private final List<Write> open = new ArrayList<>();
    private boolean load;
    private long writesDone;
    /** Who has acknowledged alone since both were connected last; -1: nobody (promise 2). */
    private int aloneSinceContact = -1;
    /** Whose disk has every acknowledged write, also the unflushed ones: only such a copy makes up for a power loss of the other one. */
    private final boolean[] complete = {true, true};
    private int faults;
    private int takeovers;
    private int starts;
    private int startsBeforeRound;
    private int faultsBeforeRound;
    private long lastTicket;

    // ---- the witness
    private int leaseHolder = -1;
    private long leaseUntilNanos;
    /** Of each node: the last attempt at a proof, and the last that was broken off. */
    private final long[] asked = new long[2];
    private final long[] brokenOff = new long[2];

    public ClusterWorld(long seed, Set<ClusterFault> allowed, boolean tracing) {
        this.seed = seed;
        this.tracing = tracing;
        this.allowed = allowed.isEmpty() ? EnumSet.noneOf(ClusterFault.class) : EnumSet.copyOf(allowed);
        random = new SplittableRandom(seed);
        proof = ProofKind.values()[random.nextInt(ProofKind.values().length)];
        pair = SimulatedPair.of(seed, ClusterWorld::underCluster);
        wires = new Wires(pair.time(), pair.network(), random.nextLong());
        pair.trace(tracing);
        for (SimulatedNode node : pair.nodes()) {
            hosts.add(new SimulatedHost(node.index(), node, config(node.index()), this, wires, pair.time(), random.nextLong()));
        }
    }

    private static ResourceSettings underCluster(ResourceSettings s) {
        return new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.bootId(), true, s.onNoData(), s.net(), s.volumes(), s.madeDisks());
    }

    private ClusterConfig config(int index) {
        String local = index == 0 ? "alpha" : "beta";
        String peer = index == 0 ? "beta" : "alpha";
        List<ProofConfig> proofs = switch (proof) {
            case PING -> List.of(new ProofConfig.Ping(List.of(address(9)), 1));
            case FENCE -> List.of(new ProofConfig.FenceAgent("fence", Map.of(), 0, 5000));
            case WITNESS -> List.of(new ProofConfig.Witness(Path.of("lease"), 4000));
            case MANUAL -> List.of(new ProofConfig.Manual());
        };
        Optional<String> prefers = seed % 3 == 0 ? Optional.of("beta") : Optional.empty();
        List<MemberConfig> members = List.of(new MemberConfig.Resource("r0", 30_000, 30_000),
                new MemberConfig.Address(address(100), 24, "lan", 5, 10_000, 10_000),
                new MemberConfig.Program("service", new MemberConfig.ProgramKind.Systemd("service"), 10_000, 10_000));
        Timing timing = new Timing(200, 1000, 2000, 8_000, 200, 1000);
        return new ClusterConfig("world", local, peer, Path.of("key"), timing, List.of(path(Wires.CROSSOVER), path(Wires.LAN)), proofs,
                List.of(new GroupConfig("web", prefers, members, 2, 2000)), List.of(), List.of(), Path.of("socket"), Path.of("run"), Path.of("state"));
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
        pair.bringUp();
        for (SimulatedHost host : hosts) host.joins();
        load = true;
        client();
        watch();
        int rounds = 1 + random.nextInt(3);
        repair("at the start");
        for (int round = 0; round < rounds; round++) {
            startsBeforeRound = starts;
            faultsBeforeRound = faults;
            disorder();
            repair("after round " + (round + 1));
            checkMoves();
        }
        return new Result(seed, proof, events + pair.alpha().events() + pair.beta().events(), pair.time().nowNanos(), faults, takeovers, starts, writesDone,
                hash * 31 + pair.alpha().traceHash() * 7 + pair.beta().traceHash());
    }

    private void disorder() {
        int count = 1 + random.nextInt(4);
        List<ClusterFault> kinds = List.copyOf(allowed);
        for (int i = 0; i < count && !kinds.isEmpty(); i++) {
            pair.runFor(500 * MILLI + random.nextLong(8 * SECOND));
            boolean settled = isSettled() && everythingWouldStart();
            ClusterFault fault = kinds.get(random.nextInt(kinds.size()));
            faults++;
            say("==== " + fault);
            act(fault);
            if (settled) expectService(fault);
            // Most faults come alone; some come into the recovery from the one before.
            if (random.nextInt(3) > 0) {
                pair.runFor(10 * SECOND + random.nextLong(20 * SECOND));
                if (random.nextBoolean()) mend();
            }
        }
        pair.runFor(random.nextLong(20 * SECOND));
    }

    private SimulatedHost active() {
        for (SimulatedHost host : hosts) {
            if (host.serves()) return host;
        }
        return hosts.get(random.nextInt(2));
    }

    private SimulatedHost passive() {
        return hosts.get(1 - active().index);
    }

    private void act(ClusterFault fault) {
        SimulatedHost active = active();
        SimulatedHost passive = hosts.get(1 - active.index);
        SimulatedHost either = hosts.get(random.nextInt(2));
        long aWhile = 200 * MILLI + random.nextLong(10 * SECOND);
        switch (fault) {
            case ACTIVE_LOSES_POWER -> powerCycle(active, aWhile);
            case ACTIVE_LOSES_POWER_LONG -> powerOff(active);
            case PASSIVE_LOSES_POWER -> powerCycle(passive, aWhile);
            case BOTH_LOSE_POWER -> {
                powerOff(active);
                powerOff(passive);
                pair.time().after(aWhile, either::powerOn);
                if (random.nextBoolean()) pair.time().after(aWhile + random.nextLong(30 * SECOND), hosts.get(1 - either.index)::powerOnIfOff);
            }
            case FAILOVER_DAEMON_KILLED -> {
                either.killDaemon();
                pair.time().after(aWhile / 5, either::startDaemon);
            }
            case PASSIVE_DAEMON_STAYS_AWAY -> passive.killDaemon();
            case REPLICATOR_KILLED -> {
                if (either.node.isRunning()) kill(either.node);
            }
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
            case ACTIVE_ISOLATED -> {
                wires.cutCrossover();
                wires.cutLan(active.index);
            }
            case PASSIVE_ISOLATED -> {
                wires.cutCrossover();
                wires.cutLan(passive.index);
            }
            case NODE_MUTE -> wires.mute(either.index);
            case FLAPPING -> {
                for (int i = 0; i < 4; i++) {
                    pair.time().after(i * aWhile / 4, wires::cutCrossover);
                    pair.time().after(i * aWhile / 4 + aWhile / 8, wires::heal);
                }
            }
            case PROGRAM_CRASHES -> active.parts.get(PROGRAM).running = false;
            case PROGRAM_DOES_NOT_START -> {
                either.parts.get(PROGRAM).doesNotStart = true;
                active.parts.get(PROGRAM).running = false;
            }
            case PROGRAM_DOES_NOT_STOP -> {
                active.parts.get(PROGRAM).doesNotStop = true;
                ask(active, new OperatorCommand.Switchover(""));
            }
            case SWITCHOVER -> ask(either, new OperatorCommand.Switchover(""));
            case STANDBY_AND_ONLINE -> {
                ask(active, new OperatorCommand.Standby());
                pair.time().after(aWhile, () -> ask(active, new OperatorCommand.Online()));
            }
            case STOP_AND_START -> {
                ask(either, new OperatorCommand.Stop("web"));
                pair.time().after(aWhile, () -> ask(hosts.get(random.nextInt(2)), new OperatorCommand.Start("web")));
            }
            case PAUSE -> ask(either, new OperatorCommand.Pause(aWhile));
            case LEAVE -> {
                ask(active, new OperatorCommand.Leave());
                pair.time().after(aWhile + 5 * SECOND, active::startDaemon);
            }
        }
    }

    private void powerOff(SimulatedHost host) {
        if (host.hasPower()) host.powerOff();
    }

    private void powerCycle(SimulatedHost host, long offNanos) {
        powerOff(host);
        pair.time().after(offNanos, host::powerOnIfOff);
    }

    void ask(SimulatedHost host, OperatorCommand command) {
        if (host.daemonRuns()) host.ask(command, ++lastTicket);
    }

    // ---- repair

    private void mend() {
        wires.heal();
        for (SimulatedHost host : hosts) {
            host.powerOnIfOff();
            host.startReplicator();
            host.startDaemon();
            for (SimulatedHost.Part part : host.parts) {
                part.doesNotStart = false;
                part.doesNotStop = false;
            }
        }
    }

    /** Nothing goes wrong any more, and the operator does what the messages say: one node serves, and both have the data. */
    private void repair(String when) {
        say("==== repair " + when);
        long limit = pair.time().nowNanos() + REPAIR_NANOS;
        boolean good = false;
        while (!good && pair.time().nowNanos() < limit) {
            mend();
            for (SimulatedHost host : hosts) {
                if (!host.daemonRuns()) continue;
                ask(host, new OperatorCommand.Online());
                GroupStatus group = host.machine().groups().getFirst();
                if (!group.failedHere().isEmpty()) ask(host, new OperatorCommand.Recover("web"));
                if (group.word().equals("stopped")) ask(host, new OperatorCommand.Start("web"));
            }
            pair.runFor(5 * SECOND);
            good = isSettled();
        }
        if (!good) broken("does not become good again");
        load = false;
        pair.runFor(2 * SECOND);
        long quietBy = pair.time().nowNanos() + 60 * SECOND;
        while (!pair.isProtected() || !open.isEmpty()) {
            if (pair.time().nowNanos() > quietBy) broken("does not become quiet: " + open.size() + " requests open");
            pair.runFor(SECOND);
        }
        pair.checkAll();
        load = true;
        client();
    }

    /** Exactly one serves, the other could take over, and all paths work. */
    private boolean isSettled() {
        if (!wires.isWhole() || !pair.isProtected() && !isConnected()) return false;
        int serving = 0;
        for (SimulatedHost host : hosts) {
            if (!host.daemonRuns() || !host.isAwake() || host.machine().peerLife() != PeerLife.ALIVE) return false;
            String word = host.machine().groups().getFirst().word();
            if (host.serves() && word.equals("up")) serving++;
            else if (!word.equals("recover")) return false;
        }
        return serving == 1;
    }

    private boolean everythingWouldStart() {
        return hosts.stream().allMatch(host -> host.parts.stream().noneMatch(part -> part.doesNotStart || part.doesNotStop));
    }

    private boolean isConnected() {
        for (SimulatedNode node : pair.nodes()) {
            boolean good = node.isRunning() && pair.state(node).connection().displayName().equals("Connected")
                    && pair.state(node).disk() == DiskState.UP_TO_DATE && pair.state(node).peerDisk() == DiskState.UP_TO_DATE;
            if (!good) return false;
        }
        return true;
    }

    // ---- the client

    private void client() {
        if (!load) return;
        pair.time().after(2 * MILLI + random.nextLong(40 * MILLI), this::client);
        for (SimulatedHost host : hosts) {
            if (!host.serves() || open.size() > 200) continue;
            long sector = 8L * random.nextInt(2000);
            HostRequest.Kind kind = random.nextInt(20) == 0 ? HostRequest.Kind.FLUSH : random.nextInt(4) == 0 ? HostRequest.Kind.READ : HostRequest.Kind.WRITE;
            boolean flush = kind == HostRequest.Kind.FLUSH;
            open.add(new Write(pair.request(host.node, kind, 0, flush ? 0 : sector, flush ? 0 : 8, kind == HostRequest.Kind.WRITE && random.nextInt(8) == 0),
                    host.index));
        }
    }

    /** Looks at every millisecond or so, as something changes. */
    private void watch() {
        pair.time().after(MILLI, this::watch);
        for (int i = open.size() - 1; i >= 0; i--) {
            Write write = open.get(i);
            if (!write.operation.isCompleted()) continue;
            open.remove(i);
            if (write.operation.errno() == 0 && write.operation.isWrite()) acknowledged(write.host);
        }
        boolean both = true;
        for (SimulatedNode node : pair.nodes()) both &= node.isRunning() && pair.state(node).connection().isEstablished();
        if (both) aloneSinceContact = -1;
        if (isConnected()) {
            complete[0] = true;
            complete[1] = true;
        }
        pair.checkSingleWriter();
        checkTwoServers();
    }

    private void acknowledged(int host) {
        writesDone++;
        SimulatedNode node = pair.nodes().get(host);
        boolean alone = node.isRunning() && !pair.state(node).connection().isEstablished();
        if (!alone) return;
        if (aloneSinceContact == 1 - host) broken("both nodes acknowledged writes that the other does not see");
        aloneSinceContact = host;
        complete[1 - host] = false;
    }

    /** Who believes to be connected needs the other one for each answer; without that two must not act at once (rule 8). */
    private void checkTwoServers() {
        boolean bothAct = true;
        for (SimulatedHost host : hosts) {
            bothAct &= host.serves() && !host.node.machine().status().frozen() && !pair.state(host.node).connection().isEstablished();
        }
        if (bothAct) broken("both nodes serve without the other one, and neither is frozen");
    }

    // ---- the takeover (issue: always, when one node survives with all that is needed)

    /** What a takeover has to survive; the other faults are judged by the repair. */
    private static final Set<ClusterFault> NEED_PROOF = EnumSet.of(ClusterFault.ACTIVE_LOSES_POWER, ClusterFault.ACTIVE_LOSES_POWER_LONG,
            ClusterFault.PASSIVE_LOSES_POWER, ClusterFault.ACTIVE_ISOLATED, ClusterFault.PASSIVE_ISOLATED);
    private static final Set<ClusterFault> NEED_NO_PROOF = EnumSet.of(ClusterFault.REPLICATION_CUT, ClusterFault.CROSSOVER_CUT,
            ClusterFault.CROSSOVER_HEARTBEATS_CUT, ClusterFault.PROGRAM_CRASHES, ClusterFault.SWITCHOVER, ClusterFault.REPLICATOR_KILLED, ClusterFault.PASSIVE_DAEMON_STAYS_AWAY,
            ClusterFault.PASSIVE_LAN_CUT);

    private void expectService(ClusterFault fault) {
        boolean needsProof = NEED_PROOF.contains(fault);
        if (!needsProof && !NEED_NO_PROOF.contains(fault)) return;
        if (needsProof && proof == ProofKind.MANUAL) return;
        int number = faults;
        long paused = Math.max(pausedFor(0), pausedFor(1));
        if (paused > 0) return;
        pair.time().after(TAKEOVER_NANOS, () -> {
            if (faults != number) return;
            boolean served = hosts.stream().anyMatch(host -> host.serves() && !host.node.machine().status().frozen());
            if (!served) broken(fault + " at a settled moment, and " + TAKEOVER_NANOS / SECOND + " s later nobody serves");
        });
    }

    private long pausedFor(int host) {
        return hosts.get(host).daemonRuns() ? hosts.get(host).machine().pausedForNanos() : 0;
    }

    /** Nothing flaps: a bounded number of starts for each fault. */
    private void checkMoves() {
        int bound = 6 + 6 * (faults - faultsBeforeRound);
        if (starts - startsBeforeRound > bound) {
            broken((starts - startsBeforeRound) + " starts of a group for " + (faults - faultsBeforeRound) + " faults");
        }
    }

    // ---- proofs

    void prove(int index, long attempt, int lookMillis, Consumer<Event> answer) {
        SimulatedHost other = hosts.get(1 - index);
        asked[index] = attempt;
        switch (proof) {
            case PING -> pair.time().after((lookMillis > 0 ? lookMillis : 100 + random.nextLong(400)) * MILLI, () -> answer.accept(new Event.ProofAnswered(attempt, ping(index))));
            case FENCE -> pair.time().after(200 * MILLI + (index == 0 ? 0 : 3 * SECOND), () -> {
                // Who is off does not shoot, and an attempt that was broken off does not either.
                if (!hosts.get(index).hasPower() || brokenOff[index] >= attempt) return;
                boolean works = random.nextInt(5) > 0;
                if (works || random.nextBoolean()) {
                    powerOff(other);
                    pair.time().after(5 * SECOND, other::powerOnIfOff);
                }
                answer.accept(new Event.ProofAnswered(attempt, works ? new ProofOutcome(Verdict.PROVEN, "fenced")
                        : new ProofOutcome(Verdict.UNKNOWN, "the agent did not answer")));
            });
            case WITNESS -> pair.time().after(50 * MILLI, () -> answer.accept(new Event.ProofAnswered(attempt, lease(index, true))));
            case MANUAL -> answer.accept(new Event.ProofAnswered(attempt, new ProofOutcome(Verdict.UNKNOWN, "nobody asked")));
        }
    }

    private ProofOutcome ping(int index) {
        if (!wires.reachesPingNodes(index)) return new ProofOutcome(Verdict.REFUTED, "the ping nodes do not answer");
        if (wires.finds(index, hosts.get(1 - index).hasPower())) return new ProofOutcome(Verdict.REFUTED, "the peer is found");
        return new ProofOutcome(Verdict.PROVEN, "the ping nodes answer, and the peer is nowhere");
    }

    private ProofOutcome lease(int index, boolean take) {
        long now = pair.time().nowNanos();
        if (!wires.reachesPingNodes(index)) {
            // Its holder stops trusting it earlier than others take it for over.
            boolean trusted = leaseHolder == index && now < leaseUntilNanos - SECOND;
            return trusted ? new ProofOutcome(Verdict.PROVEN, "the lease lasts") : new ProofOutcome(Verdict.UNKNOWN, "the witness does not answer");
        }
        boolean free = leaseHolder < 0 || leaseHolder == index || now >= leaseUntilNanos;
        if (!free) return new ProofOutcome(Verdict.REFUTED, "the other node has the lease");
        if (!take && leaseHolder != index) return new ProofOutcome(Verdict.REFUTED, "the lease is not ours");
        leaseHolder = index;
        leaseUntilNanos = now + 4 * SECOND;
        return new ProofOutcome(Verdict.PROVEN, "the lease is ours");
    }

    void renew(int index, long attempt, Consumer<Event> answer) {
        ProofOutcome outcome = proof == ProofKind.WITNESS ? lease(index, false) : new ProofOutcome(Verdict.PROVEN, "as before");
        answer.accept(new Event.ProofAnswered(attempt, outcome));
    }

    void release(int index) {
        if (leaseHolder == index) leaseHolder = -1;
        brokenOff[index] = asked[index];
    }

    // ---- what hosts tell

    SimulatedHost host(int index) {
        return hosts.get(index);
    }

    void kill(SimulatedNode node) {
        pair.kill(node);
        // Which boot of the other one it had been connected with was known to that process alone (rule 24): two failures, one after the other.
        if (!complete[1 - node.index()]) pair.history(0).unflushedMayBeLost();
        open.removeIf(write -> write.host == node.index());
    }

    void losePower(SimulatedNode node) {
        SimulatedHost other = hosts.get(1 - node.index());
        boolean otherHasAll = other.hasPower() && other.node.isRunning() && complete[other.index];
        complete[node.index()] = false;
        pair.losePower(node);
        open.removeIf(write -> write.host == node.index());
        if (!otherHasAll) pair.history(0).unflushedMayBeLost();
    }

    /** Attempts are counted anew. */
    void daemonStarted(int index) {
        asked[index] = 0;
        brokenOff[index] = 0;
    }

    void replicatorStarted(int index) {
        replicatorLives[index]++;
    }

    int replicatorLife(int index) {
        return replicatorLives[index];
    }

    /** Promoted: on what disk (never on one that is Outdated or Inconsistent)? */
    void orderedBefore(int index, Command command) {
        if (!(command instanceof Command.Promote(boolean force))) return;
        SimulatedNode node = pair.nodes().get(index);
        DiskState disk = pair.state(node).disk();
        boolean bad = disk == DiskState.OUTDATED || disk == DiskState.INCONSISTENT;
        if (bad && pair.state(node).role() != Role.PRIMARY) broken(node.name() + " is promoted on a disk that is " + disk.displayName());
        if (force) broken(node.name() + " is promoted by force, and no operator said so");
    }

    void phaseChanged(int index, GroupPhase before, GroupPhase now) {
        say(pair.nodes().get(index).name() + " ==== " + before + " -> " + now);
        if (now != GroupPhase.STARTING) return;
        starts++;
        if (hosts.get(index).machine().peerLife() != PeerLife.ALIVE) takeovers++;
    }

    /** Some other machine answers ARP for it: it has the address, has power, and the LAN leads there. */
    boolean addressAnswers(int index, int member) {
        SimulatedHost other = hosts.get(1 - index);
        return other.isRunning(member) && wires.clientReaches(index) && wires.clientReaches(1 - index);
    }

    /** A program that could not be stopped on the other node, which is heard, is not started here on hope. */
    void memberStarted(int index, int member) {
        SimulatedHost other = hosts.get(1 - index);
        boolean heard = hosts.get(index).daemonRuns() && hosts.get(index).machine().peerLife() == PeerLife.ALIVE;
        if (member == PROGRAM && heard && other.daemonRuns() && other.isRunning(member)) broken("the program starts while it still runs on the other node");
    }

    void told(int index, Notice notice) {
        say(pair.nodes().get(index).name() + " **** " + notice.kind() + " " + notice.text());
    }

    void answered(int index, long ticket, boolean done, String text) {
        say(pair.nodes().get(index).name() + " answers " + ticket + ": " + done + " " + text);
    }

    void note(int index, Object what) {
        events++;
        String text = null;
        boolean often = what instanceof Event.TimeAdvanced || what instanceof Event.PeerHeard || what instanceof Event.ReplicatorSeen;
        if (!often) {
            text = String.valueOf(what);
            hash = hash * 31 + text.hashCode() + pair.time().nowNanos();
        }
        if (tracing && !often) say(pair.nodes().get(index).name() + " " + text);
    }

    private void say(String line) {
        if (tracing) trace.add(pair.time().nowNanos() / 1000 + "us " + line);
    }

    /** What daemons and replicators were told and ordered, in the order of time. */
    public List<String> trace() {
        List<String> all = new ArrayList<>(trace);
        all.addAll(pair.traceLines());
        all.sort(Comparator.comparingLong(line -> Long.parseLong(line.substring(0, line.indexOf("us ")))));
        return all;
    }

    private void broken(String what) {
        StringBuilder text = new StringBuilder("seed " + seed + " (" + proof + "): " + what + " at " + pair.time().nowNanos() / MILLI + " ms");
        for (SimulatedHost host : hosts) {
            text.append("\n  ").append(host.node.name()).append(host.hasPower() ? "" : " without power").append(host.serves() ? " serves" : "");
            if (host.daemonRuns()) text.append(" peer=").append(host.machine().peerLife()).append(' ').append(host.machine().groups());
        }
        text.append("\n  ").append(pair.describe());
        for (SimulatedNode node : pair.nodes()) {
            var reports = node.reports();
            for (var report : reports.subList(Math.max(0, reports.size() - 3), reports.size())) text.append("\n  ").append(node.name()).append(": ").append(report);
        }
        throw new Broken(text.toString());
    }
}
