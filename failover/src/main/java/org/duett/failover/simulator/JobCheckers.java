package org.duett.failover.simulator;

import java.util.List;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.NodeMode;
import org.duett.failover.decision.NodeReport;
import org.duett.failover.decision.PeerLife;
import org.duett.replicator.simulator.SimulatedTime;

/**
 * Of the group without a resource: one node runs it, and who may take it over does. Nothing of it can be held: between two nodes that do not hear
 * each other only the proof stands, and some proofs leave the other one the time in which it lets go.
 */
final class JobCheckers {
    private static final long SECOND = 1_000_000_000L;
    /** Twice what a node in doubt may take to let go. */
    private static final long LETS_GO_NANOS = 15 * SECOND;
    /** Start of all members, after an address that lapses, and once again. */
    private static final long TAKEOVER_NANOS = 25 * SECOND;

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final Wires wires;
    private final List<SimulatedHost> hosts;
    /** Since when both have run it; 0: they do not. */
    private long bothSinceNanos;
    /** By node: since when it might have taken it over, and has not; 0: it might not. */
    private final long[] mightSinceNanos = new long[2];

    JobCheckers(ClusterWorld world, SimulatedTime time, Wires wires, List<SimulatedHost> hosts) {
        this.world = world;
        this.time = time;
        this.wires = wires;
        this.hosts = List.copyOf(hosts);
    }

    void watch() {
        checkOneRunsIt();
        for (SimulatedHost host : hosts) checkTakeover(host);
    }

    /** Who is fenced, or was seen to be off, runs nothing; the others let go, if a daemon is there to see it. */
    private void checkOneRunsIt() {
        if (!hosts.stream().allMatch(JobCheckers::runsProgram)) {
            bothSinceNanos = 0;
            return;
        }
        boolean peerIsOff = switch (world.proof()) {
            case FENCE, MANUAL -> true;
            case PING, WITNESS -> false;
        };
        if (peerIsOff) world.broken("both nodes run the program of " + WorldJob.NAME);
        boolean bothCanLetGo = hosts.stream().allMatch(host -> host.daemonRuns() && host.isAwake() && host.wouldStart());
        if (!bothCanLetGo) bothSinceNanos = 0;
        else if (bothSinceNanos == 0) bothSinceNanos = time.nowNanos();
        else if (time.nowNanos() - bothSinceNanos > LETS_GO_NANOS) world.broken("both nodes run the program of " + WorldJob.NAME + ", and none lets go");
    }

    /** Of two that run it who has started it last goes on (promise 2): the other one was thought not to act. */
    void letsGo(SimulatedHost host) {
        SimulatedHost other = host.other();
        boolean both = host.hearsPeer() && other.daemonRuns() && other.machine().phase(WorldJob.NAME) == GroupPhase.UP;
        if (!both || !wouldRun(host) || !host.parts(WorldJob.NAME).allRun()) return;
        boolean startedLast = host.status(WorldJob.NAME).startCounter() > other.status(WorldJob.NAME).startCounter();
        if (startedLast) world.broken("both nodes run " + WorldJob.NAME + ", and " + host.name() + ", which has started it last, lets go");
    }

    private static boolean runsProgram(SimulatedHost host) {
        HostParts parts = host.parts(WorldJob.NAME);
        return host.hasPower() && parts.isRunning(parts.program());
    }

    /** Whoever has a proof that the other one does not act, and would run it, does: no data has to be waited for. */
    private void checkTakeover(SimulatedHost host) {
        if (!mightTakeOver(host)) mightSinceNanos[host.index] = 0;
        else if (mightSinceNanos[host.index] == 0) mightSinceNanos[host.index] = time.nowNanos();
        else if (time.nowNanos() - mightSinceNanos[host.index] > TAKEOVER_NANOS) {
            world.broken(host.name() + " has a proof that the other node does not act, and does not start " + WorldJob.NAME);
        }
    }

    private boolean mightTakeOver(SimulatedHost host) {
        if (!host.daemonRuns() || !host.isAwake() || host.machine().peerLife() != PeerLife.SILENT || !host.wouldStart()) return false;
        FailoverMachine machine = host.machine();
        // By looking around nothing was proven for longer than it sees as much.
        boolean sees = world.proof() != ClusterWorld.ProofKind.PING || wires.reachesPingNodes(host.index) && !wires.finds(host.index, host.other().hasPower());
        boolean knows = sees && !machine.proof().isEmpty() && machine.pausedForNanos() == 0 && machine.mode() == NodeMode.ONLINE;
        if (!knows) return false;
        GroupPhase phase = machine.phase(WorldJob.NAME);
        return phase != GroupPhase.UP && wouldRun(host);
    }

    private static boolean wouldRun(SimulatedHost host) {
        return host.machine().report(0).group(WorldJob.NAME).filter(NodeReport.GroupReport::willing).isPresent();
    }
}
