package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * A diskless Primary writes through us. Its disk, wherever it is, misses that from now on, and our identifiers have to say so, unless they
 * count from an older generation already (rule 6; spec states 2.6).
 */
final class MirrorDuty {
    private final Parts parts;

    MirrorDuty(Parts parts) {
        this.parts = parts;
    }

    /** A volume's state has changed. */
    void changed(VolumeParts each, VolumeState before, VolumeState after, ActionQueue out) {
        // Also on a disk that is Outdated, which takes its writes, though they fail there (seed 1542529).
        boolean mayHaveLogged = Volume.logsForPeer(before) && before.disk().isAtLeast(DiskState.INCONSISTENT);
        if (mayHaveLogged && !Volume.logsForPeer(after) && each.volume.diskUsable()) end(each.volume, out);
        if (!writesThroughUs(after) || writesThroughUs(before) || !each.volume.diskUsable()) return;
        boolean lostGoodCopy = before.connection().isEstablished() && before.peerDisk() == DiskState.UP_TO_DATE;
        if (!lostGoodCopy && each.volume.identifiers().bitmap() != 0 && !each.volume.resyncLeftOpen()) {
            if (!each.volume.marks().isGoodOnDiskInThisGeneration()) awaitGenerationOnDisk(each.volume, out);
            return;
        }
        // A Duett Primary may still refuse us, when its host has seen other data; a new generation would then be a split brain of nobody's writes.
        boolean isNew = !before.connection().isEstablished() || before.disk() != DiskState.UP_TO_DATE;
        // An Outdated disk becomes UpToDate in a connection by that Primary's word, which has compared.
        boolean hasCompared = before.connection().isEstablished() && before.disk() == DiskState.OUTDATED;
        boolean mayRefuse = isNew && !hasCompared && parts.handshake.peerIsDuett();
        if (mayRefuse || each.peerAsksToDetach) each.mirrorDutyDue = true;
        else take(each, out);
    }

    /** The peer's P_STATE in an established connection. */
    void peerReported(VolumeParts each, VolumeState report, ActionQueue out) {
        boolean keepsItsDisk = each.peerAsksToDetach && report.disk().isAtLeast(DiskState.INCONSISTENT);
        each.peerAsksToDetach = false;
        if (keepsItsDisk) each.mirrorDutyDue = false;
        // Nor is it a word on our disk when that Primary had not heard of it yet.
        if (!each.mirrorDutyDue || !report.connection().isEstablished() || report.peerDisk().isBelow(DiskState.NEGOTIATING)) return;
        // It has a disk again before it has written anything through us; only should that one not fit our data it will (seed 14670).
        if (report.disk() == DiskState.NEGOTIATING) return;
        each.mirrorDutyDue = false;
        if (report.peerDisk() == DiskState.OUTDATED) return;
        if (writesThroughUs(each.volume.state()) && each.volume.diskUsable()) take(each, out);
    }

    private static boolean writesThroughUs(VolumeState state) {
        return state.connection().isEstablished() && state.role() != Role.PRIMARY && state.peer() == Role.PRIMARY
                && state.peerDisk().isBelow(DiskState.INCONSISTENT) && state.disk() == DiskState.UP_TO_DATE;
    }

    private static void end(Volume volume, ActionQueue out) {
        volume.marks().keepLogOfPeer();
        volume.metadata().writeBitmap((durable, actions) -> {
            if (durable) volume.marks().bitmapHasLogOfPeer();
        }, out);
    }

    /** One that was begun when this node was a Primary may be on its way to a slow disk still: a crash now would bring back the one before, which the peer's disk has, too (rule 1, seed 3113330). */
    private static void awaitGenerationOnDisk(Volume volume, ActionQueue out) {
        volume.marks().generationForPeerBegins();
        volume.metadata().writeSuperblock((durable, actions) -> volume.marks().generationForPeerIsThrough(), out);
    }

    /** Both have compared it in the generation that it had: another one now would be news to one of them only. A kernel may have written through us by then. */
    private boolean hasItsDisk(Volume volume) {
        return parts.handshake.peerIsDuett() && volume.state().peerDisk().isAtLeast(DiskState.INCONSISTENT);
    }

    /** What came on it was not answered before that generation, and is not any more. The next one has a duty of its own, or both have compared in it (seed 800275). */
    private boolean isOver(int connection, Volume volume) {
        return connection != parts.connection || !volume.isConnected();
    }

    /** Data flushed, new generation durable, then it is told (rule 6). */
    private void take(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        int connection = parts.connection;
        volume.marks().generationForPeerBegins();
        volume.metadata().flushData((flushed, actions) -> {
            if (!flushed || isOver(connection, volume) || hasItsDisk(volume)) {
                volume.marks().generationForPeerIsThrough();
                return;
            }
            volume.setIdentifiers(volume.identifiers().newCurrent(parts.random.takeIdentifier(), false));
            each.generationOnItsWay = true;
            volume.metadata().writeSuperblock((durable, more) -> {
                each.generationOnItsWay = false;
                volume.marks().generationForPeerIsThrough();
                if (durable && connection == parts.connection) parts.sendIdentifiers(each, 0, more);
            }, actions);
        }, out);
    }
}
