package org.duett.replicator.resource;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/** From the order to be Primary, or to be it again, to the answer: who has a say is asked, and nothing is served before it is on disk (rules 2, 13, 21, 22). */
final class Promotion {
    private enum Step {
        IDLE,
        /** Whoever still holds data of another term must not get at this one's (rule 22). */
        LOOKING_FOR_DEVICES,
        /** A disk is still being attached, or what the lost peer had sent is still being written (rule 21). */
        DRAINING,
        /** The peer is Primary by its last word; it may have been demoted and not told us yet. */
        AWAITING_DEMOTION, FENCING, ASKING_PEER, STORING_TERM, WRITING
    }

    private final Parts parts;
    private final PeerRequests requests;
    private final FormerTerm former;
    private Step step = Step.IDLE;
    private long ticket;
    private boolean force;
    /** For the peer's demotion. */
    private long waitsUntilNanos;
    private int superblocksOpen;
    private boolean superblockFailed;
    private int fenceRun;
    /** The last connection that there had been when the handler began. */
    private int fencedAfter;
    private boolean fenced;
    /** The connection on which the peer gave its leave last. */
    private int askedOnConnection = -1;
    /** What its host is to see need not be on this node's own disks. */
    private boolean needsPeer;
    /** Connected while it waited for a disk, which the peer was to have a say on: the connection of that time; -1: none. */
    private int waitedOnConnection = -1;

    Promotion(Parts parts, PeerRequests requests, FormerTerm former) {
        this.parts = parts;
        this.requests = requests;
        this.former = former;
    }

    boolean isUnderWay() {
        return step != Step.IDLE;
    }

    /** It has been ordered, and not been refused yet. */
    boolean mayStillBeRefused() {
        return step != Step.IDLE && step != Step.WRITING;
    }

    private void finish(CommandResult result, ActionQueue out) {
        step = Step.IDLE;
        for (VolumeParts each : parts.volumeParts) {
            boolean inVain = each.peerAgreedToPrimary && !each.volume.isPrimary();
            each.peerAgreedToPrimary = false;
            if (inVain) parts.sendState(each.volume, out);
        }
        if (former.isBeingResumed()) former.resumptionEnded(result, awaitsDeadline(), out);
        long answered = ticket;
        ticket = 0;
        if (answered != 0) out.add(new Action.FinishCommand(answered, result));
    }

    private void refuse(StateChangeResult code, String what, String keptSafe, String whatToDo, ActionQueue out) {
        finish(parts.refusal(code, what, keptSafe, whatToDo), out);
    }

    // ---- what it waits for

    void begin(long newTicket, boolean newForce, ActionQueue out) {
        ticket = newTicket;
        force = newForce;
        fenced = false;
        needsPeer = ownDisksMayLackSomething();
        if (parts.isPrimary()) {
            finish(new CommandResult.Done("is Primary already"), out);
            return;
        }
        lookForDevices(out);
    }

    private void lookForDevices(ActionQueue out) {
        step = Step.LOOKING_FOR_DEVICES;
        out.add(new Action.LookForAttachedDevices());
    }

    void attachedDevicesSeen(List<Event.AttachedVolume> attached, ActionQueue out) {
        if (step != Step.LOOKING_FOR_DEVICES) return;
        for (Event.AttachedVolume each : attached) {
            // A term that goes on is the one that its devices wait for.
            if (former.isBeingResumed() && former.is(each.term())) continue;
            String resource = parts.settings.name();
            String goOn = former.is(each.term()) ? " To let it go on instead, when " + parts.settings.peerNode() + " is down for certain: duett resume-io "
                    + resource : "";
            refuse(StateChangeResult.DEVICE_IN_USE, String.format("volume %d is attached as a block device of this host in term %016x;"
                    + " a promotion begins another term.", each.number(), each.term()), "The role is unchanged; what that device holds unwritten waits.",
                    "Take it away with what it holds, then promote again: duett detach-device --force " + resource + "/" + each.number() + "." + goOn, out);
            return;
        }
        step = Step.DRAINING;
        waitedOnConnection = -1;
        for (VolumeParts each : parts.volumeParts) each.waitsBesideGoodDisk = false;
        // A peer that was demoted just now tells it within this time (spec states 7).
        waitsUntilNanos = parts.nowNanos + (parts.settings.net().pingTimeoutMillis() + 100) * 1_000_000;
        check(out);
    }

