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
    private final List<SimulatedHost> hosts;
    /** Since when both have run it; 0: they do not. */
    private long bothSinceNanos;
    /** While both call it up, and hear each other: the node that has started it last; -1: they do not. */
    private int startedLast = -1;
    /** By node: since when it might have taken it over, and has not; 0: it might not. */
    private final long[] mightSinceNanos = new long[2];

    JobCheckers(ClusterWorld world, SimulatedTime time, List<SimulatedHost> hosts) {
        this.world = world;
        this.time = time;
        this.hosts = List.copyOf(hosts);
    }

    void watch() {
        checkOneRunsIt();
        checkWhoLetsGo();
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

    /** Of two that run it, and hear each other, who has started it last goes on (promise 2): the other one was thought not to act. */
    private void checkWhoLetsGo() {
        boolean know = hosts.stream().allMatch(host -> host.hearsPeer() && host.isAwake());
        List<SimulatedHost> up = hosts.stream().filter(host -> host.daemonRuns() && host.machine().phase(WorldJob.NAME) == GroupPhase.UP).toList();
        if (startedLast >= 0 && know && up.size() == 1 && up.getFirst().index != startedLast) {
            world.broken("both nodes ran " + WorldJob.NAME + ", and who has started it last lets go");
        }
        startedLast = know && up.size() == 2 ? startedLast() : -1;
    }

    /** Unknown where neither has heard of the other's start. */
    private int startedLast() {
        long first = hosts.getFirst().status(WorldJob.NAME).startCounter();
        long second = hosts.getLast().status(WorldJob.NAME).startCounter();
        return first == second ? -1 : first > second ? 0 : 1;
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

    private static boolean mightTakeOver(SimulatedHost host) {
        if (!host.daemonRuns() || !host.isAwake() || !host.wouldStart()) return false;
        FailoverMachine machine = host.machine();
        boolean knows = machine.peerLife() == PeerLife.SILENT && !machine.proof().isEmpty() && machine.pausedForNanos() == 0 && machine.mode() == NodeMode.ONLINE;
        if (!knows) return false;
        GroupPhase phase = machine.phase(WorldJob.NAME);
        return phase != GroupPhase.UP && machine.report(0).group(WorldJob.NAME).filter(NodeReport.GroupReport::willing).isPresent();
    }
}
