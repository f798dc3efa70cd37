package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.PeerRead;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * The one front door of a resource's core: events in, actions out. Hands each event to its concept and, after it, lets everything
 * that became possible happen: state changes are acted upon, users of blocks that need not wait any more go on, what changed of the
 * metadata goes to disk.
 */
public final class ResourceMachine {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final MirrorDuty mirrorDuty;
    private final PeerRequests requests;
    private final Resizing resizing;
    private final SizeAgreement sizes;
    private final PeerReports reports;
    private final PeerConversation conversation;
    private final DiskControl disks;
    private final RoleControl roles;
    private final Freeze freeze;
    private final FencePolicy fencing;
    private final OperatorCommands commands;
    private boolean continueOrdered;

    public ResourceMachine(ResourceSettings settings, BufferSource buffers) {
        parts = new Parts(settings, buffers);
        Outdating outdating = new Outdating(parts);
        fencing = new FencePolicy(parts);
        connecting = new Connecting(parts, outdating, fencing);
        resync = new ResyncControl(parts, connecting);
        disks = new DiskControl(parts, connecting);
        requests = new PeerRequests(parts, connecting, resync, outdating);
        roles = new RoleControl(parts, requests, connecting);
        resizing = new Resizing(parts);
        mirrorDuty = new MirrorDuty(parts);
        ResyncDecision decision = new ResyncDecision(parts, connecting, resync, disks, roles);
        sizes = new SizeAgreement(parts, connecting, resync, resizing);
        reports = new PeerReports(parts, connecting, decision, resync, disks, mirrorDuty, sizes);
        conversation = new PeerConversation(parts, connecting, resync, requests, resizing, sizes, reports);
        resizing.joins(sizes);
        requests.joins(roles);
        freeze = new Freeze(parts);
        commands = new OperatorCommands(parts, connecting, resync, requests, disks, roles, freeze, outdating, resizing);
    }

    public void handle(Event event, ActionQueue out) {
        eventIsOver();
        switch (event) {
            case Event.TimeAdvanced(long nowNanos) -> timeIs(nowNanos, out);
            case Event.LoopStalled(long gapNanos) -> weStalled(gapNanos);
            case Event.RandomArrived(long[] values) -> parts.random.arrived(values);
            case Event.WorkContinued() -> continueWork(out);
            case Event.HostRequestArrived arrived -> hostRequest(arrived.request, out);
            case Event.ExportUsersChanged(int volume, int users) -> parts.partsOrNull(volume).exportUsers = users;
            case Event.DiskOperationDone done -> diskDone(done.operation, out);
            case Event.DiskOpened opened -> disks.opened(opened, out);
            case Event.DiskOpenFailed failed -> disks.openFailed(failed);
            case Event.DiskClosed closed -> disks.closed(closed, out);
            case Event.DiskMeasured measured -> resizing.measured(measured, out);
            case Event.PeerConnected connected -> connecting.peerConnected(connected, out);
            case Event.PeerKnocked(int connection) -> connecting.peerKnocked(connection, out);
            case Event.PeerLost lost -> connecting.peerLost(lost, out);
            case Event.PeerPacketArrived packet -> conversation.arrived(packet, out);
            case Event.CommandArrived(long ticket, var command) -> commands.arrived(ticket, command, out);
            case Event.HandlerFinished(int run, int exitCode) -> handlerFinished(run, exitCode, out);
            case Event.TermFound(long term) -> roles.termFound(term);
            case Event.CacheIntactFound(int volume) -> parts.partsOrNull(volume).volume.setCacheIntact();
            case Event.TermStored(long term) -> roles.termStored(term, out);
            case Event.AttachedDevicesSeen(var attached) -> roles.attachedDevicesSeen(attached, out);
        }
        settle(out);
    }

    /** When the core wants a {@link Event.TimeAdvanced} at the latest, in core time; {@link Long#MAX_VALUE}: not by itself. */
    public long deadlineNanos() {
        return Math.min(Math.min(parts.writes.deadlineNanos(), connecting.deadlineNanos()),
                Math.min(Math.min(resync.deadlineNanos(), disks.deadlineNanos()), roles.deadlineNanos()));
    }