    void timeIs(ActionQueue out) {
        if (step == Step.AWAITING_DEMOTION && parts.nowNanos >= waitsUntilNanos) judge(out);
    }

    long deadlineNanos() {
        return step == Step.AWAITING_DEMOTION ? waitsUntilNanos : Long.MAX_VALUE;
    }

    /** Called after each event: goes on when what it waits for has happened. */
    void check(ActionQueue out) {
        switch (step) {
            case DRAINING -> {
                if (resumesWithoutPeer() && parts.isBesidePeer()) peerIsThereAfterAll(out);
                else if (hasLostWhomItWaitedBeside()) refuseAlone("for a disk", out);
                else if (hasLostDiskThatItWaitedBeside()) refuseWithoutPeersDisk(out);
                // The peer compares what we have told it of our generation: a promotion now would change that behind its back.
                else if (disksAreDecided() && !parts.handshakeRuns() && (parts.isConnected() || parts.peerWrites.isDrained())) judge(out);
            }
            case AWAITING_DEMOTION -> {
                // Under cluster control it would be frozen until there is leave (rule 8); without, both would serve.
                if (!parts.isBesidePeer() && !parts.settings.cluster()) refuseAlone("for the peer's demotion", out);
                else if (!parts.peerIsPrimary() && parts.peerWrites.isDrained()) judge(out);
            }
            case IDLE, LOOKING_FOR_DEVICES, FENCING, ASKING_PEER, STORING_TERM, WRITING -> {
                // An event of their own moves these on.
            }
        }
    }

    /** What it waits for is judged by the peer, or served from it: a promotion that was asked for beside that one is not for this node's disk alone (promise 1). */
    private boolean hasLostWhomItWaitedBeside() {
        if (waitedOnConnection != -1) return !parts.isBesidePeer() || parts.connection != waitedOnConnection;
        if (parts.isBesidePeer() && !disksAreDecided()) waitedOnConnection = parts.connection;
        return false;
    }

    /** Likewise: the peer's disk, which this node's was to be compared with, may be the only good one, and is gone (seed 2103421). */
    private boolean hasLostDiskThatItWaitedBeside() {
        boolean lost = false;
        for (VolumeParts each : parts.volumeParts) {
            VolumeState state = each.volume.state();
            boolean isBeingAttached = isBeingAttached(state.disk());
            lost |= isBeingAttached && each.waitsBesideGoodDisk && state.connection().isEstablished() && state.peerDisk().isBelow(DiskState.NEGOTIATING);
            each.waitsBesideGoodDisk = isBeingAttached && state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        }
        return lost && !force;
    }

    private void refuseWithoutPeersDisk(ActionQueue out) {
        refuse(StateChangeResult.NO_UP_TO_DATE_DISK, "the disk of " + parts.settings.peerNode() + " was given up while the promotion waited for this node's.",
                "The role is unchanged. Nobody has compared this disk with that one.", "If what this disk has is what should be served, promote again when it is attached.", out);
    }

    private boolean resumesWithoutPeer() {
        return former.isBeingResumed() && fenced;
    }

    /** That it is down stood for its word while it could not be asked. It may have been promoted since, and have come without the disk that tells of it (rule 22, seed 401223). */
    private void peerIsThereAfterAll(ActionQueue out) {
        refuse(StateChangeResult.NEED_CONNECTION, parts.settings.peerNode() + " is there after all, and is asked whether it was promoted meanwhile.", "The role is unchanged.",
                "Wait until both nodes have compared their disks (duett status).", out);
    }

    private void refuseAlone(String waitedFor, ActionQueue out) {
        refuse(StateChangeResult.NEED_CONNECTION, "the connection was lost while the promotion waited " + waitedFor + ".", "The role is unchanged.",
                "Promote again; it is decided without the peer then.", out);
    }

    /** A promotion that waited for this disk was asked for with it, not with the other data that the peer holds (promise 2). */
    void diskDoesNotFit(ActionQueue out) {
        if (step != Step.DRAINING || force) return;
        refuse(StateChangeResult.NO_UP_TO_DATE_DISK, "cannot be promoted: the disk that it waited for does not fit the peer's data.",
                "The role and all data are unchanged; this node's disk is not used.",
                "See the message before this one. To serve the peer's data all the same, run: duett primary " + parts.settings.name(), out);
    }

