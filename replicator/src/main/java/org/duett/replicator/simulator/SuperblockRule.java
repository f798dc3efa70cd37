package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;

/**
 * What a disk says of itself is what its node takes it for, as soon as nothing is being written there: else it would come back from a crash as another one. That a good
 * disk calls itself good is the other side of {@link RaisedDisk}: should the other copy be lost, nobody could serve without force.
 */
final class SuperblockRule {
    /** A node that lets the other one go has it written that it is Outdated before the connection ends. */
    private static final long LETS_GO_WITHIN_NANOS = 3 * SimulatedPair.SECOND;

    private static final String BEHIND = "it is behind";

    private final SimulatedPair pair;
    /** By volume and node: since when they disagree, in this attach; null: they agree. */
    private final TreeMap<Integer, Disagreement[]> since = new TreeMap<>();

    private record Disagreement(int life, int attach, long atNanos) {
    }

    SuperblockRule(SimulatedPair pair) {
        this.pair = pair;
        for (var volume : pair.settings().volumes()) since.put(volume.number(), new Disagreement[2]);
    }

    /** Between the steps of a life. */
    void check() {
        for (int number : since.keySet()) {
            for (SimulatedNode node : pair.nodes()) since.get(number)[node.index()] = look(node, number, since.get(number)[node.index()]);
        }
    }

    private Disagreement look(SimulatedNode node, int number, Disagreement before) {
        Volume volume = node.isRunning() ? node.machine().volume(number) : null;
        boolean isInUse = volume != null && !node.sleeps() && volume.diskUsable() && volume.state().disk().isAtLeast(DiskState.INCONSISTENT);
        if (!isInUse || !volume.metadata().isIdle() || volume.marks().isStale()) return null;
        String what = disagreement(volume, DurableSuperblock.asItIsRead(pair, node, number));
        // Who is to leave the other alone marks all its disks first, and one that hangs keeps the others marked (seed 1810350).
        if (what == null || what.equals(BEHIND) && !node.metadataIsIdle()) return null;
        long now = pair.time().nowNanos();
        boolean isNew = before == null || before.life != node.life() || before.attach != volume.attach() || node.sleptSince(before.atNanos);
        if (isNew) return new Disagreement(node.life(), volume.attach(), now);
        if (now - before.atNanos < LETS_GO_WITHIN_NANOS) return before;
        throw new AssertionError(node.name() + "'s " + volume + " says on disk that " + what + ", and nothing is being written there; " + pair.describe());
    }

    private static String disagreement(Volume volume, Superblock onDisk) {
        boolean isGood = volume.state().disk() == DiskState.UP_TO_DATE;
        if (isGood && !RaisedDisk.saysThatItIsGood(onDisk)) return BEHIND;
        boolean isBehind = volume.state().disk() == DiskState.INCONSISTENT || volume.state().disk() == DiskState.OUTDATED;
        if (isBehind && RaisedDisk.saysThatItIsGood(onDisk)) return "it is good";
        // With fencing a good disk beside such a peer's serves again by itself, and no other does.
        DiskState peer = volume.state().peerDisk();
        boolean peerIsBehind = peer == DiskState.INCONSISTENT || peer == DiskState.OUTDATED || volume.resyncLeftOpen();
        if (peerIsBehind != onDisk.has(Superblock.PEER_OUTDATED) && !volume.state().connection().isSourceSide()) return "its peer's is " + (peerIsBehind ? "not known to be " : "") + "behind";
        if (volume.isPrimary() != onDisk.has(Superblock.PRIMARY_INDICATED) && !volume.marks().keepsLogOfPeer()) return "it is " + (volume.isPrimary() ? "no" : "a") + " Primary's";
        if (volume.crashedPrimary() != onDisk.has(Superblock.CRASHED_PRIMARY)) return "its Primary has " + (volume.crashedPrimary() ? "not " : "") + "crashed";
        boolean isSameGeneration = GenerationIdentifiers.sameGeneration(onDisk.currentUuid(), volume.identifiers().current()) && onDisk.bitmapUuid() == volume.identifiers().bitmap()
                && onDisk.historyYoung() == volume.identifiers().history0() && onDisk.historyOld() == volume.identifiers().history1();
        return isSameGeneration ? null : "it is of another generation";
    }
}
