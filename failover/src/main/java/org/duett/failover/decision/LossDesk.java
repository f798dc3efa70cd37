package org.duett.failover.decision;

import java.util.Optional;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/**
 * One resource and the loss of its peer: leave to go on alone (rule 8), the eyewitness and how it is given up (rule 20), the read
 * deadline (rule 9), and the word given to the other node when that one asks.
 */
final class LossDesk {
    private static final long TOLD_AGAIN_NANOS = 1_000_000_000L;
    private static final int TESTS_IN_A_DEADTIME = 5;
    /** A restarted replicator is connected again after that long, also on a busy machine. */
    private static final long CONNECTS_NANOS = 2_000_000_000L;
    private static final int NONE_FOUND = Integer.MIN_VALUE;

    private final Facts facts;
    private final ProofDesk proof;
    private final String name;

    /** Our question to the peer, for the loss of {@link #askContact}; 0: none. Boot time, so that no earlier life's answer fits. */
    private long ask;
    private int askContact = -1;
    /** Leave was ordered for the loss of this contact. */
    private int allowedContact = -1;
    private boolean allowedByProof;
    private long allowedAtNanos;
    private String allowedWhy = "";
    private long deadlineOrdered = Long.MIN_VALUE;
    private long deadlineOrderedAtNanos;
    /** When the youngest heartbeat of ours was sent that the peer has echoed while it was connected, too; {@link Long#MIN_VALUE}: none. */
    private long echoedConnectedNanos = Long.MIN_VALUE;
    private long nextTestNanos = Long.MIN_VALUE;

    /** The peer's question that was granted last, and the one that is being worked at. */
    private long answered;
    private long answering;
    private long answeringOrder;
    private long askedBefore;
    private long askedSinceNanos;
    /** When the peer's present question was heard first. */
    private long askHeardNanos;
    /** This node has let go for want of proof, and has given up its eyewitness of the loss of this contact unasked. */
    private int renouncedContact = NONE_FOUND;
    private long renouncedAtNanos;
    /** Since when the peer, which is heard, says in each word that it cannot act on the loss that this node is in; {@link Long#MAX_VALUE}: it does not. */
    private long powerlessThereSinceNanos = Long.MAX_VALUE;
    /** Since when this node is known to serve here ahead of the peer; {@link Long#MAX_VALUE}: it does not. */
    private long aheadSinceNanos = Long.MAX_VALUE;
    /** When the present process of the replicator was first seen; {@link Long#MAX_VALUE}: it was not. */
    private long processSeenNanos = Long.MAX_VALUE;
    private int voidedContact = -1;
    private int takenBackContact = -1;
    /** The replicator was told that the peer of this contact is down. */
    private int toldDownContact = -1;
    /** The term in which the peer was Primary at the last contact; 0: it was not. */
    private long witnessedTerm;
    /** Our generation at the last contact, without the bit of the role; 0: this daemon saw none. */
    private long generationAtContact;
    /** The contact whose loss this daemon found when it saw that process first: how it ended, and what came after it, nobody here knows. */
    private int foundContact = NONE_FOUND;
    /** The last contact in which both were seen equal, or whose loss was looked at. */
    private int knownContact = -1;
    /** When this node was first seen connected in the last contact in which it was. */
    private long connectedSinceNanos = Long.MIN_VALUE;
    private int connectedContact = NONE_FOUND;
    /** Our generation when the peer said goodbye and had gone past it without this node, and the contact at that time; 0: it had not. */
    private long leftBehindGeneration;
    private int leftBehindContact = -1;
    /** The peer has said goodbye while nobody here knew what this node has: it is compared at the next look. As in {@link #isOvertaken}. */
    private boolean goodbyeUnjudged;
    private boolean startedLaterAtGoodbye;
    /** As its last status said: should the replicator end now, it had gone on alone, or had leave to. */
    private boolean endedAlone;

