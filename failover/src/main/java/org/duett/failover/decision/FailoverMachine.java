package org.duett.failover.decision;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.decision.Notice.Kind;
import org.duett.failover.decision.Notice.Severity;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.DiskState;

/**
 * Decides for one node: who is active, when this node takes over, when it lets go. Told events, asks for actions; nothing else moves it.
 * After each event all that is known is judged anew, so that a lost message or a late answer only delays.
 *
 * <p>What it must never do: act alone without proof and eyewitness, or answer reads that the other node may have outdated (rules 8, 9,
 * 20). What protects the data even if it erred is the replicator: writes are held without leave, promotion is asked of a connected peer.
 */
public final class FailoverMachine {
    private static final long STATUS_IS_NEWER_NANOS = 2_000_000_000L;

    private final Facts facts;
    private final ProofDesk proof;
    private final Map<String, LossDesk> losses = new TreeMap<>();
    private final Map<String, GroupMachine> groups = new TreeMap<>();
    private final StartRules starts;
    private final LetGoRules letsGo;
    private final ReplicatorWatch replicator;
    private final ReplicationNews replication;
    private final FailStopDesk failStops;

    /** Records that are being made durable: what follows when the version is on disk. */
    private final Map<Long, Runnable> onRemembered = new TreeMap<>();
    private long recordVersion;
    private boolean hasLeft;
    private final long begunNanos;
    private boolean toldOfMissingHeartbeats;
    private long missingSinceNanos = Long.MIN_VALUE;
    private long peerClockAheadMillis;
    /** Of a peer that is not understood: why not, for people. */
    private String strangeWhy = "";

    public FailoverMachine(ClusterConfig config, ClusterRecord record, long pausedForNanos, long bootNanos) {
        facts = new Facts(config);
        facts.now = bootNanos;
        facts.mode = record.standby() ? NodeMode.STANDBY : NodeMode.ONLINE;
        facts.single = record.single();
        facts.goodbyeStands = record.saidGoodbye();
        begunNanos = bootNanos;
        facts.pausedUntilNanos = pausedForNanos > 0 ? bootNanos + pausedForNanos : Long.MIN_VALUE;
        proof = new ProofDesk(facts);
        for (GroupConfig group : config.groups()) {
            for (String name : Facts.resourcesOf(group)) losses.put(name, new LossDesk(facts, proof, name));
        }
        for (GroupConfig group : config.groups()) groups.put(group.name(), new GroupMachine(facts, group, proof, losses, record.of(group.name())));
        starts = new StartRules(facts, proof, losses);
        letsGo = new LetGoRules(facts, proof, losses, starts);
        replicator = new ReplicatorWatch(facts);
        replication = new ReplicationNews(facts);
        failStops = new FailStopDesk(facts);
    }

    /** One event in, any number of actions out. */
    public void handle(Event event, List<Action> out) {
        facts.out = out;
        switch (event) {
            case Event.TimeAdvanced(long bootNanos) -> {
                assert bootNanos >= facts.now : "time goes forward";
                facts.now = bootNanos;
            }
            case Event.PeerHeard(NodeReport report, long echoed, long wallClockMillis) -> {
                peerClockAheadMillis = report.wallClockMillis() - wallClockMillis;
                heard(report, echoed);
            }
            case Event.PeerHasNoDaemon() -> facts.noDaemonNanos = facts.now;
            case Event.PeerLate(long silentAtNanos) -> facts.silentAtNanos = silentAtNanos;
            case Event.PeerOnTime() -> onTime();
            case Event.PathDoubtful(String path) -> testConnections(path);
            case Event.PeerSilent() -> silent();
            case Event.OwnStall(long millis) -> {
                // Nobody acts without a node before it was silent for deadtime; who acts alone already is not the one that misses anything.
                boolean couldBeDead = millis >= facts.config.timing().deadtimeMillis() - 2L * facts.config.timing().keepaliveMillis();
                if (couldBeDead && !proof.isHeld()) facts.wasAway();
            }
            case Event.PeerRestarted() -> {
                // One that was fenced while it was heard, and was back before it was missed.
                if (facts.peerIsAlive() && proof.isHeld()) proof.peerIsBack();
                facts.reportIsOfFormerLife = true;
            }
            case Event.PeerStrange(String why) -> strange(why);
            case Event.ConfigurationsDiffer(String how) -> configurationsDiffer(how);
            case Event.ReplicatorSeen(List<ResourceView> resources) -> replicatorSeen(resources);
            case Event.ReplicatorGone(boolean certain, String why) -> replicatorGone(certain);
            case Event.ReplicatorHalted(String resource, String kind, long bootNanos) -> failStops.halted(resource, kind, bootNanos);
            case Event.OrderAnswered(long order, boolean done, String detail) -> orderAnswered(order, done, detail);
            case Event.ProofAnswered answer -> proof.answered(answer.attempt(), answer.outcome());
            case Event.MemberProbed probed -> groups.get(probed.group()).memberProbed(probed.member(), probed.state());
            case Event.AddressChecked checked -> groups.get(checked.group()).addressChecked(checked.member(), checked.answeredBy());
            case Event.MemberAnswered answer -> groups.get(answer.group()).memberAnswered(answer.member(), answer.outcome());
            case Event.CheckChanged change -> checkChanged(change);
            case Event.AddressCutOff(String group, int member, String why) -> groups.get(group).addressCutOff(member, why);
            case Event.OperatorAsked(long ticket, OperatorCommand command) -> operatorAsked(ticket, command);
            case Event.Remembered(long version) -> remembered(version);
            case Event.RecordFails(String why) -> facts.recordTrouble = why;
        }
        judge();
        facts.out = null;
    }

