package org.duett.replicator.resource;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.HandshakeVerdict;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.generation.SyncComparison;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.generation.SyncHandshake;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.resync.BitmapExchange;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** Who copies to whom, from the comparison of identifiers to the last block (spec wire 3.8, 5; states 4). */
final class ResyncControl {
    /** The target said it is through, but bits are left here: after this long a new handshake decides. */
    private static final long LEFTOVER_NANOS = 10_000_000_000L;

    private final Parts parts;
    private Connecting connecting;
    private DiskControl disks;
    private RoleControl roles;
    private int handlerRuns;

    ResyncControl(Parts parts) {
        this.parts = parts;
    }

    void joins(Connecting newConnecting, DiskControl newDisks, RoleControl newRoles) {
        roles = newRoles;
        connecting = newConnecting;
        disks = newDisks;
    }

    // ---- the decision

    /**
     * The peer's state is known: compare and go on. {@code told} is our state with what the peer reported; {@code inHandshake}: the
     * volume is not Connected yet.
     */
    void decide(VolumeParts each, VolumeState told, VolumeState report, boolean inHandshake, ActionQueue out) {
        Volume volume = each.volume;
        // Decided upon once: of a disk that is attached later in this connection both ask anew.
        boolean grown = each.grown;
        each.grown = false;
        DiskState ownDisk = volume.state().disk() == DiskState.NEGOTIATING ? each.parkedDisk : volume.state().disk();
        boolean comparable = ownDisk.isAtLeast(DiskState.NEGOTIATING) && report.disk().isAtLeast(DiskState.NEGOTIATING)
                && volume.peerGenerations != null;
        if (!comparable) {
            connectWithoutComparison(each, told, out);
            return;
        }
        if (inHandshake && each.roleTold != volume.state().role()) {
            // A policy for a split brain looks at roles: the peer would decide on another one (seed 1542843).
            connecting.lose(ConnectionState.TEAR_DOWN, "the role changed in the midst of the handshake", out);
            return;
        }
        SyncHandshake.Result result = SyncHandshake.decide(new SyncHandshake.Inputs(sides(each, ownDisk, report, inHandshake),
                volume.state().disk() == DiskState.NEGOTIATING, parts.handshake.peerDryRun(), parts.settings.net().splitBrain()));
        for (HandshakeVerdict.Handler handler : result.handlers()) {
            out.add(new Action.RunHandler(++handlerRuns, handler.configName(), volume.number));
        }
        boolean peerIsToCompare = !inHandshake && report.connection().isAtMost(ConnectionState.CONNECTED);
        boolean missedEnd = result.comparison().rule() == SyncComparison.MISSED_END;
        if (!(result.verdict() instanceof HandshakeVerdict.Refuse)) {
            if (inHandshake) tellWhatIsNew(each, out);
            // As they were compared here: with the end of the resync put right the peer could come to another end (seed 2695).
            if (peerIsToCompare && missedEnd) parts.sendIdentifiers(each, 0, out);
            volume.setIdentifiers(result.comparison().ownCorrected());
            PeerGenerations peer = volume.peerGenerations;
            volume.peerGenerations = new PeerGenerations(result.comparison().peerCorrected(), peer.outOfSyncBits(), peer.flags());
        }
        VolumeState base = volume.state().disk() == DiskState.NEGOTIATING ? told.withDisk(ownDisk) : told;
        switch (result.verdict()) {
            case HandshakeVerdict.Refuse(HandshakeVerdict.Reason reason, String message) -> {
                boolean lateAttach = volume.state().disk() == DiskState.NEGOTIATING || report.disk() == DiskState.NEGOTIATING;
                if (!inHandshake && report.disk() == DiskState.NEGOTIATING) answerWithRefusal(each, out);
                // A failover daemon would start the service on the disk that is there, and nobody would have decided (promise 2).
                boolean wouldBeDecided = parts.settings.cluster() && reason == HandshakeVerdict.Reason.SPLIT_BRAIN && told.role() != Role.PRIMARY && told.peer() != Role.PRIMARY;
                boolean endsConnection = inHandshake || !lateAttach || wouldBeDecided;
                String resource = parts.settings.name();
                String demotion = parts.settings.demotionHere();
                String choice = parts.settings.choiceOfThisDisk();
                String advice = endsConnection ? reason.advice(resource, demotion, choice) : reason.adviceForLateAttach(resource, demotion, choice);
                if (reason == HandshakeVerdict.Reason.ROLE_CONFLICT) refuseAsPrimary(each, endsConnection, message, advice, out);
                else refuse(each, endsConnection, message, advice, out);
            }
            case HandshakeVerdict.Connect() -> {
                if (differsAllTheSame(each, grown, ownDisk, report, inHandshake)) {
                    ConnectionState next = isSourceOfEqual(base) ? ConnectionState.WF_BITMAP_S : ConnectionState.WF_BITMAP_T;
                    become(each, base, next, Coverage.BITMAP_ONLY, report, inHandshake, missedEnd, out);
                    return;
                }
                connected(each, base, inHandshake, out);
                boolean peerWaits = !inHandshake && report.disk() == DiskState.NEGOTIATING;
                if (peerWaits) answer(each, missedEnd, out);
            }
            case HandshakeVerdict.SyncSource(Coverage coverage) -> {
                reportDecision(each, result.policy(), parts.settings.peerNode(), out);
                become(each, base, ConnectionState.WF_BITMAP_S, coverage, report, inHandshake, missedEnd, out);
            }
            case HandshakeVerdict.SyncTarget(Coverage coverage, boolean demoteFirst) -> {
                if (demoteFirst && volume.isPrimary() && !roles.isInUse()) {
                    // The next handshake finds a Secondary here.
                    parts.report(Level.WARNING, parts.name(volume) + ": split brain: by " + result.policy() + " this Primary loses.", "Nobody uses it, and it is demoted. Nothing is copied before that.",
                            "Nothing is to be done.", out);
                    connecting.lose(ConnectionState.TEAR_DOWN, "by after-sb policy this Primary loses; nobody uses it, and it is demoted", out);
                    roles.giveUp(out);
                } else if (demoteFirst && volume.isPrimary()) {
                    out.add(new Action.RunHandler(++handlerRuns, HandshakeVerdict.Handler.PRI_LOST_AFTER_SB.configName(), volume.number));
                    refuseAsPrimary(each, inHandshake, "split brain: by " + result.policy() + " this Primary loses, and it is in use",
                            HandshakeVerdict.Reason.ROLE_CONFLICT.advice(parts.settings.name(), parts.settings.demotionHere(), parts.settings.choiceOfThisDisk()), out);
                } else {
                    reportDecision(each, result.policy(), parts.settings.localNode(), out);
                    become(each, base, ConnectionState.WF_BITMAP_T, coverage, report, inHandshake, missedEnd, out);
                }
            }
        }
    }

