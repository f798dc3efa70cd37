package org.duett.replicator.simulator;

import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** While the nodes are connected one of them is Primary at the most: nobody is promoted without the other one's leave (spec wire 3.9). */
final class OnePrimary {
    private final SimulatedPair pair;

    OnePrimary(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState after) {
        SimulatedNode other = pair.other(node);
        if (!isConnectedPrimary(after) || !other.isRunning() || !isConnectedPrimary(other.machine().state(volume))) return;
        throw new AssertionError(node.name() + " is Primary of volume " + volume + " beside a Primary with which it is connected: " + after + "; " + pair.describe());
    }

    private static boolean isConnectedPrimary(VolumeState state) {
        return state.role() == Role.PRIMARY && state.connection().isEstablished();
    }
}