    // ---- events

    private void eventIsOver() {
        parts.peerWrites.eventIsOver();
        parts.peerReads.eventIsOver();
        for (int i = 0; i < parts.volumeParts.size(); i++) {
            parts.volumeParts.get(i).source.eventIsOver();
            parts.volumeParts.get(i).target.eventIsOver();
        }
    }

    private void weStalled(long gapNanos) {
        parts.keepalive.weStalled(gapNanos);
        connecting.weStalled(gapNanos);
        for (int i = 0; i < parts.volumes.size(); i++) parts.volumes.get(i).weStalled(gapNanos);
    }

    private void timeIs(long nowNanos, ActionQueue out) {
        assert nowNanos >= parts.nowNanos : "time goes back";
        parts.nowNanos = nowNanos;
        for (int i = 0; i < parts.volumes.size(); i++) parts.volumes.get(i).timeIs(nowNanos);
        parts.keepalive.timeIs(nowNanos);
        parts.reads.timeIs(nowNanos);
        parts.writes.timeIs(nowNanos, out);
        disks.timeIs();
        resync.timeIs(out);
        connecting.timeIs(out);
        roles.timeIs(out);
    }

    private void continueWork(ActionQueue out) {
        continueOrdered = false;
        resync.step(out);
        for (VolumeParts each : parts.volumeParts) {
            if (each.attach.wantsStep()) each.attach.markAllStep(out);
        }
    }

    private void hostRequest(HostRequest request, ActionQueue out) {
        switch (request.kind) {
            case READ -> parts.reads.arrived(request, out);
            case WRITE, TRIM, WRITE_ZEROES, FLUSH -> parts.writes.arrived(request, out);
        }
    }

    private void diskDone(DiskOperation operation, ActionQueue out) {
        VolumeParts each = parts.partsOrNull(operation.volume);
        Volume volume = each.volume;
        volume.answered(operation);
        // The host that it failed is answered by what the peer's disk is (seed 8602561).
        if (operation.errno != 0 && operation.kind != DiskOperation.Kind.READ) disks.endResyncThatIsThrough(each);
        switch (operation.purpose) {
            case HOST_WRITE -> parts.writes.localDone((HostWrite) operation.owner, out);
            case HOST_READ -> parts.reads.localDone((HostRead) operation.owner, out);
            case HOST_FLUSH -> parts.writes.flushDone((HostFlush) operation.owner, out);
            case PEER_WRITE -> parts.peerWrites.done(volume, (PeerWrite) operation.owner, out);
            case PEER_READ -> parts.peerReads.done(volume, (PeerRead) operation.owner, out);
            case PEER_FLUSH -> parts.peerWrites.flushDone(volume, operation, out);
            case RESYNC_READ -> resyncRead(each, (ResyncBlock) operation.owner, out);
            case RESYNC_WRITE -> each.target.writeDone((ResyncBlock) operation.owner, out);
            case ACTIVITY_LOG, BITMAP, SUPERBLOCK -> volume.metadata().diskDone(operation, out);
            case ATTACH -> each.attach.readDone(out);
        }
        // Whether the disk stays, and as what, depends on the peer, which is not beside us any more once an epoch is broken (seed 3070795).
        disks.checkFailure(each, out);
        conversation.checkEpochs(out);
    }

    private static void resyncRead(VolumeParts each, ResyncBlock block, ActionQueue out) {
        if (block.atTarget) each.target.readDone(block, out);
        else each.source.readDone(block, out);
    }

    private void handlerFinished(int run, int exitCode, ActionQueue out) {
        if (!roles.handlerFinished(run, exitCode, out)) fencing.handlerFinished(run, exitCode, out);
    }

    // ---- after every event

