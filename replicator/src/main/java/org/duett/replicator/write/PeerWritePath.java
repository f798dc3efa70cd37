package org.duett.replicator.write;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/**
 * The writes of the peer's host, from the packet to the ack, and its barriers: an epoch is acknowledged when all its writes are done
 * and the caches of all volumes are flushed; the next epoch's writes start only then (spec wire 4.5).
 */
public final class PeerWritePath {
    private final List<Volume> volumes;
    /** More than this many writes in work: the data socket waits, until half of them are through (rule 17). */
    private final int pauseAbove;
    /** The same for what they hold of memory: a kernel sends what its page cache has, as fast as the network can (rule 17). */
    private final long pauseAboveBytes;
    private PeerWrite free;
    private int writesInWork;
    private long payloadBytes;
    private final List<PeerWork> work = new ArrayList<>();
    private boolean paused;
    private int connection;
    private boolean connected;
    private final Deque<PeerEpoch> epochs = new ArrayDeque<>();
    /** A replay of our log has to name them, and the superblock does not say yet that it is to be looked at. */
    private final Deque<PeerWrite> awaitingMark = new ArrayDeque<>();
    private final BarrierFlush flush;
    private Consumer<PeerWrite> failedWrites = _ -> {};
    private boolean brokenEpoch;
    private long bytesReceived;
    private long bytesWritten;

    public PeerWritePath(List<Volume> volumes, int maxSlots, long maxPayloadBytes) {
        this.volumes = volumes;
        pauseAbove = maxSlots;
        pauseAboveBytes = maxPayloadBytes;
        for (Volume volume : volumes) work.add(new PeerWork(volume));
        flush = new BarrierFlush(volumes, this);
    }

    /** The target of a resync has to know what its disk refused meanwhile. */
    public void tellsOfFailedWrites(Consumer<PeerWrite> newFailedWrites) {
        failedWrites = newFailedWrites;
    }

    public void connected(int newConnection) {
        assert epochs.isEmpty();
        connection = newConnection;
        connected = true;
        paused = false;
        epochs.add(new PeerEpoch());
    }

    // ---- arrival

    /** P_DATA. Takes over the payload. */
    public void arrived(Volume volume, Packet.Data data, ActionQueue out) {
        PeerWrite write = takeSlot(volume, data.volume, data.firstSector, data.lengthBytes, data.blockId, data.flags);
        write.kind = PeerWrite.Kind.DATA;
        write.payload = data.payload;
        payloadBytes += data.lengthBytes;
        enqueue(volume, write, out);
    }

    /** P_TRIM or P_ZEROES. */
    public void arrived(Volume volume, Packet.Zeroing zeroing, ActionQueue out) {
        PeerWrite write = takeSlot(volume, zeroing.volume, zeroing.firstSector, zeroing.lengthBytes, zeroing.blockId, zeroing.flags);
        boolean mayDeallocate = zeroing.kind == Packet.Zeroing.Kind.TRIM || (zeroing.flags & DataFlags.DISCARD) != 0;
        write.kind = mayDeallocate ? PeerWrite.Kind.TRIM : PeerWrite.Kind.WRITE_ZEROES;
        write.payload = null;
        enqueue(volume, write, out);
    }

    private PeerWrite takeSlot(Volume target, int volume, long firstSector, int lengthBytes, long blockId, int flags) {
        PeerWrite write = free;
        if (write != null) free = write.nextFree;
        else write = new PeerWrite();
        write.nextFree = null;
        write.connection = connection;
        write.volume = volume;
        write.wholeFirstSector = firstSector;
        write.wholeLengthBytes = lengthBytes;
        write.firstSector = firstSector;
        write.lengthBytes = lengthBytes;
        write.blockId = blockId;
        write.flags = flags;
        write.markEra = target.markEra();
        write.errno = 0;
        write.onlyHere = mirrorDuty(target);
        writesInWork++;
        workOf(target).begins(write);
        bytesReceived += lengthBytes;
        return write;
    }

    private void enqueue(Volume volume, PeerWrite write, ActionQueue out) {
        if ((writesInWork > pauseAbove || payloadBytes > pauseAboveBytes) && !paused) {
            paused = true;
            out.add(new Action.PauseReading(connection));
        }
        PeerEpoch epoch = epochs.peekLast();
        epoch.received++;
        epoch.open++;
        if (epochs.size() > 1) epoch.addWaiting(write);
        else beginInTurn(volume, write, out);
    }

    /** Its epoch has come: from now on it is written whatever becomes of the connection, and under B the host may be told so. */
    private void beginInTurn(Volume volume, PeerWrite write, ActionQueue out) {
        if ((write.flags & DataFlags.SEND_RECEIVE_ACK) != 0) {
            BlockAck received = new BlockAck();
            received.kind = BlockAck.Kind.RECEIVE_ACK;
            fillAck(volume, write, received);
            out.add(new Action.SendPacket(connection, received));
        }
        begin(volume, write, out);
    }

