package org.duett.replicator.simulator;

import org.duett.replicator.machine.ResourceSettings.VolumeSettings;

/** How often each node has seen all volumes through in a connection. What the core counts besides, a contact that only the peer may have seen, shows this node nothing. */
final class SeenContacts {
    private final SimulatedPair pair;
    private final int[] seen = new int[2];
    private final boolean[] isContact = new boolean[2];

    SeenContacts(SimulatedPair pair) {
        this.pair = pair;
        // Who is connected already has seen that contact before, which is not counted.
        for (SimulatedNode node : pair.nodes()) isContact[node.index()] = node.isRunning() && isThrough(node);
    }

    private boolean isThrough(SimulatedNode node) {
        return pair.settings().volumes().stream().map(VolumeSettings::number).allMatch(volume -> node.machine().state(volume).connection().isEstablished());
    }

    /** A volume's state has changed. */
    void stateChanged(SimulatedNode node) {
        boolean before = isContact[node.index()];
        isContact[node.index()] = isThrough(node);
        if (isContact[node.index()] && !before) seen[node.index()]++;
    }

    /** In the present connection all volumes were through. */
    boolean isContact(SimulatedNode node) {
        return isContact[node.index()];
    }

    int of(SimulatedNode node) {
        return seen[node.index()];
    }
}
