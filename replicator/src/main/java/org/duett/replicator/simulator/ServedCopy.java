package org.duett.replicator.simulator;

import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/**
 * Promise 1, at any moment: the copy that a Primary serves its host from, its own or the peer's, has all that was acknowledged. A read would show it, too, if it
 * asked for just that block; here it need not.
 */
final class ServedCopy {
    private final SimulatedPair pair;

    ServedCopy(SimulatedPair pair) {
        this.pair = pair;
    }

    void check() {
        for (SimulatedNode node : pair.nodes()) {
            for (VolumeSettings volume : pair.settings().volumes()) {
                SimulatedNode serving = node.isRunning() && node.hasExport(volume.number()) ? serving(node, node.machine().state(volume.number())) : null;
                if (serving != null) pair.checkAcknowledgedWrites(serving, volume.number());
            }
        }
    }

    /** Null: neither copy is good, and it answers nothing. */
    private SimulatedNode serving(SimulatedNode primary, VolumeState state) {
        if (state.disk() == DiskState.UP_TO_DATE) return primary;
        // In A and B what was answered may be on its way there; a read waits for it (rule 9).
        boolean throughPeer = pair.settings().net().protocol() == Protocol.C && state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        return throughPeer && pair.other(primary).isRunning() ? pair.other(primary) : null;
    }
}