    /** {@code loser}: whose changes the policy gives up; those who used it in that time have to hear of it. */
    private void reportDecision(VolumeParts each, String policy, String loser, ActionQueue out) {
        if (policy.isEmpty()) return;
        String winner = loser.equals(parts.settings.localNode()) ? parts.settings.peerNode() : parts.settings.localNode();
        parts.report(Level.WARNING, parts.name(each.volume) + ": split brain: by " + policy + " what was written on " + loser + " since the nodes parted is given up.",
                "The data of " + winner + " is kept, and copied over it.", "Tell those who used " + loser + " in that time.", out);
    }

    /**
     * A Primary with leave may have begun a generation since it introduced itself, or one that is frozen may have written what the peer lacks: the peer compares what
     * it was told then, and sees no resync where we begin one. It compares again when it hears of both (seed 200136).
     */
    private void tellWhatIsNew(VolumeParts each, ActionQueue out) {
        boolean asTold = GenerationIdentifiers.sameGeneration(each.generationTold, each.volume.identifiers().current()) && each.flagsTold == parts.ownFlags(each);
        if (!asTold) parts.sendIdentifiers(each, 0, out);
    }

    /**
     * The generations are equal, yet blocks are marked: the devices have grown while they were apart, or a resync of what had grown was cut
     * off before it began. Both Duett nodes see this from the same figures; a kernel does not look (promise 3).
     */
    private boolean differsAllTheSame(VolumeParts each, boolean grown, DiskState ownDisk, VolumeState report, boolean inHandshake) {
        PeerGenerations peer = each.volume.peerGenerations;
        boolean bothHoldData = ownDisk.isAbove(DiskState.INCONSISTENT) && peer.realDisk(report.disk()).isAbove(DiskState.INCONSISTENT);
        if (!bothHoldData || !parts.handshake.peerIsDuett()) return false;
        return grown || ownBits(each, report, inHandshake) > 0 || peer.outOfSyncBits() > 0;
    }

