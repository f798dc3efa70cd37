package org.duett.failover.decision;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.duett.replicator.state.DiskState;

/** May this node start a group, and whose turn is it? Each answer is a sentence that says what is waited for; empty: nothing. */
final class StartRules {
    private final Facts facts;
    private final ProofDesk proof;
    private final Map<String, LossDesk> losses;

    StartRules(Facts facts, ProofDesk proof, Map<String, LossDesk> losses) {
        this.facts = facts;
        this.proof = proof;
        this.losses = losses;
    }

    /** Why this node would not run the group at all. What is said here is told to the peer as well. */
    String unwillingness(GroupMachine group) {
        if (group.isHeld()) return "stopped by an operator (duett cluster start " + group.config.name() + ")";
        if (facts.leaving) return facts.config.localNode() + " leaves";
        if (facts.mode == NodeMode.STANDBY) return facts.config.localNode() + " is standby (duett cluster online, there)";
        if (facts.mode != NodeMode.ONLINE) return facts.config.localNode() + " is " + facts.mode.word();
        if (!group.failedHere().isEmpty()) return GroupStatus.FAILED_HERE + group.failedHere();
        // A start is counted durably first; who cannot leaves it to the other node.
        if (!facts.recordTrouble.isEmpty()) return "the state directory of " + facts.config.localNode() + " cannot be written (" + facts.recordTrouble + ")";
        // What a peer would do otherwise matters no more once a person says that it is down.
        if (!facts.configurationTrouble.isEmpty() && !proof.isPersonsWord()) {
            String wayOut = isHeardInNoWay() ? "; start " + facts.config.peerNode() + ", or, if it is down: duett cluster confirm-peer-down" : "";
            return "the two configurations differ: " + facts.configurationTrouble + wayOut;
        }
        return dataHindrance(group);
    }

    /** Which resource of the group keeps it from here, and why; empty when each has data that may be used. */
    String dataHindrance(GroupMachine group) {
        for (String name : group.resourceNames()) {
            ResourceView view = facts.resources.get(name);
            if (view == null) return "the replicator does not have resource " + name;
            if (view.hasStopped()) return "resource " + name + " has stopped itself here, at " + view.stoppedAt() + " (duett cluster recover)";
            // Attached, but not compared with the peer yet: nobody knows what it is worth.
            boolean vouched = proof.isDataVouchedFor() && view.disk().isAtLeast(DiskState.OUTDATED);
            if (!view.isUpToDate() && !vouched) {
                return "the disk of " + name + " is " + (view.syncTarget() ? "being resynced" : view.disk().displayName()) + wayOut(view);
            }
        }
        return "";
    }

    private boolean isHeardInNoWay() {
        return !facts.peerIsAlive() && facts.life != PeerLife.STRANGE && !facts.peerSpeaksOverReplication();
    }

    /** Of a node that is alone with such a disk. What is behind can be used all the same, if a person says so; what is not whole cannot. */
    private String wayOut(ResourceView view) {
        if (!isHeardInNoWay()) return "";
        return "; start " + facts.config.peerNode()
                + (view.disk().isAtLeast(DiskState.OUTDATED) ? ", which has newer data, or: duett cluster confirm-peer-down --use-this-data" : "");
    }

    /** The peer is there and does not run it: is it this node's turn? The same answer on both nodes, once each has heard the other. */
    boolean isOurTurn(GroupMachine group, NodeReport.GroupReport theirs) {
        if (!theirs.willing()) return true;
        if (theirs.offered() != group.isOffered()) return theirs.offered();
        if (theirs.troubled() == group.trouble().isEmpty()) return theirs.troubled();
        if (theirs.startCounter() != group.startCounter()) return group.startCounter() > theirs.startCounter();
        Optional<String> prefers = group.config.prefers();
        if (prefers.isPresent()) return prefers.get().equals(facts.config.localNode());
        return facts.config.localNode().compareTo(facts.config.peerNode()) < 0;
    }

    /** With the peer alive: what keeps this node from claiming the group. */
    String waitsBesidePeer(GroupMachine group) {
        Optional<NodeReport.GroupReport> reported = facts.peerGroup(group.config.name());
        if (reported.isEmpty()) return facts.config.peerNode() + " does not know this group";
        NodeReport.GroupReport theirs = reported.get();
        if (theirs.phase().mayRun()) return "it is " + theirs.phase().name().toLowerCase(Locale.ROOT) + " on " + facts.config.peerNode();
        if (!isOurTurn(group, theirs)) return facts.config.peerNode() + " starts it";
        boolean claimed = group.phase() == GroupPhase.CLAIMING || group.phase() == GroupPhase.CHECKING;
        if (theirs.phase().isHeld() && !claimed) return facts.config.peerNode() + " is about to start it";
        for (String name : group.resourceNames()) {
            ResourceView view = facts.resources.get(name);
            // It may have gone on alone while this node slept: what this node has would be older.
            if (view.connected() && !facts.isConnectedThere(name)) {
                return "resource " + name + " is connected here, and not on " + facts.config.peerNode() + ": one of the two has not noticed yet";
            }
            if (!view.connected() && !losses.get(name).isEyewitness()) {
                return "resource " + name + " is not connected, and nobody can say whose data is newer";
            }
            if (!losses.get(name).mayAct()) return "resource " + name + " is not connected, and " + facts.config.peerNode() + " has not given up its eyewitness yet";
        }
        return "";
    }

