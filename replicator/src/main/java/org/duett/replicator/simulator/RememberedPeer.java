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
        attached(node, number, before, after);
        boolean parted = before.connection() == ConnectionState.CONNECTED && !after.connection().isEstablished();
        boolean wasBehind = before.peerDisk() == DiskState.INCONSISTENT || before.peerDisk() == DiskState.OUTDATED;
        boolean isBehind = after.peerDisk() == DiskState.INCONSISTENT || after.peerDisk() == DiskState.OUTDATED;
        // Who loses its own disk at once may have been the source of a resync until then, of which nobody knows how far its target is.
        if (!parted || !wasBehind || isBehind || before.disk() != DiskState.UP_TO_DATE) return;
        throw new AssertionError(node.name() + " has parted from a peer whose disk of volume " + number + " was " + before.peerDisk() + ", and does not know that any more: " + after + "; "
                + pair.describe());
    }

    /** A disk that comes back says so, too: the superblock that tells of the attach is not written yet. */
    private void attached(SimulatedNode node, int number, VolumeState before, VolumeState after) {
        boolean comesAlone = before.disk() == DiskState.ATTACHING && after.disk().isAtLeast(DiskState.OUTDATED) && !after.connection().isEstablished();
        boolean knowsNothing = after.peerDisk() == DiskState.UNKNOWN;
        if (!comesAlone || !knowsNothing || !DurableSuperblock.asItIsRead(pair, node, number).knowsPeerOutdated()) return;
        throw new AssertionError(node.name() + "'s disk of volume " + number + " says that the peer's is behind, and is attached as if nobody knew: " + after + "; " + pair.describe());
    }
}
