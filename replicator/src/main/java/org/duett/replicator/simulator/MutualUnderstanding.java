package org.duett.replicator.simulator;

import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;

/**
 * Two Duett nodes understand each other: neither drops the connection for what the other one has sent, unless a bit has turned over on its way. An ack, a
 * barrier ack or a bitmap that nobody waits for is a mistake of its sender, or of who ought to have waited for it. Where no disk fails both also mean the same blocks in a resync: a source
 * whose target is through has none left, and need not begin anew.
 */
final class MutualUnderstanding {
    private final boolean bitsTurnOver;
    private final boolean disksFail;

    MutualUnderstanding(WorldPlan plan) {
        bitsTurnOver = plan.has(WorldFault.FLIPPED_BIT);
        disksFail = !WorldFault.NOT_OF_DISKS.containsAll(plan.faults());
    }

    void stateChanged(SimulatedNode node, VolumeState after) {
        boolean blocksAreLeft = after.connection() == ConnectionState.TIMEOUT && node.causeOfChange().contains("blocks are left here");
        if (blocksAreLeft && !disksFail) throw new AssertionError(node.name() + "'s target was through with a resync, and its source was not");
        if (after.connection() != ConnectionState.PROTOCOL_ERROR || bitsTurnOver) return;
        throw new AssertionError(node.name() + " did not understand its peer: " + node.reports().stream().map(OperatorReport::whatHappened).reduce("", (first, last) -> last));
    }
}