    /** A barrier: what follows waits until all before it is on stable storage. */
    public void barrier(Packet.Barrier barrier, ActionQueue out) {
        PeerEpoch epoch = epochs.peekLast();
        if (epoch.received == 0) {
            // An empty epoch gets no ack; its number passes to the next one (spec wire 4.5, [live]).
            return;
        }
        epoch.barrierReceived = true;
        epoch.barrierNumber = barrier.number;
        epochs.add(new PeerEpoch());
        if (epochs.size() == 2) finishEpochIfThrough(out);
    }

    // ---- one write, forward

    private void begin(Volume volume, PeerWrite write, ActionQueue out) {
        if (write.kind != PeerWrite.Kind.DATA || namedByUs(volume, write)) limitToExtent(write);
        if (volume.overlap().enter(write)) nothingOverlaps(volume, write, out);
    }

    /** A long zeroing goes extent by extent, and what we have to log: a kernel's write may touch two (spec metadata 6). */
    private static void limitToExtent(PeerWrite write) {
        long left = write.wholeLengthBytes - bytesDone(write);
        long toExtentEnd = (ActivityLog.EXTENT_SECTORS - write.firstSector % ActivityLog.EXTENT_SECTORS) * BlockUser.SECTOR_BYTES;
        write.lengthBytes = (int) Math.min(left, toExtentEnd);
    }

    private static int bytesDone(PeerWrite write) {
        return (int) ((write.firstSector - write.wholeFirstSector) * BlockUser.SECTOR_BYTES);
    }

    public void nothingOverlaps(Volume volume, PeerWrite write, ActionQueue out) {
        if (namedByUs(volume, write) && volume.takesLocalWrites()) {
            // The peer has no disk to be marked: what only we have is marked here, and logged like a Primary's (rule 6).
            volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
            if (!logCounts(volume, out) || volume.marks().generationForPeerDue()) {
                awaitingMark.add(write);
                return;
            }
            if (!volume.log().acquire(write)) return;
        }
        extentIsHot(volume, write, out);
    }

    /**
     * A crash would have the log looked at: the superblock says so on disk, and goes on to say so until the bitmap there has this block. As for a Primary's
     * own writes, nothing is written before (promise 4).
     */
    private boolean logCounts(Volume volume, ActionQueue out) {
        if (volume.logsForPeer()) return volume.marks().logMarkDurable();
        // It came while its Primary had no disk, and waited for another write until that was over.
        volume.marks().keepLogOfPeer();
        if (!volume.marks().logMarkDurable()) volume.metadata().writeSuperblock(null, out);
        volume.metadata().writeBitmap((durable, actions) -> {
            if (!durable) return;
            // Before the mark is taken back: else they would ask for it again, and again find it gone (seed 1730989).
            for (int left = awaitingMark.size(); left > 0; left--) {
                PeerWrite write = awaitingMark.poll();
                if (volumeOf(write) == volume) goesOn(volume, write, volume.marks().logMarkDurable(), actions);
                else awaitingMark.add(write);
            }
            volume.marks().bitmapHasLogOfPeer();
        }, out);
        return volume.marks().logMarkDurable();
    }

    /** Called after each event: writes that waited until the log counts, or for our generation for them, go on. */
    public void checkMarks(ActionQueue out) {
        for (int left = awaitingMark.size(); left > 0 && !awaitingMark.isEmpty(); left--) {
            PeerWrite write = awaitingMark.poll();
            Volume volume = volumeOf(write);
            goesOn(volume, write, volume.marks().keepsLogOfPeer() ? volume.marks().logMarkDurable() : logCounts(volume, out), out);
        }
    }

    private void goesOn(Volume volume, PeerWrite write, boolean logCounts, ActionQueue out) {
        if (volume.takesLocalWrites() && (!logCounts || volume.marks().generationForPeerDue())) awaitingMark.add(write);
        else if (!volume.takesLocalWrites() || volume.log().acquire(write)) extentIsHot(volume, write, out);
    }

    /** Also when the connection that brought it is gone, and with it what we know of the peer's disk, or when the peer has attached one since. */
    private static boolean namedByUs(Volume volume, PeerWrite write) {
        return mirrorDuty(volume) || write.onlyHere;
    }

    private static boolean mirrorDuty(Volume volume) {
        return volume.state().peerDisk().isBelow(DiskState.INCONSISTENT);
    }

