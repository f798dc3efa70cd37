package org.duett.replicator.write;

import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Leg;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.volume.Volume;

/** For checkers: what a request waits for has to be under way. */
final class OpenLegs {
    private OpenLegs() {
    }

    /** In words what nothing under way will ever end; null: there is no such thing. */
    static String whatNobodyDoes(Leg local, DiskOperation disk, Leg peer, boolean peerMayAnswer, Leg recorded, LossRecord record, Volume volume) {
        if (local == Leg.PENDING) return disk.inFlight ? null : "its disk was not asked";
        if (peer == Leg.PENDING) return peerMayAnswer ? null : "the peer has nothing to answer";
        if (recorded == Leg.PENDING) return record.mayCome(volume) ? null : "no record is on its way";
        return "all legs have ended, and it is not answered";
    }
}
