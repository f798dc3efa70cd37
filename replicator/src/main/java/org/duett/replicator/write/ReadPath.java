package org.duett.replicator.write;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/**
 * The reads of this node's host: from the local disk where its block is good, else from the peer. A sector that the local disk
 * cannot read is fetched from the peer and written back (rule 15).
 */
public final class ReadPath {
    private final List<Volume> volumes;
    private final BufferSource buffers;
    /** In A and B the host is answered before the peer's disk has the block. */
    private final boolean answersBeforePeer;
    private final List<HostRead> slots = new ArrayList<>();
    private HostRead free;
    private final HostQueue queue = new HostQueue();
    private int connection;
    private boolean connected;
    private boolean heldBack;
    private boolean waitsForBarrier;
    private boolean refusesNew;
    private long readDeadlineBootNanos = Long.MAX_VALUE;
    private boolean deadlineGiven;
    /** The role goes on, and nobody has said yet how long this node may read. */
    private boolean awaitsDeadline;
    private int inFlight;
    private long repairs;
    private long bytesRead;
    private long nowNanos;

    public ReadPath(List<Volume> volumes, BufferSource buffers, Protocol protocol) {
        this.volumes = volumes;
        this.buffers = buffers;
        answersBeforePeer = protocol != Protocol.C;
    }

    private Volume volume(int number) {
        return Volume.numbered(volumes, number);
    }

    public void timeIs(long newNowNanos) {
        nowNanos = newNowNanos;
    }

    public void arrived(HostRequest request, ActionQueue out) {
        request.errno = 0;
        request.cutBytes = 0;
        request.openParts = 1;
        request.notAfterBootNanos = readDeadlineBootNanos;
        if (refusesNew) {
            request.fail(Errno.ESHUTDOWN);
            partDone(request, out);
        } else if (heldBack || awaitsDeadline) {
            queue.add(request);
        } else {
            begin(request, out);
        }
    }

    /** The role is being given up: what still comes is not begun. */
    public void refuseNew(boolean refuse) {
        refusesNew = refuse;
    }

    /** Frozen: reads wait, too (rule 9). */
    public void holdBack(boolean hold, ActionQueue out) {
        heldBack = hold;
        beginQueued(out);
    }

    private void beginQueued(ActionQueue out) {
        while (!heldBack && !awaitsDeadline && queue.peek() != null) begin(queue.poll(), out);
    }

    /** No read is answered after this boot time (rule 9). */
    public void setReadDeadline(long bootNanos, ActionQueue out) {
        readDeadlineBootNanos = bootNanos;
        deadlineGiven = true;
        goOnWithoutDeadline(out);
    }

    /**
     * The deadline of the process before this one ended with it, and its failover daemon may be away: until one is given reads wait, for the peer could take
     * over from a node that does not know yet that it is cut off (rule 9).
     */
    public void awaitDeadline() {
        awaitsDeadline = !deadlineGiven;
    }

    /**
     * Whoever was alone with leave read without a limit, and the peer has all again: should it be lost once more, it could take over from a node that does not
     * know yet that it is cut off. The failover daemon gives a limit as soon as it hears of the contact; it may be away (rule 9).
     */
    public void limitIsDue() {
        awaitsDeadline |= deadlineGiven && readDeadlineBootNanos == Long.MAX_VALUE;
    }

    /** The role is given up, or a person vouches for the peer: what stands holds. */
    public void goOnWithoutDeadline(ActionQueue out) {
        awaitsDeadline = false;
        beginQueued(out);
    }

    private void begin(HostRequest request, ActionQueue out) {
        request.notAfterBootNanos = readDeadlineBootNanos;
        Volume volume = volume(request.volume);
        if (!volume.isPrimary()) request.fail(Errno.ESHUTDOWN);
        while (request.errno == 0 && request.cutBytes < request.lengthBytes) {
            HostRead read = takeSlot();
            read.request = request;
            read.volume = request.volume;
            read.firstSector = request.firstSector + request.cutBytes / BlockUser.SECTOR_BYTES;
            read.payloadIndex = (int) request.cutBytes;
            read.lengthBytes = (int) Math.min(WritePath.MAX_PART_BYTES, request.lengthBytes - request.cutBytes);
            request.cutBytes += read.lengthBytes;
            request.openParts++;
            start(volume, read, out);
        }
        partDone(request, out);
    }

