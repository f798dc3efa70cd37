package org.duett.failover.decision;

import java.util.List;
import java.util.Map;
import org.duett.failover.decision.Notice.Kind;
import org.duett.failover.decision.Notice.Severity;

/** What a person asks for, turned into what the machine then does by itself. */
final class OperatorDesk {
    private final FailoverMachine machine;
    private final Facts facts;
    private final ProofDesk proof;
    private final Map<String, GroupMachine> groups;
    private final ReplicatorWatch replicator;

    OperatorDesk(FailoverMachine machine, Facts facts, ProofDesk proof, Map<String, GroupMachine> groups, ReplicatorWatch replicator) {
        this.machine = machine;
        this.facts = facts;
        this.proof = proof;
        this.groups = groups;
        this.replicator = replicator;
    }

    /** Why it is refused; empty: it is accepted. */
    String perform(OperatorCommand command) {
        return switch (command) {
            case OperatorCommand.Switchover(String group) -> onGroups(group, this::switchover);
            case OperatorCommand.Standby() -> mode(NodeMode.STANDBY);
            case OperatorCommand.Online() -> mode(NodeMode.ONLINE);
            case OperatorCommand.Pause(long forNanos) -> pause(forNanos);
            case OperatorCommand.Fail(String group) -> onGroups(group, each -> {
                each.failHere("an operator said so (duett cluster fail)");
                return "";
            });
            case OperatorCommand.Recover(String group) -> {
                replicator.recovered();
                if (facts.resources.values().stream().anyMatch(ResourceView::hasStopped)) facts.replicatorRestartWanted = true;
                yield onGroups(group, each -> {
                    each.recovered();
                    return "";
                });
            }
            case OperatorCommand.Start(String group) -> hold(group, false);
            case OperatorCommand.Stop(String group) -> hold(group, true);
            case OperatorCommand.Leave() -> {
                machine.leave();
                yield "";
            }
            case OperatorCommand.Single(String who) -> single(who);
            case OperatorCommand.ConfirmPeerDown(boolean useThisData, String who) -> confirm(useThisData, who);
        };
    }

    private interface OnGroup {
        String perform(GroupMachine group);
    }

    private String onGroups(String name, OnGroup what) {
        if (!name.isEmpty()) {
            GroupMachine group = groups.get(name);
            return group == null ? "There is no group " + name + "; there are: " + String.join(", ", groups.keySet()) + "." : what.perform(group);
        }
        String first = "";
        for (GroupMachine group : List.copyOf(groups.values())) {
            String refusal = what.perform(group);
            if (first.isEmpty()) first = refusal;
        }
        return first;
    }

    /** From the node that runs it, or from the one that is to. */
    private String switchover(GroupMachine group) {
        String name = group.config.name();
        if (!facts.peerIsAlive()) return facts.config.peerNode() + " is " + facts.life.words() + "; group " + name + " stays where it is.";
        var theirs = facts.peerGroup(name);
        if (theirs.isEmpty()) return facts.config.peerNode() + " does not know group " + name + ".";
        if (group.phase() == GroupPhase.UP) {
            if (!theirs.get().willing()) return facts.config.peerNode() + " would not run group " + name + ": " + theirs.get().detail() + ".";
            if (!machine.peerHasAll(group)) return "A resource of group " + name + " is not Connected with UpToDate data on " + facts.config.peerNode() + ".";
            group.stop(false, AfterStop.OFFER, "an operator moves it to " + facts.config.peerNode());
            return "";
        }
        if (theirs.get().phase() != GroupPhase.UP) {
            return "Group " + name + (group.isHeld() ? " was stopped by an operator. Start it first: duett cluster start " + name : " is up on neither node (duett cluster status).");
        }
        String unwilling = machine.unwillingness(group);
        if (!unwilling.isEmpty()) return "Group " + name + " would not run here: " + unwilling + ".";
        group.askFor(theirs.get().startCounter());
        return "";
    }

    private String mode(NodeMode mode) {
        facts.mode = mode;
        facts.notify(mode == NodeMode.ONLINE ? Kind.ONLINE : Kind.STANDBY, Severity.INFO, facts.config.localNode(), facts.config.localNode() + " is " + mode.word() + ".");
        machine.remember();
        return "";
    }

    private String pause(long forNanos) {
        boolean onlyThere = forNanos == 0 && facts.now >= facts.pausedUntilNanos && facts.isPaused();
        if (onlyThere && facts.peerIsAlive()) {
            return "It was paused on " + facts.config.peerNode() + ", for another " + facts.pausedForNanos() / 1_000_000_000L + " s: say it there.";
        }
        if (forNanos == 0 && !facts.peerIsAlive()) facts.peerPausedUntilNanos = Long.MIN_VALUE;
        facts.pausedUntilNanos = forNanos == 0 ? Long.MIN_VALUE : facts.now + forNanos;
        facts.notify(Kind.OTHER, Severity.WARNING, facts.config.localNode(), forNanos == 0
                ? "Automatic takeover is on again."
                : "No automatic takeover for " + forNanos / 1_000_000_000L + " s; then it is on again by itself.");
        return "";
    }

    private String hold(String name, boolean held) {
        String refusal = onGroups(name, group -> {
            long theirs = facts.peerGroup(group.config.name()).map(NodeReport.GroupReport::heldVersion).orElse(0L);
            group.hold(held, Math.max(group.heldVersion(), theirs) + 1);
            return "";
        });
        if (refusal.isEmpty()) machine.remember(() -> facts.out.add(new Action.SendHeartbeat()));
        return refusal;
    }

    private String single(String who) {
        if (facts.peerSpeaksOverReplication()) return "the replicator of " + facts.config.peerNode() + " answers: a node that is heard is not left out.";
        if (facts.peerIsAlive() || facts.life == PeerLife.STRANGE) return facts.config.peerNode() + " is alive: a node that is heard is not left out.";
        facts.single = true;
        facts.notify(Kind.OTHER, Severity.WARNING, facts.config.localNode(),
                who + " made " + facts.config.localNode() + " a stand-alone node: it waits for nobody until " + facts.config.peerNode() + " is heard again.");
        machine.remember();
        if (facts.life == PeerLife.UNHEARD) facts.life = PeerLife.SILENT;
        proof.vouch("this node was made stand-alone by " + who, true);
        return "";
    }

    private String confirm(boolean useThisData, String who) {
        if (facts.peerIsAlive() || facts.life == PeerLife.STRANGE) {
            return facts.config.peerNode() + " is heard: it is not down. Nothing was changed.";
        }
        if (facts.peerSpeaksOverReplication()) return facts.config.peerNode() + " is not heard, but its replicator answers: it is not down. Nothing was changed.";
        facts.notify(Kind.OTHER, Severity.WARNING, facts.config.localNode(), who + " confirmed that " + facts.config.peerNode() + " is down"
                + (useThisData ? ", and that this node's data is to be used." : "."));
        // A person who has looked need not wait for initdead.
        if (facts.life == PeerLife.UNHEARD) facts.life = PeerLife.SILENT;
        proof.vouch(who + " confirmed it", useThisData);
        return "";
    }
}