    private boolean disksAreDecided() {
        // A host's writes would set bits that are being cleared.
        boolean clearing = parts.volumeParts.stream().anyMatch(each -> each.wholeBitmap.isClearing());
        return !clearing && parts.volumes.stream().noneMatch(volume -> isBeingAttached(volume.state().disk()));
    }

    private static boolean isBeingAttached(DiskState disk) {
        return disk == DiskState.ATTACHING || disk == DiskState.NEGOTIATING;
    }

    // ---- what it is judged by

    private VolumeState promoted(VolumeState state) {
        VolumeState primary = state.withRole(Role.PRIMARY);
        boolean raises = force && state.disk().isAtLeast(DiskState.INCONSISTENT) && state.disk() != DiskState.UP_TO_DATE
                && state.peerDisk() != DiskState.UP_TO_DATE;
        // A peer that was fenced is Outdated at best; ours is what counts now (spec states 7).
        boolean proven = fenced && state.disk() == DiskState.CONSISTENT;
        VolumeState raised = raises || proven ? primary.withDisk(DiskState.UP_TO_DATE) : primary;
        // Fencing failed, and the operator insists, or leave to go on alone was given: whatever the peer has does not count (spec states 7).
        return (force || former.isBeingResumed()) && fenced && isAtLarge(state) ? raised.withPeerDisk(DiskState.OUTDATED) : raised;
    }

    /** Nobody can ask it, and its disk may be as good as ours. */
    private static boolean isAtLarge(VolumeState state) {
        return !state.connection().isEstablished() && state.peerDisk().isAbove(DiskState.OUTDATED);
    }

    private StateChangeResult mayBePromoted(VolumeParts each) {
        // Its target, which was Primary, has our generation, and passes for as good until it has written down that it is behind: what was answered here alone would stand in no
        // record (rule 1, seed 2701614). In a pause it may not ask for long, and what is written goes there, too.
        boolean targetIsEqual = each.targetMayPass && each.volume.state().connection() != ConnectionState.PAUSED_SYNC_S;
        return targetIsEqual ? StateChangeResult.IN_TRANSIENT_STATE : parts.mayRequest(each, promoted(each.volume.state()));
    }

    private void judge(ActionQueue out) {
        if (hasLostPeerThatItNeeds()) {
            refuseAlone("for the peer", out);
            return;
        }
        needsPeer = ownDisksMayLackSomething();
        for (VolumeParts each : parts.volumeParts) {
            StateChangeResult result = mayBePromoted(each);
            if (result == StateChangeResult.PRIMARY_NOP && !fenced) {
                VolumeParts hopeless = refusedAllTheSame();
                if (hopeless == null) fence(out);
                else refusePromotion(hopeless, mayBePromoted(hopeless), out);
                return;
            }
            if (parts.peerIsPrimary() && parts.nowNanos < waitsUntilNanos) {
                step = Step.AWAITING_DEMOTION;
                return;
            }
            boolean overruled = result == StateChangeResult.PRIMARY_NOP && (force || former.isBeingResumed());
            if (!result.isSuccess() && !overruled) {
                refusePromotion(each, result, out);
                return;
            }
            if (!force && ownDiskMayBeNewer(each.volume)) {
                refuseOtherData(each.volume, out);
                return;
            }
        }
        if (parts.isBesidePeer()) {
            step = Step.ASKING_PEER;
            requests.inTurn(this::askPeer, out);
        } else {
            storeTerm(out);
        }
    }

    private boolean ownDisksMayLackSomething() {
        return parts.isBesidePeer() && parts.volumeParts.stream().anyMatch(each -> each.wouldGiveItsCopyUp() || isServedByPeersDisk(each.volume.state()));
    }

    private static boolean isServedByPeersDisk(VolumeState state) {
        return state.disk() != DiskState.UP_TO_DATE && state.peerDisk() == DiskState.UP_TO_DATE;
    }

    /** This node's own may have come since (seed 2865656), or have stayed where it was to go (seed 3022191), with older data: the promotion was not asked for with that (promise 1). */
    private boolean hasLostPeerThatItNeeds() {
        return needsPeer && !parts.isBesidePeer();
    }