    private HostRead takeSlot() {
        HostRead read = free;
        if (read != null) {
            free = read.nextFree;
            read.nextFree = null;
        } else {
            read = new HostRead(slots.size());
            slots.add(read);
        }
        read.uses++;
        read.unreadableIn = 0;
        inFlight++;
        return read;
    }

    private void start(Volume volume, HostRead read, ActionQueue out) {
        if (readsHere(volume, read)) readLocally(volume, read, out);
        else if (peerHasIt(volume)) askPeer(volume, read, out);
        else fail(read, out);
    }

    /** A target's disk is not good, so that what it cannot read is not repaired; to ask it again would not end before the resync. */
    private static boolean readsHere(Volume volume, HostRead read) {
        return read.unreadableIn != volume.attach() && volume.readsLocally(read.firstSector, read.lengthBytes);
    }

    private void askPeer(Volume volume, HostRead read, ActionQueue out) {
        // The peer reads when it is asked, and writes when its epoch has come: what we answered already could be overtaken, and so could what a read of
        // our own disk, which has failed since, has shown of a write that is still under way (seed 651745).
        read.repairs = false;
        if (volume.overlap().enter(read)) nothingOverlaps(read, out);
        else waitsForBarrier |= answersBeforePeer;
    }

    /** Once: a read waits for a write that the peer will only confirm with a barrier (rule 16). */
    public boolean takeWaitsForBarrier() {
        boolean waits = waitsForBarrier;
        waitsForBarrier = false;
        return waits;
    }

    private static void readLocally(Volume volume, HostRead read, ActionQueue out) {
        read.remote = false;
        DiskOperation disk = read.disk;
        disk.kind = DiskOperation.Kind.READ;
        disk.area = DiskOperation.Area.DATA;
        disk.offsetBytes = read.firstSector * BlockUser.SECTOR_BYTES;
        disk.lengthBytes = read.lengthBytes;
        disk.buffer = read.request.payload;
        disk.bufferIndex = read.payloadIndex;
        disk.forceUnitAccess = false;
        volume.order(disk, out);
    }

    private void readRemotely(HostRead read, ActionQueue out) {
        read.remote = true;
        read.connection = connection;
        read.sentAtNanos = nowNanos;
        read.ask.volume = read.volume;
        read.ask.firstSector = read.firstSector;
        read.ask.blockId = read.blockId();
        read.ask.lengthBytes = read.lengthBytes;
        read.send.connection = connection;
        read.send.packet = read.ask;
        out.add(read.send);
    }

    /** The local disk answered, either a read or the write that repairs one. */
    public void localDone(HostRead read, ActionQueue out) {
        Volume volume = volume(read.volume);
        if (read.disk.kind == DiskOperation.Kind.WRITE) {
            repairWritten(volume, read, out);
            return;
        }
        if (read.request == null) {
            recycle(read);
            return;
        }
        if (read.disk.errno == 0) {
            finish(read, out);
            return;
        }
        read.unreadableIn = read.disk.attach;
        boolean peerHasIt = peerHasIt(volume);
        boolean repairs = volume.settings.onReadError() == OnReadError.REPAIR;
        if (repairs) volume.sectorUnreadable(read.disk.errno, read.firstSector);
        else volume.diskFailed(DiskFailure.READ, read.disk.errno, read.firstSector);
        if (!peerHasIt) fail(read, out);
        else if (repairs && mayRepair(volume, read)) beginRepair(volume, read, out);
        else askPeer(volume, read, out);
    }

    private boolean peerHasIt(Volume volume) {
        return connected && volume.isConnected() && volume.state().peerDisk() == DiskState.UP_TO_DATE;
    }

