package org.duett.failover.simulator;

import java.util.List;
import org.duett.replicator.simulator.planted.PlantedFault;

/** Mistakes of the failover machine of which each would break a promise or leave a service down. */
final class ClusterPlantedFaults {
    private ClusterPlantedFaults() {
    }

    private static PlantedFault fault(String what, String source, String original, String mistake) {
        return new PlantedFault("org.duett.failover", what, source, original, mistake);
    }

    static final List<PlantedFault> ALL = List.of(
            // ---- leave (rule 8)
            fault("rule 8: a node goes on alone without the peer's answer", "decision/LossDesk.java",
                    "boolean granted = facts.peerResource(name).filter(peer -> peer.answered() == ask).isPresent();", "boolean granted = true;"),
            fault("rule 8: a takeover needs no proof", "decision/StartRules.java",
                    "if (proof.isHeld()) return new Alone(\"\", false);", "if (facts.now > 0) return new Alone(\"\", false);"),
            fault("rule 8: unknown is taken for proven", "decision/ProofDesk.java",
                    "} else if (outcome.verdict() == ProofOutcome.Verdict.PROVEN) {\n                    hold(",
                    "} else if (outcome.verdict() != ProofOutcome.Verdict.REFUTED) {\n                    hold("),
            fault("rule 8: a look that ended before the peer's death proves it", "decision/ProofDesk.java",
                    "if (facts.peerIsAlive() && early) {", "if (facts.now < 0) {"),
            fault("rule 8: the proof outlives the peer's return", "decision/FailoverMachine.java",
                    "            proof.peerIsBack();\n            if (facts.life == PeerLife.GONE)", "            if (facts.life == PeerLife.GONE)"),
            fault("rule 8: the proof outlives the return of the peer's replicator", "decision/FailoverMachine.java",
                    "if (facts.peerConnectedSinceSilence() && !facts.single) proof.peerIsBack();\n"
                            + "        // Also of one that was fenced while it was heard: its replicator speaks before its failover daemon does (seed 811083).\n"
                            + "        boolean maySpeakAnew = facts.life == PeerLife.SILENT || facts.peerIsAlive();",
                    "boolean maySpeakAnew = false;"),
            fault("rule 8: a peer of which all heartbeats are lost is dead, though its replicator speaks", "decision/Facts.java",
                    "return life == PeerLife.SILENT && now - heardOverReplicationNanos()", "return now < 0 && now - heardOverReplicationNanos()"),
            // ---- the eyewitness (rule 20)
            fault("rule 20: a takeover needs no eyewitness", "decision/StartRules.java",
                    "return losses.get(view.name()).isEyewitness() && !facts.mayHaveMissed() || proof.isDataVouchedFor() || facts.single;", "return true;"),
            fault("rule 20: who was cut off while the peer was silent has seen everything", "decision/ProofDesk.java",
                    "if (facts.life == PeerLife.SILENT && (cutOffInARow >= BELIEVED_CUT_OFF || longLook || livedMeanwhile)) facts.wasAway();", ""),
            fault("rule 20: who has slept while the peer was silent has seen everything", "decision/FailoverMachine.java",
                    "if (couldBeDead && !proof.isHeld()) facts.wasAway();", ""),
            fault("rule 20: a connection that was refused makes who went ahead forget it", "decision/LossDesk.java",
                    "if (lacksNothing) generationAtContact", "generationAtContact"),
            fault("rule 20: who went ahead gives the other one its word", "decision/LossDesk.java",
                    "} else if (wentAhead(view) || generationAtContact == 0 && theirs != (view.current() | 1)) {", "} else if (facts.now < 0) {"),
            fault("rule 20: who runs the group gives the other one its word", "decision/LossDesk.java",
                    "if (heldHere || view != null && view.isPrimary() || wantsToStart && ask != 0) return;", ""),
            fault("rule 20: who was ahead when its replicator ended gives the other one its word", "decision/LossDesk.java",
                    "if (hearsThisNode && !endedAhead()) grant(asked);", "if (hearsThisNode) grant(asked);"),
            fault("rule 20: who does not hear this node is given its word", "decision/LossDesk.java",
                    "boolean hearsThisNode = facts.echoedSentNanos >= askHeardNanos;", "boolean hearsThisNode = true;"),
            fault("rule 20: who lets go of a peer that lives and is not heard keeps its eyewitness", "decision/LetGoRules.java",
                    "if (!over.isEmpty() && facts.life == PeerLife.SILENT) leftToPeer.add(name);", ""),
            fault("rule 8: a lease that is not renewed is taken", "prover/WitnessProver.java",
                    "return lease.holder().isEmpty() && lease", "return (lease.holder().isEmpty() || watch.hasRunOut(lease, bootNanos.getAsLong())) && lease"),
            fault("rule 20: the eyewitness is kept although the peer went on alone", "decision/LossDesk.java",
                    "boolean over = theirs.alone() || otherGeneration || otherTerm;", "boolean over = false;"),
            fault("rule 20: a disk that is not UpToDate is taken over with", "decision/StartRules.java",
                    "if (!view.isUpToDate() && !vouched) {", "if (facts.now < 0) {"),
            // ---- reading, letting go (rule 9)
            fault("rule 9: reads have no deadline", "decision/LossDesk.java",
                    "return safe + facts.nanos(facts.config.timing().deadtimeMillis()) - facts.nanos(facts.config.timing().readMarginMillis());",
                    "return Long.MAX_VALUE;"),
            fault("rule 9: a peer that has lost the connection lets us read by its echo", "decision/LossDesk.java",
                    "if (facts.isConnectedThere(name)) echoedConnectedNanos", "echoedConnectedNanos"),
            fault("rule 9: a ping that was answered is no echo", "decision/LossDesk.java",
                    "if (view.connected()) safe = Math.max(safe, view.signs().answeredPingNanos());", ""),
            fault("rule 9: who is in doubt never lets go", "decision/LetGoRules.java",
                    "if (facts.now - since < patience || !facts.provesByItself) return \"\";", "if (facts.now > 0) return \"\";"),
            fault("who hears that the peer has newer data does not let go", "decision/LetGoRules.java", "if (overtaken(group)) return", "if (facts.now < 0) return"),
            fault("both run it, and both go on", "decision/LetGoRules.java", "if (!both) return \"\";", "if (facts.now > 0) return \"\";"),
            fault("rule 8: the proof of a peer that was fenced while it was heard outlives its next life", "decision/FailoverMachine.java",
                    "if (facts.peerIsAlive() && proof.isHeld()) proof.peerIsBack();", ""),
            // ---- groups
            fault("a group is started on a connection of which the peer knows nothing", "decision/StartRules.java",
                    "if (view.connected() && !facts.isConnectedThere(name)) {", "if (facts.now < 0) {"),
            fault("a check that fails on both nodes moves the group", "decision/FailoverMachine.java",
                    "if (theirs.isPresent() && theirs.get().troubled()) group.peerIsTroubled();", ""),
            fault("a check that fails moves nothing", "decision/GroupMachine.java",
                    "failingChecks.put(check, why);", "failingChecks.remove(check);"),
            fault("rule 25: at what the peer's replicator has halted is not told to ours", "decision/FailStopDesk.java",
                    "facts.out.add(new Action.TellOfPeerFailStop(resource, halt.event(), halt.bootNanos() + REMEMBERED_NANOS));", ""),
            fault("a group is started although the peer has not heard the claim", "decision/FailoverMachine.java",
                    "if (facts.echoedSentNanos > group.claimedAtNanos() || cannotBegin) {", "if (facts.now > 0) {"),
            fault("a node that could serve nobody takes the lease first", "decision/Facts.java",
                    "if (!asksWitness || trouble.isEmpty()) return false;", "if (asksWitness) return false;"),
            fault("a stop that failed counts as done", "decision/GroupMachine.java",
                    "            stopFailed = true;\n            facts.notify(Kind.UNCLEAN,", "            facts.notify(Kind.UNCLEAN,"),
            fault("a replicator that ended is not started again", "decision/ReplicatorWatch.java",
                    "facts.out.add(new Action.RestartReplicator(!facts.replicatorCertainlyGone));", ""),
            // ---- what an operator said, and who starts
            fault("a pause that was asked for on the other node is ignored", "decision/Facts.java",
                    "long until = Math.max(pausedUntilNanos, peerPausedUntilNanos);", "long until = pausedUntilNanos;"),
            fault("a pause is ignored", "decision/StartRules.java",
                    "if (facts.isPaused()) return new Alone(", "if (facts.now < 0) return new Alone("),
            fault("a new daemon forgets standby", "decision/FailoverMachine.java",
                    "facts.mode = record.standby() ? NodeMode.STANDBY : NodeMode.ONLINE;", "facts.mode = NodeMode.ONLINE;"),
            fault("a new daemon forgets a stop", "decision/GroupMachine.java",
                    "held = record.held();", "held = false;"),
            fault("a stop is not taken over from the peer", "decision/FailoverMachine.java",
                    "if (group != null && isNewer(theirs, group)) {", "if (facts.now < 0) {"),
            fault("a stop and a start said at once are kept apart", "decision/FailoverMachine.java",
                    "return theirs.held() && !group.isHeld();", "return false;"),
            fault("a node in standby starts groups", "decision/StartRules.java",
                    "if (facts.mode != NodeMode.ONLINE) return", "if (facts.now < 0) return"),
            fault("what was stopped for the other node is not offered", "decision/GroupMachine.java",
                    "                    offered = afterStop == AfterStop.OFFER;", "                    offered = false;"),
            fault("of two that run a group who started it later lets go", "decision/LetGoRules.java",
                    "if (theirs.startCounter() != group.startCounter()) return theirs.startCounter() > group.startCounter();",
                    "if (theirs.startCounter() != group.startCounter()) return theirs.startCounter() < group.startCounter();"),
            fault("after both have lost power who was active first starts the group", "decision/StartRules.java",
                    "return group.startCounter() > theirs.startCounter();", "return group.startCounter() < theirs.startCounter();"),
            fault("rule 9: who is in doubt lets go too late", "decision/LetGoRules.java",
                    "if (facts.now - since < patience || !facts.provesByItself) return \"\";",
                    "if (facts.now - since < 3 * patience || !facts.provesByItself) return \"\";"),
            fault("rule 9: who is not heard by a peer that it hears never lets go", "decision/LetGoRules.java",
                    "case ALIVE -> facts.isUnheardFor(patience) ?", "case ALIVE -> facts.now < 0 ?"),
            fault("what does not start is tried for ever", "decision/GroupMachine.java",
                    "        boolean again = startsTried < config.startAttempts();\n"
                            + "        if (!again) failed(why);\n"
                            + "        facts.notify(Kind.GROUP_FAILED, again ? Severity.WARNING",
                    "        boolean again = true;\n"
                            + "        facts.notify(Kind.GROUP_FAILED, again ? Severity.WARNING"),
            fault("what does not start here comes back", "decision/GroupMachine.java",
                    "        if (!again) failed(why);\n"
                            + "        facts.notify(Kind.GROUP_FAILED, again ? Severity.WARNING",
                    "        facts.notify(Kind.GROUP_FAILED, again ? Severity.WARNING"),
            fault("rule 25: at what the peer has halted is forgotten in a moment", "decision/FailStopDesk.java",
                    "REMEMBERED_NANOS = 600_000_000_000L;", "REMEMBERED_NANOS = 5_000_000_000L;"),
            fault("whose failover check fails first gives its group away", "decision/GroupMachine.java",
                    "facts.now - Math.max(since.getValue(), peerTroubledNanos) >= untilPeerHasLookedNanos(since.getKey())",
                    "facts.now - Math.max(since.getValue(), peerTroubledNanos) >= 0"),
            fault("a group is moved to a node that would not run it", "decision/FailoverMachine.java",
                    "if (theirs.isEmpty() || !theirs.get().willing() ||", "if (theirs.isEmpty() ||"),
            fault("a peer that cannot stop a group is switched off for what would not run here", "decision/FailoverMachine.java",
                    "&& starts.wouldFenceFor(group)", ""),
            fault("rule 9: a group without a resource is never in doubt", "decision/LetGoRules.java",
                    "if (group.resourceNames().isEmpty()) return (!proof.isHeld() || proof.isBlind()) && nobodyKnowsWhatPeerRuns();",
                    "if (group.resourceNames().isEmpty()) return false;"),
            fault("a peer that cannot stop a group is never switched off", "decision/FailoverMachine.java",
                    "proof.step(wantsProof || unclean, unclean && !wantsProof);", "proof.step(wantsProof, false);"),
            fault("a node that may lack the newest data has the other one switched off for a group without a resource", "decision/StartRules.java",
                    "|| !facts.fences || facts.single || hasNewestOfAll();", "|| facts.now > 0;"));
}