    /**
     * It would serve its peer's data, while its own disk is not attached. What that one holds is known when it was read in the life of this process, and
     * is of the peer's past then; else it may have gone on alone before it was lost (promise 1).
     */
    private static boolean ownDiskMayBeNewer(Volume volume) {
        boolean throughPeer = volume.state().disk().isBelow(DiskState.INCONSISTENT) && volume.state().peerDisk() == DiskState.UP_TO_DATE;
        if (!throughPeer || volume.identifiers().isJustCreated()) return false;
        return volume.peerGenerations == null || !volume.peerGenerations.identifiers().names(volume.identifiers().current());
    }

    private void refuseOtherData(Volume volume, ActionQueue out) {
        String resource = parts.settings.name();
        String peer = parts.settings.peerNode();
        refuse(StateChangeResult.IS_DISKLESS, "cannot be promoted: the disk of " + parts.name(volume) + " is not attached here, and may hold newer data than "
                + peer + ", through which the host would be served.", "The role and all data are unchanged.", "Attach it first: duett attach " + resource
                + ". If it is lost, promote " + peer + ", or say that its data is what counts: duett primary --force " + resource, out);
    }

    private void askPeer(ActionQueue out) {
        if (step != Step.ASKING_PEER) return;
        if (!parts.isBesidePeer()) {
            peerAnswered(StateChangeResult.NEED_CONNECTION, out);
            return;
        }
        for (VolumeParts each : parts.volumeParts) {
            StateChangeResult result = mayBePromoted(each);
            if (result.isSuccess()) continue;
            refusePromotion(each, result, out);
            return;
        }
        askedOnConnection = parts.connection;
        needsPeer = ownDisksMayLackSomething();
        requests.ask(parts.volumeParts, this::promoted, this::peerAnswered, out);
    }

    private void refusePromotion(VolumeParts each, StateChangeResult result, ActionQueue out) {
        String state = parts.name(each.volume) + " is " + each.volume.state() + ".";
        String advice = switch (result) {
            case NO_UP_TO_DATE_DISK -> each.volume.state().disk().isBelow(DiskState.INCONSISTENT)
                    ? "Attach the disk, or connect to a peer with UpToDate data."
                    : "Connect to the peer that has UpToDate data. If its data is lost for good, or this is the very first start:"
                            + " duett primary --force " + parts.settings.name();
            case TWO_PRIMARIES, OTHER_VOLUME_PEER_PRIMARY -> "Demote " + parts.settings.peerNode() + " first: " + parts.settings.demotionOfPeer();
            case PRIMARY_NOP -> "Fence or outdate the peer first, or force it: duett primary --force " + parts.settings.name();
            case IN_TRANSIENT_STATE -> "Wait until the resync has begun (duett status), then promote again.";
            default -> "See duett status " + parts.settings.name() + ".";
        };
        refuse(result, "cannot be promoted: " + result.text() + ". " + state, "The role and all data are unchanged.", advice, out);
    }

    // ---- fencing (spec states 6)

    /**
     * A volume that cannot be promoted, whatever becomes of the peer; null: there is none. To fence it all the same would cost the only good disk of that
     * volume: nobody could serve any more (seed 10426).
     */
    private VolumeParts refusedAllTheSame() {
        for (VolumeParts each : parts.volumeParts) {
            VolumeState wanted = promoted(each.volume.state());
            StateChangeResult result = mayBePromoted(each);
            boolean helps = result == StateChangeResult.PRIMARY_NOP || wanted.disk() == DiskState.CONSISTENT;
            if (!result.isSuccess() && !helps) return each;
        }
        return null;
    }

    private void fence(ActionQueue out) {
        step = Step.FENCING;
        fencedAfter = parts.connectionLastUp;
        fenceRun = parts.runHandlerForAll("fence-peer", out);
    }

    /** A fence-peer handler ended that a promotion waits for; false: it is not ours. */
    boolean handlerFinished(int run, int exitCode, ActionQueue out) {
        if (run != fenceRun || step != Step.FENCING) return false;
        // The peer was there meanwhile, and contact may have made good what the handler had outdated: each loss needs its own proof (rule 8, seed 5002).
        boolean peerWasThere = parts.connectionLastUp != fencedAfter;
        if (peerWasThere) {
            step = Step.DRAINING;
            waitedOnConnection = -1;
            check(out);
            return true;
        }
        fenced = true;
        FenceOutcome.of(exitCode).apply(parts, out);
        judge(out);
        return true;
    }

    // ---- the peer's leave

    /** It was given, or nobody had to be asked, and the role is about to be taken. */
    boolean hasLeaveToBePrimary() {
        return step == Step.STORING_TERM;
    }