    LossDesk(Facts facts, ProofDesk proof, String name) {
        this.facts = facts;
        this.proof = proof;
        this.name = name;
    }

    private ResourceView view() {
        return facts.resources.get(name);
    }

    /** Without a replicator there is nothing to tell but our word, and that it had gone on alone: the peer has not seen everything then. */
    NodeReport.ResourceReport report() {
        ResourceView view = view();
        if (view == null) return new NodeReport.ResourceReport(name, Role.UNKNOWN, DiskState.UNKNOWN, false, 0, 0, endedAlone, false, 0, answered);
        boolean connected = view.connected() && !view.hasStopped();
        boolean alone = !view.connected() && (view.alone() || allowedContact == view.contact());
        return new NodeReport.ResourceReport(name, view.role(), view.disk(), connected, view.current(), view.term(), alone, view.eyewitness(),
                ask, answered);
    }

    /** A new process begins with no leave, no contact and no eyewitness. */
    void replicatorGone() {
        foundContact = -1;
        knownContact = -1;
        connectedContact = NONE_FOUND;
        ask = 0;
        askContact = -1;
        allowedContact = -1;
        voidedContact = -1;
        takenBackContact = -1;
        toldDownContact = -1;
        renouncedContact = NONE_FOUND;
        powerlessThereSinceNanos = Long.MAX_VALUE;
        aheadSinceNanos = Long.MAX_VALUE;
        processSeenNanos = Long.MAX_VALUE;
        leftBehindContact = -1;
        answering = 0;
        deadlineOrdered = Long.MIN_VALUE;
    }

    /** Leave for the loss that this node is in, or no loss at all. */
    boolean mayAct() {
        ResourceView view = view();
        return view != null && (view.connected() || view.alone() || allowedContact == view.contact());
    }

    String allowedWhy() {
        return allowedWhy;
    }

    /**
     * @param heldHere the group runs here, or is about to
     * @param up it runs here
     * @param wantsToStart the group is to start here, and waits for leave
     * @param startedLaterThere the peer has started the group after this node did
     */
    void step(boolean heldHere, boolean up, boolean wantsToStart, boolean startedLaterThere) {
        ResourceView view = view();
        answerPeer(view, heldHere, wantsToStart, startedLaterThere);
        // One that has lost the connection may have taken us for dead and gone on alone, and be heard again before we know of any loss: what it
        // echoes then lets nobody read.
        if (facts.isConnectedThere(name)) echoedConnectedNanos = facts.echoedSentNanos;
        // One that has stopped itself does nothing any more, and is told nothing (rule 25).
        if (view == null || view.hasStopped()) return;
        if (processSeenNanos == Long.MAX_VALUE) processSeenNanos = facts.now;
        judgeGoodbye(view);
        watchPowerlessPeer(view);
        if (!isPrimaryAhead()) aheadSinceNanos = Long.MAX_VALUE;
        else if (aheadSinceNanos == Long.MAX_VALUE) aheadSinceNanos = facts.now;
        if (foundContact == NONE_FOUND) foundContact = view.connected() ? view.contact() - 1 : view.contact();
        if (view.connected()) {
            if (view.contact() != connectedContact) connectedSinceNanos = facts.now;
            connectedContact = view.contact();
            ask = 0;
            askContact = -1;
            allowedContact = -1;
            // Before it has all, a peer that lacked what this node wrote alone lacks it after this contact, too.
            boolean lacksNothing = !view.isUpToDate() || view.peerDisk() == DiskState.UP_TO_DATE;
            if (lacksNothing) generationAtContact = view.current() | 1;
            if (bothAreGood(view)) knownContact = view.contact();
            if (bothAreGood(view) && view.contact() != leftBehindContact) leftBehindGeneration = 0;
            takeEyewitnessBack(view);
            tellThatPeerIsDown(view);
            if (facts.peerIsAlive()) witnessedTerm = facts.peerResource(name).map(NodeReport.ResourceReport::term).orElse(0L);
        } else {
            learnGeneration(view);
            seekLeave(view, up, wantsToStart);
            giveUpWhatIsOver(view);
        }
        // With leave it may have begun a generation since that status.
        if (view.current() != 0) endedAlone = wentAhead(view) || !view.connected() && mayAct();
        setReadDeadline(view);
        testSilentConnection(view);
    }