    /** As the peer has them, or will have: in growing meanwhile, each by itself, both have marked more, and the peer compares what it was told (spec states 5). */
    private static long ownBits(VolumeParts each, VolumeState report, boolean inHandshake) {
        boolean tellsAgain = !inHandshake && report.disk() == DiskState.NEGOTIATING;
        return tellsAgain ? each.volume.bitmap().setBits() : each.bitsTold;
    }

    /** Of two nodes with the same generation: the Primary, or who has the resolve-conflicts flag (spec wire 5.6). */
    private boolean isSourceOfEqual(VolumeState state) {
        return state.role() != state.peer() ? state.role() == Role.PRIMARY : parts.resolveConflicts;
    }

    private SyncComparison.Inputs sides(VolumeParts each, DiskState ownDisk, VolumeState report, boolean inHandshake) {
        Volume volume = each.volume;
        boolean bothDuett = parts.handshake.peerIsDuett();
        var own = new SyncComparison.Side(new PeerGenerations(volume.identifiers(), ownBits(each, report, inHandshake), parts.ownFlags(each)),
                volume.state().role(), ownDisk);
        var peer = new SyncComparison.Side(volume.peerGenerations, report.role(), volume.peerGenerations.realDisk(report.disk()));
        return new SyncComparison.Inputs(own, peer, parts.resolveConflicts, parts.handshake.writeSameAgreed(), bothDuett);
    }

    private void connectWithoutComparison(VolumeParts each, VolumeState told, ActionQueue out) {
        Volume volume = each.volume;
        boolean servesFromPeer = volume.isPrimary() && told.disk().isBelow(DiskState.INCONSISTENT);
        boolean otherData = servesFromPeer && volume.peerGenerations != null && volume.exposedIdentifier() != 0
                && !GenerationIdentifiers.sameGeneration(volume.exposedIdentifier(), volume.peerGenerations.identifiers().current());
        if (otherData) {
            connecting.giveUp("volume " + volume.number + ": its data is another generation than the one the host here has seen", whereTheSeenDataIs(each), out);
            return;
        }
        if (mayHaveGoneOnAlone(volume, told)) {
            connecting.refuseForNow("volume " + volume.number + ": it has no disk at hand, and nobody can say whether it went on alone",
                    "I/O is held here until its disk is there to be compared with, or this node has leave to go on alone.", "On " + parts.settings.peerNode()
                            + " run: duett attach " + parts.settings.name() + "/" + volume.number + "; if it never served anybody since it was lost, run here: duett resume-io "
                            + parts.settings.name(), out);
            return;
        }
        if (volume.seesDataOfPeer() && volume.peerGenerations != null) volume.setExposedIdentifier(volume.peerGenerations.identifiers().current());
        if (volume.state().disk().isAtLeast(DiskState.NEGOTIATING)) tellWhatIsNew(each, out);
        connected(each, withDataThatWasSeen(told, servesFromPeer), true, out);
        if (servesFromPeer) parts.writesThroughPeer(each);
    }

    /** It went on alone, and gave up the disk that it did so on; or its peer went on without it, and its own disk is of no use. */
    private String whereTheSeenDataIs(VolumeParts each) {
        Volume volume = each.volume;
        GenerationIdentifiers peer = volume.peerGenerations.identifiers();
        boolean isOnOwnDisk = volume.identifiers().names(peer.current()) && !peer.names(volume.identifiers().current());
        if (!isOnOwnDisk) {
            return "The host gets I/O errors here, or waits (on-no-data-accessible suspend-io), as there is no disk. Demote this node (duett secondary --force " + parts.settings.name()
                    + "), then connect; either node can be promoted after that.";
        }
        return "What was answered last is on the disk that this node has given up, and nowhere else. Where that can be read: duett attach " + parts.settings.name() + "/" + volume.number
                + ", " + parts.settings.choiceOfThisDisk() + ". Only where it cannot, and what " + parts.settings.peerNode() + " lacks is given up: " + parts.settings.demotionHere()
                + ", then on both nodes: duett connect " + parts.settings.name();
    }

