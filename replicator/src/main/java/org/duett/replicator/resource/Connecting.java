package org.duett.replicator.resource;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/** From StandAlone to Connected and back: tries, losses, back-off, and what a loss means for everything under way. */
final class Connecting {
    private static final long FIRST_RETRY_NANOS = 200_000_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long ANSWER_CHECK_NANOS = 1_000_000_000;
    private static final long HELD_UP_NANOS = 10_000_000_000L;
    private static final long HANDSHAKE_STEP_NANOS = 10_000_000_000L;

    private final Parts parts;
    private long retryAtNanos = Long.MAX_VALUE;
    private long retryDelayNanos = FIRST_RETRY_NANOS;
    /** Not tried, as a disk has yet to take what the last connection brought; {@link Long#MAX_VALUE}: none has. */
    private long heldUpSinceNanos = Long.MAX_VALUE;
    private boolean isToldOfHoldUp;
    private long handshakeDeadlineNanos = Long.MAX_VALUE;
    private long nextAnswerCheckNanos;
    private boolean discardMyData;
    private boolean announcedEstablished;
    /** The record of what was lost before has ended with this contact. */
    private boolean contactCounts;
    private boolean peerLeavesOutdated;
    /** StandAlone for no other reason than that this node is Primary. */
    private boolean waitsForDemotion;
    private final Outdating outdating;
    private final FencePolicy fencing;

    Connecting(Parts parts, Outdating outdating, FencePolicy fencing) {
        this.parts = parts;
        this.outdating = outdating;
        this.fencing = fencing;
    }

    // ---- up