    /**
     * A contact may have come, ended a resync and gone between two looks. A generation of which this node is eyewitness then, and that it has not begun
     * itself, is the peer's. Who was ahead remains so until both are seen equal: the resync may have been cut off.
     */
    private void learnGeneration(ResourceView view) {
        if (knownContact == view.contact()) return;
        knownContact = view.contact();
        boolean isPeers = generationAtContact != 0 && !endedAlone && view.contact() > foundContact && view.eyewitness() && !view.alone();
        if (isPeers) generationAtContact = view.current() | 1;
    }

    private static boolean bothAreGood(ResourceView view) {
        return view.isUpToDate() && view.peerDisk() == DiskState.UP_TO_DATE;
    }

    /** The proof is there before TCP has noticed: the replicator is told, so that held writes wait no longer than they must. */
    private void tellThatPeerIsDown(ResourceView view) {
        boolean speaks = facts.isSinceSilence(view) || facts.peerSpeaksOverReplication();
        if (!view.isPrimary() || facts.life != PeerLife.SILENT || !proof.isHeld() || speaks || toldDownContact == view.contact()) return;
        toldDownContact = view.contact();
        facts.orderUnanswered(name, new Command.PeerIsDown(proof.why()));
    }

    // ---- leave

    private void seekLeave(ResourceView view, boolean up, boolean wantsToStart) {
        // A start takes its leave along; so has one that a former daemon of this node began.
        if (view.alone() && allowedContact != view.contact() && proof.isHeld()) rememberLeave(view, true, proof.why());
        if (allowedContact == view.contact() && allowedByProof && !proof.isHeld() && !facts.peerIsAlive()) {
            allowedContact = -1;
            facts.orderUnanswered(name, new Command.AllowAlone(false, view.contact(), ""));
        }
        // The replicator was restarted, or had just connected, when it was told.
        boolean unheard = allowedContact == view.contact() && !view.alone() && facts.now - allowedAtNanos > TOLD_AGAIN_NANOS;
        if (unheard) allowedContact = -1;
        // A group that is up on a Secondary: its replicator was restarted, and resumes the term when it has leave (rule 22).
        boolean needed = (view.isPrimary() || up || wantsToStart && view.eyewitness()) && allowedContact != view.contact() && !view.alone();
        if (!needed) {
            if (allowedContact != view.contact()) ask = 0;
            return;
        }
        if (isProven(view)) {
            allow(view, true, proof.why());
        } else if (facts.peerIsAlive() && !mayFindPeerYet(view)) {
            if (askContact != view.contact() || ask == 0) {
                ask = facts.now;
                askContact = view.contact();
                facts.out.add(new Action.SendHeartbeat());
            }
            boolean granted = facts.peerResource(name).filter(peer -> peer.answered() == ask).isPresent();
            if (granted) allow(view, false, facts.config.peerNode() + " gave up its eyewitness");
            else if (hasPeerRenounced()) allow(view, false, facts.config.peerNode() + " is no eyewitness, and can do nothing without this node");
        }
    }

    /**
     * Who is Secondary, not connected, of our generation and no eyewitness cannot begin to act before it has been connected again, and this node would
     * be part of that. It may not hear this node, and so answer no question. Another generation of it is no hindrance to one that went on alone and serves:
     * its replicator has refused this one's (a split brain), a person decides, and clients see until then what they have seen.
     */
    private void watchPowerlessPeer(ResourceView view) {
        boolean powerless = !view.connected() && facts.peerIsAlive() && facts.peerResource(name).filter(peer -> !peer.connected() && !peer.eyewitness()
                && !peer.alone() && peer.role() == Role.SECONDARY && (isPrimaryAhead() || (peer.current() | 1) == (view.current() | 1))).isPresent();
        if (!powerless) powerlessThereSinceNanos = Long.MAX_VALUE;
        else if (powerlessThereSinceNanos == Long.MAX_VALUE) powerlessThereSinceNanos = facts.now;
    }

