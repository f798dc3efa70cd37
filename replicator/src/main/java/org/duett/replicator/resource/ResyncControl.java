package org.duett.replicator.resource;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.resync.BitmapExchange;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** A resync from the exchange of bitmaps to the last block, when {@link ResyncDecision} has said who copies to whom (spec wire 3.8, 5; states 4). */
final class ResyncControl {
    /** The target said it is through, but bits are left here: after this long a new handshake decides. */
    private static final long LEFTOVER_NANOS = 10_000_000_000L;

    private final Parts parts;
    private final Connecting connecting;

    ResyncControl(Parts parts, Connecting connecting) {
        this.parts = parts;
        this.connecting = connecting;
    }

    // ---- bitmap exchange

    /** {@code state}: source or target of a resync. What its bitmap is to name is marked; nothing is sent before {@link #begin}. */
    void isDecided(VolumeParts each, VolumeState state, Coverage coverage, ActionQueue out) {
        each.exchange = new BitmapExchange(each.volume, parts.connection, parts.settings.net().runLengthBitmaps(), parts.settings.tables().bitmapStepWords());
        if (coverage == Coverage.WHOLE_DEVICE) {
            each.wholeBitmap.setAll((durable, actions) -> {
                if (durable) advance(each, actions);
            }, out);
        }
        boolean source = state.connection() == ConnectionState.WF_BITMAP_S;
        parts.fact(each, state, source ? "source of a resync, " + coverage : "target of a resync, " + coverage);
        if (!source) parts.record.becomesTarget(each.volume);
    }

    /** The peer has been told. */
    void begin(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        boolean same = volume.peerGenerations != null
                && GenerationIdentifiers.sameGeneration(volume.identifiers().current(), volume.peerGenerations.identifiers().current());
        if (same && volume.state().connection() == ConnectionState.WF_BITMAP_S) leaveGenerationOfTarget(each, out);
        advance(each, out);
    }