    /**
     * This Primary has lost a copy as good as its own, and has no leave to go on without it. A node that comes without a disk may have been promoted since, and tells
     * nothing of its generation: contact alone is no leave (rules 8, 24).
     */
    private boolean mayHaveGoneOnAlone(Volume volume, VolumeState told) {
        boolean waitsForLeave = parts.settings.cluster() && volume.isPrimary() && !parts.record.hasLeave() && parts.record.isOpen(volume)
                && volume.state().disk() == DiskState.UP_TO_DATE;
        return waitsForLeave && told.peerDisk().isBelow(DiskState.INCONSISTENT);
    }

    /** An Outdated copy of just the generation that a Primary's host has seen is not outdated by anybody. */
    private VolumeState withDataThatWasSeen(VolumeState told, boolean servesFromPeer) {
        // A kernel refuses other data, and says no more of it.
        boolean takenByKernel = told.peer() == Role.PRIMARY && told.disk() == DiskState.OUTDATED && !parts.handshake.peerIsDuett();
        if (takenByKernel) return told.withDisk(DiskState.UP_TO_DATE);
        return servesFromPeer && told.peerDisk() == DiskState.OUTDATED ? told.withPeerDisk(DiskState.UP_TO_DATE) : told;
    }

    private void refuseAsPrimary(VolumeParts each, boolean endsConnection, String message, String advice, ActionQueue out) {
        if (endsConnection) connecting.giveUpAsPrimary("volume " + each.volume.number + ": " + message, advice, out);
        else refuse(each, false, message, advice, out);
    }

    private void refuse(VolumeParts each, boolean endsConnection, String message, String advice, ActionQueue out) {
        if (endsConnection) {
            connecting.giveUp("volume " + each.volume.number + ": " + message, advice, out);
            return;
        }
        // Only the late attach is undone; the connection stays (spec states 4.2).
        parts.report(Level.ERROR, parts.name(each.volume) + ": " + message + ".", "The disk is not used; the connection stays.", advice, out);
        if (each.volume.state().disk() != DiskState.NEGOTIATING) return;
        roles.diskDoesNotFit(out);
        disks.giveUp(each, "its data does not fit the peer's", out);
    }

    private void connected(VolumeParts each, VolumeState told, boolean inHandshake, ActionQueue out) {
        if (told.role() == Role.PRIMARY && told.peer() == Role.PRIMARY) {
            connecting.refuseSecondPrimary("both nodes are Primary", out);
            return;
        }
        each.parkedDisk = DiskState.DISKLESS;
        parts.fact(each, told.withConnection(ConnectionState.CONNECTED), "connected to " + parts.settings.peerNode());
        if (inHandshake) parts.sendState(each.volume, out);
        if (each.volume.state().peerDisk() == DiskState.UP_TO_DATE) parts.record.peerIsBack(each.volume, out);
        else parts.record.peerIsBackWithoutData(each.volume, out);
    }

