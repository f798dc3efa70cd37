package org.duett.failover.simulator;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.NodeReport;
import org.duett.failover.decision.OperatorCommand;
import org.duett.failover.decision.PeerLife;
import org.duett.replicator.machine.Command;
import org.duett.replicator.simulator.SimulatedNode;
import org.duett.replicator.simulator.SimulatedTime;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** What is looked at all the time, and with each order: promises 1 and 2, proofs, claims, doubt (docs/testing.md). */
final class ClusterCheckers {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    /** What a node in doubt may take to let go, with an attempt at the proof that is begun anew, by a fence agent that waits first. */
    private static final long DAEMON_STARTS_NANOS = 20 * SECOND;
    private static final long DOUBT_NANOS = 8 * SECOND;
    /** A few keepalives, and a look at the replicator. */
    private static final long KNOWN_NANOS = 3 * SECOND;
    /** The next heartbeat of each node, also on a network that is slow. */
    private static final long BOTH_RUN_NANOS = 1500 * MILLI;
    /** For so long what has halted one replicator must not halt the other one (rule 25), with a margin. */
    private static final long HALT_REMEMBERED_NANOS = 500 * SECOND;

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final Wires wires;
    private final List<WorldGroup> groups;
    private final List<String> names;
    private final List<SimulatedHost> hosts;

    private final long[] haltedNanos = {-1, -1};
    private final int[] haltsSeen = new int[2];
    /** Since when a node has held a proof beside a connection that speaks; 0: it does not. */
    private final long[] provenBesideConnectionNanos = new long[2];
    /** Since when both daemons have heard each other; 0: they do not. */
    private long togetherSinceNanos;
    /** By node and group: its last start was begun without a word of the other node. */
    private final Set<String> begunUnheard = new TreeSet<>();
    /** By node and group: since when it has been in doubt beside a silent peer; 0: it is not. */
    private final long[][] doubtSinceNanos;
    private final JobCheckers job;
    private final OperatorsWords words;
    /** By group: who has started it last. */
    private final Map<String, LastStart> lastStarts = new TreeMap<>();
    /** How much had happened when all was looked at last. */
    private long lookedAfter;

    ClusterCheckers(ClusterWorld world, SimulatedTime time, Wires wires, List<WorldGroup> groups, List<String> names, List<SimulatedHost> hosts) {
        this.world = world;
        this.time = time;
        this.wires = wires;
        this.groups = List.copyOf(groups);
        this.names = List.copyOf(names);
        this.hosts = List.copyOf(hosts);
        doubtSinceNanos = new long[hosts.size()][names.size()];
        job = new JobCheckers(world, time, wires, hosts);
        words = new OperatorsWords(world, time, names, hosts);
    }

    /** Each millisecond in which anything has happened, beside this look itself. */
    void watch() {
        time.after(MILLI, this::watch);
        long happened = time.happened();
        if (happened == lookedAfter + 1) {
            lookedAfter = happened;
            return;
        }
        lookedAfter = happened;
        for (WorldGroup group : groups) group.watch(hosts);
        boolean together = true;
        for (SimulatedHost host : hosts) together &= host.hasHeardPeerWithin(BOTH_RUN_NANOS) && host.isAwake();
        if (!together) togetherSinceNanos = 0;
        else if (togetherSinceNanos == 0) togetherSinceNanos = time.nowNanos();
        for (SimulatedHost host : hosts) {
            checkProof(host);
            for (int i = 0; i < names.size(); i++) checkDoubt(host, i);
            checkHalts(host);
        }
        for (String group : names) checkBothRun(group);
        if (names.size() > groups.size()) job.watch();
        words.watch(togetherForNanos());
    }

    /** Of two that run one group, and hear each other, one lets go at once: who is only in doubt would take seconds (promise 2). */
    private void checkBothRun(String group) {
        boolean both = togetherForNanos() > BOTH_RUN_NANOS && hosts.stream().allMatch(host -> host.daemonRuns() && mayRun(host.machine().phase(group)));
        if (both) world.broken("both nodes run " + group + ", and have heard each other for a while");
    }

    private static boolean mayRun(GroupPhase phase) {
        return phase == GroupPhase.UP || phase == GroupPhase.STARTING;
    }

    private long togetherForNanos() {
        return togetherSinceNanos == 0 ? 0 : time.nowNanos() - togetherSinceNanos;
    }