    // ---- what happened

    private void heard(NodeReport report, long echoed) {
        PeerLife before = facts.life;
        onTime();
        facts.report = report;
        facts.reportIsOfFormerLife = false;
        facts.mayHaveBegunUntold = false;
        facts.reportedAtNanos = facts.now;
        facts.peerPausedUntilNanos = report.pausedForNanos() > 0 ? facts.now + report.pausedForNanos() : Long.MIN_VALUE;
        facts.echoedSentNanos = Math.max(facts.echoedSentNanos, echoed);
        facts.life = report.mode() == NodeMode.OFFLINE ? PeerLife.GONE : PeerLife.ALIVE;
        facts.heardAgain();
        if (facts.goodbyeStands && !facts.leaving && facts.echoedSentNanos > begunNanos && facts.peerTellsGenerations()) {
            facts.goodbyeStands = false;
            remember();
        }
        if (before != facts.life) {
            facts.heardSinceNanos = facts.now;
            proof.peerIsBack();
            if (facts.life == PeerLife.GONE) {
                facts.contactsEnd();
                proof.saidGoodbye(facts.config.peerNode() + " has stopped its groups and said goodbye");
                for (GroupMachine group : groups.values()) letsGo.peerLeft(group);
            }
            facts.notify(Kind.PEER_BACK, Severity.INFO, facts.config.peerNode(), facts.config.peerNode() + " is " + facts.life.words() + ".");
            if (facts.single && facts.life == PeerLife.ALIVE) {
                facts.single = false;
                facts.notify(Kind.OTHER, Severity.WARNING, facts.config.localNode(),
                        facts.config.peerNode() + " is back: " + facts.config.localNode() + " is no stand-alone node any more.");
                remember();
            }
        }
        failStops.heard(report);
        for (NodeReport.GroupReport theirs : report.groups()) {
            GroupMachine group = groups.get(theirs.name());
            if (group != null && group.hearsStart(theirs.startCounter())) {
                remember();
            }
            if (group != null && isNewer(theirs, group)) {
                group.hold(theirs.held(), theirs.heldVersion());
                remember();
            }
        }
    }

    /** Of what was said on both nodes while they did not hear each other, the word to stop counts: nothing runs that somebody wants stopped. */
    private static boolean isNewer(NodeReport.GroupReport theirs, GroupMachine group) {
        if (theirs.heldVersion() != group.heldVersion()) return theirs.heldVersion() > group.heldVersion();
        return theirs.held() && !group.isHeld();
    }

    private void onTime() {
        facts.silentAtNanos = Long.MAX_VALUE;
        proof.endEarlyLook();
    }

    /** A cable that is lost is noticed by who sends often; the replicator would wait for its next ping. */
    private void testConnections(String path) {
        facts.resources.forEach((name, view) -> {
            if (view.connected()) facts.orderUnanswered(name, new Command.TestConnection("heartbeat path " + path + " is doubtful"));
        });
    }