    /** As far as this node can know by itself (rule 20). */
    boolean hasNewestData(GroupMachine group) {
        return group.resourceNames().stream().allMatch(name -> facts.resources.containsKey(name) && hasNewest(facts.resources.get(name)));
    }

    private boolean hasNewest(ResourceView view) {
        return losses.get(view.name()).isEyewitness() && !facts.mayHaveMissed() || proof.isDataVouchedFor() || facts.single;
    }

    /** Who is fenced serves nobody: this node could go on with whatever that one had. */
    private boolean hasNewestOfAll() {
        return losses.keySet().stream().allMatch(name -> facts.resources.containsKey(name) && hasNewest(facts.resources.get(name)));
    }

    /** Not by a fence agent for the sake of a group without data, where the peer may be the only one that has the newest data of another group. */
    boolean maySeekProofFor(GroupMachine group) {
        return !group.resourceNames().isEmpty() || !facts.fences || facts.single || hasNewestOfAll();
    }

    /**
     * A peer that is heard, and cannot stop the group, may be switched off for it: not for what would not run here after that, nor while that one may be
     * the only node that has the newest data of some group.
     */
    boolean wouldFenceFor(GroupMachine group) {
        return unwillingness(group).isEmpty() && !facts.isPaused() && hasNewestOfAll();
    }

    /**
     * Without the peer: what keeps this node from taking over (rules 8, 20). {@code proofMissing}: nothing but the proof, which is worth
     * seeking then.
     */
    record Alone(String waitsFor, boolean proofMissing) {
    }

    Alone waitsAlone(GroupMachine group) {
        if (facts.isPaused()) return new Alone("automatic takeover is paused (duett cluster pause)", false);
        if (facts.peerSpeaksOverReplication() && !facts.single) {
            return new Alone("no heartbeat of " + facts.config.peerNode() + " arrives, but its replicator is connected and answers: it lives", false);
        }
        for (String name : group.resourceNames()) {
            ResourceView view = facts.resources.get(name);
            if (facts.isSinceSilence(view)) {
                return new Alone("the replicator of " + facts.config.peerNode() + " has connected since its heartbeats stopped: it lives", false);
            }
            if (!hasNewest(view) && losses.get(name).hasRenounced()) {
                return new Alone("this node has let go without proof, and has given up its eyewitness of " + name + ", so that " + facts.config.peerNode()
                        + " may go on alone; mend what lies between the two, or, if " + facts.config.peerNode()
                        + " is down and served nothing meanwhile: duett cluster confirm-peer-down --use-this-data", false);
            }
            if (!hasNewest(view) && view.eyewitness() && facts.mayHaveMissed()) {
                String missed = facts.goodbyeStands ? "this node has left in order, and " + facts.config.peerNode() + " has not heard it since"
                        : "this node was cut off, or did not run, while " + facts.config.peerNode() + " was silent";
                return new Alone(missed + ", so that one may have gone on alone, and the data of " + name
                        + " here be old; start " + facts.config.peerNode() + ", or: duett cluster confirm-peer-down --use-this-data", false);
            }
            if (!hasNewest(view)) {
                return new Alone("this node was not connected and UpToDate when " + facts.config.peerNode() + " was last seen, so its data of " + name
                        + " may be old; start " + facts.config.peerNode() + ", or: duett cluster confirm-peer-down --use-this-data", false);
            }
        }
        if (proof.isBlind() && group.resourceNames().isEmpty()) {
            return new Alone("too few ping nodes answer by now, and " + facts.config.peerNode() + " may be back, and run it", false);
        }
        if (proof.isHeld()) return new Alone("", false);
        if (!maySeekProofFor(group)) {
            return new Alone(facts.config.peerNode() + " may have newer data of other groups than this node, and is not fenced for the sake of a group that has none; look, then:"
                    + " duett cluster confirm-peer-down", false);
        }
        if (!facts.provesByItself) {
            return new Alone("no proof is configured that " + facts.config.peerNode() + " is down; look, then: duett cluster confirm-peer-down", true);
        }
        String failure = !proof.failure().isEmpty() ? proof.failure()
                : facts.givesWay(group.trouble()) ? "the other node may seek one first, as " + group.trouble() : "it is being sought";
        return new Alone("there is no proof that " + facts.config.peerNode() + " is down (" + failure + "); or look, then: duett cluster confirm-peer-down",
                true);
    }
}