    /** P_DATA_REPLY. False: nothing was asked of which this is the answer. Takes over the packet's payload. */
    public boolean replied(Packet.Data reply, ActionQueue out) {
        HostRead read = find(reply.blockId, reply.firstSector);
        if (read == null || read.lengthBytes != reply.lengthBytes) {
            out.add(new Action.ReleasePayload(reply.payload));
            return false;
        }
        read.request.payload.setBytes(read.payloadIndex, reply.payload, reply.payloadIndex, reply.lengthBytes);
        out.add(new Action.ReleasePayload(reply.payload));
        Volume volume = volume(read.volume);
        if (read.present && read.repairs && mayRepair(volume, read)) {
            writeRepair(volume, read, out);
            return true;
        }
        finish(read, out);
        return true;
    }

    /** P_NEG_DREPLY: the peer cannot read it either. */
    public boolean refused(Packet.BlockAck ack, ActionQueue out) {
        HostRead read = find(ack.blockId, ack.firstSector);
        if (read == null) return false;
        fail(read, out);
        return true;
    }

    private HostRead find(long blockId, long firstSector) {
        long index = (blockId & 0xffffffffL) - 1;
        if (index < 0 || index >= slots.size()) return null;
        HostRead read = slots.get((int) index);
        // One whose answer is being written back here has been answered.
        boolean matches = read.request != null && read.remote && !read.disk.inFlight && read.blockId() == blockId && read.firstSector == firstSector;
        return matches ? read : null;
    }

    // ---- read repair (rule 15)

    /** Else the repair could undo a newer write, or hide that the peer has none. */
    private boolean mayRepair(Volume volume, HostRead read) {
        return volume.diskUsable() && read.disk.attach == volume.attach() && volume.state().disk() == DiskState.UP_TO_DATE && peerHasIt(volume)
                && !volume.bitmap().isOutOfSync(read.firstSector, read.lengthBytes);
    }

    /** Before the peer is asked: no write may come between what it answers and what is written back. */
    private void beginRepair(Volume volume, HostRead read, ActionQueue out) {
        read.repairs = true;
        if (volume.overlap().enter(read)) nothingOverlaps(read, out);
    }

    public void nothingOverlaps(HostRead read, ActionQueue out) {
        Volume volume = volume(read.volume);
        if (!read.repairs && !readsHere(volume, read) && peerHasIt(volume)) {
            readRemotely(read, out);
            return;
        }
        if (!read.repairs || !mayRepair(volume, read)) {
            endRepair(volume, read);
            start(volume, read, out);
            return;
        }
        // The repair is a local write: after a crash in its midst the extent has to be named.
        if (volume.log().acquire(read)) extentIsHot(read, out);
    }

    public void extentIsHot(HostRead read, ActionQueue out) {
        Volume volume = volume(read.volume);
        if (mayRepair(volume, read)) {
            readRemotely(read, out);
            return;
        }
        endRepair(volume, read);
        start(volume, read, out);
    }

    private void writeRepair(Volume volume, HostRead read, ActionQueue out) {
        repairs++;
        DiskOperation disk = read.disk;
        disk.kind = DiskOperation.Kind.WRITE;
        disk.area = DiskOperation.Area.DATA;
        disk.offsetBytes = read.firstSector * BlockUser.SECTOR_BYTES;
        disk.lengthBytes = read.lengthBytes;
        disk.buffer = read.request.payload;
        disk.bufferIndex = read.payloadIndex;
        disk.forceUnitAccess = false;
        volume.order(disk, out);
    }

    private void repairWritten(Volume volume, HostRead read, ActionQueue out) {
        if (read.disk.errno != 0) volume.diskFailed(DiskFailure.WRITE, read.disk.errno, read.firstSector);
        finish(read, out);
    }

    private static void endRepair(Volume volume, HostRead read) {
        if (read.present) volume.overlap().leave(read);
        volume.log().release(read);
    }

    // ---- ends

