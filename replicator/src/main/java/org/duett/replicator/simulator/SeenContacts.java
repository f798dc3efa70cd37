package org.duett.replicator.simulator;

import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.VolumeState;

/** How often each node has seen all volumes through in a connection. What the core counts besides, a contact that only the peer may have seen, shows this node nothing. */
final class SeenContacts {
    private final SimulatedPair pair;
    private final int[] seen = new int[2];

    SeenContacts(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean becomesThrough = after.connection().isEstablished() && !before.connection().isEstablished();
        if (becomesThrough && othersAreThrough(node, volume)) seen[node.index()]++;
    }

    /** It is the last one, or the first one to be lost. */
    boolean othersAreThrough(SimulatedNode node, int volume) {
        return pair.settings().volumes().stream().map(VolumeSettings::number).allMatch(other -> other == volume || node.machine().state(other).connection().isEstablished());
    }

    int of(SimulatedNode node) {
        return seen[node.index()];
    }
}