    private void become(VolumeParts each, VolumeState told, ConnectionState next, Coverage coverage, VolumeState report, boolean inHandshake,
            boolean identifiersAreSent, ActionQueue out) {
        boolean bothPrimary = told.role() == Role.PRIMARY && told.peer() == Role.PRIMARY;
        if (bothPrimary && next == ConnectionState.WF_BITMAP_S) {
            // By after-sb policy it is to be demoted, or to stay away if it cannot be (spec states 5.3).
            connecting.lose(ConnectionState.TEAR_DOWN, "the peer is still Primary, and loses by after-sb policy", out);
            return;
        }
        if (bothPrimary) {
            connecting.refuseSecondPrimary("both nodes are Primary", out);
            return;
        }
        Volume volume = each.volume;
        each.parkedDisk = DiskState.DISKLESS;
        each.exchange = new BitmapExchange(volume, parts.connection, parts.settings.net().runLengthBitmaps(), parts.settings.tables().bitmapStepWords());
        if (coverage == Coverage.WHOLE_DEVICE) {
            each.wholeBitmap.setAll((durable, actions) -> {
                if (durable) advance(each, actions);
            }, out);
        }
        boolean source = next == ConnectionState.WF_BITMAP_S;
        parts.fact(each, told.withConnection(next), source ? "source of a resync, " + coverage : "target of a resync, " + coverage);
        if (!source) parts.record.becomesTarget(volume);
        boolean peerHasNotDecided = report.connection().isAtMost(ConnectionState.CONNECTED);
        if (inHandshake) parts.sendState(volume, out);
        else if (peerHasNotDecided) answer(each, identifiersAreSent, out);
        boolean same = volume.peerGenerations != null
                && GenerationIdentifiers.sameGeneration(volume.identifiers().current(), volume.peerGenerations.identifiers().current());
        if (source && same) leaveGenerationOfTarget(each, out);
        advance(each, out);
    }

    /** In an established connection the peer compares when it has our identifiers and our state (spec wire 3.0). */
    private void answer(VolumeParts each, boolean identifiersAreSent, ActionQueue out) {
        if (!identifiersAreSent) parts.sendIdentifiers(each, 0, out);
        parts.sendState(each.volume, out);
        // One that has decided on an earlier word of ours already has put them right, too, and is not to fall behind that.
        if (identifiersAreSent) parts.sendIdentifiers(each, 0, out);
    }

    /** It compares when it hears from us, and gives its disk up, which we go on to see as it was before; that we have heard of it is to be seen all the same. */
    private void answerWithRefusal(VolumeParts each, ActionQueue out) {
        parts.sendIdentifiers(each, 0, out);
        VolumeState state = each.volume.state();
        parts.sendState(each.volume, parts.handshake.peerIsDuett() ? state.withPeerDisk(DiskState.NEGOTIATING) : state, out);
    }

    // ---- bitmap exchange

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
                if (ready && parts.peerWrites.earlierWritesAreThrough(each.volume)) startSource(each, out);
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
        return !each.stateIsDue && !each.exchange.sent() && !each.exchange.wantsStep() && !each.wholeBitmap.wantsStep();
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
        each.sourceDue = parts.record.isBeingMade(volume);
        // The target takes over at the end what it was told last: our new generation without the identifier of this resync.
        if (each.sourceDue) return;
        each.startingSource = true;
        int connection = parts.connection;
        volume.setIdentifiers(volume.identifiers().startAsSyncSource(parts.random.takeIdentifier()));
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
        if (each.source.targetWasThrough()) each.source.targetFinished(parts.nowNanos);
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
            volume.setIdentifiers(volume.identifiers().finishedAsSource());
            volume.peerIsEqual();
            parts.fact(each, volume.state().withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.UP_TO_DATE), "resync finished");
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
            if (each.target.isThrough() && !each.finishing) finishTarget(each, out);
        }
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
            if (current && each.target.isThrough()) targetIsThrough(each, actions);
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
        volume.metadata().writeSuperblock((durable, actions) -> {
            if (durable && connection == parts.connection) parts.sendState(volume, actions);
        }, out);
        out.add(new Action.RunHandler(++handlerRuns, "after-resync-target", volume.number));
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
            boolean through = each.target.isThrough() && each.finishPing == 0 && !each.finishing;
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
        boolean waits = each.volume.state().connection().isSyncSource() && each.source.hasTargetFinished() && !each.finishing;
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
        if (grew && resyncNewArea && volume.state().connection() == ConnectionState.CONNECTED) grownOnline(each, out);
    }

    /** The new area is resynced without an exchange (spec wire 5.6). */
    private void grownOnline(VolumeParts each, ActionQueue out) {
        VolumeState state = each.volume.state();
        if (!state.bothUpToDate()) return;
        each.grown = false;
        if (isSourceOfEqual(state)) {
            parts.fact(each, state.withConnection(ConnectionState.WF_BITMAP_S), "the device has grown");
            each.targetIsUntold = true;
            leaveGenerationOfTarget(each, out);
            startSource(each, out);
        } else {
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
