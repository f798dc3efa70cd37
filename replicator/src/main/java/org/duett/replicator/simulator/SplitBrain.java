package org.duett.replicator.simulator;

import java.util.List;
import java.util.stream.Stream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * An operator's mistake: while the nodes do not hear each other he promotes the second one, too. What each of them acknowledges from then on
 * the other does not see. Both have to say so when they meet, and {@link Lineage} sees to it that no block is copied before somebody has decided
 * (promise 2): he, or the policy that he wrote down ({@code after-sb-0pri} and its kin). What was acknowledged is promised no more: one of the two changes will be given up.
 */
final class SplitBrain {
    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final Lineage lineage;
    private final boolean policyIsLossy;
    private final List<Integer> volumes;
    private final int[] reportsBefore = new int[2];
    private boolean open;
    /** Of this one nobody asks anything until both are equal again; null: hosts come to both. */
    private SimulatedNode idle;

    SplitBrain(SimulatedPair pair, CopyLedger ledger, Lineage lineage) {
        this.pair = pair;
        this.ledger = ledger;
        this.lineage = lineage;
        policyIsLossy = isLossy(pair.settings().net().splitBrain());
        volumes = pair.settings().volumes().stream().map(volume -> volume.number()).toList();
    }

    /** May what was answered be given up by it? */
    static boolean isLossy(SplitBrainPolicy policy) {
        boolean keepsAll = policy.withoutPrimary() == AfterSplitBrain.DISCONNECT || policy.withoutPrimary() == AfterSplitBrain.DISCARD_ZERO_CHANGES;
        return !keepsAll || policy.withOnePrimary() == AfterSplitBrain.DISCARD_SECONDARY;
    }

    /** From the second promotion until both are equal again. */
    boolean isOpen() {
        return open;
    }

    void begins(SimulatedNode newIdle) {
        open = true;
        idle = newIdle;
        for (int volume : volumes) pair.history(volume).splitBegins();
        for (SimulatedNode node : pair.nodes()) reportsBefore[node.index()] = node.reports().size();
    }

    boolean isIdle(SimulatedNode node) {
        return open && node == idle;
    }

    /** Who has acknowledged nothing since, while the other one has; null: nobody, or both. */
    SimulatedNode unchanged() {
        boolean isAlpha = lineage.hasNothingOfItsOwn(pair.alpha());
        boolean isBeta = lineage.hasNothingOfItsOwn(pair.beta());
        return isAlpha == isBeta ? null : isAlpha ? pair.alpha() : pair.beta();
    }

    /** Told before {@link Lineage} looks at it. */
    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean becomesTarget = after.connection().isTargetSide() && !before.connection().isTargetSide();
        Volume own = node.machine().volume(volume);
        boolean isByPolicy = becomesTarget && policyIsLossy && own.peerGenerations != null && isSplit(own.identifiers(), own.peerGenerations.identifiers());
        if (isByPolicy) decidedAgainst(node, volume);
        if (open) lookWhetherItIsOver();
    }

    /** A Primary is to be demoted first: its host has heard by then that its data is given up, and nobody promotes it again for what it has. */
    void reported(SimulatedNode node, OperatorReport report) {
        SimulatedNode other = pair.other(node);
        if (!policyIsLossy || !other.isRunning() || !report.whatHappened().contains("this Primary loses")) return;
        for (int volume : volumes) {
            boolean isMeant = Stream.of("r0/", "volume ").anyMatch(name -> report.whatHappened().contains(name + volume + ": split brain"));
            if (isMeant && isSplit(node.machine().volume(volume).identifiers(), other.machine().volume(volume).identifiers())) decidedAgainst(node, volume);
        }
    }

    /** Neither generation is in the other one's history: what of either is given up is for a policy to say, or an operator. */
    private static boolean isSplit(GenerationIdentifiers own, GenerationIdentifiers peer) {
        return !own.names(peer.current()) && !peer.names(own.current());
    }

    private void decidedAgainst(SimulatedNode victim, int volume) {
        lineage.givesUp(victim, volume);
        ledger.decidedByPolicy(victim, volume);
    }

    private void lookWhetherItIsOver() {
        boolean equal = pair.nodes().stream().allMatch(each -> each.isRunning() && volumes.stream().allMatch(one -> each.machine().state(one).isMirrored()));
        if (!equal) return;
        open = false;
        for (int each : volumes) pair.history(each).splitIsOver();
    }

    /** The operator decides by what the nodes tell him, so both have to. */
    boolean mayBeDecided() {
        if (!open) return true;
        return volumes.stream().noneMatch(lineage::haveDiverged) || pair.nodes().stream().allMatch(this::hasFoundIt);
    }

    private boolean hasFoundIt(SimulatedNode node) {
        return node.reports().stream().skip(reportsBefore[node.index()])
                .anyMatch(report -> report.whatHappened().contains("split brain") || report.whatHappened().contains("is newer than"));
    }

    @Override
    public String toString() {
        if (!open) return "no split brain";
        return "split brain, found by alpha " + hasFoundIt(pair.alpha()) + ", by beta " + hasFoundIt(pair.beta());
    }
}
