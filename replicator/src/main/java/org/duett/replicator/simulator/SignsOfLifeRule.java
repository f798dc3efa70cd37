package org.duett.replicator.simulator;

import org.duett.replicator.machine.Command;
import org.duett.replicator.resource.ResourceMachine;

/**
 * What a failover daemon reads in the status of its peer's signs of life is so (rule 9): the last ping that was answered on this connection was not sent later than
 * the core says, nor on a former one, as reads are answered on the strength of it. And a peer that was heard just now is not taken for down.
 */
final class SignsOfLifeRule {
    private static final long MILLI = 1_000_000;
    /** A core is told the time when it has moved by a millisecond. */
    private static final long TOLD_WITHIN_NANOS = 2 * MILLI;

    private final SimulatedPair pair;

    SignsOfLifeRule(SimulatedPair pair) {
        this.pair = pair;
    }

    /** Between the steps of a life. */
    void check() {
        for (SimulatedNode node : pair.nodes()) {
            if (!node.isRunning() || node.answeredPingNanos() == SimulatedNode.NO_CONNECTION) continue;
            ResourceMachine machine = node.machine();
            if (!machine.state(pair.settings().volumes().getFirst().number()).connection().isEstablished()) continue;
            long told = machine.status().peer().answeredPingNanos();
            if (told <= node.answeredPingNanos()) continue;
            throw new AssertionError(node.name() + " says that its peer has answered a ping of " + told / MILLI + " ms, but the last one that it has answered on this connection is "
                    + (node.answeredPingNanos() == Long.MIN_VALUE ? "none" : "of " + node.answeredPingNanos() / MILLI + " ms") + "; " + pair.describe());
        }
    }

    void done(SimulatedNode node, AskedCommand question) {
        if (!(question.command() instanceof Command.PeerIsDown(String why, long silentNanos)) || silentNanos == 0) return;
        long ago = pair.time().nowNanos() - node.peerHeardNanos();
        if (node.peerHeardNanos() == Long.MIN_VALUE || ago >= silentNanos - TOLD_WITHIN_NANOS) return;
        throw new AssertionError(node.name() + " takes its peer for down, which was to be silent for " + silentNanos / MILLI + " ms and was heard " + ago / MILLI + " ms ago; "
                + pair.describe());
    }
}