    private void peerAnswered(StateChangeResult result, ActionQueue out) {
        if (step != Step.ASKING_PEER) return;
        if (result.isSuccess()) {
            storeTerm(out);
            return;
        }
        boolean lost = result == StateChangeResult.NEED_CONNECTION;
        refuse(lost ? StateChangeResult.NEED_CONNECTION : StateChangeResult.REFUSED_BY_PEER,
                lost ? "the connection was lost while the peer was asked." : parts.settings.peerNode() + " refused the promotion: " + result.text() + ".",
                "The role is unchanged.",
                lost ? "Promote again; it is decided without the peer then."
                        : result == StateChangeResult.IN_TRANSIENT_STATE ? "Wait until both nodes have compared their disks (duett status), then promote again."
                                : "If " + parts.settings.peerNode() + " is Primary, demote it first: " + parts.settings.demotionOfPeer(),
                out);
    }

    // ---- term, generation, exports

    private void storeTerm(ActionQueue out) {
        step = Step.STORING_TERM;
        boolean resumes = former.isBeingResumed();
        parts.term = resumes ? former.number() : parts.random.takeIdentifier();
        // Whoever still holds data of the former term is not let into this one. Refused before, the promotion had begun none, and the run file still has that one (seed 200359).
        if (!resumes) former.giveUp();
        out.add(new Action.StoreTerm(parts.term));
    }

    void termStored(long term, ActionQueue out) {
        if (step != Step.STORING_TERM || term != parts.term) return;
        boolean peerCameMeanwhile = parts.handshakeRuns() || parts.socketsUp && askedOnConnection != parts.connection;
        if (peerCameMeanwhile) judgeAgain(out);
        else promoteIfStillAllowed(out);
    }

    /** Decided without the peer, which is there now: it has a say. */
    private void judgeAgain(ActionQueue out) {
        parts.term = 0;
        if (!former.isBeingResumed()) out.add(new Action.StoreTerm(0));
        lookForDevices(out);
    }

    /** The connection, a disk or the peer's role may have changed while the term was being stored. */
    private void promoteIfStillAllowed(ActionQueue out) {
        if (hasLostPeerOfResumption()) {
            parts.term = 0;
            refuse(StateChangeResult.NEED_CONNECTION, "the connection was lost while the peer was asked.", "The role is unchanged.",
                    "It is asked again in the next connection.", out);
            return;
        }
        if (hasLostPeerThatItNeeds()) {
            parts.term = 0;
            out.add(new Action.StoreTerm(0));
            refuseAlone("for its term to be on disk", out);
            return;
        }
        for (VolumeParts each : parts.volumeParts) {
            StateChangeResult result = mayBePromoted(each);
            boolean overruled = result == StateChangeResult.PRIMARY_NOP && (force || fenced);
            if (result.isSuccess() || overruled) continue;
            parts.term = 0;
            out.add(new Action.StoreTerm(0));
            refusePromotion(each, result, out);
            return;
        }
        becomePrimary(out);
    }

    private boolean hasLostPeerOfResumption() {
        return former.isBeingResumed() && !fenced && !parts.allEstablished();
    }

    private void becomePrimary(ActionQueue out) {
        step = Step.WRITING;
        superblocksOpen = 0;
        superblockFailed = false;
        boolean alone = parts.volumes.stream().anyMatch(volume -> isAtLarge(promoted(volume.state())));
        if (awaitsDeadline()) parts.reads.awaitDeadline();
        if (alone) parts.record.promotedAlone();
        if (alone && force) parts.record.allowAlone(true, "operator: primary --force", out);
        for (VolumeParts each : parts.volumeParts) {
            Volume volume = each.volume;
            VolumeState before = volume.state();
            parts.fact(each, promoted(before), force ? "promoted by force" : "promoted");
            boolean raisedByForce = before.disk() != volume.state().disk();
            each.begunByPromotion = false;
            // What its host will see is the peer's: also a generation that this node heard of while it was giving its disk up, or is made equal to.
            boolean seesPeer = volume.seesDataOfPeer() && volume.state().peerDisk() == DiskState.UP_TO_DATE && volume.peerGenerations != null;
            if (seesPeer) volume.setExposedIdentifier(volume.peerGenerations.identifiers().current());
            if (!volume.state().disk().isAtLeast(DiskState.INCONSISTENT)) parts.writesThroughPeer(each);
            each.roleIsUnwritten = !each.writesItsRole();
            if (each.roleIsUnwritten) continue;
            boolean peerGone = !before.connection().isEstablished() || before.peerDisk().isAtMost(DiskState.FAILED);
            each.begunByPromotion = raisedByForce || peerGone && (volume.identifiers().bitmap() == 0 || volume.resyncLeftOpen());
            GenerationIdentifiers identifiers = volume.identifiers();
            each.exposedBeforePromotion = volume.exposedIdentifier();
            volume.setIdentifiers(each.begunByPromotion ? identifiers.newCurrent(parts.random.takeIdentifier(), true) : identifiers.withRole(true));
            superblocksOpen++;
        }
        // PRIMARY_IND and the new generation are durable before the first write can come (rule 13), and before them what the peer had sent (rule 21).
        for (VolumeParts each : parts.volumeParts) {
            if (each.roleIsUnwritten) continue;
            each.volume.metadata().flushData(null, out);
            each.volume.metadata().writeSuperblock((durable, actions) -> promotionWritten(each, durable, actions), out);
        }
        if (superblocksOpen == 0) served(out);
    }