    private void silent() {
        facts.silentAtNanos = Long.MAX_VALUE;
        if (facts.life == PeerLife.GONE || facts.life == PeerLife.SILENT) return;
        // This daemon has never heard it, and has not looked around: the node may have been cut off all the time, or have slept before.
        boolean actsAlone = facts.resources.values().stream().anyMatch(view -> view.isPrimary() && view.alone());
        if (facts.life == PeerLife.UNHEARD && !actsAlone) facts.wasAway();
        facts.life = PeerLife.SILENT;
        facts.silentSinceNanos = facts.now;
        facts.contactsEnd();
        facts.notify(Kind.PEER_LOST, Severity.ERROR, facts.config.peerNode(), facts.config.peerNode() + " is silent on all paths.");
        if (facts.single) proof.vouch("this node was made stand-alone by its operator", true);
    }

    private void strange(String why) {
        if (facts.life == PeerLife.STRANGE) return;
        // It lives, and what it did while it was silent it can tell nobody: this node may have been cut off, and have seen nothing of it yet.
        if (isSilentEverywhere() && !proof.isHeld()) facts.wasAway();
        // Who looks around finds as much as this node did; who was fenced, or found the lease held, did nothing.
        facts.mayHaveBegunUntold = isSilentEverywhere() && (!proof.isHeld() || facts.provesByPing());
        facts.life = PeerLife.STRANGE;
        strangeWhy = why;
        proof.peerIsBack();
        facts.notify(Kind.WAITING_FOR_OPERATOR, Severity.ERROR, facts.config.peerNode(), facts.config.peerNode() + " lives, but its heartbeats are rejected: " + why
                + ". Nothing is taken over.");
    }

    private void configurationsDiffer(String how) {
        if (!how.isEmpty() && !how.equals(facts.configurationTrouble)) {
            facts.notify(Kind.WAITING_FOR_OPERATOR, Severity.ERROR, facts.config.peerNode(), "The cluster sections of the two nodes differ: " + how
                    + ". No group is started or moved until they are the same.");
        }
        facts.configurationTrouble = how;
    }

    private void replicatorSeen(List<ResourceView> resources) {
        facts.replicatorSeen = true;
        facts.replicatorCertainlyGone = false;
        facts.resources.clear();
        for (ResourceView view : resources) facts.resources.put(view.name(), view);
        if (facts.mayHaveMissed() && facts.allHaveConnectedSinceAway()) facts.missedNothing();
        // A fenced peer that has booted: what was proven of its former life is nothing for the next loss.
        if (facts.peerConnectedSinceSilence() && !facts.single) proof.peerIsBack();
        // Also of one that was fenced while it was heard: its replicator speaks before its failover daemon does (seed 811083).
        boolean maySpeakAnew = facts.life == PeerLife.SILENT || facts.peerIsAlive();
        if (maySpeakAnew && !facts.single) proof.heardOverReplication(facts.heardOverReplicationNanos());
        replicator.seen();
        replication.seen();
        for (GroupMachine group : groups.values()) group.replicatorKnown();
    }

    private void replicatorGone(boolean certain) {
        facts.replicatorCertainlyGone = certain;
        if (certain) {
            facts.resources.clear();
            facts.contactsAreCountedAnew();
            for (LossDesk loss : losses.values()) loss.replicatorGone();
        }
        replicator.gone();
        failStops.replicatorGone();
        for (GroupMachine group : groups.values()) group.replicatorKnown();
    }

    private void orderAnswered(long order, boolean done, String detail) {
        for (LossDesk loss : losses.values()) {
            if (loss.orderAnswered(order, done)) return;
        }
        for (GroupMachine group : groups.values()) {
            if (group.orderAnswered(order, done, detail)) return;
        }
    }

    private void checkChanged(Event.CheckChanged change) {
        GroupMachine group = groups.get(change.group());
        if (group == null) return;
        if (change.why().isEmpty()) group.checkIsGood(change.check());
        else group.checkFails(change.check(), change.why());
    }

    // ---- what a person asks

    private void operatorAsked(long ticket, OperatorCommand command) {
        String refusal = new OperatorDesk(this, facts, proof, groups, replicator).perform(command);
        boolean done = refusal.isEmpty();
        facts.out.add(new Action.AnswerOperator(ticket, done, done ? "accepted" : refusal));
    }