    public void extentIsHot(Volume volume, PeerWrite write, ActionQueue out) {
        if (!volume.takesLocalWrites()) {
            write.errno = Errno.EIO;
            finish(volume, write, out);
            return;
        }
        if (namedByUs(volume, write)) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        DiskOperation disk = write.disk;
        disk.kind = switch (write.kind) {
            case DATA -> DiskOperation.Kind.WRITE;
            case TRIM -> DiskOperation.Kind.DISCARD;
            case WRITE_ZEROES -> DiskOperation.Kind.WRITE_ZEROES;
        };
        disk.area = DiskOperation.Area.DATA;
        disk.offsetBytes = write.firstSector * BlockUser.SECTOR_BYTES;
        disk.lengthBytes = write.lengthBytes;
        disk.buffer = write.payload;
        disk.bufferIndex = bytesDone(write);
        disk.forceUnitAccess = (write.flags & (DataFlags.FUA | DataFlags.FLUSH)) != 0 && volume.settings.diskFlushes();
        volume.order(disk, out);
    }

    /** The disk answered. */
    public void done(Volume volume, PeerWrite write, ActionQueue out) {
        assert write.present;
        if (write.disk.errno != 0) {
            write.errno = write.disk.errno;
            volume.diskFailed(DiskFailure.WRITE, write.errno, write.firstSector);
        }
        boolean more = write.errno == 0 && write.endSector() < write.wholeFirstSector + write.wholeLengthBytes / BlockUser.SECTOR_BYTES;
        // Under B the host may have been told of it.
        boolean isWanted = isCurrent(write) || write.kind == PeerWrite.Kind.DATA || (write.flags & DataFlags.SEND_RECEIVE_ACK) != 0;
        if (more && isWanted) {
            volume.overlap().leave(write);
            volume.log().release(write);
            write.firstSector = write.endSector();
            write.lengthBytes = write.wholeLengthBytes - bytesDone(write);
            begin(volume, write, out);
            return;
        }
        finish(volume, write, out);
    }

    private boolean isCurrent(PeerWrite write) {
        return connected && write.connection == connection;
    }

    private void finish(Volume volume, PeerWrite write, ActionQueue out) {
        volume.overlap().leave(write);
        volume.log().release(write);
        write.firstSector = write.wholeFirstSector;
        write.lengthBytes = write.wholeLengthBytes;
        if (write.payload != null) {
            write.releasePayload.payload = write.payload;
            out.add(write.releasePayload);
            write.payload = null;
        }
        if (isCurrent(write)) answer(volume, write, out);
        recycle(volume, write, out);
    }

    private void answer(Volume volume, PeerWrite write, ActionQueue out) {
        BlockAck ack = write.ack;
        boolean syncing = volume.state().connection().isSyncLike();
        PeerEpoch epoch = epochs.peekFirst();
        if (write.errno != 0) {
            ack.kind = BlockAck.Kind.NEGATIVE_ACK;
            if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
            failedWrites.accept(write);
            // Only a disk that was there and failed breaks the epoch; without a disk the negative ack is the whole answer (rule 7).
            epoch.failed |= volume.state().disk().isAtLeast(DiskState.INCONSISTENT) || volume.failure() != null;
        } else if (syncing && (write.flags & DataFlags.MAY_SET_IN_SYNC) != 0 && write.markEra == volume.markEra()) {
            ack.kind = BlockAck.Kind.RESYNC_WRITE_ACK;
            volume.bitmap().setInSync(write.firstSector, write.lengthBytes);
        } else {
            ack.kind = BlockAck.Kind.WRITE_ACK;
        }
        if (write.errno == 0) bytesWritten += write.lengthBytes;
        if (write.errno != 0 || (write.flags & DataFlags.SEND_WRITE_ACK) != 0) {
            fillAck(volume, write, ack);
            write.sendAck.connection = connection;
            write.sendAck.packet = ack;
            out.add(write.sendAck);
        }
        epoch.open--;
        finishEpochIfThrough(out);
    }

    private static void fillAck(Volume volume, PeerWrite write, BlockAck ack) {
        ack.volume = write.volume;
        ack.firstSector = write.wholeFirstSector;
        ack.blockId = write.blockId;
        ack.lengthBytes = write.wholeLengthBytes;
        ack.sequence = volume.nextSequence();
    }

    private void recycle(Volume volume, PeerWrite write, ActionQueue out) {
        writesInWork--;
        if (write.kind == PeerWrite.Kind.DATA) payloadBytes -= write.wholeLengthBytes;
        workOf(volume).isThrough(write, !isCurrent(write), out);
        write.nextFree = justFreed;
        justFreed = write;
        if (paused && writesInWork <= pauseAbove / 2 && payloadBytes <= pauseAboveBytes / 2 && connected) {
            paused = false;
            out.add(new Action.ResumeReading(connection));
        }
    }

    // A slot owns its ack's action: it is taken anew only after the event whose actions may contain it.
    private PeerWrite justFreed;

    /** The actions of the last event are performed: slots that were given back in it may be used. */
    public void eventIsOver() {
        while (justFreed != null) {
            PeerWrite write = justFreed;
            justFreed = write.nextFree;
            write.nextFree = free;
            free = write;
        }
    }