    private void settle(ActionQueue out) {
        do {
            settleVolumes(out);
            tellNewIdentifiers(out);
            connecting.announceEstablished(out);
            connecting.endLossesWithContact(out);
            if (!parts.socketsUp) requests.connectionLost(out);
            resync.checkEnds(out);
            parts.release.check(out);
            roles.check(out);
            freeze.apply(out);
            parts.writes.beginWaiting(out);
            // What a demotion fails may have had others wait behind it: they go on now, as no other event need follow.
        } while (somebodyMayGoOn());
        if (parts.reads.takeWaitsForBarrier()) parts.writes.closeEpoch(out);
        parts.writes.closeEpochIfShort(out);
        for (int i = 0; i < parts.volumeParts.size(); i++) writeMetadata(parts.volumeParts.get(i), out);
        orderContinuation(out);
        parts.random.refill(out);
    }

    private void settleVolumes(ActionQueue out) {
        boolean progress = true;
        while (progress) {
            progress = false;
            for (int i = 0; i < parts.volumeParts.size(); i++) progress |= settle(parts.volumeParts.get(i), out);
            progress |= freeze.endWithItsCause();
        }
    }

    private boolean somebodyMayGoOn() {
        for (int i = 0; i < parts.volumes.size(); i++) {
            Volume volume = parts.volumes.get(i);
            if (volume.hasTransition() || volume.overlap().mayUnblock() || volume.log().hasReady()) return true;
        }
        return parts.writes.mayBeginWaiting();
    }

    private boolean settle(VolumeParts each, ActionQueue out) {
        boolean progress = false;
        disks.checkFailure(each, out);
        disks.checkUnreadable(each, out);
        disks.checkAttach(each, out);
        disks.checkAbandoned(each, out);
        for (Volume.Transition change = each.volume.pollTransition(); change != null; change = each.volume.pollTransition()) {
            progress = true;
            changed(each, change, out);
        }
        for (BlockUser user = each.volume.overlap().pollUnblocked(); user != null; user = each.volume.overlap().pollUnblocked()) {
            progress = true;
            nothingOverlaps(each, user, out);
        }
        for (BlockUser user = each.volume.log().pollReady(); user != null; user = each.volume.log().pollReady()) {
            progress = true;
            extentIsHot(each, user, out);
        }
        parts.peerWrites.checkMarks(out);
        parts.peerReads.checkBarriers(parts.volumes, out);
        disks.checkDetach(each, out);
        disks.checkClose(each, out);
        reports.judgeWhatWaited(each, out);
        resizing.check(each, out);
        return progress;
    }

    private void nothingOverlaps(VolumeParts each, BlockUser user, ActionQueue out) {
        switch (user) {
            case HostWrite write -> parts.writes.nothingOverlaps(write, out);
            case HostRead read -> parts.reads.nothingOverlaps(read, out);
            case PeerWrite write -> parts.peerWrites.nothingOverlaps(each.volume, write, out);
            case PeerRead read -> parts.peerReads.nothingOverlaps(each.volume, read, out);
            case ResyncBlock block -> {
                if (block.atTarget) each.target.nothingOverlaps(block, out);
                else each.source.nothingOverlaps(block, out);
            }
            default -> throw new AssertionError("does not wait for blocks: " + user);
        }
    }

    private void extentIsHot(VolumeParts each, BlockUser user, ActionQueue out) {
        switch (user) {
            case HostWrite write -> parts.writes.extentIsHot(write, out);
            case HostRead read -> parts.reads.extentIsHot(read, out);
            case PeerWrite write -> parts.peerWrites.extentIsHot(each.volume, write, out);
            default -> throw new AssertionError("does not wait for the log: " + user);
        }
    }

    private void writeMetadata(VolumeParts each, ActionQueue out) {
        Volume volume = each.volume;
        if (volume.log().wantsTransaction()) volume.metadata().writeLogTransaction(out);
        if (volume.log().isStarving()) parts.writes.closeEpoch(out);
        if (volume.marks().isStale()) volume.metadata().writeSuperblock(null, out);
    }

    private void orderContinuation(ActionQueue out) {
        if (continueOrdered) return;
        boolean wanted = resync.wantsStep();
        for (int i = 0; i < parts.volumeParts.size(); i++) wanted |= parts.volumeParts.get(i).attach.wantsStep();
        if (!wanted) return;
        continueOrdered = true;
        out.add(new Action.ContinueWork());
    }

