package org.duett.replicator.write;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.Leg;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.record.HeldWrites;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/**
 * The writes of this node's host, from their arrival to the barrier ack of their epoch (layout, "One 4 KiB write"). A write is cut
 * into parts; each waits for overlapping ones, for its extent to be hot, and then runs on both legs; it completes by {@link
 * HostWrite#mayComplete}.
 */
public final class WritePath implements HeldWrites {
    static final int MAX_PART_BYTES = 1 << 20;
    private static final int SECTOR_BYTES = BlockUser.SECTOR_BYTES;

    private final List<Volume> volumes;
    private final Protocol protocol;
    private final TransferLog epochs;
    private LossRecord record;
    private Predicate<Volume> targetMayHaveFinished;
    private Consumer<Volume> refusedWrites;
    private Consumer<HostWrite> failedWrites;

    private final HostSlots slots;
    private final HostArrivals arrivals;
    private final FlushPath flushes;

    private int connection;
    private boolean connected;
    private boolean zeroesAgreed;
    private long nowNanos;
    private long bytesSent;
    private long bytesWritten;

    public WritePath(List<Volume> volumes, Protocol protocol, int maxSlots, int maxEpochWrites) {
        this.volumes = volumes;
        this.protocol = protocol;
        this.slots = new HostSlots(maxSlots);
        this.epochs = new TransferLog(Math.min(maxEpochWrites, maxSlots / 2));
        this.arrivals = new HostArrivals(volumes, slots, new Beginning());
        this.flushes = new FlushPath(epochs, arrivals::partDone);
    }

    public void recordsIn(LossRecord newRecord) {
        record = newRecord;
        flushes.recordsIn(newRecord);
    }

    /** Whether the target of a resync from here may be through, and its copy as good as ours (rule 3). */
    public void asksOfTargets(Predicate<Volume> mayHaveFinished) {
        targetMayHaveFinished = mayHaveFinished;
    }

    /** The source of a resync has to know that its target refuses writes. */
    public void tellsOfRefusedWrites(Consumer<Volume> newRefusedWrites) {
        refusedWrites = newRefusedWrites;
    }

    /** The source of a resync has to know what failed on our disk: an ack for what it had read before is none for that. */
    public void tellsOfFailedWrites(Consumer<HostWrite> newFailedWrites) {
        failedWrites = newFailedWrites;
    }

    private Volume volume(int number) {
        return Volume.numbered(volumes, number);
    }

    // ---- arrival

    /** A WRITE, TRIM, WRITE_ZEROES or FLUSH. Completed exactly once, sooner or later. */
    public void arrived(HostRequest request, ActionQueue out) {
        arrivals.arrived(request, out);
    }

    /** The role is being given up: what still comes is not begun. */
    public void refuseNew(boolean refuse) {
        arrivals.refuseNew(refuse);
    }

    /** Holds everything that has not begun (freeze, suspend-io), or lets it go on. */
    public void holdBack(boolean hold, ActionQueue out) {
        arrivals.holdBack(hold, out);
    }

    /** A request waits, and there are slots for it: {@link #beginWaiting} begins it. */
    public boolean mayBeginWaiting() {
        return arrivals.waitForSlots() && !slots.areAllTaken();
    }

    /**
     * Called when all that an event brings is done: what waited for slots begins. In its midst a slot may become free while the loss of another volume's peer is not
     * noted yet (rule 1, seed 2482741).
     */
    public void beginWaiting(ActionQueue out) {
        if (mayBeginWaiting()) arrivals.serve(out);
    }

    /** Everything that has not begun fails: the role is given up or no data is left. */
    public void failQueued(int errno, ActionQueue out) {
        arrivals.failQueued(errno, out);
    }

    private final class Beginning implements HostArrivals.Path {
        @Override
        public boolean reachesGoodData(Volume volume) {
            return WritePath.this.reachesGoodData(volume);
        }

        @Override
        public long longestPartBytes(HostWrite write) {
            return WritePath.this.longestPartBytes(write);
        }

