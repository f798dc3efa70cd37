package org.duett.replicator.simulator;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * Looks at both disks in the moment in which a resync ends or breaks off, under load: a target that becomes UpToDate is equal (promise 3), and what a
 * source has not seen acknowledged is in its own bitmap (promise 4). Blocks of requests that are under way may be on one of the two only.
 */
final class ResyncEnds {
    private final SimulatedPair pair;
    /** Of the target, by the number of its source, when the last resync began. */
    private final int[] powerLosses = new int[2];
    private final int[] lives = new int[2];
    /** By the number of the source: its target was Primary in this resync, and may have been demoted since. */
    private final boolean[] targetWasPrimary = new boolean[2];
    /** By source and volume: blocks of writes that it answered with an error since its resync began. Its target may have taken them all the same. */
    private final List<Map<Integer, Set<Long>>> refused = List.of(new TreeMap<>(), new TreeMap<>());

    ResyncEnds(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        // In A and B a write may be answered and still on its way.
        if (pair.settings().net().protocol() != Protocol.C || !pair.other(node).isRunning()) return;
        boolean becameGood = before.connection() == ConnectionState.SYNC_TARGET && before.disk() == DiskState.INCONSISTENT && after.disk() == DiskState.UP_TO_DATE;
        if (becameGood) check(node, volume, namedByFailureOf(pair.other(node), volume), "is UpToDate, and not equal to its source");
        DirtyBitmap bitmap = node.machine().volume(volume).bitmap();
        if (after.connection() == ConnectionState.SYNC_SOURCE && before.connection() != ConnectionState.SYNC_SOURCE) {
            powerLosses[node.index()] = pair.other(node).powerLosses();
            lives[node.index()] = pair.other(node).life();
            targetWasPrimary[node.index()] = false;
            refused.get(node.index()).remove(volume);
        }
        targetWasPrimary[node.index()] |= after.connection().isSyncSource() && after.peer() == Role.PRIMARY;
        // What a target without power has lost of the acknowledged blocks, its own bitmap on disk names (rule 12).
        boolean targetKeptAll = pair.other(node).powerLosses() == powerLosses[node.index()];
        // What a Primary that was killed meanwhile had written into its own disk alone, its log on disk names (NamedDifferences).
        boolean wroteAlone = before.peer() == Role.PRIMARY && pair.other(node).life() != lives[node.index()];
        // Or the connection goes on, and the target's disk is lost, or stays as it is: its own bitmap need not come back with it.
        boolean staysBad = after.connection() == ConnectionState.CONNECTED && before.peerDisk() == DiskState.INCONSISTENT && after.peerDisk().isAtMost(DiskState.INCONSISTENT);
        boolean ends = !after.connection().isEstablished() || staysBad;
        boolean brokeOff = targetKeptAll && !wroteAlone && before.connection() == ConnectionState.SYNC_SOURCE && ends && bitmap != null;
        if (brokeOff) check(node, volume, page -> bitmap.isSet(page) || namesAsPrimary(node, volume, page), "was source of a resync that broke off, and does not name what the target lacks");
    }

    /**
     * What a Primary has written into its disk while it was overwritten, and has not got acknowledged, or its own disk has refused, it names itself, also if it was demoted before its
     * source awoke, or the resync broke off (seed 1905366).
     */
    private boolean namesAsPrimary(SimulatedNode source, int volume, long page) {
        SimulatedNode target = pair.other(source);
        DirtyBitmap bitmap = target.machine().volume(volume).bitmap();
        boolean wrote = targetWasPrimary[source.index()] || WorldOperator.isPrimary(target);
        return wrote && bitmap != null && bitmap.isSet(page);
    }

    /**
     * The source knows: it names the block, and does not pass the resync for ended. One that has lost the connection first, and has gone on in a generation of its
     * own, has more than its target, which does not know that yet (seed 31471).
     */
    private LongPredicate namedByFailureOf(SimulatedNode source, int volume) {
        Set<Long> blocks = refused.get(source.index()).getOrDefault(volume, Set.of());
        Volume ofSource = source.machine().volume(volume);
        boolean wentOn = !ofSource.isConnected()
                && !GenerationIdentifiers.sameGeneration(ofSource.identifiers().current(), pair.other(source).machine().volume(volume).identifiers().current());
        return block -> (wentOn || blocks.contains(block)) && ofSource.bitmap() != null && ofSource.bitmap().isSet(block);
    }

    /** A write was answered with an error. */
    void refused(SimulatedNode by, int volume, BlockHistory.Write write) {
        Set<Long> blocks = refused.get(by.index()).computeIfAbsent(volume, each -> new TreeSet<>());
        for (long block = write.firstSector / 8; block * 8 < write.firstSector + write.sectors; block++) blocks.add(block);
    }

    private void check(SimulatedNode node, int volume, LongPredicate named, String complaint) {
        long bytes = node.machine().volume(volume).sizeSectors() * 512;
        for (long page : node.data(volume).differingPages(pair.other(node).data(volume), bytes)) {
            if (named.test(page) || pair.isUnderWay(volume, page * 8)) continue;
            throw new AssertionError(node.name() + " " + complaint + ": block " + page + " (sector " + page * 8 + ") of volume " + volume + "; " + pair.describe());
        }
    }
}
