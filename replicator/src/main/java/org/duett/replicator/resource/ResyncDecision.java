package org.duett.replicator.resource;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.HandshakeVerdict;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.generation.SyncComparison;
import org.duett.replicator.generation.SyncDecision.Coverage;
import org.duett.replicator.generation.SyncHandshake;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * Whose data counts when two nodes meet, or one of them attaches its disk: both compare identifiers, each for itself, and come to the same end (spec wire 3.8, 5; states 4, 5). What follows
 * from it {@link ResyncControl} does.
 */
final class ResyncDecision {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncControl resync;
    private final DiskControl disks;
    private final RoleControl roles;

    ResyncDecision(Parts parts, Connecting connecting, ResyncControl resync, DiskControl disks, RoleControl roles) {
        this.parts = parts;
        this.connecting = connecting;
        this.resync = resync;
        this.disks = disks;
        this.roles = roles;
    }

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
            parts.runHandler(handler.configName(), volume, out);
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
        if (givesUpWhatIsServed(volume, result, report, inHandshake)) {
            refused(each, new HandshakeVerdict.Refuse(HandshakeVerdict.Reason.SPLIT_BRAIN, "split brain: by " + result.policy()
                    + " the copy would be given up from which the Primary's host is served"), told, report, false, out);
            return;
        }
        VolumeState base = volume.state().disk() == DiskState.NEGOTIATING ? told.withDisk(ownDisk) : told;
        switch (result.verdict()) {
            case HandshakeVerdict.Refuse refusal -> refused(each, refusal, told, report, inHandshake, out);
            case HandshakeVerdict.Connect() -> {
                if (differsAllTheSame(each, grown, ownDisk, report, inHandshake)) {
                    ConnectionState next = parts.isSourceOfEqual(base) ? ConnectionState.WF_BITMAP_S : ConnectionState.WF_BITMAP_T;
                    become(each, base, next, Coverage.BITMAP_ONLY, report, inHandshake, missedEnd, out);
                    return;
                }
                boolean wroteMeanwhile = volume.state().disk() == DiskState.NEGOTIATING && volume.bitmap().setBits() > each.bitsTold;
                connected(each, base, inHandshake, out);
                if (wroteMeanwhile && !inHandshake) {
                    compareAnew(each, out);
                    return;
                }
                boolean peerWaits = !inHandshake && report.disk() == DiskState.NEGOTIATING;
                if (peerWaits) answer(each, missedEnd, out);
            }
            case HandshakeVerdict.SyncSource(Coverage coverage) -> {
                reportDecision(each, result.policy(), parts.settings.peerNode(), out);
                become(each, base, ConnectionState.WF_BITMAP_S, coverage, report, inHandshake, missedEnd, out);
            }
            case HandshakeVerdict.SyncTarget(Coverage coverage, boolean demoteFirst) -> {
                if (demoteFirst && !roles.isInUse()) {
                    // The next handshake finds a Secondary here.
                    parts.report(Level.WARNING, parts.name(volume) + ": split brain: by " + result.policy() + " this Primary loses.", "Nobody uses it, and it is demoted. Nothing is copied before that.",
                            "Nothing is to be done.", out);
                    connecting.lose(ConnectionState.TEAR_DOWN, "by after-sb policy this Primary loses; nobody uses it, and it is demoted", out);
                    roles.giveUp(out);
                } else if (demoteFirst) {
                    parts.runHandler(HandshakeVerdict.Handler.PRI_LOST_AFTER_SB.configName(), volume, out);
                    refuseAsPrimary(each, inHandshake || report.disk() == DiskState.NEGOTIATING, "split brain: by " + result.policy() + " this Primary loses, and it is in use",
                            HandshakeVerdict.Reason.ROLE_CONFLICT.advice(parts.settings.name(), parts.settings.demotionHere(), parts.settings.choiceOfThisDisk()), out);
                } else {
                    reportDecision(each, result.policy(), parts.settings.localNode(), out);
                    become(each, base, ConnectionState.WF_BITMAP_T, coverage, report, inHandshake, missedEnd, out);
                }
            }
        }
    }

    /** What the host wrote since went to the peer alone, which has compared what it was told: both see that in the next handshake (seed 2831242). */
    private void compareAnew(VolumeParts each, ActionQueue out) {
        connecting.lose(ConnectionState.TEAR_DOWN, parts.name(each.volume) + " was written while the disk that was attached here waited for the peer's word, and those blocks are to be copied", out);
    }

    /**
     * A Primary without a disk, which is served from its peer's, attaches its own: no policy for a split brain puts that one in place of what its host has read and written meanwhile
     * (promise 1, seed 1833466). Both see it from the same figures.
     */
    private static boolean givesUpWhatIsServed(Volume volume, SyncHandshake.Result result, VolumeState report, boolean inHandshake) {
        if (inHandshake || result.policy().isEmpty()) return false;
        boolean oursWins = volume.isPrimary() && volume.state().disk() == DiskState.NEGOTIATING && result.verdict() instanceof HandshakeVerdict.SyncSource;
        boolean theirsWins = report.role() == Role.PRIMARY && report.disk() == DiskState.NEGOTIATING && result.verdict() instanceof HandshakeVerdict.SyncTarget;
        return oursWins || theirsWins;
    }

    private void refused(VolumeParts each, HandshakeVerdict.Refuse refusal, VolumeState told, VolumeState report, boolean inHandshake, ActionQueue out) {
        HandshakeVerdict.Reason reason = refusal.reason();
        boolean lateAttach = each.volume.state().disk() == DiskState.NEGOTIATING || report.disk() == DiskState.NEGOTIATING;
        if (!inHandshake && report.disk() == DiskState.NEGOTIATING) answerWithRefusal(each, out);
        // A failover daemon would start the service on the disk that is there, and nobody would have decided (promise 2).
        boolean wouldBeDecided = parts.settings.cluster() && reason == HandshakeVerdict.Reason.SPLIT_BRAIN && told.role() != Role.PRIMARY && told.peer() != Role.PRIMARY;
        boolean endsConnection = inHandshake || !lateAttach || wouldBeDecided;
        if (!endsConnection && each.volume.state().disk() == DiskState.NEGOTIATING) takeWhatElseWasTold(each, told, report);
        String resource = parts.settings.name();
        String demotion = parts.settings.demotionHere();
        String choice = parts.settings.choiceOfThisDisk();
        String advice = endsConnection ? reason.advice(resource, demotion, choice) : reason.adviceForLateAttach(resource, demotion, choice);
        if (reason == HandshakeVerdict.Reason.ROLE_CONFLICT) refuseAsPrimary(each, endsConnection, refusal.message(), advice, out);
        else refuse(each, endsConnection, refusal.message(), advice, out);
    }

    /** The word that has refused our disk is a word on the peer's own all the same; but none that makes it better: it has not been compared (seeds 3096395, 3096427). */
    private void takeWhatElseWasTold(VolumeParts each, VolumeState told, VolumeState report) {
        DiskState before = each.volume.state().peerDisk();
        parts.fact(each, told.peerDisk().isBelow(before) ? told : told.withPeerDisk(before), "the peer reports " + report);
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

    private SyncComparison.Inputs sides(VolumeParts each, DiskState ownDisk, VolumeState report, boolean inHandshake) {
        Volume volume = each.volume;
        boolean bothDuett = parts.handshake.peerIsDuett();
        var own = new SyncComparison.Side(new PeerGenerations(volume.identifiers(), ownBits(each, report, inHandshake), parts.ownFlags(each)),
                volume.state().role(), asToldOf(volume, ownDisk));
        var peer = new SyncComparison.Side(volume.peerGenerations, report.role(), volume.peerGenerations.realDisk(report.disk()));
        return new SyncComparison.Inputs(own, peer, parts.resolveConflicts, parts.handshake.writeSameAgreed(), bothDuett);
    }

    /** The peer hears of a disk that waits for its word whether it is Inconsistent, and no more (spec states 3.3): both decide by the same figures. */
    private static DiskState asToldOf(Volume volume, DiskState ownDisk) {
        return volume.state().disk() == DiskState.NEGOTIATING && ownDisk.isAbove(DiskState.INCONSISTENT) ? DiskState.CONSISTENT : ownDisk;
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
        each.parkedDisk = DiskState.DISKLESS;
        resync.isDecided(each, told.withConnection(next), coverage, out);
        // A Primary whose own disk is made equal is served by the source from now on: should it lose that disk, that is what it compares by (seeds 1630214, 1630244).
        boolean servesFromSource = next == ConnectionState.WF_BITMAP_T && each.volume.isPrimary() && each.volume.seesDataOfPeer();
        if (servesFromSource) each.volume.setExposedIdentifier(each.volume.peerGenerations.identifiers().current());
        boolean peerHasNotDecided = report.connection().isAtMost(ConnectionState.CONNECTED);
        if (inHandshake) parts.sendState(each.volume, out);
        else if (peerHasNotDecided) answer(each, identifiersAreSent, out);
        resync.begin(each, out);
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
}