    String unwillingness(GroupMachine group) {
        return starts.unwillingness(group);
    }

    void leave() {
        facts.leaving = true;
    }

    // ---- remembering

    void remember() {
        remember(() -> {
            // Nothing waits for it.
        });
    }

    /** Durably, and then what follows. */
    void remember(Runnable then) {
        List<ClusterRecord.GroupRecord> records = new ArrayList<>();
        for (GroupMachine group : groups.values()) records.add(group.record());
        onRemembered.put(++recordVersion, then);
        facts.out.add(new Action.Remember(recordVersion, new ClusterRecord(facts.mode == NodeMode.STANDBY, facts.single, facts.goodbyeStands, records)));
    }

    private void remembered(long version) {
        facts.recordTrouble = "";
        Runnable then = onRemembered.remove(version);
        if (then != null) then.run();
    }

    // ---- what follows

    private void judge() {
        for (GroupMachine group : groups.values()) {
            for (String name : group.resourceNames()) {
                losses.get(name).step(group.phase().isHeld() || group.phase() == GroupPhase.STOPPING,
                        group.phase() == GroupPhase.UP, wantsToStart(group), letsGo.startedLaterThere(group));
            }
        }
        tellOfMissingHeartbeats();
        replicator.step();
        failStops.step(facts.replicatorSeen && !replicator.isAway());
        // A look around costs nothing, also where nothing could be started: who does not look does not see that it is cut off, and would take over
        // later, although the other one has gone on alone meanwhile and died.
        boolean wantsProof = facts.looksOnly && isSilentEverywhere();
        boolean wouldWantProof = facts.looksOnly && facts.peerIsLate();
        boolean unclean = false;
        for (GroupMachine group : groups.values()) {
            judge(group);
            wantsProof |= wantsProof(group) && !facts.givesWay(group.trouble());
            wouldWantProof |= facts.peerIsLate() && wouldWantProof(group) && !facts.givesWay(group.trouble());
            unclean |= facts.peerIsAlive() && !facts.reportIsOfFormerLife && facts.fences && group.phase() == GroupPhase.DOWN && starts.wouldFenceFor(group)
                    && facts.peerGroup(group.config.name()).filter(theirs -> theirs.phase() == GroupPhase.UNCLEAN).isPresent();
        }
        boolean held = proof.isHeld();
        proof.step(wantsProof || unclean, unclean && !wantsProof);
        assert held || !proof.isHeld();
        if (wouldWantProof) proof.lookEarly();
        if (facts.leaving) judgeLeaving();
    }

    /** It lives by its replication, and yet nothing is heard: the next failure would find both nodes without a word of each other. */
    private void tellOfMissingHeartbeats() {
        boolean missing = facts.peerSpeaksOverReplication() && facts.heardOverReplicationNanos() > facts.silentSinceNanos;
        if (!missing) {
            if (facts.life != PeerLife.SILENT) toldOfMissingHeartbeats = false;
            missingSinceNanos = Long.MIN_VALUE;
            return;
        }
        if (missingSinceNanos == Long.MIN_VALUE) missingSinceNanos = facts.now;
        if (toldOfMissingHeartbeats || facts.now - missingSinceNanos < Facts.DAEMON_STARTS_NANOS) return;
        toldOfMissingHeartbeats = true;
        facts.notify(Kind.WAITING_FOR_OPERATOR, Severity.ERROR, facts.config.peerNode(), "No heartbeat of " + facts.config.peerNode()
                + " arrives on any path, but its replicator is connected and answers: it lives, nothing is taken over or let go of, and no group can be moved."
                + " Look for a firewall, its failover daemon, its addresses (duett cluster status, on both nodes).");
    }

    private boolean wantsToStart(GroupMachine group) {
        if (group.phase() != GroupPhase.DOWN || !starts.unwillingness(group).isEmpty() || !facts.peerIsAlive()) return false;
        Optional<NodeReport.GroupReport> theirs = facts.peerGroup(group.config.name());
        return theirs.isPresent() && !theirs.get().phase().mayRun() && starts.isOurTurn(group, theirs.get());
    }