    // ---- what follows from a change of state (spec states 2.6)

    private void changed(VolumeParts each, Volume.Transition change, ActionQueue out) {
        Volume volume = each.volume;
        VolumeState before = change.before();
        VolumeState after = change.after();
        out.add(new Action.StateChanged(volume.number, before, after, change.cause()));
        boolean becameGood = after.bothUpToDate() && !before.bothUpToDate();
        if (becameGood) volume.setCrashedPrimary(false);
        if (becameGood && volume.isPrimary() && parts.settings.cluster()) parts.reads.limitIsDue();
        if (each.introduceDisk) introduceDisk(each, out);
        if (before.connection().isSyncLike() && after.connection() == ConnectionState.CONNECTED) each.target.stop();
        if (before.role() != after.role()) each.target.roleChanged(out);
        boolean pauseChanged = before.connection() != after.connection()
                && (after.connection() == ConnectionState.PAUSED_SYNC_T || before.connection() == ConnectionState.PAUSED_SYNC_T);
        if (pauseChanged && each.target.isRunning()) each.target.pause(after.connection() == ConnectionState.PAUSED_SYNC_T, out);
        if (after.connection().isEstablished()) peerDiskChanged(each, before, after, out);
        if (before.connection().isAbove(ConnectionState.CONNECTED) && after.connection() == ConnectionState.CONNECTED) each.resyncEnded();
        diskCameBack(volume, before, after, out);
        lossIsOver(volume, before, after, out);
        mirrorDuty.changed(each, before, after, out);
        // Of a contact of some volumes only nobody becomes eyewitness: that comes when all are through (Connecting.announceEstablished).
        if (after.connection().isEstablished()) each.goodAtLastContact = after.isMirrored() && (each.goodAtLastContact || connecting.isAnnounced());
        if (after.connection().isEstablished()) judgeCaches(volume, after, out);
        boolean lost = before.connection().isEstablished() && !after.connection().isEstablished();
        if (lost && each == parts.volumeParts.getFirst()) fencing.peerLost(out);
    }

    /** From here on a reboot, not one of before, is what may have lost something of a disk (rule 24). */
    private static void judgeCaches(Volume volume, VolumeState now, ActionQueue out) {
        boolean equal = now.isMirrored();
        boolean source = now.connection().isSyncSource();
        if ((equal || source) && !volume.cacheIntact()) {
            volume.setCacheIntact();
            out.add(new Action.RememberCacheIntact(volume.number));
        }
        boolean target = now.connection().isSyncLike() && !source;
        if ((equal || target) && volume.peerGenerations != null) volume.peerGenerations = volume.peerGenerations.withCacheIntact();
    }

    private void introduceDisk(VolumeParts each, ActionQueue out) {
        each.introduceDisk = false;
        sizes.send(each.volume, 0, out);
        parts.sendIdentifiers(each, 0, out);
        parts.sendState(each.volume, out);
    }

    /**
     * A Primary has its good disk back. Where the peer has none at hand, what is written from now on is here alone, and has to be on record (rule 1); where it is to be
     * made equal, or is, that is said when it is.
     */
    private void diskCameBack(Volume volume, VolumeState before, VolumeState after, ActionQueue out) {
        boolean cameBack = before.role() == Role.PRIMARY && volume.isPrimary() && before.disk() != DiskState.UP_TO_DATE
                && after.disk() == DiskState.UP_TO_DATE;
        boolean peerHasNone = !after.connection().isEstablished() || after.peerDisk().isAtMost(DiskState.FAILED);
        if (!cameBack) return;
        if (peerHasNone) parts.record.peerLost(volume, before, volume.resyncLeftOpen(), out);
        else parts.record.goodCopyIsBack(volume);
    }

