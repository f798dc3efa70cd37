package org.duett.replicator.write;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.Leg;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;

/**
 * What this node's host wants flushed: each FLUSH waits for the own disk and for the barrier ack of the last epoch that has writes (rule 16), and is held
 * for a record as writes are.
 */
final class FlushPath {
    /** Who answers the host when the last part of its request is done. */
    interface Answers {
        void partDone(HostRequest request, ActionQueue out);
    }

    private final TransferLog epochs;
    private final Answers answers;
    private LossRecord record;
    private final List<HostFlush> open = new ArrayList<>();
    private HostFlush free;

    FlushPath(TransferLog epochs, Answers answers) {
        this.epochs = epochs;
        this.answers = answers;
    }

    void recordsIn(LossRecord newRecord) {
        record = newRecord;
    }

    /** {@code peerHasAll}: with no epoch open all that the peer has is on its stable storage. */
    void begin(Volume volume, HostRequest request, boolean peerHasAll, ActionQueue out) {
        HostFlush flush = free;
        if (flush != null) free = flush.next;
        else flush = new HostFlush();
        flush.next = null;
        flush.request = request;
        flush.volume = volume.number;
        flush.peerLacks = false;
        flush.peer = epochs.awaitBarrier(flush, out) ? Leg.PENDING : peerHasAll ? Leg.DONE : Leg.NOT_NEEDED;
        flush.record = record.newWritesNeedRecord(volume) ? Leg.PENDING : Leg.NOT_NEEDED;
        boolean local = volume.takesLocalWrites() && volume.settings.diskFlushes();
        // What a good disk with its own battery has taken is stable: it answers alone when the peer is lost (seed 8905089).
        boolean isStable = !volume.settings.diskFlushes() && volume.takesLocalWrites() && volume.state().disk().servesHostAlone();
        flush.local = local ? Leg.PENDING : isStable ? Leg.DONE : Leg.NOT_NEEDED;
        open.add(flush);
        request.openParts++;
        if (local) {
            flush.disk.kind = DiskOperation.Kind.FLUSH;
            flush.disk.area = DiskOperation.Area.DATA;
            flush.disk.lengthBytes = 0;
            volume.order(flush.disk, out);
        }
        if (flush.record == Leg.PENDING) record.wanted(volume, out);
        decide(flush, out);
    }

    /** The own disk has answered. */
    void done(HostFlush flush, Volume volume, ActionQueue out) {
        if (flush.request == null) {
            recycle(flush);
            return;
        }
        if (flush.local != Leg.PENDING) return;
        if (flush.disk.errno == 0) {
            flush.local = Leg.DONE;
        } else {
            volume.diskFailed(DiskFailure.FLUSH, flush.disk.errno, 0);
            loseLocalLeg(flush, volume, volume.marks().passesForGood());
        }
        decide(flush, out);
    }

    void barrierAcknowledged(HostFlush flush, ActionQueue out) {
        flush.peer = flush.peerLacks ? Leg.FAILED : Leg.DONE;
        decide(flush, out);
    }

    /**
     * The peer's copy is lost, and the connection lives: the barrier ack will come all the same. Of what it covers, and was answered in A and B, that disk may have
     * refused something (rules 4, 7).
     */
    void peerDiskLost(Volume volume) {
        for (HostFlush flush : open) {
            if (flush.volume != volume.number || flush.peer != Leg.PENDING) continue;
            flush.peerLacks = true;
            if (record.newWritesNeedRecord(volume)) flush.record = Leg.PENDING;
            if (!volume.state().disk().servesHostAlone()) flush.record = Leg.FAILED;
        }
    }

    /** The connection was lost before the barrier ack came. */
    void losePeerLeg(HostFlush flush, Volume volume, ActionQueue out) {
        flush.peer = Leg.FAILED;
        flush.record = record.newWritesNeedRecord(volume) ? Leg.PENDING : Leg.NOT_NEEDED;
        if (!volume.state().disk().servesHostAlone()) flush.record = Leg.FAILED;
        decide(flush, out);
    }

    /** As {@link WritePath#localDiskLost}. */
    void localDiskLost(Volume volume, boolean copyCounts, boolean last, ActionQueue out) {
        for (HostFlush flush : List.copyOf(open)) {
            if (flush.volume != volume.number || !WritePath.isLost(flush.local, last)) continue;
            loseLocalLeg(flush, volume, copyCounts);
            decide(flush, out);
        }
    }

    private void loseLocalLeg(HostFlush flush, Volume volume, boolean copyCounts) {
        flush.local = Leg.FAILED;
        if (!copyCounts && !record.localLossIsOpen(volume)) return;
        flush.record = Leg.PENDING;
        record.localLost(volume);
    }

    void leaveWithdrawn(Volume volume) {
        for (HostFlush flush : open) {
            if (flush.volume == volume.number && flush.record != Leg.FAILED) flush.record = Leg.PENDING;
        }
    }

    /** The record is made, or never will be. */
    void settle(Volume volume, Leg result, ActionQueue out) {
        for (HostFlush flush : List.copyOf(open)) {
            if (flush.volume != volume.number || flush.record != Leg.PENDING) continue;
            flush.record = result;
            decide(flush, out);
        }
    }

    boolean holdsAny(Volume volume) {
        for (HostFlush flush : open) {
            if (flush.volume == volume.number && flush.record == Leg.PENDING) return true;
        }
        return false;
    }

    private void decide(HostFlush flush, ActionQueue out) {
        if (flush.request == null) return;
        boolean completes = flush.mayComplete();
        if (!completes && !flush.mustFail()) return;
        HostRequest request = flush.request;
        flush.request = null;
        open.remove(flush);
        if (!completes) request.fail(Errno.EIO);
        answers.partDone(request, out);
        recycle(flush);
    }

    private void recycle(HostFlush flush) {
        if (flush.disk.inFlight) return;
        flush.next = free;
        free = flush;
    }

    boolean isEmpty() {
        return open.isEmpty();
    }

    /** As {@link WritePath#blockedForNothing}. */
    String blockedForNothing(Volume volume, boolean connected) {
        for (HostFlush flush : open) {
            if (flush.volume != volume.number) continue;
            String missing = OpenLegs.whatNobodyDoes(flush.local, flush.disk, flush.peer, connected && !epochs.isEmpty(), flush.record, record, volume);
            if (missing != null) return "a FLUSH of volume " + volume.number + ": " + missing;
        }
        return null;
    }
}