        @Override
        public void begin(Volume volume, HostWrite write, ActionQueue out) {
            if (volume.overlap().enter(write)) {
                nothingOverlaps(write, out);
            } else if (protocol != Protocol.C) {
                // What it waits for may be complete but unconfirmed on the peer's disk until its barrier (rule 16).
                epochs.close(out);
            }
        }

        @Override
        public void beginFlush(Volume volume, HostRequest request, ActionQueue out) {
            // Where no epoch is open every write that the peer has was covered by a barrier ack.
            boolean peerHasAll = connected && volume.isConnected() && volume.state().peerDisk() == DiskState.UP_TO_DATE;
            flushes.begin(volume, request, peerHasAll, out);
        }

        @Override
        public void outOfSlots(ActionQueue out) {
            // Slots, extents and epochs would wait for one another for ever (rule 16).
            epochs.close(out);
        }
    }

    public void flushDone(HostFlush flush, ActionQueue out) {
        flushes.done(flush, volume(flush.volume), out);
    }

    private boolean reachesGoodData(Volume volume) {
        return volume.state().disk().servesHostAlone() || peerServes(volume);
    }

    private boolean peerServes(Volume volume) {
        VolumeState state = volume.state();
        return connected && state.replicatesData() && state.peerDisk().servesHostAlone();
    }

    // ---- one part, forward

    /** No overlapping write is under way any more. */
    public void nothingOverlaps(HostWrite write, ActionQueue out) {
        Volume volume = volume(write.volume);
        // Neither leg starts before the transaction is on disk: after a crash only extents that the log names are resynced, so a
        // write outside of it could differ unnoticed (spec metadata 6.6).
        if (volume.logsWrites() && !volume.settings.activityLogUpdates() && !volume.marks().logMarkDurable()) {
            volume.log().awaitMark(write);
            return;
        }
        if (volume.logsWrites() && !volume.log().acquire(write)) {
            if (volume.log().isStarving()) epochs.close(out);
            return;
        }
        extentIsHot(write, out);
    }

    /** The write's extent is named in the activity log on disk: both legs start. */
    public void extentIsHot(HostWrite write, ActionQueue out) {
        Volume volume = volume(write.volume);
        VolumeState state = volume.state();
        boolean local = volume.takesLocalWrites();
        boolean peer = connected && (state.replicatesData() || volume.targetTakesWrites());
        if (!local && !peer || !reachesGoodData(volume)) {
            failPart(volume, write, out);
            return;
        }
        if (peer && write.lengthBytes > longestPartBytes(write)) {
            // It waited while a peer that takes zeroes went and one came that takes them as data only, in parts of another size.
            failPart(volume, write, out);
            return;
        }
        write.local = local ? Leg.PENDING : Leg.NOT_NEEDED;
        write.peer = peer ? Leg.PENDING : Leg.NOT_NEEDED;
        if (record.newWritesNeedRecord(volume)) write.record = Leg.PENDING;
        if (!peer) markOutOfSync(volume, write, out);
        // The peer may know already that we have a disk, and not name for us what it lacks (rule 6).
        if (!local && volume.state().disk() == DiskState.NEGOTIATING) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        if (peer) sendToPeer(volume, write, out);
        if (local) writeLocally(volume, write, out);
        if (write.record == Leg.PENDING) record.wanted(volume, out);
    }

    private long longestPartBytes(HostWrite write) {
        boolean mayTravelAsData = write.kind == HostWrite.Kind.DATA || write.kind == HostWrite.Kind.WRITE_ZEROES && !zeroesAgreed;
        return mayTravelAsData ? MAX_PART_BYTES : Long.MAX_VALUE;
    }

    private void markOutOfSync(Volume volume, HostWrite write, ActionQueue out) {
        long newlySet = volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        differsWhileFrozen(volume);
        if (newlySet > 0 && connected && volume.state().replicatesOutOfSyncNotes()) {
            Packet.BlockDescription note = new Packet.BlockDescription();
            note.kind = Packet.BlockDescription.Kind.OUT_OF_SYNC;
            note.volume = write.volume;
            note.firstSector = write.firstSector;
            note.lengthBytes = write.lengthBytes;
            out.add(new Action.SendPacket(connection, note));
        }
    }

