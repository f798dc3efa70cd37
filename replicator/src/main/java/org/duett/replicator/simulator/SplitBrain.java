package org.duett.replicator.simulator;

import java.util.List;

/**
 * An operator's mistake: while the nodes do not hear each other he promotes the second one, too. What each of them acknowledges from then on
 * the other does not see. Both have to say so when they meet, and {@link Lineage} sees to it that no block is copied before somebody has decided
 * (promise 2). What was acknowledged is promised no more: one of the two changes will be given up.
 */
final class SplitBrain {
    private final SimulatedPair pair;
    private final Lineage lineage;
    private final List<Integer> volumes;
    private final int[] reportsBefore = new int[2];
    private boolean open;
    /** Of this one nobody asks anything until both are equal again; null: hosts come to both. */
    private SimulatedNode idle;

    SplitBrain(SimulatedPair pair, Lineage lineage) {
        this.pair = pair;
        this.lineage = lineage;
        volumes = pair.settings().volumes().stream().map(volume -> volume.number()).toList();
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

    void stateChanged() {
        if (!open) return;
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