    void connect(boolean newDiscardMyData, ActionQueue out) {
        discardMyData = newDiscardMyData;
        waitsForDemotion = false;
        parts.trouble = null;
        retryDelayNanos = FIRST_RETRY_NANOS;
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withConnection(ConnectionState.UNCONNECTED), "connect");
        }
        tryNow(out);
    }

    private void tryNow(ActionQueue out) {
        for (VolumeParts each : parts.volumeParts) {
            // By its identifiers the peer would take the disk of a target at its end for as good as its own (seed 1700540).
            if (!each.endIsBeingWritten && parts.peerWrites.earlierIsDurable(each.volume)) continue;
            retryAtNanos = parts.nowNanos + FIRST_RETRY_NANOS;
            isHeldUp(each.volume, out);
            return;
        }
        heldUpSinceNanos = Long.MAX_VALUE;
        retryAtNanos = Long.MAX_VALUE;
        parts.connection++;
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withConnection(ConnectionState.WF_CONNECTION), "waiting for " + parts.settings.peerNode());
        }
        out.add(new Action.Connect(parts.connection));
    }

    /** Nothing else tells of a disk that hangs, where no disk-timeout gives it up. */
    private void isHeldUp(Volume volume, ActionQueue out) {
        if (heldUpSinceNanos == Long.MAX_VALUE) {
            heldUpSinceNanos = parts.nowNanos;
            isToldOfHoldUp = false;
        }
        if (isToldOfHoldUp || parts.nowNanos - heldUpSinceNanos < HELD_UP_NANOS) return;
        isToldOfHoldUp = true;
        parts.report(Level.WARNING, parts.name(volume) + ": for " + HELD_UP_NANOS / 1_000_000_000 + " s the disk has not taken what the last connection brought.",
                "This node does not connect before it has: " + parts.settings.peerNode() + " would rely on it.",
                "See whether the device answers. To connect without this disk, run: duett detach --force " + parts.name(volume), out);
    }

    void peerConnected(Event.PeerConnected event, ActionQueue out) {
        if (event.connection() != parts.connection || parts.connectionState() != ConnectionState.WF_CONNECTION) return;
        parts.socketsUp = true;
        parts.connectionLastUp = parts.connection;
        parts.resolveConflicts = event.resolveConflicts();
        announcedEstablished = false;
        contactCounts = false;
        for (VolumeParts each : parts.volumeParts) each.reportedInHandshake = false;
        parts.handshake.start(parts.connection, discardMyData, out);
        handshakeMoved();
    }

    void handshakeMoved() {
        handshakeDeadlineNanos = parts.nowNanos + Math.max(HANDSHAKE_STEP_NANOS, 4 * parts.settings.net().pingTimeoutMillis() * NANOS_PER_MILLI);
    }

    /** The peer's P_PROTOCOL fits ours: from here on the paths may send and receive. */
    void protocolAgreed(ActionQueue out) {
        handshakeMoved();
        parts.keepalive.start(parts.connection);
        parts.writes.connected(parts.connection, parts.handshake.zeroesAgreed());
        parts.reads.connected(parts.connection);
        parts.peerWrites.connected(parts.connection);
        parts.peerReads.connected(parts.connection);
    }

    /** It stands, all volumes are through with the handshake, and this has been counted as a contact. */
    boolean isAnnounced() {
        return announcedEstablished;
    }

    /** Called after each event: all volumes have their place in the connection now. */
    void announceEstablished(ActionQueue out) {
        if (announcedEstablished || !parts.isBesidePeer()) return;
        announcedEstablished = true;
        handshakeDeadlineNanos = Long.MAX_VALUE;
        retryDelayNanos = FIRST_RETRY_NANOS;
        discardMyData = false;
        parts.trouble = null;
        parts.handshake.discardDone();
        parts.contact++;
        parts.eyewitnessGivenUp = false;
        for (VolumeParts each : parts.volumeParts) each.goodAtLastContact = each.volume.state().isMirrored();
    }

    /**
     * Called after each event: the peer has seen this contact, too. Until then it may count as eyewitness of the one before, and act on that, while a source answers its
     * host alone as soon as it is connected: what waits for leave goes on waiting (rules 8, 20, seed 5307). A kernel is nobody's eyewitness.
     */
    void endLossesWithContact(ActionQueue out) {
        if (contactCounts || !announcedEstablished || !parts.isBesidePeer()) return;
        boolean isSeenThere = parts.volumeParts.stream().allMatch(each -> each.peerSeesContact);
        if (parts.settings.cluster() && parts.handshake.peerIsDuett() && !isSeenThere) return;
        contactCounts = true;
        parts.record.connectionEstablished(out);
    }

    // ---- down

    void peerLost(Event.PeerLost event, ActionQueue out) {
        if (event.connection() != parts.connection || !parts.socketsUp) return;
        ConnectionState cause = switch (event.reason()) {
            case BROKEN_PIPE -> ConnectionState.BROKEN_PIPE;
            case PROTOCOL_ERROR -> ConnectionState.PROTOCOL_ERROR;
        };
        lose(cause, event.detail(), out);
    }

    /** It may have restarted, and this connection be half-open: its answer to a ping decides that now, not at the next ping-int. */
    void peerKnocked(int connection, ActionQueue out) {
        if (connection == parts.connection) test(out);
    }

    /** Is the peer there at this moment? It has ping-timeout to say so. */
    void test(ActionQueue out) {
        if (parts.socketsUp) parts.keepalive.test(out);
    }

    private void reportBroken(String detail, ActionQueue out) {
        parts.report(Level.WARNING, "the connection to " + parts.settings.peerNode() + " is dropped: " + detail + ".",
                "Nothing of what came with it was used; both disks are as they were.",
                "It is tried again by itself. If this comes back, check what runs at the peer's address.", out);
    }

    /** The connection is lost; it is tried again. {@code cause}: Timeout to TearDown. */
    void lose(ConnectionState cause, String detail, ActionQueue out) {
        if (!parts.socketsUp) return;
        if (cause == ConnectionState.PROTOCOL_ERROR && !detail.isEmpty()) reportBroken(detail, out);
        end(cause, detail, out);
        tryAgainLater();
    }

    /** The peer leaves in order, having outdated its disks: a Primary may go on alone (spec wire 3.9). */
    void letPeerGo(boolean peerIsOutdated, ActionQueue out) {
        peerLeavesOutdated = peerIsOutdated;
        end(ConnectionState.TEAR_DOWN, "the peer disconnects", out);
        peerHasLeft(out);
        tryAgainLater();
    }

    private void peerHasLeft(ActionQueue out) {
        if (peerLeavesOutdated) parts.record.allowAlone(true, "the peer outdated its disk as it left", out);
        peerLeavesOutdated = false;
    }

    private void tryAgainLater() {
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withConnection(ConnectionState.UNCONNECTED), "connection ended");
        }
        retryAtNanos = parts.nowNanos + retryDelayNanos;
        // A peer that hangs up in every handshake is not asked more often than connect-int.
        retryDelayNanos = Math.min(2 * retryDelayNanos, parts.settings.net().connectIntervalMillis() * NANOS_PER_MILLI);
    }

    /** These two cannot come together before somebody changes something: StandAlone. */
    void giveUp(String reason, String advice, ActionQueue out) {
        parts.report(Level.ERROR, parts.settings.peerNode() + " is refused: " + reason + ".",
                "Nothing was copied. Both disks are as they were; this node is StandAlone.", advice, out);
        standAlone("refused " + parts.settings.peerNode(), out);
    }

    void refuseSecondPrimary(String reason, ActionQueue out) {
        giveUp(reason, "Decide which node keeps the role; on the other one run: " + parts.settings.demotionHere() + ", then duett connect " + parts.settings.name(), out);
    }

    /** Not as it is now; it is tried again by itself, and said once. */
    void refuseForNow(String reason, String keptSafe, String advice, ActionQueue out) {
        String what = parts.settings.peerNode() + " is refused: " + reason + ".";
        boolean isTold = parts.trouble != null && parts.trouble.whatHappened().endsWith(what);
        if (!isTold) parts.report(Level.ERROR, what, keptSafe, advice, out);
        lose(ConnectionState.TEAR_DOWN, reason, out);
    }

    /** As {@link #giveUp}, but it would connect as Secondary: nobody has to say twice that the peer's data is to go on. */
    void giveUpAsPrimary(String reason, String advice, ActionQueue out) {
        giveUp(reason, advice, out);
        waitsForDemotion = true;
    }

    void staysAlone() {
        waitsForDemotion = false;
    }

    void demoted(ActionQueue out) {
        if (waitsForDemotion) connect(false, out);
    }

    /** The peer has agreed to outdate its disks as we leave. */
    void leaveOutdatedPeer(String cause, ActionQueue out) {
        peerLeavesOutdated = true;
        standAlone(cause, out);
        peerHasLeft(out);
    }

    void standAlone(String cause, ActionQueue out) {
        if (parts.socketsUp) end(ConnectionState.DISCONNECTING, cause, out);
        else out.add(new Action.Disconnect(parts.connection));
        retryAtNanos = Long.MAX_VALUE;
        waitsForDemotion = false;
        // Late news of this incarnation are strangers from now on.
        parts.connection++;
        for (VolumeParts each : parts.volumeParts) {
            parts.fact(each, each.volume.state().withConnection(ConnectionState.STAND_ALONE), cause);
        }
    }

    private void end(ConnectionState cause, String detail, ActionQueue out) {
        parts.socketsUp = false;
        handshakeDeadlineNanos = Long.MAX_VALUE;
        parts.keepalive.stop();
        out.add(new Action.Disconnect(parts.connection));
        List<Boolean> mayHaveFinished = new ArrayList<>();
        List<VolumeState> before = new ArrayList<>();
        for (VolumeParts each : parts.volumeParts) {
            before.add(each.volume.state());
            mayHaveFinished.add(each.isSource() && parts.targetMayHaveFinished(each) || each.targetMayPass);
            VolumeState ended = each.volume.state().withConnection(cause);
            // Who has not heard that it is behind can be promoted with what it has (seed 1103036), and so can who is behind no more, and was not heard to say so (seed 1501629).
            if (each.targetIsUntold || mayHaveFinished.getLast()) ended = ended.withPeerDisk(DiskState.UNKNOWN);
            parts.fact(each, peerLeavesOutdated ? ended.withPeerDisk(DiskState.OUTDATED) : ended, detail.isEmpty() ? cause.displayName() : detail);
        }
        if (parts.record.contactMayHaveBeen(out)) countAsLostContact(before.getFirst(), out);
        // The record's state first: what is open is held by it, and not completed alone, when the legs fail (rules 1, 5).
        for (int i = 0; i < parts.volumes.size(); i++) losePeer(i, before.get(i), mayHaveFinished.get(i), out);
        parts.writes.connectionLost(out);
        parts.reads.connectionLost(out);
        parts.peerWrites.connectionLost(out);
        parts.peerReads.connectionLost();
        outdating.connectionEnded();
        for (VolumeParts each : parts.volumeParts) {
            each.connectionEnded();
            if (each.volume.diskUsable() && each.volume.bitmap() != null && each.volume.bitmap().dirtyPages().anyDirty()
                    && each.volume.state().disk().isAtLeast(DiskState.INCONSISTENT)) {
                each.volume.metadata().writeBitmap(null, out);
            }
        }
    }

    /** Leave that is still on its way here is of the loss before; and whoever was fenced then may have been made good since. */
    private void countAsLostContact(VolumeState before, ActionQueue out) {
        parts.contact++;
        for (VolumeParts each : parts.volumeParts) parts.fact(each, each.volume.state().withPeerDisk(DiskState.UNKNOWN), "a contact that the peer may have seen");
        // A connection that stood has it fenced by its loss.
        if (!before.connection().isEstablished()) fencing.peerLost(out);
    }

    private void losePeer(int index, VolumeState before, boolean mayHaveFinished, ActionQueue out) {
        VolumeParts each = parts.volumeParts.get(index);
        if (mayHaveFinished) parts.targetMayHaveOurGeneration(each, out);
        if (!each.volume.isPrimary()) return;
        boolean lost = StateRules.lostContact(before, each.volume.state()) || before.connection().isSyncSource();
        if (lost) parts.record.peerLost(each.volume, before, mayHaveFinished, out);
        if (lost && each.targetIsUntold) parts.record.untoldTargetLost();
        // What this incarnation has not put on record never will be: later identifiers may be those of writes that came from elsewhere (rule 1b).
        if (each.volume.seesDataOfPeer()) parts.record.noCopyLeft(each.volume, out);
        else if (isBeingAttached(before.disk())) parts.record.localLossStaysOpen(each.volume, out);
    }

    private static boolean isBeingAttached(DiskState disk) {
        return disk == DiskState.ATTACHING || disk == DiskState.NEGOTIATING;
    }

    // ---- time

    void timeIs(ActionQueue out) {
        if (parts.nowNanos >= retryAtNanos) tryNow(out);
        if (!parts.socketsUp) return;
        if (parts.nowNanos >= handshakeDeadlineNanos) {
            lose(ConnectionState.TIMEOUT, "the handshake did not get on", out);
        } else if (!parts.keepalive.check(out)) {
            lose(ConnectionState.NETWORK_FAILURE, "no answer to a ping within " + parts.settings.net().pingTimeoutMillis() + " ms", out);
        } else if (answerIsOverdue()) {
            lose(ConnectionState.TIMEOUT, "a request is not answered for " + answerMillis() + " ms (timeout x ko-count)", out);
        }
    }

    private long answerCheckNanos() {
        return Math.clamp(answerMillis() * NANOS_PER_MILLI / 8, ANSWER_CHECK_NANOS / 10, ANSWER_CHECK_NANOS);
    }

    private long answerMillis() {
        return parts.settings.net().timeoutMillis() * parts.settings.net().koCount();
    }

    /**
     * The oldest thing that the peer owes us is too old (spec wire 1.4). Looked at now and then only: it means a walk over all that
     * is open, and some seconds more or less do not matter beside timeout x ko-count.
     */
    private boolean answerIsOverdue() {
        if (parts.settings.net().koCount() == 0 || parts.nowNanos < nextAnswerCheckNanos) return false;
        nextAnswerCheckNanos = parts.nowNanos + answerCheckNanos();
        long oldest = Math.min(parts.writes.oldestUnansweredNanos(), parts.reads.oldestUnansweredNanos());
        for (VolumeParts each : parts.volumeParts) oldest = Math.min(oldest, each.target.oldestUnansweredNanos());
        return oldest != Long.MAX_VALUE && parts.nowNanos - oldest >= answerMillis() * NANOS_PER_MILLI;
    }

    /** What the peer has answered meanwhile is not read yet: it is given the time of a check more for that (rule 10). */
    void weStalled(long gapNanos) {
        if (handshakeDeadlineNanos != Long.MAX_VALUE) handshakeDeadlineNanos += gapNanos;
        nextAnswerCheckNanos = Math.max(nextAnswerCheckNanos, parts.nowNanos + gapNanos + answerCheckNanos());
    }

    long deadlineNanos() {
        boolean checksAnswers = parts.socketsUp && parts.settings.net().koCount() > 0;
        return Math.min(Math.min(retryAtNanos, handshakeDeadlineNanos),
                Math.min(parts.keepalive.deadlineNanos(), checksAnswers ? nextAnswerCheckNanos : Long.MAX_VALUE));
    }
}