    /** Frozen with a write that the peer may lack: by this mark the next handshake makes us source, not equal (rule 2). */
    private void differsWhileFrozen(Volume volume) {
        if (record.isOpen(volume)) volume.setCrashedPrimary(true);
    }

    private void writeLocally(Volume volume, HostWrite write, ActionQueue out) {
        DiskOperation disk = write.disk;
        disk.kind = switch (write.kind) {
            case DATA -> DiskOperation.Kind.WRITE;
            case TRIM -> DiskOperation.Kind.DISCARD;
            case WRITE_ZEROES -> write.request.keepAllocated ? DiskOperation.Kind.WRITE_ZEROES : DiskOperation.Kind.DISCARD;
        };
        disk.area = DiskOperation.Area.DATA;
        disk.offsetBytes = write.firstSector * SECTOR_BYTES;
        disk.lengthBytes = write.lengthBytes;
        disk.buffer = write.kind == HostWrite.Kind.DATA ? write.request.payload : null;
        disk.bufferIndex = write.payloadIndex;
        disk.forceUnitAccess = write.forceUnitAccess && volume.settings.diskFlushes();
        volume.order(disk, out);
    }

    private void sendToPeer(Volume volume, HostWrite write, ActionQueue out) {
        boolean syncing = volume.state().connection().isSyncLike();
        // Without a good disk of our own the peer's is the only one that could have it: on its way is no copy, in any protocol (rule 1).
        boolean isOnlyCopy = !volume.vouchesForWrites();
        boolean wantsWriteAck = protocol == Protocol.C || syncing || write.forceUnitAccess || isOnlyCopy;
        int flags = DataFlags.SYNC;
        if (wantsWriteAck) flags |= DataFlags.SEND_WRITE_ACK;
        if (protocol == Protocol.B) flags |= DataFlags.SEND_RECEIVE_ACK;
        if (syncing) flags |= DataFlags.MAY_SET_IN_SYNC;
        if (write.forceUnitAccess) flags |= DataFlags.FUA;
        write.sentAtNanos = nowNanos;
        write.markEra = volume.markEra();
        bytesSent += write.lengthBytes;
        write.inEpoch = true;
        write.awaitsWriteAck = wantsWriteAck;
        WritePackets.fill(volume, write, flags, zeroesAgreed);
        write.send.connection = connection;
        out.add(write.send);
        // In protocol A handing it to the network is all the host waits for, but for FUA (rule 16).
        if (protocol == Protocol.A && !write.forceUnitAccess && !isOnlyCopy) write.peer = Leg.DONE;
        epochs.add(write, out);
    }

