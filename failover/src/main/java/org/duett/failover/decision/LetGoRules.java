package org.duett.failover.decision;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** When a node that runs a group has to let go of it by force, because the other one may act (rules 8, 9). */
final class LetGoRules {
    private final Facts facts;
    private final ProofDesk proof;
    private final Map<String, LossDesk> losses;
    private final StartRules starts;
    /** Since when a group has been in doubt. */
    private final Map<String, Long> doubtSince = new TreeMap<>();
    /** Groups that were let go of because the silent peer may take them over, and have not been started here since. */
    private final Set<String> leftToPeer = new TreeSet<>();

    LetGoRules(Facts facts, ProofDesk proof, Map<String, LossDesk> losses, StartRules starts) {
        this.facts = facts;
        this.proof = proof;
        this.losses = losses;
        this.starts = starts;
    }

    /** Its I/O is held, or it has nothing that could be held and nobody knows what the peer does. */
    boolean isInDoubt(GroupMachine group) {
        boolean runs = group.phase() == GroupPhase.UP || group.phase() == GroupPhase.STARTING;
        if (!runs) return false;
        if (group.resourceNames().isEmpty()) return (!proof.isHeld() || proof.isBlind()) && nobodyKnowsWhatPeerRuns();
        return group.resourceNames().stream().anyMatch(name -> losses.get(name).isInDoubt());
    }

    /**
     * It is not heard; or it cannot be understood, and was not heard before or may not hear this node; or it has been started anew, and nothing that it says counts before it has heard this
     * node, which it does not.
     */
    private boolean nobodyKnowsWhatPeerRuns() {
        return switch (facts.life) {
            case SILENT -> !facts.peerSpeaksOverReplication();
            case STRANGE -> facts.mayHaveBegunUntold || facts.noReplicatorIsConnected();
            case ALIVE -> facts.reportIsOfFormerLife && isUnheard();
            case UNHEARD, GONE -> false;
        };
    }

    private boolean isUnheard() {
        return facts.isUnheardFor(facts.nanos(facts.config.timing().deadtimeMillis()));
    }

    /** Why the group has to be let go of now; empty: it has not. */
    String reason(GroupMachine group) {
        String name = group.config.name();
        if (isInDoubt(group)) doubtSince.putIfAbsent(name, facts.now);
        else doubtSince.remove(name);
        boolean runs = group.phase() == GroupPhase.UP || group.phase() == GroupPhase.STARTING;
        if (runs || facts.life != PeerLife.SILENT) leftToPeer.remove(name);
        if (!runs) return "";
        String taken = facts.peerIsAlive() ? takenOver(group) : "";
        if (!taken.isEmpty()) return taken;
        if (overtaken(group)) return facts.config.peerNode() + " has gone on alone meanwhile, and has newer data";
        // It is back with data of its own, and was refused: what its daemon says decides whether this node, which clients have seen go on alone, goes on.
        // Until then I/O is held; once it has let go nobody could say whose data is newer.
        if (facts.peerDaemonMayBeStarting() && isMet(group)) return "";
        Long since = doubtSince.get(name);
        String over = since == null ? "" : doubtIsOver(group, since);
        if (!over.isEmpty() && facts.life == PeerLife.SILENT) leftToPeer.add(name);
        return over;
    }

    /**
     * It is down, and the other node, which is not heard, may hear this one: it lives, or nothing that is proven could give this node leave any more.
     * Where nobody knows whether it lives, the first proof starts the group here again, and the eyewitness is kept for that.
     */
    boolean isToBeRenounced(GroupMachine group) {
        boolean isLeft = leftToPeer.contains(group.config.name()) && group.phase() == GroupPhase.DOWN && !group.resourceNames().isEmpty();
        return isLeft && !facts.single && (facts.mayHaveMissed() || proof.isRefuted());
    }

    /** Both run it: who started it last goes on (detected at the next contact, promise 2); who is not heard by the other one lets go, as that one cannot know of it. */
    private String takenOver(GroupMachine group) {
        var theirs = facts.peerGroup(group.config.name());
        if (theirs.isEmpty() || facts.reportIsOfFormerLife) return "";
        boolean both = theirs.get().phase() == GroupPhase.UP || theirs.get().phase() == GroupPhase.STARTING;
        if (!both) return "";
        if (isUnheard()) return facts.config.peerNode() + " runs it, too, and does not hear this node";
        return isLaterThere(theirs.get(), group) ? facts.config.peerNode() + " runs it, too, and started it later" : "";
    }

    private boolean isLaterThere(NodeReport.GroupReport theirs, GroupMachine group) {
        if (theirs.startCounter() != group.startCounter()) return theirs.startCounter() > group.startCounter();
        return facts.config.localNode().compareTo(facts.config.peerNode()) > 0;
    }

    /** It may have stopped it again since. */
    private boolean overtaken(GroupMachine group) {
        boolean startedLater = startedLaterThere(group);
        return group.resourceNames().stream().anyMatch(name -> losses.get(name).isOvertaken(startedLater));
    }

    private boolean isMet(GroupMachine group) {
        return !group.resourceNames().isEmpty() && group.resourceNames().stream().allMatch(name -> losses.get(name).hasMetWhoWentAhead());
    }

    boolean startedLaterThere(GroupMachine group) {
        return facts.peerGroup(group.config.name()).filter(theirs -> theirs.startCounter() > group.startCounter()).isPresent();
    }

    /** Its last word tells how far it has come without this node. */
    void peerLeft(GroupMachine group) {
        for (String name : group.resourceNames()) losses.get(name).peerLeft(startedLaterThere(group));
    }

    /**
     * The data is safe in doubt, I/O is held. What the world sees is given up when an attempt at the proof, begun in doubt, has found
     * nothing, and the peer has had the time to act, or none may be made; where only a person can tell it to act, this node waits for the same person.
     */
    private String doubtIsOver(GroupMachine group, long since) {
        long patience = facts.nanos(facts.config.timing().deadtimeMillis() + facts.config.timing().proofTimeoutMillis());
        if (facts.now - since < patience || !facts.provesByItself) return "";
        if (facts.life == PeerLife.SILENT && !proof.isHeld() && !starts.maySeekProofFor(group)) {
            return "nobody knows what " + facts.config.peerNode() + " does, and it is not fenced for the sake of a group that has no data, as it may have newer data of others; it may take over";
        }
        return switch (facts.life) {
            case SILENT -> proof.isBlind() ? "this node reaches too few ping nodes by now, and " + facts.config.peerNode() + " may be back, and run it, too"
                    : proof.isHeld() ? facts.config.peerNode() + " may have gone on alone while this node was cut off or did not run"
                    : proof.failedAttemptBegunNanos() >= since
                    ? "there is no proof that " + facts.config.peerNode() + " is down (" + proof.failure() + "), so it may take over"
                    : "";
            // It is heard, but does not hear us: to itself it is alone.
            case ALIVE -> facts.isUnheardFor(patience) ? facts.config.peerNode() + " does not hear this node, and may take over" : "";
            case STRANGE -> group.resourceNames().isEmpty() ? facts.config.peerNode() + " lives, cannot be understood, and may have started it" : "";
            case UNHEARD, GONE -> "";
        };
    }
}
