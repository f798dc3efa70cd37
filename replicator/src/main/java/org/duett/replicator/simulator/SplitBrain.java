package org.duett.replicator.simulator;

import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.duett.replicator.state.VolumeState;

/**
 * An operator's mistake: while the nodes do not hear each other he promotes the second one, too. What each of them acknowledges from then on
 * the other does not see. Both have to say so when they meet, and no block may be copied before somebody has decided (promise 2). What was
 * acknowledged is promised no more: one of the two changes will be given up.
 */
final class SplitBrain {
    private final SimulatedPair pair;
    private final List<Integer> volumes;
    /** Who has acknowledged writes without the other one, by volume and number of the node. */
    private final TreeMap<Integer, boolean[]> wroteAlone = new TreeMap<>();
    private final int[] reportsBefore = new int[2];
    private boolean open;
    private boolean decided;

    SplitBrain(SimulatedPair pair) {
        this.pair = pair;
        volumes = pair.settings().volumes().stream().map(volume -> volume.number()).toList();
    }

    /** From the second promotion until both are equal again. */
    boolean isOpen() {
        return open;
    }

    void begins() {
        open = true;
        decided = false;
        for (int volume : volumes) {
            wroteAlone.put(volume, new boolean[2]);
            pair.history(volume).splitBegins();
        }
        for (SimulatedNode node : pair.nodes()) reportsBefore[node.index()] = node.reports().size();
    }

    void acknowledged(SimulatedNode node, int volume) {
        if (open && !node.machine().state(volume).connection().isEstablished()) wroteAlone.get(volume)[node.index()] = true;
    }

    private boolean haveDiverged(int volume) {
        boolean[] alone = wroteAlone.get(volume);
        return alone[0] && alone[1];
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState after) {
        if (!open) return;
        boolean copies = after.connection().isSourceSide() || after.connection().isTargetSide() || CopyLedger.isGood(after);
        if (copies && !decided && haveDiverged(volume)) {
            throw new AssertionError(node.name() + ": volume " + volume + " was changed on both nodes, and becomes " + after + " before anybody has decided; "
                    + pair.describe());
        }
        boolean equal = pair.nodes().stream().allMatch(each -> each.isRunning() && volumes.stream().allMatch(one -> CopyLedger.isGood(each.machine().state(one))));
        if (!equal) return;
        open = false;
        for (int each : volumes) pair.history(each).splitIsOver();
    }

    /** The operator decides by what the nodes tell him, so both have to. */
    boolean mayBeDecided() {
        if (!open || decided) return true;
        boolean diverged = volumes.stream().anyMatch(this::haveDiverged);
        return !diverged || pair.nodes().stream().allMatch(this::hasFoundIt);
    }

    private boolean hasFoundIt(SimulatedNode node) {
        return node.reports().stream().skip(reportsBefore[node.index()])
                .anyMatch(report -> report.whatHappened().contains("split brain") || report.whatHappened().contains("is newer than"));
    }

    void isDecided() {
        decided = true;
    }

    @Override
    public String toString() {
        if (!open) return "no split brain";
        StringBuilder text = new StringBuilder("split brain").append(decided ? ", decided" : "").append(", wrote alone");
        wroteAlone.forEach((volume, nodes) -> text.append(' ').append(volume).append(':').append(Arrays.toString(nodes)));
        return text + ", found by alpha " + hasFoundIt(pair.alpha()) + ", by beta " + hasFoundIt(pair.beta());
    }
}