    /**
     * What is heard is a little old: of the time before a short contact it may tell that of the time after it. So it has to be said for as long as
     * nobody is taken for dead.
     */
    boolean hasPeerRenounced() {
        return powerlessThereSinceNanos != Long.MAX_VALUE
                && facts.reportedAtNanos - powerlessThereSinceNanos >= facts.nanos(facts.config.timing().deadtimeMillis());
    }

    /** The peer does not act, and has not acted without this node either. */
    private boolean isProven(ResourceView view) {
        // Its last word, also one that came while the connection seemed to stand (seed 713873).
        boolean saidSo = reportsSinceContact() && isBehind(view.current() | 1, false);
        boolean missedNothing = !saidSo && !isLeftBehind(view) && (!facts.mayHaveMissed() || wentAhead(view));
        return proof.isHeld() && (missedNothing || proof.isDataVouchedFor() || facts.single);
    }

    private void rememberLeave(ResourceView view, boolean byProof, String why) {
        allowedContact = view.contact();
        allowedByProof = byProof;
        allowedAtNanos = facts.now;
        allowedWhy = why;
    }

    /** It was restarted, and the two mostly find each other within a moment: then it resumes by the peer's word, and no copy has to fall behind. */
    private boolean mayFindPeerYet(ResourceView view) {
        return !view.isPrimary() && facts.now - processSeenNanos < CONNECTS_NANOS;
    }

    private void allow(ResourceView view, boolean byProof, String why) {
        rememberLeave(view, byProof, why);
        ask = 0;
        facts.orderUnanswered(name, new Command.AllowAlone(true, view.contact(), why));
        facts.notify(Notice.Kind.REPLICATION, Notice.Severity.WARNING, name, "Resource " + name + " goes on alone: " + why
                + ". Writes are on one disk until " + facts.config.peerNode() + " is back.");
    }

    // ---- the eyewitness (rule 20)

    /** The peer went on without us: we are not the one who saw everything. */
    private void giveUpWhatIsOver(ResourceView view) {
        boolean told = facts.peerIsAlive() || facts.life == PeerLife.GONE;
        boolean isToldSo = voidedContact == view.contact();
        if (!view.eyewitness() || isToldSo || view.isPrimary() || wentAhead(view) || !told) return;
        Optional<NodeReport.ResourceReport> peer = facts.peerResource(name);
        if (peer.isEmpty()) return;
        NodeReport.ResourceReport theirs = peer.get();
        boolean otherGeneration = theirs.current() != 0 && (theirs.current() | 1) != (view.current() | 1);
        boolean otherTerm = theirs.role() == Role.PRIMARY && theirs.term() != witnessedTerm;
        boolean over = theirs.alone() || otherGeneration || otherTerm;
        if (!over) return;
        voidedContact = view.contact();
        facts.orderUnanswered(name, new Command.GiveUpEyewitness(view.contact()));
    }

    /**
     * A daemon of this node that said goodbye has given it up, and the connection went on: what the peer may have proven by that ended when it
     * heard this one. A heartbeat that it has echoed since this node hears it was taken for such a word.
     */
    private void takeEyewitnessBack(ResourceView view) {
        boolean back = facts.peerIsAlive() && facts.isConnectedThere(name) && facts.echoedSentNanos > facts.heardSinceNanos;
        if (view.eyewitness() || !bothAreGood(view) || !back || facts.leaving || takenBackContact == view.contact()) return;
        takenBackContact = view.contact();
        facts.orderUnanswered(name, new Command.TakeEyewitnessBack(view.contact()));
    }

