package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * No volume shrinks: a size that a node has answered it keeps, as long as it has that disk. And none is larger than the configuration allows (spec metadata 9), or of
 * another size than its clients see.
 */
final class SizeRule {
    private final SimulatedPair pair;
    /** By volume and node: what was answered last, of which disk. */
    private final TreeMap<Integer, Answered[]> answered = new TreeMap<>();

    private record Answered(SimulatedDevice disk, long sectors) {
    }

    SizeRule(SimulatedPair pair) {
        this.pair = pair;
        for (var volume : pair.settings().volumes()) answered.put(volume.number(), new Answered[2]);
    }

    /** The size that a resize was answered with. */
    static long answered(CommandResult.Done done) {
        return Long.parseLong(done.text().replaceFirst("has (\\d+) sectors", "$1"));
    }

    void done(SimulatedNode node, AskedCommand question, CommandResult.Done done) {
        if (!(question.command() instanceof Command.Resize(int number, long wanted, boolean assumeClean)) || !node.machine().volume(number).diskUsable()) return;
        long sectors = answered(done);
        if (sectors < wanted || sectors > node.machine().volume(number).sizeSectors()) {
            throw new AssertionError(node.name() + " has answered " + question.command() + ", and volume " + number + " " + done.text() + "; " + pair.describe());
        }
        answered.get(number)[node.index()] = new Answered(node.data(number), sectors);
    }

    /** An older copy of everything was put in its place. */
    void wentBack(SimulatedNode node) {
        answered.values().forEach(each -> each[node.index()] = null);
    }

    /** Between the steps of a life. */
    void check() {
        for (int number : answered.keySet()) {
            for (SimulatedNode node : pair.nodes()) look(node, number, answered.get(number)[node.index()]);
        }
    }

    private void look(SimulatedNode node, int number, Answered last) {
        Volume volume = node.isRunning() ? node.machine().volume(number) : null;
        if (volume == null || !volume.diskUsable() || !volume.state().disk().isAtLeast(DiskState.OUTDATED)) return;
        long sectors = volume.sizeSectors();
        long limit = pair.settings(number).sizeLimitSectors();
        boolean isTooLarge = limit != 0 && sectors > limit;
        boolean hasShrunk = last != null && last.disk == node.data(number) && sectors < last.sectors;
        if (isTooLarge || hasShrunk) {
            throw new AssertionError("volume " + number + " of " + node.name() + " has " + sectors + " sectors, " + (isTooLarge ? "more than the " + limit + " that are configured"
                    : "less than the " + last.sectors + " that it has answered") + "; " + pair.describe());
        }
        if (node.hasExport(number) && node.servedBytes(number) != sectors * SimulatedDevice.SECTOR_BYTES) {
            throw new AssertionError(node.name() + " serves " + node.servedBytes(number) + " bytes of volume " + number + ", which has " + sectors + " sectors; " + pair.describe());
        }
    }
}
