package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;

/**
 * Copies of whole nodes, taken at quiet moments, to come back to: data and metadata as they were. What is promised of such a node hangs on its
 * generation: only when the other node has gone on to another one, and does not count from that of the copy any more, can anybody know.
 */
final class OlderCopies {
    private static final int KEPT = 2;

    /** One volume of one node. */
    private record Copy(SimulatedDevice.Snapshot data, SimulatedDevice.Snapshot metadata, Set<Long> names, long generation) {
    }

    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final Lineage lineage;
    private final TermRule terms;
    /** By node: its copies, each of all volumes. */
    private final List<List<TreeMap<Integer, Copy>>> taken = List.of(new ArrayList<>(), new ArrayList<>());

    OlderCopies(SimulatedPair pair, CopyLedger ledger, Lineage lineage, TermRule terms) {
        this.pair = pair;
        this.ledger = ledger;
        this.lineage = lineage;
        this.terms = terms;
    }

    /** Both are equal, and nothing is under way. */
    void take(SplittableRandom random) {
        for (SimulatedNode node : pair.nodes()) {
            var copies = new TreeMap<Integer, Copy>();
            for (VolumeSettings volume : pair.settings().volumes()) {
                SimulatedDevice data = node.data(volume.number());
                SimulatedDevice metadata = node.metadata(volume.number());
                copies.put(volume.number(), new Copy(data.snapshot(), metadata == data ? null : metadata.snapshot(), lineage.namesOf(node, volume.number()),
                        node.machine().volume(volume.number()).identifiers().current()));
            }
            List<TreeMap<Integer, Copy>> mine = taken.get(node.index());
            if (mine.size() < KEPT) mine.add(copies);
            else if (random.nextBoolean()) mine.set(random.nextInt(KEPT), copies);
        }
    }

    /** One of this node's copies whose age the other node can tell, or null: both know it by the generation, or nobody does. */
    private TreeMap<Integer, Copy> tellingCopy(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        for (TreeMap<Integer, Copy> copies : taken.get(node.index())) {
            boolean tells = copies.entrySet().stream().allMatch(each -> canBeTold(each.getValue().generation, other, each.getKey()));
            if (tells) return copies;
        }
        return null;
    }

    /** By what the other one knows now, and by what it would know after a power loss. */
    private boolean canBeTold(long generation, SimulatedNode other, int volume) {
        GenerationIdentifiers durable = DurableSuperblock.identifiers(pair, other, volume);
        return tells(durable, generation) && tells(other.machine().volume(volume).identifiers(), generation);
    }

    /**
     * It does not: of a copy of the same generation, or of the one that the bitmap counts from, as the bits do not name what was written between the copy and
     * the end of that generation; and of the one in which a resync has begun that its target may not have heard of, for the same reason.
     */
    private static boolean tells(GenerationIdentifiers of, long generation) {
        boolean same = GenerationIdentifiers.sameGeneration(of.current(), generation);
        boolean counted = GenerationIdentifiers.sameGeneration(of.bitmap(), generation);
        boolean resyncBegan = of.bitmap() != 0 && GenerationIdentifiers.sameGeneration(of.history0(), generation);
        return !same && !counted && !resyncBegan;
    }

    boolean mayComeBack(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        boolean otherHasAll = other.isRunning() && ledger.isComplete(other)
                && ledger.volumes().stream().allMatch(volume -> CopyLedger.holdsGoodData(other, volume));
        return otherHasAll && !ledger.anyIsOlder() && tellingCopy(node) != null;
    }

    /** Of a node that is down. */
    void comeBack(SimulatedNode node) {
        TreeMap<Integer, Copy> copies = tellingCopy(node);
        copies.forEach((volume, copy) -> {
            restore(node.data(volume), copy.data);
            if (copy.metadata != null) restore(node.metadata(volume), copy.metadata);
            lineage.wentBack(node, volume, copy.names);
        });
        node.disksWentBack();
        ledger.becameOlder(node);
        terms.wentBack(node);
    }

    /** A device that has grown meanwhile stays as large. */
    private static void restore(SimulatedDevice device, SimulatedDevice.Snapshot snapshot) {
        long bytes = device.sizeBytes();
        device.restore(snapshot);
        device.grow(bytes);
    }
}
