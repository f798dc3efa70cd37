package org.duett.replicator.simulator;

import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;

/** A disk is given up for its slowness only when it was slow: the time in which nobody listened to it does not count (rule 10). Who detaches by force gives up any. */
final class DiskPatience {
    /** What was ordered of a slow disk answers by then, its node's sleep included. */
    private static final long TROUBLE_LASTS_NANOS = 15 * SimulatedPair.SECOND;

    private final SimulatedPair pair;

    DiskPatience(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int number, VolumeState before, VolumeState after) {
        if (before.disk() == DiskState.FAILED || after.disk() != DiskState.FAILED) return;
        Volume volume = node.machine().volume(number);
        if (volume.failure() != DiskFailure.TIMEOUT || node.asked().isToDetachByForce(number)) return;
        long now = pair.time().nowNanos();
        boolean wasWell = now - node.data(number).inTroubleNanos() > TROUBLE_LASTS_NANOS && now - node.metadata(number).inTroubleNanos() > TROUBLE_LASTS_NANOS;
        if (wasWell) throw new AssertionError(node.name() + " gives up the disk of volume " + number + ", as it did not answer, and it was neither slow nor did it hang; " + pair.describe());
    }
}