    /** Of a peer that is heard nothing is proven, and of one whose replicator has been connected for seconds neither (rule 8). */
    private void checkProof(SimulatedHost host) {
        if (!host.daemonRuns() || host.awakeForNanos() < KNOWN_NANOS || host.machine().proof().isEmpty()) {
            provenBesideConnectionNanos[host.index] = 0;
            return;
        }
        // One that was fenced for what it could not stop has been heard a moment ago.
        if (togetherForNanos() > KNOWN_NANOS) world.broken(host.name() + " holds a proof that a peer which it hears does not act");
        boolean connected = groups.stream().anyMatch(group -> group.connectedForNanos() > KNOWN_NANOS);
        boolean replicatorsRun = hosts.stream().allMatch(SimulatedHost::isAwake);
        boolean speaks = host.machine().peerLife() == PeerLife.SILENT && connected && replicatorsRun && wires.carriesReplication();
        // The next word, which both nodes ask for, ends it.
        if (!speaks) provenBesideConnectionNanos[host.index] = 0;
        else if (provenBesideConnectionNanos[host.index] == 0) provenBesideConnectionNanos[host.index] = time.nowNanos();
        else if (time.nowNanos() - provenBesideConnectionNanos[host.index] > SECOND) {
            world.broken(host.name() + " holds a proof that a peer does not act whose replicator is connected");
        }
    }

    /** Who has gone on alone, and has met the replicator of a peer that is back, waits for what that one's daemon says (rule 20; seed 852187). */
    private long daemonMayCome(SimulatedHost host, int number) {
        boolean hasData = number < groups.size();
        boolean meets = hasData && groups.get(number).hasGoneOnAlone(host.index) && wires.carriesReplication() && host.other().node(groups.get(number)).isRunning();
        return meets ? DAEMON_STARTS_NANOS : 0;
    }

    /** Who does not know whether the other one acts lets go of what the world sees (rule 9); but nothing is let go of while its replicator answers (rule 8). */
    private void checkDoubt(SimulatedHost host, int number) {
        String group = names.get(number);
        boolean speaks = groups.stream().anyMatch(WorldGroup::isEstablished);
        boolean inDoubt = host.daemonRuns() && host.isAwake() && isUnheard(host) && world.proof() != ClusterWorld.ProofKind.MANUAL
                && host.status(group).phase() == GroupPhase.UP && host.status(group).word().equals("in doubt");
        long since = doubtSinceNanos[host.index][number];
        if (!inDoubt || speaks) doubtSinceNanos[host.index][number] = 0;
        else if (since == 0) doubtSinceNanos[host.index][number] = time.nowNanos();
        else if (time.nowNanos() - since > DOUBT_NANOS + daemonMayCome(host, number)) world.broken(host.name() + " " + group + " is in doubt and is not let go of");
    }

    /** It does not hear the other one, or is not heard by it. */
    private static boolean isUnheard(SimulatedHost host) {
        return switch (host.machine().peerLife()) {
            case SILENT -> true;
            case ALIVE -> !host.other().hearsPeer();
            case UNHEARD, STRANGE, GONE -> false;
        };
    }

    /** What has ended the replicator of one node does not end that of the other one, which has heard of it (rule 25). */
    private void checkHalts(SimulatedHost host) {
        HostReplicator replicator = host.replicator();
        if (replicator.halts() == haltsSeen[host.index]) return;
        haltsSeen[host.index] = replicator.halts();
        long now = time.nowNanos();
        haltedNanos[host.index] = now;
        long other = haltedNanos[1 - host.index];
        boolean toldOfIt = other >= 0 && now - other > KNOWN_NANOS && togetherForNanos() > KNOWN_NANOS && now - other < HALT_REMEMBERED_NANOS
                && isOfSameKind(host.other().replicator().haltNote(), replicator.haltNote()) && replicator.ranForNanos() > KNOWN_NANOS;
        if (toldOfIt) world.broken("the write that had ended the replicator of " + host.other().name() + " ended that of " + host.name() + ", too");
    }

    private static boolean isOfSameKind(HostReplicator.Halt one, HostReplicator.Halt other) {
        return one != null && other != null && one.resource().equals(other.resource()) && one.event().equals(other.event());
    }

    // ---- with each order and start

    /** Promoted: on what disk (never on one that is Outdated or Inconsistent, but beside a peer whose good one serves meanwhile)? */
    void ordered(SimulatedNode node, Command command) {
        if (!(command instanceof Command.Promote(boolean force))) return;
        VolumeState state = node.machine().state(0);
        boolean vouched = force && world.operator().hasVouchedFor(node.index());
        boolean isServed = state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        boolean bad = !isServed && (state.disk() == DiskState.OUTDATED && !vouched || state.disk() == DiskState.INCONSISTENT);
        if (bad && state.role() != Role.PRIMARY) world.broken(node.name() + " is promoted on a disk that is " + state.disk().displayName());
        if (force && !vouched) world.broken(node.name() + " is promoted by force, and no operator said so");
    }