    /** The peer is silent, and its replicator has not been heard since, either. */
    private boolean isSilentEverywhere() {
        return facts.life == PeerLife.SILENT && !facts.peerConnectedSinceSilence() && !facts.peerSpeaksOverReplication();
    }

    private boolean wantsProof(GroupMachine group) {
        // Nobody is fenced for the sake of what could not go on here anyway.
        if (!isSilentEverywhere() || group.isFrozen() || !starts.maySeekProofFor(group)) return false;
        if (group.phase() == GroupPhase.DOWN) {
            return starts.unwillingness(group).isEmpty() && starts.waitsAlone(group).proofMissing();
        }
        boolean lost = group.resourceNames().stream().anyMatch(name -> facts.resources.containsKey(name) && !facts.resources.get(name).connected());
        return group.phase() == GroupPhase.UP && (lost || letsGo.isInDoubt(group)) || group.phase() == GroupPhase.STARTING && letsGo.isInDoubt(group);
    }

    /** If the peer, which is late, were dead. */
    private boolean wouldWantProof(GroupMachine group) {
        return switch (group.phase()) {
            case DOWN -> starts.unwillingness(group).isEmpty() && !facts.isPaused() && starts.hasNewestData(group);
            case UP -> !group.resourceNames().isEmpty();
            case PROBING, CLAIMING, CHECKING, STARTING, STOPPING, UNCLEAN -> false;
        };
    }

    private void judge(GroupMachine group) {
        group.inDoubt = letsGo.isInDoubt(group) || group.isFrozen();
        group.step();
        String letGo = letsGo.reason(group);
        if (!letGo.isEmpty()) {
            group.stop(true, AfterStop.REST, letGo);
            return;
        }
        switch (group.phase()) {
            case STARTING -> group.waitsFor = whyHeld(group);
            case PROBING -> group.waitsFor = "";
            case STOPPING -> group.waitsFor = group.stopWaitsFor();
            case UNCLEAN -> group.waitsFor = group.uncleanBy;
            case DOWN -> judgeDown(group);
            case CLAIMING -> judgeClaim(group);
            case CHECKING -> judgeCheck(group);
            case UP -> judgeUp(group);
        }
    }

    private void judgeDown(GroupMachine group) {
        Optional<NodeReport.GroupReport> theirs = facts.peerIsAlive() ? facts.peerGroup(group.config.name()) : Optional.empty();
        boolean theyHaveIt = theirs.filter(report -> report.phase() == GroupPhase.UP).isPresent();
        boolean theyRefuse = theirs.filter(report -> !report.willing() && !report.phase().mayRun()).isPresent();
        if (letsGo.isToBeRenounced(group)) renounce(group);
        if (group.isOffered() && (theyHaveIt || theyRefuse)) group.takeOfferBack();
        if (theyHaveIt) group.startedThere(theirs.get().startCounter());
        if (theyHaveIt && stillPrimary(group) && group.tidy(facts.config.peerNode() + " runs it")) return;
        // Nobody else could run it, as when a switch was away from both: what failed is tried again after a while.
        if ((!facts.peerIsAlive() || theyRefuse) && group.failedLongAgo()) group.recovered();
        group.waitsFor = starts.unwillingness(group);
        if (!group.waitsFor.isEmpty()) return;
        switch (facts.life) {
            case ALIVE -> {
                group.waitsFor = starts.waitsBesidePeer(group);
                if (group.waitsFor.isEmpty()) group.claim();
            }
            case SILENT, GONE -> {
                StartRules.Alone alone = starts.waitsAlone(group);
                group.waitsFor = alone.waitsFor();
                if (group.waitsFor.isEmpty() && !uncleanThere(group)) {
                    group.check(true, proof.why());
                    judgeCheck(group);
                }
            }
            case UNHEARD -> group.waitsFor = facts.config.peerNode() + " was not heard yet; waits for initdead";
            case STRANGE -> group.waitsFor = facts.config.peerNode() + " lives, but cannot be understood: " + strangeWhy;
        }
    }

    private void renounce(GroupMachine group) {
        boolean all = true;
        for (String name : group.resourceNames()) all &= losses.get(name).renounce();
        if (all) group.offer();
    }