    /**
     * This node, which does not hear the peer, has let go for want of proof; what it has seen helps nobody here, and keeps the other one from going on
     * should that one hear this node: its questions do not arrive. True when it is done.
     */
    boolean renounce() {
        ResourceView view = view();
        if (view == null || view.connected() || view.isPrimary() || mayAct() || wentAhead(view)) return false;
        if (!view.eyewitness()) return true;
        if (renouncedContact == view.contact() && facts.now - renouncedAtNanos < TOLD_AGAIN_NANOS) return false;
        renouncedContact = view.contact();
        renouncedAtNanos = facts.now;
        voidedContact = view.contact();
        facts.orderUnanswered(name, new Command.GiveUpEyewitness(view.contact()));
        return false;
    }

    boolean hasRenounced() {
        return view() != null && renouncedContact == view().contact();
    }

    /** As the replicator says, unless it has just been told that it is none any more, or is a Primary that has to let go first. */
    boolean isEyewitness() {
        return view().eyewitness() && voidedContact != view().contact() && !isLeftBehind(view());
    }

    /** It serves here, and has gone on alone since the last contact. */
    boolean isPrimaryAhead() {
        return view() != null && view().isPrimary() && wentAhead(view());
    }

    /** The peer's replicator has spoken since: it has met what this node did without it. */
    boolean hasMetWhoWentAhead() {
        return isPrimaryAhead() && facts.heardOverReplicationNanos() > aheadSinceNanos;
    }

    /** This node went on alone since the last contact: its data is newer than what the peer has. */
    private boolean wentAhead(ResourceView view) {
        return wentAhead(view.current() | 1);
    }

    private boolean wentAhead(long ours) {
        return generationAtContact != 0 && generationAtContact != ours;
    }

    /** The replicator has ended, and what its disk has may be newer than what the peer has, or nobody here knows. */
    private boolean endedAhead() {
        return generationAtContact == 0 || endedAlone;
    }

    /**
     * The peer has said goodbye. That it does not act any more is no leave to go on with what it has gone past: this node may have slept, and
     * hear of all of it in this last word.
     *
     * @param startedLater as in {@link #isOvertaken}
     */
    void peerLeft(boolean startedLater) {
        goodbyeUnjudged = true;
        startedLaterAtGoodbye = startedLater;
        if (view() != null) judgeGoodbye(view());
    }

    /** Its replicator may answer later than the peer speaks: it is still asleep, or a new process comes up (seed 227534). */
    private void judgeGoodbye(ResourceView view) {
        // Not attached yet: there is nothing to compare.
        if (!goodbyeUnjudged || view.current() == 0) return;
        goodbyeUnjudged = false;
        long ours = view.current() | 1;
        if (facts.peerIsAlive() || !isBehind(ours, startedLaterAtGoodbye)) return;
        leftBehindGeneration = ours;
        leftBehindContact = view.contact();
    }

    /** A copy from the peer ends it by itself: then ours is another generation. */
    private boolean isLeftBehind(ResourceView view) {
        return leftBehindGeneration != 0 && leftBehindGeneration == (view.current() | 1);
    }

    /** What this node knows of itself is a little older than what it hears: after a short loss both may be together again already. */
    private boolean isBehind(long ours, boolean startedLater) {
        var theirs = facts.peerResource(name).filter(peer -> !peer.connected() && peer.disk() == DiskState.UP_TO_DATE && peer.current() != 0);
        return theirs.isPresent() && (theirs.get().current() | 1) != ours && !wentAhead(ours) && (generationAtContact != 0 || startedLater);
    }