    void bitmapArrived(VolumeParts each, Packet packet, ActionQueue out) {
        if (isForDiskGivenUp(each)) return;
        ConnectionState state = each.volume.state().connection();
        boolean expected = each.exchange != null && (state == ConnectionState.WF_BITMAP_S || state == ConnectionState.WF_BITMAP_T);
        if (!expected) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it sent a bitmap while " + state.displayName(), out);
            return;
        }
        bitmapTaken(each, each.exchange.arrived(packet), out);
    }

    private void bitmapTaken(VolumeParts each, boolean good, ActionQueue out) {
        if (!good) connecting.lose(ConnectionState.PROTOCOL_ERROR, each.exchange.problem(), out);
        else advance(each, out);
    }

    /**
     * A detach is agreed upon on the other socket, and so may overtake what the peer had sent for a resync of this disk; and what it sends before it hears that
     * it may detach its own was for that one (seed 30012).
     */
    private static boolean isForDiskGivenUp(VolumeParts each) {
        VolumeState state = each.volume.state();
        boolean peersIsGoing = each.peerAsksToDetach && state.peerDisk().isBelow(DiskState.INCONSISTENT);
        return state.connection() == ConnectionState.CONNECTED && (state.disk().isBelow(DiskState.INCONSISTENT) || peersIsGoing);
    }

    /** Goes on with whatever waited for the event that just happened. */
    private void advance(VolumeParts each, ActionQueue out) {
        if (each.exchange == null) return;
        switch (each.volume.state().connection()) {
            case WF_BITMAP_S -> {
                if (maySend(each) && parts.peerWrites.writesOnlyHereAreThrough(each.volume)) each.exchange.startSending(out);
                boolean ready = each.exchange.sent() && each.exchange.received() && !each.wholeBitmap.isSetting() && !each.startingSource;
                if (ready) startSource(each, out);
            }
            case WF_BITMAP_T -> {
                if (each.exchange.received() && maySend(each)) each.exchange.startSending(out);
                if (each.exchange.sent()) parts.fact(each, each.volume.state().withConnection(ConnectionState.WF_SYNC_UUID), "bitmaps are exchanged");
            }
            case WF_SYNC_UUID -> {
                if (each.pendingSyncIdentifier != 0) startTargetInTurn(each, out);
            }
            default -> {
                // The connection or the resync ended meanwhile; its end forgets the exchange.
            }
        }
    }

    /** Our state, which had to wait, was told, or has not to be told any more: the peer compares when it hears it, and takes no bitmap before. */
    void stateIsDueNoMore(VolumeParts each, ActionQueue out) {
        advance(each, out);
    }

    /** It has not begun, and what it would send is complete. */
    private static boolean maySend(VolumeParts each) {
        return !each.stateIsDue && !each.endIsBeingWritten && !each.exchange.sent() && !each.exchange.wantsStep() && !each.wholeBitmap.wantsStep();
    }

    boolean wantsStep() {
        for (int i = 0; i < parts.volumeParts.size(); i++) {
            VolumeParts each = parts.volumeParts.get(i);
            if (each.wholeBitmap.wantsStep()) return true;
            if (each.exchange != null && (each.exchange.wantsStep() || each.exchange.wantsMergeStep())) return true;
        }
        return false;
    }

    void step(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            if (each.wholeBitmap.wantsStep()) {
                each.wholeBitmap.step(out);
                if (!each.wholeBitmap.wantsStep()) advance(each, out);
            } else if (each.exchange != null && each.exchange.wantsMergeStep()) {
                bitmapTaken(each, each.exchange.mergeStep(), out);
            } else if (each.exchange != null && each.exchange.wantsStep()) {
                each.exchange.sendStep(out);
                advance(each, out);
            }
        }
    }

    // ---- source

    /**
     * Both have the same, and know by it who is source. A kernel's target keeps to DRBD's way (rule 1). One that is Primary goes on in the generation that its
     * host has seen: should it be lost before it has written down that it is behind, whoever is promoted here begins another one.
     */
    private void leaveGenerationOfTarget(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        if (!parts.handshake.peerIsDuett()) return;
        each.targetMayPass = volume.state().peer() == Role.PRIMARY;
        if (each.targetMayPass) return;
        each.generationLeftToTarget = volume.identifiers().current();
        parts.record.resyncBeginsInSameGeneration(volume, out);
    }

    private void startSource(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        if (!each.sourceDue) each.writesBeforeResync = parts.peerWrites.latestEpoch();
        // The target takes over at the end what it was told last: our new generation without the identifier of this resync. And what it had sent before as a Primary, and
        // has answered with an error since, may wait for an earlier epoch: read before that, and written over it afterwards, the two would differ (promise 3, seed 2307714).
        each.sourceDue = parts.record.isBeingMade(volume) || !parts.peerWrites.hasBegun(each.writesBeforeResync);
        if (each.sourceDue) return;
        each.startingSource = true;
        int connection = parts.connection;
        volume.setIdentifiers(volume.identifiers().startAsSyncSource(parts.random.takeIdentifier(), volume.peerGenerations.identifiers()));
        // What a Primary wrote here before it was lost may be in our cache only. The target un-names it as soon as it has it (rule 12).
        volume.metadata().flushData(null, out);
        volume.metadata().writeSuperblock((durable, actions) -> {
            // What an earlier connection ordered ends nothing of this one.
            if (connection != parts.connection) return;
            boolean current = durable && parts.socketsUp && each.startingSource && volume.state().connection().isSourceSide();
            each.startingSource = false;
            if (current) sourceRuns(each, actions);
        }, out);
    }

    private void sourceRuns(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        each.exchange = null;
        parts.send(new Packet.SyncUuid(volume.number, volume.identifiers().bitmap()), out);
        volume.peerIsTarget();
        parts.writes.resyncBegins(volume);
        each.source.start(parts.connection, parts.nowNanos);
        parts.fact(each, volume.state().withConnection(ConnectionState.SYNC_SOURCE), volume.bitmap().setBits() + " blocks to resync");
        // Held writes are in the bitmap, and the superblock that names them is durable (rule 2).
        parts.record.peerIsBack(volume, out);
    }

    /** It does so when it has written down that it is behind. */
    void targetAsks(VolumeParts each) {
        each.targetMayPass = false;
        each.targetIsUntold = false;
        each.source.targetHasAsked();
    }

    /** The target reports Connected, UpToDate (spec wire 5.7); it counts once our last bit is cleared. */
    void targetReportsEnd(VolumeParts each, VolumeState told, ActionQueue out) {
        each.source.targetFinished(parts.nowNanos);
        // Its role may have changed with it, and whether it pauses.
        VolumeState ours = each.volume.state();
        parts.fact(each, told.withConnection(ours.connection()).withPeerDisk(ours.peerDisk()), "the target is through");
    }

    /** Unlike a kernel, which stays SyncSource until the connection ends: what is left stays marked, identifiers stay (spec states 3.2). */
    void targetReportsFailedBlocks(VolumeParts each, VolumeState told, ActionQueue out) {
        Volume volume = each.volume;
        // With on-io-error pass_on it goes on: what its metadata says by now nobody here knows (rule 1, seed 900746).
        if (each.source.targetWasThrough(parts.blocksWrittenAtTarget(each))) each.source.targetFinished(parts.nowNanos);
        parts.fact(each, told.withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.INCONSISTENT), "the resync ended with failed blocks");
        volume.metadata().writeBitmap(null, out);
        parts.report(Level.ERROR, parts.name(volume) + ": the resync ended, but " + blocks(volume.bitmap().setBits()) + " could not be copied to "
                + parts.settings.peerNode() + ".", "They stay marked as out of sync; the peer's disk stays Inconsistent.",
                "Check both disks, then disconnect and connect again.", out);
    }

    private void finishSource(VolumeParts each, ActionQueue out) {
        each.finishing = true;
        int connection = parts.connection;
        Volume volume = each.volume;
        volume.metadata().writeBitmap((durable, actions) -> {
            if (connection != parts.connection) return;
            each.finishing = false;
            // A write that the target refused meanwhile has set a bit again.
            if (!durable || !volume.state().connection().isSyncSource() || !each.source.isThrough()) return;
            parts.targetHasAll(each);
            volume.metadata().writeSuperblock(null, actions);
            out(each, "resync finished: both copies are equal again", actions);
        }, out);
    }

    private static String blocks(long count) {
        return count == 1 ? "1 block" : count + " blocks";
    }

    private void out(VolumeParts each, String what, ActionQueue out) {
        parts.report(Level.INFO, parts.name(each.volume) + ": " + what + ".", "Both disks are UpToDate.", "Nothing is to be done.", out);
    }

    // ---- target

    void syncIdentifierArrived(VolumeParts each, long identifier, ActionQueue out) {
        if (isForDiskGivenUp(each)) return;
        ConnectionState state = each.volume.state().connection();
        // Its leave comes on the other socket, and may be late (seed 5910).
        boolean isExpected = state == ConnectionState.WF_SYNC_UUID || state == ConnectionState.CONNECTED && each.asksToBeTarget;
        if (!isExpected) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it sent a sync identifier while " + state.displayName(), out);
            return;
        }
        // 0 stands for none here; a source's is never 0 (spec states 3.2).
        each.pendingSyncIdentifier = identifier == 0 ? 2 : identifier;
        each.writesBeforeResync = parts.peerWrites.latestEpoch();
        if (state == ConnectionState.WF_SYNC_UUID) startTargetInTurn(each, out);
    }

    /**
     * A write that the source sent before, and that waits for an earlier epoch, comes first: the source may have answered it without us, as of a copy that
     * was given up, and written over it since. After the resync it would undo what was copied (promise 3).
     */
    private void startTargetInTurn(VolumeParts each, ActionQueue out) {
        if (!each.wholeBitmap.isSetting() && parts.peerWrites.hasBegun(each.writesBeforeResync)) startTarget(each, out);
    }

    private void startTarget(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        int connection = parts.connection;
        long identifier = each.pendingSyncIdentifier;
        each.pendingSyncIdentifier = 0;
        each.exchange = null;
        volume.setIdentifiers(volume.identifiers().startAsSyncTarget(identifier));
        parts.fact(each, volume.state().withConnection(ConnectionState.SYNC_TARGET), volume.bitmap().setBits() + " blocks to resync");
        each.startingTarget = true;
        // The source forgets a block when we say that it is here, while it may still be in our disk's cache: our own bitmap has to name
        // it until it is not (rule 12).
        volume.metadata().writeBitmap(null, out);
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (connection != parts.connection) return;
            boolean current = durable && each.startingTarget;
            each.startingTarget = false;
            if (!current || !volume.state().connection().isSyncTarget()) return;
            each.target.start(connection, parts.nowNanos, volume.state().connection() == ConnectionState.PAUSED_SYNC_T, actions);
        }, out);
    }

    void pingAnswered(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            if (each.finishPing == 0 || parts.keepalive.answers() < each.finishPing) continue;
            each.finishPing = 0;
            if (mayEndTarget(each) && !each.finishing) finishTarget(each, out);
        }
    }

    /**
     * A source that gives its leave for a detach begins a generation without this disk, and says so: taken over at an end before the leave is here, what
     * the source is to write alone would be in both disks' generation (rule 1, seed 2850060).
     */
    private static boolean mayEndTarget(VolumeParts each) {
        return each.target.isThrough() && !each.asksToDetach;
    }

    private void finishTarget(VolumeParts each, ActionQueue out) {
        each.finishing = true;
        int connection = parts.connection;
        Volume volume = each.volume;
        volume.metadata().writeBitmap((durable, actions) -> {
            if (connection != parts.connection) return;
            each.finishing = false;
            boolean current = durable && volume.state().connection() == ConnectionState.SYNC_TARGET;
            // A write that failed meanwhile has set a bit again.
            if (current && mayEndTarget(each)) targetIsThrough(each, actions);
        }, out);
    }

    private void targetIsThrough(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        int connection = parts.connection;
        long failed = each.target.failedBits();
        each.target.stop();
        if (failed > 0) {
            parts.fact(each, volume.state().withConnection(ConnectionState.CONNECTED).withDisk(DiskState.INCONSISTENT), "resync ended with failed blocks");
            parts.report(Level.ERROR, parts.name(volume) + ": the resync ended, but " + blocks(failed) + " could not be copied from "
                    + parts.settings.peerNode() + ".", "They stay marked as out of sync; this disk stays Inconsistent.",
                    "Check both disks, then disconnect and connect again.", out);
            parts.sendState(volume, out);
            return;
        }
        volume.setIdentifiers(volume.identifiers().finishedAsTarget(volume.peerGenerations.identifiers()));
        volume.peerIsEqual();
        parts.fact(each, volume.state().withConnection(ConnectionState.CONNECTED).withDisk(DiskState.UP_TO_DATE), "resync finished");
        // The peer hears that we are UpToDate when our disk says so, too (rule 13).
        each.endIsBeingWritten = true;
        volume.metadata().writeSuperblock((durable, actions) -> {
            each.endIsBeingWritten = false;
            if (!durable || connection != parts.connection) return;
            parts.sendState(volume, actions);
            advance(each, actions);
        }, out);
        parts.runHandler("after-resync-target", volume, out);
        out(each, "resync finished", out);
    }

    // ---- after every event

    void checkEnds(ActionQueue out) {
        for (int i = 0; i < parts.volumeParts.size(); i++) {
            VolumeParts each = parts.volumeParts.get(i);
            ConnectionState state = each.volume.state().connection();
            if (state == ConnectionState.WF_BITMAP_S) advance(each, out);
            if (each.sourceDue && state.isSourceSide() && !each.startingSource) startSource(each, out);
            if (state == ConnectionState.WF_SYNC_UUID && each.pendingSyncIdentifier != 0) startTargetInTurn(each, out);
            if (state.isSyncSource() && each.source.isThrough() && !each.finishing) finishSource(each, out);
            if (state != ConnectionState.SYNC_TARGET || !each.target.isRunning()) continue;
            each.target.roundAgain(out);
            boolean through = mayEndTarget(each) && each.finishPing == 0 && !each.finishing;
            if (through) each.finishPing = parts.keepalive.ping(out);
        }
    }

    void timeIs(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) each.target.timeIs(parts.nowNanos, out);
        for (VolumeParts each : parts.volumeParts) {
            if (parts.nowNanos < leftoverDeadlineNanos(each)) continue;
            connecting.lose(ConnectionState.TIMEOUT, "the target ended the resync while blocks are left here", out);
            return;
        }
    }

    long deadlineNanos() {
        long deadline = Long.MAX_VALUE;
        for (VolumeParts each : parts.volumeParts) deadline = Math.min(deadline, Math.min(each.target.deadlineNanos(), leftoverDeadlineNanos(each)));
        return deadline;
    }

    private static long leftoverDeadlineNanos(VolumeParts each) {
        boolean waits = each.isSource() && each.source.hasTargetFinished() && !each.finishing;
        return waits ? each.source.targetFinishedNanos() + LEFTOVER_NANOS : Long.MAX_VALUE;
    }

    // ---- full syncs on demand (spec wire 5.6)

    /** Both agreed on StartingSyncS or StartingSyncT: all bits are set, then source or target without an exchange. */
    void startingSync(VolumeParts each, ActionQueue out) {
        boolean source = each.volume.state().connection() == ConnectionState.STARTING_SYNC_S;
        Volume volume = each.volume;
        int connection = parts.connection;
        // Our data is given up from here on, also when the connection ends before the resync begins.
        if (!source) {
            VolumeState given = volume.state().withConnection(ConnectionState.WF_SYNC_UUID).withDisk(DiskState.INCONSISTENT);
            parts.fact(each, given, "waiting for the sync identifier");
        }
        if (source && !volume.isPrimary()) leaveGenerationOfTarget(each, out);
        volume.marksBeginAnew();
        each.wholeBitmap.setAll((durable, actions) -> {
            if (!durable || connection != parts.connection) return;
            if (source && volume.state().connection() == ConnectionState.STARTING_SYNC_S) startSource(each, actions);
            if (!source && each.pendingSyncIdentifier != 0) startTargetInTurn(each, actions);
        }, out);
    }

    // ---- sizes

    void changeSize(VolumeParts each, long newSectors, Packet.Sizes peer, ActionQueue out) {
        Volume volume = each.volume;
        if (volume.bitmap().dirtyPages().anyBeingWritten()) {
            connecting.lose(ConnectionState.TEAR_DOWN, "the size changes while bitmap pages are being written", out);
            return;
        }
        boolean resyncNewArea = (peer.flags() & Packet.Sizes.NO_RESYNC) == 0;
        boolean grew = newSectors > volume.sizeSectors();
        volume.bitmap().resize(newSectors, resyncNewArea);
        volume.setSizeSectors(newSectors);
        if (each.exportOpen) parts.openExport(each, out);
        int change = volume.sizeChanges();
        volume.metadata().writeBitmap((durable, actions) -> {
            if (durable && change == volume.sizeChanges()) volume.sizeIsInBitmap();
        }, out);
        volume.metadata().writeSuperblock(null, out);
        if (grew && resyncNewArea && volume.state().connection() == ConnectionState.CONNECTED) grownOnline(each, peer, out);
    }

    /** The new area is resynced without an exchange (spec wire 5.6). */
    private void grownOnline(VolumeParts each, Packet.Sizes peer, ActionQueue out) {
        boolean peerIsSource = (peer.flags() & Packet.Sizes.SENDER_IS_SOURCE) != 0;
        VolumeState state = each.volume.state();
        // It had our leave to give its disk up, and has decided otherwise before it heard of that (seed 2151811).
        if (peerIsSource && each.peerAsksToDetach) state = state.withPeerDisk(DiskState.UP_TO_DATE);
        if (!state.bothUpToDate()) return;
        each.grown = false;
        if (peerIsSource && state.role() == Role.PRIMARY) {
            connecting.lose(ConnectionState.TEAR_DOWN, "the volume has grown, and the peer takes itself for the source of the new part", out);
            return;
        }
        // Where one changes its role just now the two know different roles: what the first one has decided holds for both (seed 1722739).
        boolean peerIsTarget = (peer.flags() & Packet.Sizes.SENDER_IS_TARGET) != 0;
        if (peerIsTarget || !peerIsSource && parts.isSourceOfEqual(state)) {
            parts.fact(each, state.withConnection(ConnectionState.WF_BITMAP_S), "the device has grown");
            each.targetIsUntold = true;
            each.volume.targetTakesWrites(parts.handshake.peerIsDuett());
            leaveGenerationOfTarget(each, out);
            startSource(each, out);
        } else {
            each.targetBeforeSourceKnows = true;
            parts.fact(each, state.withConnection(ConnectionState.WF_SYNC_UUID), "the device has grown");
        }
    }

    /** The peer declares two fresh disks equal. Until the bits are clear we stay what we are: JUST_CREATED, and so a target of everything. */
    void initialSyncSkipped(VolumeParts each, GenerationIdentifiers peer, ActionQueue out) {
        int connection = parts.connection;
        each.wholeBitmap.clearAll((clear, actions) -> {
            Volume volume = each.volume;
            boolean still = clear && connection == parts.connection && volume.state().connection() == ConnectionState.CONNECTED
                    && volume.identifiers().isJustCreated() && !volume.isPrimary();
            if (still) beEqual(each, peer, actions);
        }, out);
    }

    private void beEqual(VolumeParts each, GenerationIdentifiers peer, ActionQueue out) {
        Volume volume = each.volume;
        volume.setIdentifiers(volume.identifiers().adoptingCurrentOf(peer));
        volume.peerIsEqual();
        parts.fact(each, volume.state().withDisk(DiskState.UP_TO_DATE).withPeerDisk(DiskState.UP_TO_DATE), "the initial sync is skipped");
        // Our last word may have been that we are Inconsistent, and may have come behind its order to skip.
        parts.sendState(volume, out);
        volume.metadata().writeBitmap(null, out);
        volume.metadata().writeSuperblock(null, out);
    }
}