    /** It said goodbye, but not of this group. */
    private boolean uncleanThere(GroupMachine group) {
        boolean unclean = facts.life == PeerLife.GONE && facts.peerGroup(group.config.name()).filter(theirs -> theirs.phase().mayRun()).isPresent();
        if (unclean) group.waitsFor = facts.config.peerNode() + " left without having stopped it; look, then: duett cluster confirm-peer-down";
        return unclean;
    }

    private boolean stillPrimary(GroupMachine group) {
        return group.resourceNames().stream().anyMatch(name -> facts.resources.containsKey(name) && facts.resources.get(name).isPrimary());
    }

    private void judgeClaim(GroupMachine group) {
        String hindrance = !facts.peerIsAlive() ? "lost" : starts.unwillingness(group);
        if (hindrance.isEmpty()) hindrance = starts.waitsBesidePeer(group);
        if (!hindrance.isEmpty()) {
            group.withdrawClaim();
            return;
        }
        group.waitsFor = facts.config.peerNode() + " hears that it is to start here";
        // What it says now, it says having heard the claim: it will not begin one of its own.
        boolean cannotBegin = group.resourceNames().stream().anyMatch(name -> losses.get(name).hasPeerRenounced());
        if (facts.echoedSentNanos > group.claimedAtNanos() || cannotBegin) {
            group.check(false, "it is this node's turn");
            judgeCheck(group);
        }
    }

    private void judgeCheck(GroupMachine group) {
        if (!mayStillBegin(group)) group.withdrawClaim();
        else if (group.isChecked()) begin(group, group.checkingFor());
    }

    /** The counter first: whoever was active last is to be known after any crash. */
    private void begin(GroupMachine group, String why) {
        if (group.isBeginning()) return;
        group.countStart(group.nextStartCounter());
        remember(() -> {
            group.recordedStart();
            if (group.phase() == GroupPhase.CHECKING && mayStillBegin(group)) group.start(!facts.peerIsAlive(), why);
        });
        group.beginning();
    }

    private boolean mayStillBegin(GroupMachine group) {
        if (!starts.unwillingness(group).isEmpty()) return false;
        return switch (facts.life) {
            case ALIVE -> !group.isCheckingAlone() && starts.waitsBesidePeer(group).isEmpty();
            case SILENT, GONE -> starts.waitsAlone(group).waitsFor().isEmpty();
            case UNHEARD, STRANGE -> false;
        };
    }

    private void judgeUp(GroupMachine group) {
        group.waitsFor = whyHeld(group);
        if (group.isHeld()) {
            group.stop(false, AfterStop.REST, "an operator stopped it");
            return;
        }
        if (facts.leaving || facts.mode == NodeMode.STANDBY) {
            group.stop(false, AfterStop.OFFER, facts.leaving ? "this node leaves" : "this node goes to standby");
            return;
        }
        if (group.inDoubt || resourcesAreLost(group)) return;
        if (!facts.peerIsAlive()) return;
        Optional<NodeReport.GroupReport> theirs = facts.peerGroup(group.config.name());
        if (theirs.isPresent() && theirs.get().troubled()) group.peerIsTroubled();
        if (theirs.isEmpty() || !theirs.get().willing() || theirs.get().phase() != GroupPhase.DOWN || !peerHasAll(group)) return;
        if (theirs.get().asksForIt()) {
            group.stop(false, AfterStop.OFFER, "an operator moves it to " + facts.config.peerNode());
        } else if (!group.failedHere().isEmpty()) {
            group.stop(false, AfterStop.OFFER, group.failedHere());
        } else {
            group.checkFailingHereOnly().ifPresent(check -> group.stop(false, AfterStop.OFFER,
                    "check " + check + " fails here and not on " + facts.config.peerNode() + ": " + group.failingChecks.get(check)));
        }
    }

    /** Empty: its I/O is not held. */
    private String whyHeld(GroupMachine group) {
        if (!group.isFrozen()) return group.inDoubt ? "I/O is held until it is known what " + facts.config.peerNode() + " does" : "";
        return "a resource has stopped itself, at what had ended the replicator of " + facts.config.peerNode() + "; I/O is held. Send the crash files of both"
                + " nodes to the developers; to try again: duett cluster recover " + group.config.name() + "; to give up what is asked of it: duett cluster stop "
                + group.config.name() + ", then start";
    }

