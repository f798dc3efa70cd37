package org.duett.replicator.simulator;

import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;

/**
 * Two Duett nodes understand each other: neither drops the connection for what the other one has sent, unless a bit has turned over on its way. An ack, a
 * barrier ack or a bitmap that nobody waits for is a mistake of its sender, or of who ought to have waited for it.
 */
final class MutualUnderstanding {
    private final boolean bitsTurnOver;

    MutualUnderstanding(WorldPlan plan) {
        bitsTurnOver = plan.has(WorldFault.FLIPPED_BIT);
    }

    void stateChanged(SimulatedNode node, VolumeState after) {
        if (after.connection() != ConnectionState.PROTOCOL_ERROR || bitsTurnOver) return;
        throw new AssertionError(node.name() + " did not understand its peer: " + node.reports().stream().map(OperatorReport::whatHappened).reduce("", (first, last) -> last));
    }
}
