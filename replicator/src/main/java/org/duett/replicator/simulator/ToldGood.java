package org.duett.replicator.simulator;

import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/**
 * The peer is told that a disk is UpToDate when that disk says by itself, on stable storage, that it is consistent (rule 13): from then on the peer relies on it, and should both lose
 * their power, and this one come back alone, it has to be of use.
 */
final class ToldGood {
    private final SimulatedPair pair;

    ToldGood(SimulatedPair pair) {
        this.pair = pair;
    }

    void sends(SimulatedNode node, Packet packet) {
        if (!(packet instanceof Packet.State(int number, int word))) return;
        // What it says as it introduces itself the other one compares first.
        boolean saysGood = VolumeState.fromWire(word).filter(VolumeState::isMirrored).isPresent();
        if (!saysGood || !node.machine().volume(number).diskUsable() || DurableSuperblock.of(pair, node, number).has(Superblock.CONSISTENT)) return;
        throw new AssertionError(node.name() + " tells its peer that the disk of volume " + number + " is UpToDate, and its superblock does not say yet that it is consistent (rule 13); "
                + pair.describe());
    }
}