    private void promotionWritten(VolumeParts each, boolean durable, ActionQueue out) {
        Volume volume = each.volume;
        // No host has been let in yet: nobody has seen a generation that no disk has.
        boolean begunInVain = !durable && volume.exposedIdentifier() == volume.identifiers().current();
        if (begunInVain) volume.setExposedIdentifier(each.exposedBeforePromotion);
        superblockWritten(each, durable, out);
    }

    private void superblockWritten(VolumeParts each, boolean durable, ActionQueue out) {
        each.roleIsUnwritten = !durable;
        superblockFailed |= !durable;
        if (--superblocksOpen > 0 || step != Step.WRITING) return;
        awaitDisksThatHaveMoreToWrite(out);
        if (superblocksOpen > 0 || step != Step.WRITING) return;
        boolean noData = parts.volumes.stream().noneMatch(volume -> volume.state().disk().servesHostAlone() || volume.state().peerDisk().servesHostAlone());
        if (superblockFailed && noData) {
            refuse(StateChangeResult.NO_UP_TO_DATE_DISK, "the promotion could not be recorded on disk.", "No host was let in.",
                    "Check the disk (duett status), then: " + parts.settings.demotionHere(), out);
            return;
        }
        served(out);
    }

    /**
     * One that was attached while another was slow has not taken it down that it is a Primary's (rule 13, seed 2591895). And until the end of a resync
     * is on disk the peer, which is not told of that volume yet, may hold us for a Secondary, whose writes it refuses (seed 3053207).
     */
    private void awaitDisksThatHaveMoreToWrite(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            boolean has = each.hasCome() || each.awaitsEndOfResync() && parts.isBesidePeer();
            if (!has) continue;
            superblocksOpen++;
            each.volume.metadata().writeSuperblock((durable, actions) -> superblockWritten(each, durable, actions), out);
        }
    }

    private void served(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            if (parts.isBesidePeer()) {
                if (each.begunByPromotion) parts.sendIdentifiers(each, 0, out);
                parts.sendState(each.volume, out);
            }
            each.exportOpen = true;
            parts.openExport(each, out);
        }
        finish(new CommandResult.Done(String.format("is Primary, term %016x", parts.term)), out);
    }

    // ---- in the term of an earlier process (rule 22)

    /** In the term of an earlier process. {@code peerIsDown}: that stands for its word (rule 8). */
    void resume(boolean peerIsDown, ActionQueue out) {
        ticket = 0;
        force = false;
        needsPeer = false;
        fenced = peerIsDown;
        former.resumes();
        lookForDevices(out);
    }

    /** Resumed by the peer's word and not by leave: how long that is good for is the failover daemon's to say, and it may be away (rule 9). */
    private boolean awaitsDeadline() {
        return former.isBeingResumed() && !fenced && parts.settings.cluster();
    }

    /**
     * The operator wishes what is under way already: the resumption answers him. One whose peer has been lost since will end without it; the order, which needs no peer, comes
     * after that (seed 2853405).
     */
    boolean joinsResumption(long newTicket) {
        boolean joins = former.isBeingResumed() && ticket == 0 && !hasLostPeerOfResumption();
        if (joins) ticket = newTicket;
        return joins;
    }
}
