package org.duett.replicator.simulator;

import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.VolumeState;

/** How often each node has seen all volumes through in a connection. What the core counts besides, a contact that only the peer may have seen, shows this node nothing. */
final class SeenContacts {
    private final SimulatedPair pair;
    private final int[] seen = new int[2];
    private final boolean[] isContact = new boolean[2];
    private final boolean[] isWatched = new boolean[2];

    SeenContacts(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, VolumeState before) {
        // How they first connected nobody has watched: that contact is not counted (seed 2906779).
        if (!isWatched[node.index()]) isContact[node.index()] = before.connection().isEstablished();
        isWatched[node.index()] = true;
        boolean allAreThrough = pair.settings().volumes().stream().map(VolumeSettings::number).allMatch(volume -> node.machine().state(volume).connection().isEstablished());
        if (allAreThrough && !isContact[node.index()]) seen[node.index()]++;
        isContact[node.index()] = allAreThrough;
    }

    /** All volumes were through in the connection that it had when a state changed last. */
    boolean isContact(SimulatedNode node) {
        return isContact[node.index()];
    }

    int of(SimulatedNode node) {
        return seen[node.index()];
    }
}