    /** A resync from here begins: what is on its way to the peer, and was begun when there was no disk here, is as good as failed on ours. */
    public void resyncBegins(Volume volume) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            boolean onlyPeerGetsIt = write.inEpoch && !write.peerDiskConfirmed && write.local == Leg.NOT_NEEDED;
            if (onlyPeerGetsIt && write.volume == volume.number) volume.writeFailedHere(write);
        }
    }

    // ---- answers

    public void localDone(HostWrite write, ActionQueue out) {
        Volume volume = volume(write.volume);
        if (write.local != Leg.PENDING) {
            // It was given up when its disk was: only the slot waited for this.
            freeIfThrough(write, out);
            return;
        }
        if (write.disk.errno == 0) {
            write.local = Leg.DONE;
            if (!volume.vouchesForWrites()) peerHasTheOnlyCopy(write);
            bytesWritten += write.lengthBytes;
            if (write.clearsBits && write.markEra == volume.markEra()) clearBits(volume, write);
        } else {
            volume.diskFailed(DiskFailure.WRITE, write.disk.errno, write.firstSector);
            loseLocalLeg(volume, write, volume.marks().passesForGood());
        }
        decide(volume, write, out);
    }

    /**
     * {@code copyCounts}: the disk passed for good; the loss of any other needs no record, its metadata says already that it is behind, or is about
     * to say so for a write before this one.
     */
    private void loseLocalLeg(Volume volume, HostWrite write, boolean copyCounts) {
        write.local = Leg.FAILED;
        peerHasTheOnlyCopy(write);
        if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        failedWrites.accept(write);
        if (write.peer == Leg.PENDING || write.peer == Leg.DONE) volume.writeFailedHere(write);
        if (!copyCounts && !record.localLossIsOpen(volume)) return;
        if (!peerServes(volume)) {
            // A copy on the target of our resync is none: it would be overwritten with what our disk has (rule 1).
            write.record = Leg.FAILED;
            return;
        }
        write.record = Leg.PENDING;
        record.localLost(volume);
    }

    /**
     * In A and B the peer's leg counts before that disk has the write. Once our own is lost nobody else has it, and on its way is no copy, in any protocol (rule 1, seed 27):
     * it waits for the write ack, if one was asked for (seed 2464920), else for the barrier ack.
     */
    private void peerHasTheOnlyCopy(HostWrite write) {
        boolean isConfirmed = protocol == Protocol.C || !write.inEpoch || write.peerDiskConfirmed;
        if (isConfirmed || write.peer != Leg.PENDING && write.peer != Leg.DONE) return;
        write.peer = Leg.PENDING;
        if (!write.awaitsWriteAck) write.awaitsBarrier = true;
    }

    /** An ack for one of our writes. False: there is no such write, the peer broke the protocol (spec wire 4.3). */
    public boolean acknowledged(BlockAck ack, ActionQueue out) {
        HostWrite write = slots.find(ack);
        if (write == null) return ack.kind == BlockAck.Kind.NEGATIVE_ACK;
        Volume volume = volume(write.volume);
        switch (ack.kind) {
            case WRITE_ACK, RESYNC_WRITE_ACK -> {
                write.peerDiskConfirmed = true;
                write.awaitsWriteAck = false;
                if (write.peer == Leg.PENDING) write.peer = Leg.DONE;
                // What only our own disk was written since is marked in the same blocks, perhaps, and not for that disk to take away (seed 1784515).
                if (ack.kind == BlockAck.Kind.RESYNC_WRITE_ACK && write.peer != Leg.FAILED && write.markEra == volume.markEra()) {
                    write.clearsBits = true;
                    if (write.local == Leg.DONE) clearBits(volume, write);
                }
            }
            case RECEIVE_ACK -> {
                if (!volume.vouchesForWrites()) peerHasTheOnlyCopy(write);
                boolean waitsForDisk = write.forceUnitAccess || write.awaitsBarrier || write.awaitsWriteAck && !volume.vouchesForWrites();
                if (write.peer == Leg.PENDING && !waitsForDisk) write.peer = Leg.DONE;
            }
            case NEGATIVE_ACK -> negative(volume, write, out);
            case SUPERSEDED, NEGATIVE_DATA_REPLY, NEGATIVE_RESYNC_REPLY, VERIFY_RESULT, IN_SYNC, RESYNC_CANCEL, RETRY_WRITE -> {
                return false;
            }
        }
        decide(volume, write, out);
        return true;
    }

    /** The peer could not write it: that copy is lost for this block (rule 4). */
    private void negative(Volume volume, HostWrite write, ActionQueue out) {
        // In A and B the leg counted before that disk had it.
        boolean isOpen = write.request != null && (write.peer == Leg.PENDING || write.peer == Leg.DONE);
        write.awaitsWriteAck = false;
        VolumeState before = volume.state();
        boolean targetWasThrough = targetMayHaveFinished.test(volume);
        refusedWrites.accept(volume);
        if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        // Also that of a target which passes for good on its own disk, and of which we do not know that yet (seed 7859).
        boolean copyCounts = before.peerDisk().servesHostAlone() || targetWasThrough;
        if (!isOpen) {
            // It is answered, and a FLUSH that covers it is not. A generation that our bitmap counts from says already that the peer is behind, unless that one is
            // a target which is through, and has ours (seed 950077).
            if (copyCounts && (targetWasThrough || volume.identifiers().bitmap() == 0)) peerCopyLost(volume, before, targetWasThrough, out);
            return;
        }
        write.peer = Leg.FAILED;
        // A target that has not written down yet that it is behind passes for good until our new generation is on disk (seed 100683).
        write.record = copyCounts || record.isBeingMade(volume) ? Leg.PENDING : write.record;
        if (copyCounts) {
            peerCopyLost(volume, before, targetWasThrough, out);
            if (!record.newWritesNeedRecord(volume)) write.record = Leg.DONE;
            keepOffBadCopy(volume, write);
        }
    }

    /**
     * How many marked blocks the target of our resync may have by writes whose ack has not come, or that our own disk is slower with (seed 1926400): it names them no more,
     * and our bits stay until both have them.
     *
     * @param confirmed whether an ack has to have come
     */
    public long blocksWrittenAtTarget(Volume volume, boolean confirmed) {
        if (volume.bitmap() == null) return 0;
        long blocks = 0;
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            // What our own disk refused counts there (FailedHere).
            boolean mayBeThere = !confirmed && write.inEpoch && write.awaitsWriteAck && write.local != Leg.FAILED;
            boolean isThere = write.clearsBits && write.local == Leg.PENDING;
            if (write.volume == volume.number && (mayBeThere || isThere)) blocks += volume.bitmap().countIn(write.firstSector, write.lengthBytes);
        }
        return blocks;
    }

    /** What a host was answered here is on its way to the peer's disk, as it may be in A and B, and that can still refuse it. */
    public boolean peerOwesAnswered(Volume volume) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            boolean isOwed = write.request == null && write.inEpoch && write.peer == Leg.DONE && !write.peerDiskConfirmed;
            if (isOwed && write.volume == volume.number) return true;
        }
        return false;
    }

    private void peerCopyLost(Volume volume, VolumeState before, boolean targetWasThrough, ActionQueue out) {
        if (targetWasThrough) volume.leaveResyncOpen();
        record.peerLost(volume, before, targetWasThrough, out);
        record.wanted(volume, out);
        flushes.peerDiskLost(volume);
    }

    private static void clearBits(Volume volume, HostWrite write) {
        if (volume.bitmap() != null) volume.bitmap().setInSync(write.firstSector, write.lengthBytes);
        write.clearsBits = false;
    }

    private void decide(Volume volume, HostWrite write, ActionQueue out) {
        if (write.request == null) return;
        if (write.mayComplete()) completePart(volume, write, out);
        else if (write.mustFail()) failPart(volume, write, out);
    }

    private void failPart(Volume volume, HostWrite write, ActionQueue out) {
        write.request.fail(Errno.EIO);
        completePart(volume, write, out);
    }

    private void completePart(Volume volume, HostWrite write, ActionQueue out) {
        HostRequest request = write.request;
        write.request = null;
        arrivals.partDone(request, out);
        // In A and B the peer's disk write may still be under way: an overlapping one waits for its barrier (rule 16).
        boolean confirmed = !write.inEpoch || write.peerDiskConfirmed || protocol == Protocol.C;
        if (confirmed && write.present) volume.overlap().leave(write);
        if (!write.inEpoch) retire(volume, write, out);
    }

    /** Both legs and the barrier are through with it. */
    private void retire(Volume volume, HostWrite write, ActionQueue out) {
        assert write.request == null;
        assert !write.inEpoch;
        if (write.present) volume.overlap().leave(write);
        volume.log().release(write);
        freeIfThrough(write, out);
    }

    private void freeIfThrough(HostWrite write, ActionQueue out) {
        if (write.request != null || write.inEpoch || write.disk.inFlight) return;
        slots.giveBack(write);
    }

    // ---- epochs

    /** A barrier ack. False: number or count are wrong, the peer broke the protocol (spec wire 4.5). */
    public boolean barrierAcknowledged(Packet.BarrierAck ack, ActionQueue out) {
        Epoch epoch = epochs.acknowledged(ack);
        if (epoch == null) return false;
        boolean complete = true;
        for (HostWrite write = epoch.pollWrite(); write != null; write = epoch.pollWrite()) {
            if (write.peer == Leg.PENDING && !write.awaitsBarrier || write.awaitsWriteAck) complete = false;
            if (write.awaitsBarrier && write.peer == Leg.PENDING) write.peer = Leg.DONE;
            write.inEpoch = false;
            if (write.request == null) retire(volume(write.volume), write, out);
            else if (write.awaitsBarrier) decide(volume(write.volume), write, out);
        }
        for (HostFlush flush = epoch.pollFlush(); flush != null; flush = epoch.pollFlush()) flushes.barrierAcknowledged(flush, out);
        epochs.recycle(epoch);
        return complete;
    }

    public void connected(int newConnection, boolean newZeroesAgreed) {
        connection = newConnection;
        connected = true;
        zeroesAgreed = newZeroesAgreed;
        epochs.connected(newConnection);
    }

    /**
     * The connection is lost. Every write that no barrier ack covered may be missing at the peer, also those acknowledged one by
     * one: its blocks are marked, and what is open is held until the loss is on record (rules 1, 2). A leave to take marks away ends with it, also where a barrier
     * ack came before our own disk: what is marked from now on is for whatever disk the peer comes back with (seed 101245).
     */
    public void connectionLost(ActionQueue out) {
        connected = false;
        for (int i = 0; i < slots.size(); i++) slots.get(i).clearsBits = false;
        for (Epoch epoch = epochs.pollAfterLoss(); epoch != null; epoch = epochs.pollAfterLoss()) {
            for (HostWrite write = epoch.pollWrite(); write != null; write = epoch.pollWrite()) {
                losePeerLeg(write, out);
            }
            for (HostFlush flush = epoch.pollFlush(); flush != null; flush = epoch.pollFlush()) flushes.losePeerLeg(flush, volume(flush.volume), out);
            epochs.recycle(epoch);
        }
    }

    private void losePeerLeg(HostWrite write, ActionQueue out) {
        Volume volume = volume(write.volume);
        if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
        differsWhileFrozen(volume);
        write.inEpoch = false;
        write.awaitsWriteAck = false;
        if (write.request == null) {
            retire(volume, write, out);
            return;
        }
        // Also a write that the peer had acknowledged: it is complete only with the local leg, and then on one known copy.
        write.peer = Leg.FAILED;
        if (record.newWritesNeedRecord(volume)) write.record = Leg.PENDING;
        keepOffBadCopy(volume, write);
        decide(volume, write, out);
    }

    /** The peer's leg is lost. A copy on a disk that is itself a sync target is none: the source would overwrite it (rule 1). */
    private static void keepOffBadCopy(Volume volume, HostWrite write) {
        if (!volume.state().disk().servesHostAlone()) write.record = Leg.FAILED;
    }

    /** The peer's disk failed, the connection lives: all that its barrier did not cover may be missing there (rule 7). */
    public void peerDiskLost(Volume volume, ActionQueue out) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            if (write.volume != volume.number) continue;
            // Of that disk it was, and the marks may be for another one soon.
            write.clearsBits = false;
            if (!write.inEpoch) continue;
            if (volume.bitmap() != null) volume.bitmap().setOutOfSync(write.firstSector, write.lengthBytes);
            write.peer = Leg.FAILED;
            if (write.request == null) continue;
            if (record.newWritesNeedRecord(volume)) write.record = Leg.PENDING;
            keepOffBadCopy(volume, write);
            decide(volume, write, out);
        }
        flushes.peerDiskLost(volume);
    }

    // ---- the record of a loss

    @Override
    public void recordMade(Volume volume, ActionQueue out) {
        settle(volume, Leg.DONE, out);
    }

    @Override
    public void recordImpossible(Volume volume, ActionQueue out) {
        settle(volume, Leg.FAILED, out);
    }

    @Override
    public void leaveWithdrawn(Volume volume) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            boolean begun = write.local != Leg.NOT_NEEDED || write.peer != Leg.NOT_NEEDED;
            boolean open = write.request != null && write.volume == volume.number && begun;
            if (open && write.record != Leg.FAILED) write.record = Leg.PENDING;
        }
        flushes.leaveWithdrawn(volume);
    }

    private void settle(Volume volume, Leg result, ActionQueue out) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            if (write.request == null || write.volume != volume.number || write.record != Leg.PENDING) continue;
            write.record = result;
            decide(volume, write, out);
        }
        flushes.settle(volume, result, out);
    }

    @Override
    public boolean holdsAny(Volume volume) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            if (write.request != null && write.volume == volume.number && write.record == Leg.PENDING) return true;
        }
        return flushes.holdsAny(volume);
    }

    /**
     * The local disk is given up: what it has not answered is failed on that leg; the slots wait for the answers (rule 18). {@code last}: no
     * other copy is good, so what it has answered counts no more than that.
     */
    public void localDiskLost(Volume volume, boolean copyCounts, boolean last, ActionQueue out) {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            if (write.request == null || write.volume != volume.number || !isLost(write.local, last)) continue;
            loseLocalLeg(volume, write, copyCounts);
            decide(volume, write, out);
        }
        flushes.localDiskLost(volume, copyCounts, last, out);
    }

    static boolean isLost(Leg local, boolean last) {
        return local == Leg.PENDING || last && local == Leg.DONE;
    }

    // ---- time

    public void timeIs(long newNowNanos, ActionQueue out) {
        nowNanos = newNowNanos;
        epochs.timeIs(newNowNanos);
        if (epochs.closeDeadlineNanos() <= newNowNanos) epochs.close(out);
    }

    public long deadlineNanos() {
        return epochs.closeDeadlineNanos();
    }

    /** Core time at which the oldest thing that the peer owes us was sent; {@link Long#MAX_VALUE}: it owes nothing. */
    public long oldestUnansweredNanos() {
        return epochs.oldestUnansweredNanos();
    }

    public void closeEpoch(ActionQueue out) {
        epochs.close(out);
    }

    /**
     * Called after each event: a request waits for slots, and those that are taken are in the open epoch alone. With a barrier under way its ack
     * frees some, and closes the next epoch (rule 16).
     */
    public void closeEpochIfShort(ActionQueue out) {
        if (arrivals.waitForSlots() && epochs.hasOpenEpoch() && epochs.epochs() == 1) epochs.close(out);
    }

    // ---- figures for status and checkers

    public int writesInFlight() {
        return slots.inUse();
    }

    public int requestsWaiting() {
        return arrivals.waiting();
    }

    public int openEpochs() {
        return epochs.epochs();
    }

    public boolean isIdle() {
        return slots.inUse() == 0 && arrivals.waiting() == 0 && flushes.isEmpty();
    }

    /** Writes whose ack has not come. */
    public int awaitingPeer() {
        int count = 0;
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).inEpoch && slots.get(i).awaitsAck()) count++;
        }
        return count;
    }

    /** Requests that have not been answered, begun or not. */
    public int requestsOpen() {
        return arrivals.open();
    }

    public long kibSent() {
        return bytesSent >> 10;
    }

    public long kibWritten() {
        return bytesWritten >> 10;
    }

    /** For checkers: a request that nothing under way will ever move on, in words; null when there is none. */
    public String blockedForNothing() {
        for (int i = 0; i < slots.size(); i++) {
            HostWrite write = slots.get(i);
            String missing = write.request == null ? null : whatNobodyDoes(volume(write.volume), write);
            if (missing != null) return write + ": " + missing;
        }
        for (int i = 0; i < volumes.size(); i++) {
            String missing = flushes.blockedForNothing(volumes.get(i), connected);
            if (missing != null) return missing;
        }
        if (mayBeginWaiting()) return arrivals.first() + ": slots are free, and it has not begun";
        boolean noBarrier = epochs.hasOpenEpoch() && epochs.epochs() == 1;
        return arrivals.waitForSlots() && noBarrier ? arrivals.first() + ": waits for slots, and the epoch is open" : null;
    }

    private String whatNobodyDoes(Volume volume, HostWrite write) {
        boolean begun = write.local != Leg.NOT_NEEDED || write.peer != Leg.NOT_NEEDED;
        if (begun) return OpenLegs.whatNobodyDoes(write.local, write.disk, write.peer, connected && write.inEpoch, write.record, record, volume);
        if (!write.present) return volume.overlap().presentUsers() > 0 ? null : "waits behind others, and nobody is under way";
        if (volume.log().isStarving()) return epochs.hasOpenEpoch() ? "waits for an extent, and the epoch is open" : null;
        return volume.metadata().isIdle() ? "waits for its extent, and no transaction is being written" : null;
    }
}
