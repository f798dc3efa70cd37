package org.duett.replicator.resource;

import java.util.Optional;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/** What the peer says of itself in P_STATE (spec wire 3.7, 3.8): what of it is taken as it is, what is older than what both have agreed on, and when both compare again. */
final class PeerReports {
    private final Parts parts;
    private final Connecting connecting;
    private final ResyncDecision decision;
    private final ResyncControl resync;
    private final DiskControl disks;
    private final MirrorDuty mirrorDuty;
    private final SizeAgreement sizes;

    PeerReports(Parts parts, Connecting connecting, ResyncDecision decision, ResyncControl resync, DiskControl disks, MirrorDuty mirrorDuty, SizeAgreement sizes) {
        this.parts = parts;
        this.connecting = connecting;
        this.decision = decision;
        this.resync = resync;
        this.disks = disks;
        this.mirrorDuty = mirrorDuty;
        this.sizes = sizes;
    }

    /** Called after each event: what was said of a disk while our generation was on its way to ours. */
    void judgeWhatWaited(VolumeParts each, ActionQueue out) {
        if (each.reportToJudge != null && !each.generationOnItsWay) judge(each, each.reportToJudge, out);
    }

    void arrived(VolumeParts each, int word, ActionQueue out) {
        Optional<VolumeState> report = VolumeState.fromWire(word);
        if (report.isPresent()) judge(each, report.get(), out);
        else connecting.lose(ConnectionState.PROTOCOL_ERROR, String.format("its state word 0x%08x names no state", word), out);
    }