    // ---- epochs

    /** What was received until now is in this epoch, or in an earlier one. */
    public PeerEpoch latestEpoch() {
        return epochs.peekLast();
    }

    /** Nothing waits any more that was received until then: it is written, or the overlap tracker knows of it. */
    public boolean hasBegun(PeerEpoch epoch) {
        return epochs.peekFirst() == epoch || !epochs.contains(epoch);
    }

    private void finishEpochIfThrough(ActionQueue out) {
        PeerEpoch epoch = epochs.peekFirst();
        if (epoch == null || !epoch.barrierReceived || epoch.open > 0 || flush.isUnderWay()) return;
        flush.begin(connection, out);
        if (!flush.isUnderWay()) acknowledgeEpoch(out);
    }

    /** A flush of a barrier came back. */
    public void flushDone(Volume volume, DiskOperation disk, ActionQueue out) {
        if (flush.done(volume, disk)) flushesAreThrough(out);
    }

    private void flushesAreThrough(ActionQueue out) {
        if (flush.isUnderWay() || !connected) return;
        if (flush.wasFor(connection)) acknowledgeEpoch(out);
        else finishEpochIfThrough(out);
    }

    private void acknowledgeEpoch(ActionQueue out) {
        PeerEpoch epoch = epochs.poll();
        // After a failed write or flush the open barrier is never acknowledged: the Primary marks all it covers (rule 7).
        if (flush.hasFailed() || epoch.failed) {
            brokenEpoch = true;
            epochs.addFirst(epoch);
            epoch.barrierReceived = false;
            return;
        }
        Packet.BarrierAck ack = new Packet.BarrierAck();
        ack.number = epoch.barrierNumber;
        ack.writes = epoch.received;
        out.add(new Action.SendPacket(connection, ack));
        PeerEpoch next = epochs.peekFirst();
        for (PeerWrite write = next.pollWaiting(); write != null; write = next.pollWaiting()) beginInTurn(volumeOf(write), write, out);
    }

    /** An epoch cannot be acknowledged any more: the connection must go, so that the Primary marks what it covers (rule 7). */
    public boolean brokenEpoch() {
        return brokenEpoch;
    }

    private Volume volumeOf(PeerWrite write) {
        return Volume.numbered(volumes, write.volume);
    }

    private PeerWork workOf(Volume volume) {
        return work.get(volumes.indexOf(volume));
    }

    // ---- the connection and the disk go

    /** What has begun is still written (rule 21); what waits for a barrier is dropped: nobody was told that we have it. */
    public void connectionLost(ActionQueue out) {
        connected = false;
        brokenEpoch = false;
        boolean unconfirmed = epochs.stream().anyMatch(epoch -> epoch.received > 0);
        for (int i = 0; i < work.size(); i++) work.get(i).connectionLost(unconfirmed, out);
        for (PeerEpoch epoch = epochs.poll(); epoch != null; epoch = epochs.poll()) {
            for (PeerWrite write = epoch.pollWaiting(); write != null; write = epoch.pollWaiting()) {
                if (write.payload != null) out.add(new Action.ReleasePayload(write.payload));
                write.payload = null;
                recycle(volumeOf(write), write, out);
            }
        }
    }

    /**
     * What came over earlier connections is on this disk, or the disk is given up. The Primary may have no good one of its own when it finds us again: of what it has
     * answered before, no barrier of the new connection tells, and its next FLUSH relies on it (promise 1, seeds 50859, 1881822).
     */
    public boolean earlierIsDurable(Volume volume) {
        return workOf(volume).earlierIsDurable();
    }

    /** What a Primary wrote through us before it attached its disk is named in our bitmap, which may be sent. */
    public boolean writesOnlyHereAreThrough(Volume volume) {
        return workOf(volume).onlyHereIsThrough();
    }

    /**
     * The disk is given up. What it has of the open epochs is never acknowledged (rule 7), and nobody waits for its flush any more; its
     * writes keep their slots until it answers (rule 18).
     */
    public void localDiskLost(Volume volume, ActionQueue out) {
        for (PeerEpoch epoch : epochs) epoch.failed |= epoch.received > 0;
        if (flush.diskLost(volume)) flushesAreThrough(out);
    }

    /** Everything that was received is on its disk, where there still is one: a takeover may go on (rule 21). */
    public boolean isDrained() {
        for (int i = 0; i < work.size(); i++) {
            if (!work.get(i).isDrained()) return false;
        }
        return !flush.isUnderWay();
    }

    public int writesInWork() {
        return writesInWork;
    }

    public int openEpochs() {
        return epochs.size();
    }

    public long kibReceived() {
        return bytesReceived >> 10;
    }

    public long kibWritten() {
        return bytesWritten >> 10;
    }
}
