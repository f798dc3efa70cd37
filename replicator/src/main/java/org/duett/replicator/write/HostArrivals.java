package org.duett.replicator.write;

import java.util.List;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.Leg;
import org.duett.replicator.volume.Volume;

/**
 * What this node's host wants written or flushed, from its arrival to its answer: it waits in order until it may begin, is cut into parts as slots become
 * free, and is answered once, when its last part is done.
 */
final class HostArrivals {
    private static final int BLOCK_SECTORS = 8;
    private static final int SECTOR_BYTES = BlockUser.SECTOR_BYTES;

    /** Who carries out what has arrived. */
    interface Path {
        boolean reachesGoodData(Volume volume);

        /** How long a part like this one may be, in bytes. */
        long longestPartBytes(HostWrite write);

        void begin(Volume volume, HostWrite write, ActionQueue out);

        void beginFlush(Volume volume, HostRequest request, ActionQueue out);

        /** Those that are taken have to become free. */
        void outOfSlots(ActionQueue out);
    }

    private final List<Volume> volumes;
    private final HostSlots slots;
    private final Path path;
    private final HostQueue queue = new HostQueue();
    private boolean heldBack;
    private boolean refusesNew;
    private int open;

    HostArrivals(List<Volume> volumes, HostSlots slots, Path path) {
        this.volumes = volumes;
        this.slots = slots;
        this.path = path;
    }

    /** A WRITE, TRIM, WRITE_ZEROES or FLUSH. */
    void arrived(HostRequest request, ActionQueue out) {
        request.errno = 0;
        request.cutBytes = 0;
        request.openParts = 1;
        request.notAfterBootNanos = Long.MAX_VALUE;
        if (request.kind == HostRequest.Kind.TRIM) roundInward(request);
        open++;
        if (refusesNew) {
            request.fail(Errno.ESHUTDOWN);
            partDone(request, out);
            return;
        }
        queue.add(request);
        serve(out);
    }

    /** Only a TRIM is rounded to whole blocks, so that bitmap and data speak of the same blocks (rule 27). */
    private static void roundInward(HostRequest request) {
        long end = request.firstSector + request.lengthBytes / SECTOR_BYTES;
        long first = (request.firstSector + BLOCK_SECTORS - 1) / BLOCK_SECTORS * BLOCK_SECTORS;
        long last = end / BLOCK_SECTORS * BLOCK_SECTORS;
        request.firstSector = first;
        request.lengthBytes = Math.max(0, last - first) * SECTOR_BYTES;
    }

    /** The role is being given up: what still comes is not begun. */
    void refuseNew(boolean refuse) {
        refusesNew = refuse;
    }

    /** Holds everything that has not begun (freeze, suspend-io), or lets it go on. */
    void holdBack(boolean hold, ActionQueue out) {
        heldBack = hold;
        if (!hold) serve(out);
    }

    /** Everything that has not begun fails: the role is given up or no data is left. */
    void failQueued(int errno, ActionQueue out) {
        for (HostRequest request = queue.poll(); request != null; request = queue.poll()) {
            request.fail(errno);
            partDone(request, out);
        }
    }

    /** Begins what may begin. */
    void serve(ActionQueue out) {
        while (queue.peek() != null && !heldBack) {
            HostRequest request = queue.peek();
            Volume volume = Volume.numbered(volumes, request.volume);
            if (!volume.isPrimary()) request.fail(Errno.ESHUTDOWN);
            else if (request.kind == HostRequest.Kind.FLUSH && !path.reachesGoodData(volume)) request.fail(Errno.EIO);
            else if (request.kind == HostRequest.Kind.FLUSH) path.beginFlush(volume, request, out);
            else if (!cut(volume, request, out)) return;
            queue.poll();
            partDone(request, out);
        }
    }

    /** Cuts as much as there are slots for; true when the request is cut wholly, or has failed. */
    private boolean cut(Volume volume, HostRequest request, ActionQueue out) {
        while (request.cutBytes < request.lengthBytes && request.errno == 0) {
            HostWrite write = slots.take();
            if (write == null) {
                path.outOfSlots(out);
                return false;
            }
            fill(write, request);
            request.openParts++;
            request.cutBytes += write.lengthBytes;
            path.begin(volume, write, out);
        }
        return true;
    }

    private void fill(HostWrite write, HostRequest request) {
        write.request = request;
        write.volume = request.volume;
        write.firstSector = request.firstSector + request.cutBytes / SECTOR_BYTES;
        write.payloadIndex = Math.toIntExact(Math.min(request.cutBytes, Integer.MAX_VALUE));
        write.forceUnitAccess = request.forceUnitAccess;
        write.kind = switch (request.kind) {
            case WRITE -> HostWrite.Kind.DATA;
            case TRIM -> HostWrite.Kind.TRIM;
            case WRITE_ZEROES -> HostWrite.Kind.WRITE_ZEROES;
            case READ, FLUSH -> throw new AssertionError("not a write: " + request);
        };
        long left = request.lengthBytes - request.cutBytes;
        long toExtentEnd = (ActivityLog.EXTENT_SECTORS - write.firstSector % ActivityLog.EXTENT_SECTORS) * SECTOR_BYTES;
        write.lengthBytes = Math.toIntExact(Math.min(path.longestPartBytes(write), Math.min(left, toExtentEnd)));
        write.local = Leg.NOT_NEEDED;
        write.peer = Leg.NOT_NEEDED;
        write.record = Leg.NOT_NEEDED;
        write.inEpoch = false;
        write.peerDiskConfirmed = false;
        write.awaitsBarrier = false;
        write.clearsBits = false;
    }

    void partDone(HostRequest request, ActionQueue out) {
        assert request.openParts > 0;
        if (--request.openParts > 0) return;
        open--;
        out.add(request.complete);
    }

    /** Nothing but slots keeps the next one from beginning. */
    boolean waitForSlots() {
        return queue.peek() != null && !heldBack;
    }

    /** The next one to begin; null when none waits. */
    HostRequest first() {
        return queue.peek();
    }

    int waiting() {
        return queue.size();
    }

    /** Requests that have not been answered, begun or not. */
    int open() {
        return open;
    }
}
