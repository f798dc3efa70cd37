package org.duett.failover.simulator;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.NodeReport;
import org.duett.failover.decision.OperatorCommand;
import org.duett.replicator.simulator.SimulatedTime;

/**
 * What an operator has said holds until he says something else: standby and stop over each end of a daemon, a pause on both nodes until it is over.
 * Looked at without asking the machines what they believe to have been told.
 */
final class OperatorsWords {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    /** A daemon looks at the clock before each event, and not in between. */
    private static final long CLOCK_NANOS = 10 * MILLI;
    /** It is on the disk of the node that was asked. */
    private static final long DURABLE_NANOS = 500 * MILLI;
    /** The other node has heard it, and has it on its disk. */
    private static final long HEARD_NANOS = 2 * SECOND;
    /** What runs begins to stop. */
    private static final long STOPS_NANOS = 3 * SECOND;

    /** Of a node, or of a group, that somebody has stopped; nobody has said anything else since. */
    private static final class Word {
        final long saidNanos;
        final int node;
        boolean durable;
        boolean heard;

        Word(long saidNanos, int node) {
            this.saidNanos = saidNanos;
            this.node = node;
        }

        boolean binds(SimulatedHost host) {
            return durable && host.index == node || heard;
        }
    }

    /** It outlives the daemon that was told; the other one goes by what it has heard. */
    private record Pause(FailoverMachine other, long untilNanos, long saidNanos) {
    }

    private final ClusterWorld world;
    private final SimulatedTime time;
    private final List<String> names;
    private final List<SimulatedHost> hosts;
    private final Word[] standby = new Word[2];
    private final Map<String, Word> stopped = new TreeMap<>();
    private final Pause[] pauses = new Pause[2];
    /** By node and group: since when it runs although it must not; 0: it does not. */
    private final long[][] runsSinceNanos;
    private long togetherForNanos;
    /** When somebody stopped a group last, or started it. */
    private long heldNanos = -HEARD_NANOS;
    /** When both had heard each other last for long enough to know all. */
    private long togetherNanos;

    OperatorsWords(ClusterWorld world, SimulatedTime time, List<String> names, List<SimulatedHost> hosts) {
        this.world = world;
        this.time = time;
        this.names = List.copyOf(names);
        this.hosts = List.copyOf(hosts);
        runsSinceNanos = new long[hosts.size()][names.size()];
    }

    /** Before it is known whether it will be accepted: what was said before may be over from now on. */
    void asked(SimulatedHost host, OperatorCommand command) {
        noteHeld(command);
        switch (command) {
            case OperatorCommand.Online() -> standby[host.index] = null;
            case OperatorCommand.Start(String group) -> stopped.remove(group);
            case OperatorCommand.Pause(long forNanos) -> pauses[host.index] = null;
            case OperatorCommand.Standby _, OperatorCommand.Stop _, OperatorCommand.Switchover _, OperatorCommand.Fail _, OperatorCommand.Recover _,
                 OperatorCommand.Leave _, OperatorCommand.Single _, OperatorCommand.ConfirmPeerDown _ -> {
                // Nothing that was said is over by that.
            }
        }
    }

    private void noteHeld(OperatorCommand command) {
        if (command instanceof OperatorCommand.Start || command instanceof OperatorCommand.Stop) heldNanos = time.nowNanos();
    }

    void accepted(SimulatedHost host, OperatorCommand command) {
        noteHeld(command);
        Word word = new Word(time.nowNanos(), host.index);
        switch (command) {
            case OperatorCommand.Standby() -> {
                standby[host.index] = word;
                whenDurable(host, word);
            }
            case OperatorCommand.Stop(String group) -> {
                // Two nodes that have not heard each other may have been told different things.
                if (togetherForNanos < SECOND) return;
                stopped.put(group, word);
                whenDurable(host, word);
            }
            case OperatorCommand.Pause(long forNanos) -> {
                SimulatedHost other = host.other();
                pauses[host.index] = new Pause(other.daemonRuns() ? other.machine() : null, time.nowNanos() + forNanos - CLOCK_NANOS, time.nowNanos());
            }
            // Asked of a daemon that slept, and answered after what was asked before it.
            case OperatorCommand.Online() -> standby[host.index] = null;
            case OperatorCommand.Start(String group) -> stopped.remove(group);
            case OperatorCommand.Switchover _, OperatorCommand.Fail _, OperatorCommand.Recover _,
                 OperatorCommand.Leave _, OperatorCommand.Single _, OperatorCommand.ConfirmPeerDown _ -> {
                // It is done, and leaves nothing that would have to hold.
            }
        }
    }

    private void whenDurable(SimulatedHost host, Word word) {
        FailoverMachine told = host.machine();
        time.after(DURABLE_NANOS, () -> word.durable = host.daemonRuns() && host.isAwake() && host.machine() == told);
    }

    void watch(long newTogetherForNanos) {
        boolean haveBothHeard = togetherForNanos <= HEARD_NANOS && newTogetherForNanos > HEARD_NANOS && time.nowNanos() - heldNanos > HEARD_NANOS;
        togetherForNanos = newTogetherForNanos;
        if (haveBothHeard) checkAgreed();
        if (togetherForNanos > HEARD_NANOS) togetherNanos = time.nowNanos();
        for (Word word : stopped.values()) word.heard |= word.durable && togetherForNanos > HEARD_NANOS && time.nowNanos() - word.saidNanos > HEARD_NANOS;
        for (SimulatedHost host : hosts) {
            for (int i = 0; i < names.size(); i++) checkStopped(host, i);
        }
    }

    /** Whatever was said on each of them while they did not hear each other. */
    private void checkAgreed() {
        List<List<Boolean>> held = hosts.stream().map(host -> host.machine().report(0).groups().stream().map(NodeReport.GroupReport::held).toList()).toList();
        if (!held.getFirst().equals(held.getLast())) world.broken("of the groups that an operator has stopped the two nodes know different things: " + held);
    }

    private void checkStopped(SimulatedHost host, int number) {
        String group = names.get(number);
        boolean runs = mustNotRun(host, group) && host.daemonRuns() && host.isAwake() && host.wouldStart() && host.machine().phase(group) == GroupPhase.UP;
        if (!runs) runsSinceNanos[host.index][number] = 0;
        else if (runsSinceNanos[host.index][number] == 0) runsSinceNanos[host.index][number] = time.nowNanos();
        else if (time.nowNanos() - runsSinceNanos[host.index][number] > STOPS_NANOS) world.broken(host.name() + " goes on with " + group + ", and an operator has stopped it there");
    }

    private boolean mustNotRun(SimulatedHost host, String group) {
        Word stop = stopped.get(group);
        return standby[host.index] != null && standby[host.index].binds(host) || stop != null && stop.binds(host);
    }

    void starts(SimulatedHost host, String group) {
        if (mustNotRun(host, group)) world.broken(host.name() + " starts " + group + ", and an operator has stopped it there");
        if (!host.hearsPeer() && isPaused(host)) world.broken(host.name() + " takes " + group + " over, and an operator has paused that");
    }

    private boolean isPaused(SimulatedHost host) {
        Pause own = pauses[host.index];
        if (own != null && time.nowNanos() < own.untilNanos) return true;
        Pause theirs = pauses[1 - host.index];
        return theirs != null && theirs.other == host.machine() && heard(theirs) && time.nowNanos() < theirs.untilNanos;
    }

    private boolean heard(Pause pause) {
        return togetherNanos - pause.saidNanos > HEARD_NANOS;
    }
}
