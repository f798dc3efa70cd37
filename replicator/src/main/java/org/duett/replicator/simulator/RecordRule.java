package org.duett.replicator.simulator;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.metadata.Superblock;

/**
 * Holds each acknowledgement against what stands on the disks at that moment, whatever the core believes. Rule 1: a copy that lacks the write does
 * not pass, by what is durable, for as good as the other one. Promise 1: what a FLUSH or FUA covers is durable on every copy that passes for good.
 */
final class RecordRule {
    private final SimulatedPair pair;

    RecordRule(SimulatedPair pair) {
        this.pair = pair;
    }

    /**
     * {@code powerLosses}: of each node when the write was ordered; what a later one took, its own mark on the other node covers. {@code wasOnDisk}: of each node, before that; the other
     * one was told so, and no FLUSH is answered by it (seed 3150012).
     */
    void acknowledged(SimulatedNode by, int volume, BlockHistory.Write write, int[] powerLosses, boolean[] wasOnDisk) {
        boolean peerMayLack = pair.settings().net().protocol() != Protocol.C && by.machine().state(volume).connection().isEstablished();
        if (peerMayLack) {
            if (!CopyLedger.holdsGoodData(by, volume)) onlyCopyHasIt(by, volume, write, powerLosses);
            return;
        }
        boolean nobodyHasIt = true;
        for (SimulatedNode node : pair.nodes()) {
            boolean lacks = lacks(node, volume, write, false);
            nobodyHasIt &= lacks && !wasOnDisk[node.index()];
            if (lacks && node.powerLosses() == powerLosses[node.index()] && passesForGood(node, volume) && isSameGeneration(volume)) {
                throw new AssertionError(by.name() + " acknowledged " + write + "; " + node.name() + " lacks it, and nothing durable says so; " + pair.describe());
            }
        }
        if (nobodyHasIt) throw new AssertionError(by.name() + " acknowledged " + write + ", and no disk has it; " + pair.describe());
    }

    /** In A and B, too: without a good disk of its own a Primary answers what its peer's disk has, and not what is on its way there (rule 1). */
    private void onlyCopyHasIt(SimulatedNode by, int volume, BlockHistory.Write write, int[] powerLosses) {
        SimulatedNode other = pair.other(by);
        boolean countsStill = other.powerLosses() == powerLosses[other.index()];
        if (!countsStill || !lacks(other, volume, write, false)) return;
        throw new AssertionError(by.name() + " has no good disk, and acknowledged " + write + ", which " + other.name() + "'s disk does not have; " + pair.describe());
    }

    /** A FLUSH was answered that was asked for at this moment. */
    void flushed(SimulatedNode by, int volume, long orderedAt) {
        List<BlockHistory.Write> covered = pair.history(volume).unflushedBefore(orderedAt);
        if (!covered.isEmpty()) forced(by, volume, covered);
    }

    /** A FUA write was answered, or a FLUSH that covers this write. */
    void forced(SimulatedNode by, int volume, BlockHistory.Write write) {
        forced(by, volume, List.of(write));
    }

    private void forced(SimulatedNode by, int volume, List<BlockHistory.Write> writes) {
        for (SimulatedNode node : pair.nodes()) {
            boolean counts = passesForGood(node, volume) && (node == by && CopyLedger.holdsGoodData(by, volume) || isSameGeneration(volume));
            if (!counts) continue;
            for (BlockHistory.Write write : writes) {
                if (!lacks(node, volume, write, true)) continue;
                throw new AssertionError(by.name() + " answered a FLUSH or FUA that covers " + write + ", which is not durable on " + node.name() + "; " + pair.describe());
            }
        }
    }

    boolean has(SimulatedNode node, int volume, BlockHistory.Write write) {
        return !lacks(node, volume, write, false);
    }

    private boolean lacks(SimulatedNode node, int volume, BlockHistory.Write write, boolean durably) {
        SimulatedDevice disk = node.data(volume);
        BlockHistory history = pair.history(volume);
        // The ends, and one sector of each block between them: what is written to a block is written together.
        for (long sector = write.firstSector; sector < write.firstSector + write.sectors; sector += sector + 8 < write.firstSector + write.sectors ? 8 : 1) {
            long content = durably ? disk.durableLong(sector * 512) : disk.currentLong(sector * 512);
            if (history.isOlder(sector, content, write)) return true;
        }
        return false;
    }

    /** It would be taken for a good copy if it were the only one left, or its process began anew. */
    private boolean passesForGood(SimulatedNode node, int volume) {
        Superblock superblock = DurableSuperblock.of(pair, node, volume);
        return superblock.has(Superblock.CONSISTENT) && superblock.has(Superblock.WAS_UP_TO_DATE) && !superblock.has(Superblock.FULL_SYNC);
    }

    private boolean isSameGeneration(int volume) {
        return GenerationIdentifiers.sameGeneration(DurableSuperblock.of(pair, pair.alpha(), volume).currentUuid(), DurableSuperblock.of(pair, pair.beta(), volume).currentUuid());
    }
}