    /**
     * The peer went on alone after our last contact, and is heard, or has said so in its last word: what this node has is older, and nobody
     * will give it leave.
     *
     * @param startedLater the peer has started the group after this node did: who saw no contact knows by that whose generation is the newer one
     */
    boolean isOvertaken(boolean startedLater) {
        ResourceView view = view();
        if (view == null || view.connected() || view.hasStopped() || mayAct()) return false;
        return isLeftBehind(view) || facts.peerIsAlive() && reportsSinceContact() && isBehind(view.current() | 1, startedLater);
    }

    /** Before, it may have told of the time before a short contact, in which it was made equal to this node; what it knows of itself is a little old, too (seed 58424). */
    private boolean reportsSinceContact() {
        return facts.reportedAtNanos > connectedSinceNanos + facts.nanos(facts.config.timing().keepaliveMillis());
    }

    private void answerPeer(ResourceView view, boolean heldHere, boolean wantsToStart, boolean startedLaterThere) {
        long asked = facts.peerIsAlive() ? facts.peerResource(name).map(NodeReport.ResourceReport::ask).orElse(0L) : 0;
        if (asked != askedBefore) {
            askedSinceNanos = 0;
            askHeardNanos = facts.now;
            if (asked != 0) facts.out.add(new Action.SendHeartbeat());
        }
        askedBefore = asked;
        if (asked == 0 || asked == answered) {
            answering = 0;
            return;
        }
        // Who runs it, or is about to, gives no such word: the other one would go on with older data.
        if (heldHere || view != null && view.isPrimary() || wantsToStart && ask != 0) return;
        // Who does not hear this node would not hear the answer either, and let go; nobody would be left to go on then.
        boolean hearsThisNode = facts.echoedSentNanos >= askHeardNanos;
        if (facts.replicatorCertainlyGone) {
            // The eyewitness was a fact of that process, and ended with it; what it wrote alone did not.
            if (hearsThisNode && !endedAhead()) grant(asked);
            return;
        }
        if (view == null || answering == asked) return;
        // It would go on with older data than ours.
        long theirs = facts.peerResource(name).orElseThrow().current() | 1;
        if (hasNothingToCompare(view)) {
            // An attach may be under way; and without a disk it is no contact that the peer could go on with (rule 8).
            boolean mayBeAhead = generationAtContact == 0 ? !startedLaterThere : endedAlone;
            if (mayBeAhead || facts.now - askHeardNanos < facts.nanos(facts.config.timing().deadtimeMillis())) return;
        } else if (wentAhead(view) || generationAtContact == 0 && theirs != (view.current() | 1)) {
            return;
        }
        if (view.hasStopped()) {
            // It is never promoted before a new process takes its place, which is no eyewitness.
            if (hearsThisNode) grant(asked);
            return;
        }
        if (askedSinceNanos == 0 || answering != 0) askedSinceNanos = facts.now;
        if (!hearsThisNode) return;
        // Connected as far as we know: one of the two has not heard yet. An eyewitness given up too early would be missed.
        if (view.connected() && facts.now - askedSinceNanos < 3 * facts.nanos(facts.config.timing().keepaliveMillis())) return;
        if (view.connected()) facts.orderUnanswered(name, new Command.PeerIsDown(facts.config.peerNode() + " says that it has lost the connection"));
        answering = asked;
        askedSinceNanos = 0;
        answeringOrder = facts.order(name, new Command.GiveUpEyewitness(view.contact()));
    }

    /** A new process that has not attached its disk: what it holds is told by what this daemon saw, or by who started the group last. */
    private static boolean hasNothingToCompare(ResourceView view) {
        return view.current() == 0 && view.disk() == DiskState.DISKLESS && !view.connected();
    }

    /** True when the answer was for us. */
    boolean orderAnswered(long order, boolean done) {
        if (order != answeringOrder || answering == 0) return false;
        answeringOrder = 0;
        if (done) grant(answering);
        answering = 0;
        return true;
    }

