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
    /** The last resync of a source: of several volumes one may begin when the target's power is gone already, which is heard of later (seed 1880003). */
    private static final class Resync {
        int powerLossesOfTarget;
        int lifeOfTarget;
        /** In this resync, and may have been demoted since. */
        boolean targetWasPrimary;
        /** Blocks of writes that the source answered with an error since it was agreed on. Its target may have taken them all the same. */
        final Set<Long> refused = new TreeSet<>();
    }

    private final SimulatedPair pair;
    /** By source and volume. */
    private final List<Map<Integer, Resync>> resyncs = List.of(new TreeMap<>(), new TreeMap<>());

    ResyncEnds(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        SimulatedNode other = pair.other(node);
        Resync resync = resync(node, volume);
        // When it is agreed on: as it begins, or goes on, the target's power may be gone (seeds 2153502, 2054410). It has been told already what it is to copy: of what is refused
        // from here on it knows nothing (seed 1876370).
        if (after.connection().isSourceSide() && !before.connection().isSourceSide()) {
            resync.powerLossesOfTarget = other.powerLosses();
            resync.lifeOfTarget = other.life();
            resync.targetWasPrimary = false;
            resync.refused.clear();
        }
        resync.targetWasPrimary |= after.connection().isSyncSource() && after.peer() == Role.PRIMARY;
        // In A and B a write may be answered and still on its way.
        if (pair.settings().net().protocol() != Protocol.C || !other.isRunning()) return;
        boolean becameGood = before.connection() == ConnectionState.SYNC_TARGET && before.disk() == DiskState.INCONSISTENT && after.disk() == DiskState.UP_TO_DATE;
        if (becameGood) check(node, volume, namedByFailureOf(other, volume), "is UpToDate, and not equal to its source");
        DirtyBitmap bitmap = node.machine().volume(volume).bitmap();
        // What a target without power has lost of the acknowledged blocks, its own bitmap on disk names (rule 12).
        boolean targetKeptAll = other.powerLosses() == resync.powerLossesOfTarget;
        // What a Primary that was killed meanwhile had written into its own disk alone, its log on disk names (NamedDifferences).
        boolean wroteAlone = before.peer() == Role.PRIMARY && other.life() != resync.lifeOfTarget;
        // Or the connection goes on, and the target's disk is lost, or stays as it is: its own bitmap need not come back with it.
        boolean staysBad = after.connection() == ConnectionState.CONNECTED && before.peerDisk() == DiskState.INCONSISTENT && after.peerDisk().isAtMost(DiskState.INCONSISTENT);
        boolean ends = !after.connection().isEstablished() || staysBad;
        boolean brokeOff = targetKeptAll && !wroteAlone && before.connection() == ConnectionState.SYNC_SOURCE && ends && bitmap != null;
        if (brokeOff) check(node, volume, page -> bitmap.isSet(page) || namesAsPrimary(node, volume, page), "was source of a resync that broke off, and does not name what the target lacks");
    }

    private Resync resync(SimulatedNode source, int volume) {
        return resyncs.get(source.index()).computeIfAbsent(volume, each -> new Resync());
    }

    /**
     * What a Primary has written into its disk while it was overwritten, and has not got acknowledged, or its own disk has refused, it names itself, also if it was demoted before its
     * source awoke, or the resync broke off (seed 1905366).
     */
    private boolean namesAsPrimary(SimulatedNode source, int volume, long page) {
        SimulatedNode target = pair.other(source);
        DirtyBitmap bitmap = target.machine().volume(volume).bitmap();
        boolean wrote = resync(source, volume).targetWasPrimary || WorldOperator.isPrimary(target);
        return wrote && bitmap != null && bitmap.isSet(page);
    }

    /**
     * The source knows: it names the block, and does not pass the resync for ended. One that has lost the connection first, and has gone on in a generation of its
     * own, has more than its target, which does not know that yet (seed 31471).
     */
    private LongPredicate namedByFailureOf(SimulatedNode source, int volume) {
        Set<Long> blocks = resync(source, volume).refused;
        Volume ofSource = source.machine().volume(volume);
        boolean wentOn = !ofSource.isConnected()
                && !GenerationIdentifiers.sameGeneration(ofSource.identifiers().current(), pair.other(source).machine().volume(volume).identifiers().current());
        return block -> (wentOn || blocks.contains(block)) && ofSource.bitmap() != null && ofSource.bitmap().isSet(block);
    }

    /** A write was answered with an error. */
    void refused(SimulatedNode by, int volume, BlockHistory.Write write) {
        Set<Long> blocks = resync(by, volume).refused;
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
