package org.duett.replicator.simulator;

import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/**
 * A disk that was behind when the nodes parted is behind until they meet again: nobody could have improved it. Whoever forgets that asks for proof where none is needed, and does not go on
 * alone (spec states 2.1). Of a target that may have finished nobody knows (rule 3); a resync is no peace.
 */
final class RememberedPeer {
    private final SimulatedPair pair;

    RememberedPeer(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int number, VolumeState before, VolumeState after) {
        boolean parted = before.connection() == ConnectionState.CONNECTED && !after.connection().isEstablished();
        boolean wasBehind = before.peerDisk() == DiskState.INCONSISTENT || before.peerDisk() == DiskState.OUTDATED;
        boolean isBehind = after.peerDisk() == DiskState.INCONSISTENT || after.peerDisk() == DiskState.OUTDATED;
        // A disk on which the peer was to have a say forgets with its own state what it was told.
        if (!parted || !wasBehind || isBehind || before.disk() == DiskState.NEGOTIATING) return;
        throw new AssertionError(node.name() + " has parted from a peer whose disk of volume " + number + " was " + before.peerDisk() + ", and does not know that any more: " + after + "; "
                + pair.describe());
    }
}
