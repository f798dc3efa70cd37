package org.duett.replicator.simulator;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.VolumeState;

/** Who was answered that his node is disconnected finds it StandAlone until somebody has it connect: whatever was to be tried again by itself is not. */
final class StandAloneRule {
    private final SimulatedPair pair;
    /** The life of the process that was disconnected; 0: none. */
    private final int[] disconnected = new int[2];

    StandAloneRule(SimulatedPair pair) {
        this.pair = pair;
    }

    void done(SimulatedNode node, AskedCommand question) {
        switch (question.command()) {
            case Command.Disconnect disconnect -> disconnected[node.index()] = node.life();
            case Command.Connect connect -> disconnected[node.index()] = 0;
            default -> {
                // No word on the connection.
            }
        }
    }

    void stateChanged(SimulatedNode node, VolumeState before, VolumeState after) {
        boolean connects = before.connection() == ConnectionState.STAND_ALONE && after.connection() != ConnectionState.STAND_ALONE;
        if (!connects || disconnected[node.index()] != node.life()) return;
        throw new AssertionError(node.name() + " was disconnected, and connects by itself: from " + before + " to " + after + "; " + pair.describe());
    }
}