    /** The peer has all of it: it could start the group at once. */
    boolean peerHasAll(GroupMachine group) {
        return group.resourceNames().stream().allMatch(name -> {
            ResourceView view = facts.resources.get(name);
            return view != null && view.connected() && view.peerDisk() == DiskState.UP_TO_DATE;
        });
    }

    /** The replicator ended and did not come back, or a resource lost its role: the group cannot go on here. */
    private boolean resourcesAreLost(GroupMachine group) {
        if (group.resourceNames().isEmpty() || replicator.isSettling() && !replicator.isGivenUp()) return false;
        for (String name : group.resourceNames()) {
            ResourceView view = facts.resources.get(name);
            if (replicator.isGivenUp() && view == null) {
                group.failHere("the replicator ended again and again");
                group.stop(true, AfterStop.OFFER, "the replicator ended again and again");
                return true;
            }
            // The status may have been read before the promotion that made it up.
            if (view != null && !view.isPrimary() && facts.now - group.upSinceNanos() > STATUS_IS_NEWER_NANOS) {
                group.resourceOrMemberFailed("resource " + name + " is not Primary any more");
                return true;
            }
        }
        return false;
    }

    // ---- going

    private void judgeLeaving() {
        boolean down = groups.values().stream().allMatch(group -> group.phase() == GroupPhase.DOWN);
        if (!down || hasLeft) return;
        hasLeft = true;
        // First: what it allows the peer outlives this daemon, and the replicator's memory of it.
        facts.goodbyeStands = true;
        remember(this::sayGoodbye);
    }

    private void sayGoodbye() {
        facts.mode = NodeMode.OFFLINE;
        for (String name : losses.keySet()) {
            if (facts.resources.containsKey(name)) {
                facts.orderUnanswered(name, new Command.GiveUpEyewitness(facts.resources.get(name).contact()));
            }
        }
        facts.out.add(new Action.SendHeartbeat());
        facts.out.add(new Action.Leave());
    }

    // ---- what it tells

    /** What the next heartbeat says. {@code wallClockMillis} comes from the shell. */
    public NodeReport report(long wallClockMillis) {
        List<NodeReport.GroupReport> reports = new ArrayList<>();
        boolean unclean = false;
        for (GroupMachine group : groups.values()) {
            unclean |= group.phase() == GroupPhase.UNCLEAN;
            String unwilling = starts.unwillingness(group);
            reports.add(new NodeReport.GroupReport(group.config.name(), group.phase(), group.startCounter(), unwilling.isEmpty(),
                    group.isOffered(), group.asksForIt(), group.isHeld(), group.heldVersion(), !group.trouble().isEmpty(), group.isFrozen(), unwilling));
        }
        List<NodeReport.ResourceReport> resources = new ArrayList<>();
        for (LossDesk loss : losses.values()) resources.add(loss.report());
        long paused = Math.max(0, facts.pausedUntilNanos == Long.MIN_VALUE ? 0 : facts.pausedUntilNanos - facts.now);
        NodeMode mode = unclean && facts.mode != NodeMode.OFFLINE ? NodeMode.UNCLEAN : facts.mode;
        return new NodeReport(mode, paused, wallClockMillis, reports, resources, failStops.report());
    }

    public GroupPhase phase(String group) {
        return groups.get(group).phase();
    }

    /** For status: all groups, with what they wait for. */
    public List<GroupStatus> groups() {
        List<GroupStatus> all = new ArrayList<>();
        for (GroupMachine group : groups.values()) {
            all.add(new GroupStatus(group.config.name(), group.phase(), word(group), group.memberInHand(), group.waitsFor, group.failedHere(),
                    group.startCounter(), Collections.unmodifiableMap(new TreeMap<>(group.failingChecks))));
        }
        return all;
    }

    private String word(GroupMachine group) {
        return switch (group.phase()) {
            case PROBING -> "reclaim";
            case DOWN -> {
                if (group.isHeld()) yield "stopped";
                if (!group.failedHere().isEmpty()) yield "fail";
                if (!starts.unwillingness(group).isEmpty()) yield "down";
                boolean silent = facts.life == PeerLife.SILENT || facts.life == PeerLife.UNHEARD;
                yield silent ? "in doubt" : "recover";
            }
            case CLAIMING, CHECKING, STARTING -> group.isFrozen() ? "frozen" : "starting";
            case UP -> group.isFrozen() ? "frozen" : group.inDoubt ? "in doubt" : "up";
            case STOPPING -> "stopping";
            case UNCLEAN -> "unclean";
        };
    }