    private void grant(long asked) {
        answered = asked;
        answering = 0;
        facts.out.add(new Action.SendHeartbeat());
        ResourceView view = view();
        // A person who promotes by hand is told as well (rule 23).
        if (view != null && !view.hasStopped()) facts.orderUnanswered(name, new Command.Outdate(view.current(), view.contact(), Long.MAX_VALUE));
        facts.notify(Notice.Kind.REPLICATION, Notice.Severity.WARNING, name,
                "The replication link of " + name + " is lost; " + facts.config.peerNode() + " goes on alone, and this node does not take over until it is resynced.");
    }

    // ---- reading (rule 9)

    /** After this boot time no local read is answered, and the group has to let go; {@link Long#MAX_VALUE}: no limit. */
    long readDeadline() {
        ResourceView view = view();
        if (view == null) return Long.MAX_VALUE;
        boolean leave = !view.connected() && (allowedContact == view.contact() || view.alone());
        if (leave || isProven(view)) return Long.MAX_VALUE;
        long safe = view.connected() ? echoedConnectedNanos : facts.echoedSentNanos;
        // A ping that it answered is as good as a heartbeat that it echoed: it ends the connection before it takes over, and that no
        // earlier than deadtime after the last word that came to it (Command.PeerIsDown).
        if (view.connected()) safe = Math.max(safe, view.signs().answeredPingNanos());
        // A peer without a failover daemon takes nothing over before one has been started and waited; and it would end the connection first.
        if (view.connected() && !facts.peerIsAlive()) safe = Math.max(safe, facts.noDaemonNanos);
        if (safe == Long.MIN_VALUE) return facts.now;
        return safe + facts.nanos(facts.config.timing().deadtimeMillis()) - facts.nanos(facts.config.timing().readMarginMillis());
    }

    /** A promotion follows: not even its first read is without a deadline, should this daemon end in between. Whoever has leave has no limit. */
    void setReadDeadlineFor(boolean promotionBesidePeer) {
        long wanted = promotionBesidePeer ? readDeadline() : Long.MAX_VALUE;
        // Nobody was ever heard.
        if (wanted != facts.now) facts.orderUnanswered(name, new Command.SetReadDeadline(wanted));
    }

    private void setReadDeadline(ResourceView view) {
        if (!view.isPrimary()) {
            deadlineOrdered = Long.MIN_VALUE;
            return;
        }
        long wanted = readDeadline();
        // Not before the peer was ever heard: nobody can have taken anything over from a group that was adopted.
        if (wanted == facts.now && deadlineOrdered == Long.MIN_VALUE) return;
        // One that changes no more is told again: a process that came in between two looks, and has resumed the role, reads nothing before it is told.
        if (wanted == deadlineOrdered && facts.now - deadlineOrderedAtNanos < TOLD_AGAIN_NANOS) return;
        deadlineOrdered = wanted;
        deadlineOrderedAtNanos = facts.now;
        facts.orderUnanswered(name, new Command.SetReadDeadline(wanted));
    }

    /** While the heartbeats do not tell whether the peer lives and hears us, the connection has to: both nodes ask, several times in a deadtime. */
    private void testSilentConnection(ResourceView view) {
        if (!view.connected() || facts.life == PeerLife.GONE || facts.life == PeerLife.UNHEARD) return;
        boolean heartbeatsTell = facts.peerIsAlive() && echoedConnectedNanos != Long.MIN_VALUE
                && facts.now - echoedConnectedNanos < facts.nanos(facts.config.timing().warntimeMillis());
        if (heartbeatsTell || facts.now < nextTestNanos) return;
        nextTestNanos = facts.now + facts.nanos(facts.config.timing().deadtimeMillis()) / TESTS_IN_A_DEADTIME;
        facts.orderUnanswered(name, new Command.TestConnection(facts.config.peerNode() + " is not heard"));
    }

    /** Frozen, or as good as frozen: without leave, or past the read deadline. */
    boolean isInDoubt() {
        ResourceView view = view();
        if (view == null || !view.isPrimary()) return false;
        return !mayAct() || facts.now > readDeadline();
    }
}