    private void finish(HostRead read, ActionQueue out) {
        bytesRead += read.lengthBytes;
        endRepair(volume(read.volume), read);
        HostRequest request = read.request;
        read.request = null;
        if (request != null) partDone(request, out);
        recycle(read);
    }

    private void fail(HostRead read, ActionQueue out) {
        read.request.fail(Errno.EIO);
        finish(read, out);
    }

    private void recycle(HostRead read) {
        if (read.disk.inFlight) return;
        inFlight--;
        read.remote = false;
        read.nextFree = free;
        free = read;
    }

    private void partDone(HostRequest request, ActionQueue out) {
        if (--request.openParts == 0) out.add(request.complete);
    }

    // ---- the peer and the disk come and go

    public void connected(int newConnection) {
        connection = newConnection;
        connected = true;
    }

    /** What was asked of the peer is asked of the local disk, where that may be; else it fails. */
    public void connectionLost(ActionQueue out) {
        connected = false;
        for (int i = 0; i < slots.size(); i++) {
            HostRead read = slots.get(i);
            if (read.request == null || !read.remote || read.disk.inFlight) continue;
            Volume volume = volume(read.volume);
            if (readsHere(volume, read)) {
                // Should this fail, and the peer be there again, it is asked anew.
                endRepair(volume, read);
                readLocally(volume, read, out);
            } else {
                fail(read, out);
            }
        }
    }

    /**
     * The local disk is given up. Reads that it answers with an error go to the peer then; with {@code hangs} they are not waited
     * for.
     */
    public void localDiskLost(Volume volume, boolean hangs, ActionQueue out) {
        if (!hangs) return;
        for (int i = 0; i < slots.size(); i++) {
            HostRead read = slots.get(i);
            boolean stuck = read.request != null && read.volume == volume.number && read.disk.inFlight;
            if (!stuck) continue;
            if (read.disk.kind == DiskOperation.Kind.READ) readElsewhere(volume, read, out);
            else answerWithoutRepair(volume, read, out);
        }
    }

    /** The peer's data is there; only the slot waits for the disk. */
    private void answerWithoutRepair(Volume volume, HostRead read, ActionQueue out) {
        endRepair(volume, read);
        HostRequest request = read.request;
        read.request = null;
        partDone(request, out);
    }

    // The hung operation may still write into the request's memory: the read is tried again into fresh memory and in a fresh slot
    // (rule 18). A request of several parts shares its memory with the others, so it fails.
    private void readElsewhere(Volume volume, HostRead stuck, ActionQueue out) {
        HostRequest request = stuck.request;
        assert !stuck.present;
        stuck.request = null;
        if (stuck.lengthBytes != request.lengthBytes) {
            request.fail(Errno.EIO);
            partDone(request, out);
            return;
        }
        out.add(new Action.ReleasePayload(request.payload));
        request.payload = buffers.allocate(stuck.lengthBytes);
        HostRead read = takeSlot();
        read.request = request;
        read.volume = stuck.volume;
        read.firstSector = stuck.firstSector;
        read.payloadIndex = 0;
        read.lengthBytes = stuck.lengthBytes;
        start(volume, read, out);
    }

    public void failQueued(int errno, ActionQueue out) {
        for (HostRequest request = queue.poll(); request != null; request = queue.poll()) {
            request.fail(errno);
            partDone(request, out);
        }
    }

    /** When the oldest read that the peer owes us was asked for; {@link Long#MAX_VALUE}: none is. */
    public long oldestUnansweredNanos() {
        long oldest = Long.MAX_VALUE;
        for (int i = 0; i < slots.size(); i++) {
            HostRead read = slots.get(i);
            if (read.request != null && read.remote && !read.disk.inFlight) oldest = Math.min(oldest, read.sentAtNanos);
        }
        return oldest;
    }

    public boolean isIdle() {
        return inFlight == 0 && queue.size() == 0;
    }

    public long kibRead() {
        return bytesRead >> 10;
    }

    public long repairs() {
        return repairs;
    }
}
