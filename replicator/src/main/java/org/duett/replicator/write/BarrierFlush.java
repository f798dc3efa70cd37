package org.duett.replicator.write;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;

/** The flush of all volumes' caches that comes before a barrier ack (spec wire 4.5). One at a time: also one of an earlier connection is waited for. */
final class BarrierFlush {
    private static final class OfVolume {
        final Volume volume;
        final DiskOperation disk;
        /** Not of a disk that was given up since. */
        boolean isAwaited;

        OfVolume(Volume volume, Object owner) {
            this.volume = volume;
            disk = new DiskOperation(DiskOperation.Purpose.PEER_FLUSH, owner);
        }
    }

    private final List<OfVolume> flushes = new ArrayList<>();
    private int open;
    private int connection;
    private boolean failed;

    BarrierFlush(List<Volume> volumes, Object owner) {
        for (Volume volume : volumes) flushes.add(new OfVolume(volume, owner));
    }

    void begin(int forConnection, ActionQueue out) {
        assert open == 0;
        connection = forConnection;
        failed = false;
        for (int i = 0; i < flushes.size(); i++) {
            OfVolume flush = flushes.get(i);
            Volume volume = flush.volume;
            // Also of a disk that is being detached: it has writes of this epoch.
            if (!volume.diskUsable() || !volume.settings.diskFlushes()) continue;
            assert !flush.disk.inFlight;
            flush.disk.kind = DiskOperation.Kind.FLUSH;
            flush.disk.area = DiskOperation.Area.DATA;
            flush.disk.lengthBytes = 0;
            flush.isAwaited = true;
            open++;
            volume.order(flush.disk, out);
        }
    }

    /** The disk answered. False: nobody waits for this one any more. */
    boolean done(Volume volume, DiskOperation disk) {
        if (disk.errno != 0) {
            failed = true;
            volume.diskFailed(DiskFailure.FLUSH, disk.errno, 0);
        }
        return isAwaitedNoMore(volume);
    }

    /** The disk is given up: what it was to flush counts as failed. False: it was not asked. */
    boolean diskLost(Volume volume) {
        boolean wasAwaited = isAwaitedNoMore(volume);
        failed |= wasAwaited;
        return wasAwaited;
    }

    private boolean isAwaitedNoMore(Volume volume) {
        for (int i = 0; i < flushes.size(); i++) {
            OfVolume flush = flushes.get(i);
            if (flush.volume != volume || !flush.isAwaited) continue;
            flush.isAwaited = false;
            open--;
            return true;
        }
        return false;
    }

    boolean isUnderWay() {
        return open > 0;
    }

    boolean hasFailed() {
        return failed;
    }

    /** What an earlier connection had ordered covers none of the writes of a later one. */
    boolean wasFor(int thatConnection) {
        return connection == thatConnection;
    }
}