    void asked(SimulatedHost host, OperatorCommand command) {
        words.asked(host, command);
    }

    /** Nobody can say of a node that is heard that it is down (rule 8). */
    void answered(SimulatedHost host, OperatorCommand command, boolean done) {
        if (done) words.accepted(host, command);
        boolean accepted = command instanceof OperatorCommand.ConfirmPeerDown && done && host.hearsPeer();
        if (accepted) world.broken(host.name() + " accepts that a peer which it hears is down");
    }

    void phaseChanged(SimulatedHost host, String group, GroupPhase before, GroupPhase now) {
        if (group.equals(WorldJob.NAME) && before == GroupPhase.UP && now == GroupPhase.STOPPING) job.letsGo(host);
    }

    /** Two nodes that hear each other never start the same group both: who begins has been heard to claim it. */
    void claimed(SimulatedHost host, String group) {
        SimulatedHost other = host.other();
        words.starts(host, group);
        boolean unproven = host.machine().peerLife() == PeerLife.SILENT && host.machine().proof().isEmpty();
        if (unproven) world.broken(host.name() + " takes " + group + " over, and has no proof");
        checkLastActive(host, group);
        if (host.hearsPeer()) begunUnheard.remove(host.name() + " " + group);
        else begunUnheard.add(host.name() + " " + group);
        if (togetherForNanos() < SECOND || !other.daemonRuns()) return;
        GroupPhase theirs = other.machine().phase(group);
        if (theirs == GroupPhase.STARTING || theirs == GroupPhase.UP) {
            world.broken(host.name() + " starts " + group + ", which is " + theirs + " on " + other.name());
        }
    }

    /** Which boots of the two machines saw it. */
    private record LastStart(int node, long boot, long otherBoot) {
    }

    /** After both have lost power who had it last starts it again, when it can, and nobody has moved it meanwhile (design section 4). */
    private void checkLastActive(SimulatedHost host, String group) {
        LastStart last = lastStarts.put(group, new LastStart(host.index, host.boot(), host.other().boot()));
        SimulatedHost other = host.other();
        boolean bothBooted = last != null && last.node == other.index && last.boot < other.boot() && last.otherBoot < host.boot();
        if (!bothBooted || togetherForNanos() < KNOWN_NANOS || !other.daemonRuns()) return;
        NodeReport.GroupReport theirs = host.machine().peerReport().flatMap(report -> report.group(group)).orElseThrow();
        boolean theirTurn = theirs.willing() && !theirs.offered() && !theirs.troubled();
        if (theirTurn) world.broken(host.name() + " starts " + group + " after both have lost power, and " + other.name() + " had it last");
    }

    /** Who has the other one switched off could run something, and does not end the only one that has the data. */
    void asksForProof(SimulatedHost host) {
        if (world.proof() != ClusterWorld.ProofKind.FENCE) return;
        FailoverMachine machine = host.machine();
        boolean heard = host.hearsPeer();
        boolean forSomething = names.stream().anyMatch(name -> {
            boolean would = machine.report(0).group(name).filter(NodeReport.GroupReport::willing).isPresent();
            boolean isUnclean = machine.peerReport().flatMap(report -> report.group(name)).filter(theirs -> theirs.phase() == GroupPhase.UNCLEAN).isPresent();
            return would && (isUnclean || !heard) || !heard && mayRun(machine.phase(name));
        });
        if (!forSomething) world.broken(host.name() + " has the other node switched off, and would run nothing of what that one leaves");
        boolean lacksAll = groups.stream().allMatch(group -> group.isBehind(host.index));
        if (lacksAll && !world.operator().hasVouchedFor(host.index)) world.broken(host.name() + " has the only node switched off that has all acknowledged writes");
    }

    /** A daemon that has begun anew has looked at what runs: nothing is started twice. */
    void ordersStart(SimulatedHost host, String group, int member) {
        if (host.parts(group).isRunning(member)) world.broken(host.name() + " starts member " + member + " of " + group + ", which runs there");
    }

    /**
     * A program that could not be stopped on the other node, which is heard, is not started here on hope. One that is heard again in the midst of
     * a takeover is about to let go, if it did not before.
     */
    void memberStarted(SimulatedHost host, String group, int member) {
        SimulatedHost other = host.other();
        boolean inTakeover = begunUnheard.contains(host.name() + " " + group) && togetherForNanos() < KNOWN_NANOS;
        if (member == host.parts(group).program() && host.hearsPeer() && !inTakeover && other.daemonRuns() && other.parts(group).isRunning(member)) {
            world.broken("the program of " + group + " starts while it still runs on the other node");
        }
    }
}
