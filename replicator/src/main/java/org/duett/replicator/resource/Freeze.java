package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/** Whether the host's I/O is held back now: for want of proof, by the operator, for want of data, or by the failover daemon (rules 8, 9). */
final class Freeze {
    private final Parts parts;
    private boolean byFailover;
    private boolean held;

    Freeze(Parts parts) {
        this.parts = parts;
    }

    void byFailover(boolean frozen) {
        byFailover = frozen;
    }

    boolean isHeld() {
        return held;
    }

    /** What DRBD suspends for ends with its cause: the peer is back, or good data can be reached again (spec states 2.6, 3 and 4). */
    boolean endWithItsCause() {
        if (!isSuspendedWithCause()) return false;
        boolean ended = false;
        boolean peerIsBack = parts.isBesidePeer();
        boolean dataIsBack = parts.volumes.stream().allMatch(Freeze::reachesGoodData);
        for (VolumeParts each : parts.volumeParts) {
            VolumeState state = each.volume.state();
            if (state.suspendedFencing() && peerIsBack) {
                parts.fact(each, state.withSuspendedFencing(false), "the peer is back");
                ended = true;
            }
            if (state.suspendedNoData() && dataIsBack) {
                parts.fact(each, each.volume.state().withSuspendedNoData(false), "good data can be reached again");
                ended = true;
            }
        }
        return ended;
    }

    /** Asked after every event, so it makes no garbage. */
    private boolean isSuspendedWithCause() {
        for (int i = 0; i < parts.volumes.size(); i++) {
            VolumeState state = parts.volumes.get(i).state();
            if (state.suspendedFencing() || state.suspendedNoData()) return true;
        }
        return false;
    }

    private static boolean reachesGoodData(Volume volume) {
        VolumeState state = volume.state();
        return state.disk().servesHostAlone() || state.connection().isEstablished() && state.peerDisk().servesHostAlone();
    }

    /** Called after each event: what arrives is held, or goes on. Reads wait, too (rule 9). */
    void apply(ActionQueue out) {
        boolean hold = byFailover || parts.record.freezes();
        for (int i = 0; i < parts.volumes.size(); i++) hold |= parts.volumes.get(i).state().isSuspended();
        if (hold == held) return;
        held = hold;
        parts.writes.holdBack(hold, out);
        parts.reads.holdBack(hold, out);
    }
}