    private void judge(VolumeParts each, VolumeState report, ActionQueue out) {
        Volume volume = each.volume;
        each.reportToJudge = null;
        if (report.connection().isAbove(ConnectionState.PAUSED_SYNC_T)) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it is " + report.connection().displayName() + ": what is written there comes here as marks only, which is not kept up here. Set on-congestion"
                    + " block there", out);
            return;
        }
        if (report.disk().isAtLeast(DiskState.NEGOTIATING) && volume.peerGenerations == null) {
            connecting.lose(ConnectionState.PROTOCOL_ERROR, "it tells of a disk of volume " + volume.number + ", and has not told its generations (P_UUIDS)", out);
            return;
        }
        each.peerSeesContact |= report.connection().isEstablished();
        each.sourceByCrossedAttach = false;
        if (volume.isPrimary() && report.role() == Role.PRIMARY && volume.state().connection().isEstablished()) {
            // Nobody is promoted without the other's leave (spec wire 3.9): what it would write now is not taken.
            connecting.refuseSecondPrimary("it says that it is Primary, and so are we", out);
            return;
        }
        boolean peerInconsistent = volume.peerGenerations != null && volume.peerGenerations.isInconsistent();
        VolumeState before = volume.state();
        VolumeState told = StateRules.withReportOfPeer(before, report, peerInconsistent);
        if (!before.connection().isEstablished()) {
            each.reportedInHandshake = true;
            decision.decide(each, told, report, true, out);
            return;
        }
        each.skipIsUnconfirmed &= report.disk() == DiskState.INCONSISTENT && report.connection() == ConnectionState.CONNECTED;
        if (each.skipIsUnconfirmed) told = told.withPeerDisk(before.peerDisk());
        mirrorDuty.peerReported(each, report, out);
        if (finishesResync(each, report)) {
            resync.targetReportsEnd(each, told, out);
            return;
        }
        if (endsWithFailedBlocks(each, report)) {
            resync.targetReportsFailedBlocks(each, told, out);
            return;
        }
        if (comparesAgain(each, report)) {
            compare(each, before, told, report, out);
            return;
        }
        take(each, before, told, report, out);
    }

    private void compare(VolumeParts each, VolumeState before, VolumeState told, VolumeState report, ActionQueue out) {
        Volume volume = each.volume;
        if (each.generationOnItsWay) {
            // The answer tells of it, and its Primary would take that for on record (rules 1b, 6; seed 100712).
            each.reportToJudge = report;
            return;
        }
        // Both were attached at once, its size came before our disk and its word on its disk after that: it reckons with the size that follows from ours (seed 52511).
        boolean sizeIsOpen = each.sizesBeforeOurDisk != null && before.disk() != DiskState.NEGOTIATING;
        if (sizeIsOpen) sizes.arrived(each, each.sizesBeforeOurDisk, out);
        if (!volume.isConnected()) return;
        // A report from before the promotion, of its disk's attach perhaps, leaves that one to be considered.
        if (report.disk() == DiskState.UP_TO_DATE) each.considerResync = false;
        decision.decide(each, told, report, false, out);
        boolean crossed = before.peerDisk().isBelow(DiskState.NEGOTIATING) && report.disk() != DiskState.NEGOTIATING;
        each.sourceByCrossedAttach = crossed && volume.state().connection() == ConnectionState.WF_BITMAP_S;
    }

    private void take(VolumeParts each, VolumeState before, VolumeState told, VolumeState report, ActionQueue out) {
        Volume volume = each.volume;
        if (each.lostAsSource && report.connection() == ConnectionState.CONNECTED) {
            each.lostAsSource = false;
            // It has ended the resync all the same: what it has is of our generation, and all of it (seed 1823739).
            if (report.disk() == DiskState.UP_TO_DATE && before.disk().isBelow(DiskState.NEGOTIATING)) volume.peerIsEqual();
        }
        parts.fact(each, asSeenHere(volume, before, told, report), "the peer reports " + report);
        // It has lost its disk in the midst of a resync, and goes on to see ours as it was then, or as we have told of it meanwhile (seeds 1630013, 1697893).
        boolean endsResync = before.connection().isAbove(ConnectionState.CONNECTED) && volume.state().connection() == ConnectionState.CONNECTED;
        if (endsResync) parts.sendState(volume, out);
        if (volume.state().disk() == DiskState.NEGOTIATING && report.disk().isBelow(DiskState.NEGOTIATING)) disks.peerHasNoSay(each);
        boolean servesFromNow = volume.isPrimary() && before.disk().isBelow(DiskState.NEGOTIATING) && before.peerDisk().isBelow(DiskState.NEGOTIATING)
                && report.disk().isAbove(DiskState.OUTDATED);
        if (servesFromNow) diskOfPeerCame(each, out);
    }

    /** What it says of the two disks, where it cannot know yet what we know, or the other way round. */
    private VolumeState asSeenHere(Volume volume, VolumeState before, VolumeState asTold, VolumeState report) {
        VolumeState told = asTold;
        // While a resync runs the peer's word for its own disk lags behind what both agreed on.
        if (before.connection().isAbove(ConnectionState.CONNECTED) && report.disk().isAtLeast(DiskState.INCONSISTENT)) {
            told = told.withPeerDisk(before.peerDisk());
        }
        // It awaits a word that we cannot give any more, and says what its disk is when it hears that.
        boolean tellsAgain = report.disk() == DiskState.NEGOTIATING && before.disk().isBelow(DiskState.NEGOTIATING) && parts.handshake.peerIsDuett();
        if (tellsAgain) told = told.withPeerDisk(before.peerDisk());
        // As it decided to be the target of a disk that we have given up since: it has yet to write down that it is behind, and says so again when it has (rule 13, seed 1994666).
        boolean isAboutToBeTarget = report.connection().isAbove(ConnectionState.CONNECTED) && report.disk() == DiskState.OUTDATED && before.disk().isBelow(DiskState.NEGOTIATING);
        if (isAboutToBeTarget && parts.handshake.peerIsDuett()) told = told.withPeerDisk(before.peerDisk());
        if (isOtherThanWasSeen(volume, before, told)) told = told.withPeerDisk(DiskState.OUTDATED);
        // It has not heard yet that it is taken for what our host has seen, and is Outdated no more when it does: who waits for its data fails for nothing (seed 200136), and who was
        // demoted since would hold newer data to be behind (seed 2417773).
        boolean wasTaken = volume.isPrimary() || report.peer() == Role.PRIMARY;
        boolean isYetToHear = wasTaken && before.disk().isAtMost(DiskState.NEGOTIATING) && before.peerDisk() == DiskState.UP_TO_DATE && report.disk() == DiskState.OUTDATED;
        if (isYetToHear) told = told.withPeerDisk(DiskState.UP_TO_DATE);
        // A Primary without a disk has compared our generation with the one that its host has seen.
        boolean primaryTakesOurs = report.role() == Role.PRIMARY && report.disk().isBelow(DiskState.NEGOTIATING) && report.peerDisk() == DiskState.UP_TO_DATE;
        if (primaryTakesOurs && before.disk() == DiskState.OUTDATED) told = told.withDisk(DiskState.UP_TO_DATE);
        boolean primaryKnowsNewer = report.role() == Role.PRIMARY && report.disk().isBelow(DiskState.NEGOTIATING) && report.peerDisk() == DiskState.OUTDATED;
        if (primaryKnowsNewer && before.disk().isAbove(DiskState.OUTDATED)) told = told.withDisk(DiskState.OUTDATED);
        return told;
    }

    /** Our host has seen another generation than that of the disk which the peer has attached now (promise 1). */
    private static boolean isOtherThanWasSeen(Volume volume, VolumeState before, VolumeState told) {
        boolean comesNow = volume.isPrimary() && before.disk().isBelow(DiskState.NEGOTIATING) && before.peerDisk() != DiskState.UP_TO_DATE && told.peerDisk().isAbove(DiskState.OUTDATED);
        return comesNow && volume.peerGenerations != null && volume.exposedIdentifier() != 0
                && !GenerationIdentifiers.sameGeneration(volume.exposedIdentifier(), volume.peerGenerations.identifiers().current());
    }

    /** It waits for our word before it takes us for a Primary without a disk, which writes through it (rule 6). */
    private void diskOfPeerCame(VolumeParts each, ActionQueue out) {
        parts.sendState(each.volume, out);
        if (each.volume.state().peerDisk() == DiskState.UP_TO_DATE) {
            // What was given up with the last copy was of a loss that is over.
            parts.record.peerIsBack(each.volume, out);
            parts.writesThroughPeer(each);
            return;
        }
        parts.report(Level.ERROR, parts.name(each.volume) + ": the disk that " + parts.settings.peerNode() + " has attached is of another generation than the one"
                + " that the host here has seen.", "The host is not served from it; it counts as Outdated.",
                "Attach this node's disk: duett attach " + parts.settings.name(), out);
    }

    /** The target is through (spec wire 5.7); a state between Connected and SyncSource must not be taken as that. */
    private boolean finishesResync(VolumeParts each, VolumeState report) {
        return each.isSource() && each.source.mayTargetReportEnd(parts.writes.blocksWrittenAtTarget(each.volume, true)) && report.connection() == ConnectionState.CONNECTED && report.disk() == DiskState.UP_TO_DATE;
    }

    /** The target could not get or write every block (spec wire 5.7). */
    private static boolean endsWithFailedBlocks(VolumeParts each, VolumeState report) {
        return each.isSource() && each.source.mayTargetReportFailedBlocks() && report.connection() == ConnectionState.CONNECTED
                && report.disk() == DiskState.INCONSISTENT;
    }

    /** A late attach, a forced promotion over two Inconsistent disks, or the peer's own decision (spec wire 3.8). */
    private boolean comparesAgain(VolumeParts each, VolumeState report) {
        VolumeState ours = each.volume.state();
        if (ours.connection() != ConnectionState.CONNECTED) return false;
        if (ours.disk().isBelow(DiskState.NEGOTIATING) || report.disk().isBelow(DiskState.NEGOTIATING)) return false;
        // A disk that was lost before the answer came on it, and is attached again (seed 1931245); or one of which that node had not heard at all (seed 2720948).
        boolean isAnswer = ours.disk() == DiskState.NEGOTIATING && report.disk() != DiskState.NEGOTIATING;
        boolean isOfFormerAttach = isAnswer && each.peerAttach != 0 && each.attachHeard != Parts.attachTold(each.volume);
        if (isOfFormerAttach) return false;
        // What a Duett node said before it heard of our disk is no word on it: the size that both agree on comes before that word (seeds 1832, 1606914).
        boolean hasHeardOfOurs = !parts.handshake.peerIsDuett() || report.peerDisk().isAtLeast(DiskState.NEGOTIATING);
        boolean lateAttach = ours.disk() == DiskState.NEGOTIATING && hasHeardOfOurs || report.disk() == DiskState.NEGOTIATING;
        // Both attached at once, and neither knew that there would be somebody to compare with.
        boolean crossedAttach = ours.peerDisk().isBelow(DiskState.NEGOTIATING);
        boolean forced = each.considerResync && hasHeardOfOurs && report.role() == Role.PRIMARY && report.disk() == DiskState.UP_TO_DATE;
        boolean peerDecided = report.connection().isAtLeast(ConnectionState.STARTING_SYNC_S)
                && report.connection().isAtMost(ConnectionState.WF_BITMAP_T);
        // It has begun what we ask for, and its answer to that comes on the other socket (seed 1830687).
        boolean isWhatWeAskFor = each.asksForFullSync && report.connection().isStartingSync();
        return lateAttach || crossedAttach || forced || peerDecided && !isWhatWeAskFor;
    }
}