    /**
     * A Primary without a disk has one again before the peer made a generation for what it would have written through it, and now it need not (rule 6).
     * A disk that is behind is on record when it says so itself; what one lacks that counts as good never will be (rule 1b, seed 14670).
     */
    private void lossIsOver(Volume volume, VolumeState before, VolumeState after, ActionQueue out) {
        boolean hasDisk = before.disk().isBelow(DiskState.INCONSISTENT) && after.disk().isAtLeast(DiskState.INCONSISTENT);
        if (!hasDisk || !volume.isPrimary() || !parts.record.localLossIsOpen(volume)) return;
        if (after.disk() == DiskState.UP_TO_DATE) {
            parts.record.localLossStaysOpen(volume, out);
            return;
        }
        int attach = volume.attach();
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable && volume.attach() == attach) parts.record.localLossOnRecord(volume, actions);
        }, out);
    }

    /** The connection lives, but the peer's disk came or went. */
    private void peerDiskChanged(VolumeParts each, VolumeState before, VolumeState after, ActionQueue out) {
        Volume volume = each.volume;
        boolean had = before.connection().isEstablished() && before.peerDisk().isAtLeast(DiskState.INCONSISTENT)
                && before.peerDisk() != DiskState.UNKNOWN && before.peerDisk() != DiskState.OUTDATED;
        // With on-io-error pass_on it stays, and lacks a block: whether its metadata could take that down nobody here knows (rules 1, 4).
        boolean wasGood = before.connection() == ConnectionState.CONNECTED && before.peerDisk() == DiskState.UP_TO_DATE
                || before.connection().isSyncSource() && each.source.hasTargetFinished();
        boolean lacks = wasGood && after.peerDisk() == DiskState.INCONSISTENT && after.connection() == ConnectionState.CONNECTED;
        // Its copy is to be overwritten, and passes for as good as ours until it has written that down (rule 1).
        boolean invalidated = parts.handshake.peerIsDuett() && before.peerDisk() == DiskState.UP_TO_DATE
                && before.connection() == ConnectionState.CONNECTED && after.connection() == ConnectionState.STARTING_SYNC_S;
        boolean lost = lacks || invalidated || had && (after.peerDisk().isBelow(DiskState.INCONSISTENT) || after.peerDisk() == DiskState.OUTDATED);
        if (!lost) return;
        boolean mayHaveFinished = before.connection().isSyncSource() && parts.targetMayHaveFinished(each) || each.targetMayPass;
        if (mayHaveFinished) parts.targetMayHaveOurGeneration(each, out);
        if (!volume.isPrimary()) return;
        parts.record.peerLost(volume, before, mayHaveFinished, out);
        parts.writes.peerDiskLost(volume, out);
    }

    private void tellNewIdentifiers(ActionQueue out) {
        for (Volume volume = parts.record.pollIdentifiersChanged(); volume != null; volume = parts.record.pollIdentifiersChanged()) {
            if (parts.socketsUp && volume.isConnected()) parts.sendIdentifiers(parts.parts(volume), 0, out);
        }
    }

    // ---- status

    public ResourceStatus status() {
        VolumeState first = parts.volumes.getFirst().state();
        List<ResourceStatus.VolumeStatus> volumes = new ArrayList<>();
        for (VolumeParts each : parts.volumeParts) volumes.add(status(each));
        return new ResourceStatus(parts.settings.name(), parts.settings.localNode(), parts.settings.peerNode(), first.role(), first.peer(),
                first.connection(), parts.settings.net().protocol(), parts.socketsUp && parts.handshake.peerIsDuett(), parts.settings.cluster(),
                freeze.isHeld(), parts.record.proof(), parts.term, parts.contact, parts.isEyewitness(),
                new ResourceStatus.SignsOfLife(parts.keepalive.peerHeardNanos(), parts.keepalive.answeredPingNanos()), parts.writes.writesInFlight(), parts.writes.requestsWaiting(),
                Optional.ofNullable(parts.trouble), volumes);
    }

    private ResourceStatus.VolumeStatus status(VolumeParts each) {
        Volume volume = each.volume;
        long bits = volume.bitmap() == null ? 0 : volume.bitmap().setBits();
        ResyncProgress progress = switch (volume.state().connection()) {
            case SYNC_SOURCE, PAUSED_SYNC_S -> each.source.progress();
            case SYNC_TARGET, PAUSED_SYNC_T -> each.target.progress();
            default -> null;
        };
        var counters = new ResourceStatus.Counters(parts.writes.kibSent() + each.source.kibSent(),
                parts.peerWrites.kibReceived() + each.target.kibReceived(),
                parts.writes.kibWritten() + parts.peerWrites.kibWritten() + each.target.kibWritten(),
                parts.reads.kibRead() + each.source.kibRead() + each.target.kibRead(), volume.metadata().logWrites(), volume.metadata().bitmapWrites(), volume.operationsInFlight(),
                parts.writes.awaitingPeer(), parts.peerWrites.writesInWork(), parts.writes.requestsOpen(), parts.writes.openEpochs());
        return new ResourceStatus.VolumeStatus(volume.number, volume.state(), volume.sizeSectors() * 512, volume.identifiers(), volume.crashedPrimary(),
                bits * 4096, Optional.ofNullable(progress).map(p -> p.figures(parts.nowNanos, bits)), volume.settings.diskFlushes(),
                volume.log().slots(), counters);
    }

    /** For checkers: nothing is under way between host, disks and peer. */
    public boolean isQuiet() {
        if (!parts.writes.isIdle() || !parts.reads.isIdle() || !parts.peerWrites.isDrained() || roles.isBusy() || requests.isBusy()) return false;
        for (VolumeParts each : parts.volumeParts) {
            if (each.volume.operationsInFlight() > 0 || each.attach.isRunning() || each.volume.overlap().presentUsers() > 0) return false;
            if (each.wholeBitmap.wantsStep()) return false;
        }
        return true;
    }

    /** For checkers, at any time: a host's write or flush that nothing under way will ever move on, in words; null when there is none. */
    public String blockedForNothing() {
        return parts.writes.blockedForNothing();
    }

    /** For checkers, when all is quiet and connected: what has been taken and was not given back, in words; empty when nothing is. */
    public String leaks() {
        StringBuilder text = new StringBuilder();
        if (parts.writes.openEpochs() > 0) text.append(parts.writes.openEpochs()).append(" epochs of the host's writes; ");
        if (parts.peerWrites.writesInWork() > 0) text.append(parts.peerWrites.writesInWork()).append(" slots of the peer's writes; ");
        if (parts.peerWrites.openEpochs() > 1) text.append(parts.peerWrites.openEpochs()).append(" epochs of the peer's writes; ");
        for (Volume volume : parts.volumes) {
            int references = volume.log().referencesInUse();
            if (references > 0) text.append("volume ").append(volume.number).append(": ").append(references).append(" references on extents; ");
            int waiting = volume.log().waiting() + volume.overlap().behindUsers();
            if (waiting > 0) text.append("volume ").append(volume.number).append(": ").append(waiting).append(" users that wait; ");
        }
        return text.toString();
    }

    /** What is under way, in words: for who waits in vain. */
    public String waitingFor() {
        StringBuilder text = new StringBuilder();
        text.append("writes=").append(parts.writes.writesInFlight()).append(" queued=").append(parts.writes.requestsWaiting()).append(" epochs=")
                .append(parts.writes.openEpochs()).append(" peerWrites=").append(parts.peerWrites.writesInWork()).append(" held=")
                .append(freeze.isHeld());
        for (VolumeParts each : parts.volumeParts) {
            Volume volume = each.volume;
            text.append(" [volume ").append(volume.number).append(": disk=").append(volume.operationsInFlight()).append(" present=")
                    .append(volume.overlap().presentUsers()).append(" behind=").append(volume.overlap().behindUsers()).append(" log=")
                    .append(volume.log().waiting()).append(" asked=").append(each.target.inWork()).append(" bits=")
                    .append(volume.bitmap() == null ? 0 : volume.bitmap().setBits()).append(']');
        }
        return text.toString();
    }

    public VolumeState state(int volume) {
        return parts.volume(volume).state();
    }

    public Volume volume(int number) {
        return parts.volume(number);
    }

    public boolean isEyewitness() {
        return parts.isEyewitness();
    }

    public int connection() {
        return parts.connection;
    }

    public int contact() {
        return parts.contact;
    }
}