    /** Resources of the cluster as the replicator told last. */
    public List<ResourceView> resources() {
        return facts.resources.values().stream().filter(view -> losses.containsKey(view.name())).toList();
    }

    /** By how much the peer's clock is ahead, as its last heartbeat said. */
    public long peerClockAheadMillis() {
        return peerClockAheadMillis;
    }

    /** What keeps a takeover from here, or both nodes from one, though both run; for 'duett cluster check'. */
    public List<String> troubles() {
        List<String> troubles = new ArrayList<>();
        if (facts.life == PeerLife.STRANGE) {
            troubles.add("the heartbeats of " + facts.config.peerNode() + " are rejected (" + strangeWhy + "), so nothing is taken over");
        }
        if (!facts.configurationTrouble.isEmpty()) troubles.add("the cluster sections of the two nodes differ: " + facts.configurationTrouble);
        if (facts.mode == NodeMode.STANDBY) troubles.add(facts.config.localNode() + " is standby, and takes nothing: duett cluster online");
        boolean standsByThere = facts.peerIsAlive() && facts.report.mode() == NodeMode.STANDBY;
        if (standsByThere) troubles.add(facts.config.peerNode() + " is standby, and takes nothing: duett cluster online, there");
        if (facts.isPaused()) troubles.add("automatic takeover is paused for another " + facts.pausedForNanos() / 1_000_000_000L + " s; at once it is on again by: duett cluster pause --for 0s");
        resources().stream().map(this::connectionTrouble).filter(trouble -> !trouble.isEmpty()).forEach(troubles::add);
        for (GroupMachine group : groups.values()) {
            if (group.phase() == GroupPhase.UNCLEAN) troubles.add("group " + group.config.name() + " is unclean here: " + group.uncleanBy);
            boolean there = facts.peerGroup(group.config.name()).filter(theirs -> theirs.phase() == GroupPhase.UNCLEAN).isPresent();
            if (there) troubles.add("group " + group.config.name() + " is unclean on " + facts.config.peerNode() + ", and does not start here before it is stopped there, or that node is fenced");
            String hindrance = starts.dataHindrance(group);
            if (group.phase() == GroupPhase.DOWN && !hindrance.isEmpty()) troubles.add("group " + group.config.name() + " could not start here now: " + hindrance);
            boolean waitsAlone = (facts.life == PeerLife.SILENT || facts.life == PeerLife.GONE) && group.phase() == GroupPhase.DOWN && starts.unwillingness(group).isEmpty();
            if (waitsAlone && !group.waitsFor.isEmpty()) troubles.add("group " + group.config.name() + " does not start here now: " + group.waitsFor);
            if (group.failedHere().isEmpty()) continue;
            troubles.add("group " + group.config.name() + " has failed here (" + group.failedHere() + "); when that is mended: duett cluster recover " + group.config.name());
        }
        return troubles;
    }

    /** Both nodes are there, and it is mirrored on neither: also where it runs on none of them, as after a split brain of two that let go. */
    private String connectionTrouble(ResourceView view) {
        if (!facts.peerIsAlive() || view.connected()) return "";
        String why = view.refusesPeer() ? " is StandAlone: this node has refused the data of " + facts.config.peerNode() + " (split brain, or what its log says), or somebody has disconnected it"
                : " is not connected, though " + facts.config.peerNode() + " is heard";
        return "resource " + view.name() + why + "; what to do says, on both nodes: duett status " + view.name();
    }

    public PeerLife peerLife() {
        return facts.life;
    }

    public NodeMode mode() {
        return facts.mode;
    }

    /** What proves that the peer does not act; empty: nothing does, or nothing has to. */
    public String proof() {
        return proof.isHeld() ? proof.why() : "";
    }

    /** Automatic takeover is off for so long, on whichever node it was asked. */
    public long pausedForNanos() {
        return facts.pausedForNanos();
    }

    public boolean isSingle() {
        return facts.single;
    }

    public Optional<NodeReport> peerReport() {
        return Optional.ofNullable(facts.report);
    }
}
