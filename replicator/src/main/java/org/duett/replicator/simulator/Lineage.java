package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * What each copy holds that the other one lacked when it was acknowledged, told by the generations in which that was. A node names those
 * generations as long as its four identifiers reach (rule 3), so that the nodes can compare; and a copy with a generation that the other one lacks
 * is neither overwritten by it nor taken for equal, unless somebody has given it up (promise 2).
 */
final class Lineage {
    /** One node's copy of one volume. */
    private static final class Copy {
        /** Generations in which something was acknowledged on this copy alone, oldest first. */
        Set<Long> alone = new LinkedHashSet<>();
        /** Of those, what its peer could hear of on their last connection. */
        Set<Long> whileConnected = new LinkedHashSet<>();
        /** Older generations have been forgotten in the way in which all are: the fourth identifier is the last. */
        final Set<Long> rotatedOut = new LinkedHashSet<>();
        /** What its data is called while it is overwritten; 0: it never was. */
        long resync;
        boolean givenUp;
        /** When an older copy of the disk was put in its place, in ticks of the volume's history. */
        long wentBackAt;
    }

    private final SimulatedPair pair;
    private final Map<Integer, Copy[]> copies = new TreeMap<>();

    Lineage(SimulatedPair pair) {
        this.pair = pair;
        for (VolumeSettings volume : pair.settings().volumes()) copies.put(volume.number(), new Copy[]{new Copy(), new Copy()});
    }

    private Copy of(SimulatedNode node, int volume) {
        return copies.get(volume)[node.index()];
    }

    private static boolean isConnected(SimulatedNode node, int volume) {
        return node.isRunning() && node.machine().state(volume).connection().isEstablished();
    }

    private static long name(long identifier) {
        return identifier & ~1L;
    }

    // ---- what happens

    /** A write was answered by this node, and one of the two copies need not have it. */
    void acknowledged(SimulatedNode node, int volume, BlockHistory.Write write) {
        VolumeState state = node.machine().state(volume);
        boolean here = state.disk() == DiskState.UP_TO_DATE;
        boolean there = state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        // In A and B what was answered may be on its way to the target of a resync.
        boolean maySoonBeThere = pair.settings().net().protocol() != Protocol.C && state.connection().isEstablished() && state.peerDisk().isAtLeast(DiskState.INCONSISTENT);
        if (here == there || here && maySoonBeThere) return;
        SimulatedNode holder = here ? node : pair.other(node);
        if (!holder.isRunning()) return;
        GenerationIdentifiers identifiers = holder.machine().volume(volume).identifiers();
        // The other one may have had it, and said so, before its disk was replaced (seed 30150).
        if (write.orderedAt < of(pair.other(holder), volume).wentBackAt) return;
        // Or before a split brain, in which its host has written over it (seed 1562181).
        if (pair.history(volume).isFromBeforeSplit(write)) return;
        Copy copy = of(holder, volume);
        // Through a peer it may be answered before that one's new generation is on disk, as the loss stands on the Primary's own (rule 1b).
        // So it is when an operator gives data a new name that is alone already: a crash may take that name, and not the record (seed 430056).
        long durable = name(DurableSuperblock.identifiers(pair, holder, volume).current());
        long generation = here && !names(identifiers, durable) ? name(identifiers.current()) : durable;
        // Also a target of a resync gets what is written; only its end makes it a copy.
        if (copy.alone.contains(generation) || pair.history(volume).holds(pair.other(holder).data(volume), write)) return;
        copy.alone.add(generation);
        if (isConnected(holder, volume)) copy.whileConnected.add(generation);
        checkNames(holder, volume, identifiers);
    }

    /** Of a node that runs; told before what the core orders with it is done. */
    void identifiersChanged(SimulatedNode node, int volume, GenerationIdentifiers before, GenerationIdentifiers after) {
        Copy copy = of(node, volume);
        VolumeState state = node.machine().state(volume);
        boolean beginsAsTarget = state.connection().isTargetSide() && after.bitmap() == 0 && !GenerationIdentifiers.sameGeneration(before.current(), after.current())
                && before.history0() == after.history0();
        if (beginsAsTarget) {
            copy.resync = name(after.current());
            copy.alone.clear();
        }
        // Read from the disk, on which a resync began that has not ended there.
        if (copy.resync != 0 && name(after.current()) == copy.resync) copy.alone.clear();
        long last = name(before.history1());
        if (copy.alone.contains(last) && !names(after, last)) copy.rotatedOut.add(last);
        checkNames(node, volume, after);
    }

    private void checkNames(SimulatedNode node, int volume, GenerationIdentifiers identifiers) {
        // Its process has just begun, and has not read its disk yet (seed 3080955).
        if (identifiers.current() == 0) return;
        Copy copy = of(node, volume);
        for (long generation : copy.alone) {
            if (copy.rotatedOut.contains(generation) || names(identifiers, generation)) continue;
            throw new AssertionError(node.name() + " has forgotten generation " + GenerationIdentifiers.hexadecimal(generation) + " of volume " + volume
                    + ", in which it acknowledged alone: it has " + identifiers + "; " + pair.describe());
        }
    }

    private static boolean names(GenerationIdentifiers identifiers, long generation) {
        return name(identifiers.current()) == generation || name(identifiers.bitmap()) == generation || name(identifiers.history0()) == generation
                || name(identifiers.history1()) == generation;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        SimulatedNode other = pair.other(node);
        Copy own = of(node, volume);
        Copy peers = of(other, volume);
        if (after.connection().isEstablished() && !before.connection().isEstablished()) own.whileConnected = new LinkedHashSet<>(own.alone);
        boolean becomesTarget = after.connection().isTargetSide() && !before.connection().isTargetSide();
        // What it has just heard may be the last word of one that went down, and has been replaced by an older copy since (seed 3033650).
        boolean wasThere = !other.isRunning() && peers.whileConnected.containsAll(own.alone);
        if (becomesTarget && !own.givenUp && !wasThere && !peers.alone.containsAll(own.alone)) complain(node, volume, "is to be overwritten");
        // Whatever it holds: its host has read from it, and would see it change (promise 1).
        boolean isInService = before.role() == Role.PRIMARY && before.disk() == DiskState.UP_TO_DATE && !before.connection().isEstablished();
        if (becomesTarget && isInService) complain(node, volume, "is served, and is to be overwritten");
        boolean finished = before.connection().isTargetSide() && before.disk() == DiskState.INCONSISTENT && after.disk() == DiskState.UP_TO_DATE;
        if (finished) {
            // Its source may have lost it, and gone on in a new generation, before the target knows of that.
            own.alone = new LinkedHashSet<>(isConnected(other, volume) ? peers.alone : peers.whileConnected);
            own.rotatedOut.clear();
            own.rotatedOut.addAll(peers.rotatedOut);
            // The source rotates, too, in a moment, or would have if it had not gone down just then (seed 2156062).
            rotateLast(own, identifiersOf(other, volume));
            // Its peer, which it has this from, knows.
            own.whileConnected = new LinkedHashSet<>(own.alone);
            checkNames(node, volume, node.machine().volume(volume).identifiers());
        }
        boolean bothGood = after.isMirrored() && other.isRunning() && other.machine().state(volume).isMirrored();
        if (!bothGood) return;
        boolean decided = own.givenUp || peers.givenUp;
        if (!decided && !own.alone.equals(peers.alone)) complain(node, volume, "passes for equal");
        own.givenUp = peers.givenUp = false;
        forgetWhatBothForgot(own, peers);
    }

    /** One that was started again has none before it has read its own (seed 2595528). */
    private GenerationIdentifiers identifiersOf(SimulatedNode node, int volume) {
        boolean hasRead = node.isRunning() && node.machine().volume(volume).identifiers().current() != 0;
        return hasRead ? node.machine().volume(volume).identifiers() : DurableSuperblock.identifiers(pair, node, volume);
    }

    private static void rotateLast(Copy copy, GenerationIdentifiers source) {
        long last = name(source.history1());
        if (source.bitmap() != 0 && copy.alone.contains(last)) copy.rotatedOut.add(last);
    }

    private static void forgetWhatBothForgot(Copy one, Copy other) {
        List<Long> forgotten = new ArrayList<>(one.rotatedOut);
        forgotten.retainAll(other.rotatedOut);
        for (Copy copy : List.of(one, other)) {
            copy.alone.removeAll(forgotten);
            // Nor does a target learn of them that loses its source at the end (seed 10008).
            copy.whileConnected.removeAll(forgotten);
            copy.rotatedOut.removeAll(forgotten);
        }
    }

    private void complain(SimulatedNode node, int volume, String what) {
        throw new AssertionError(node.name() + "'s copy of volume " + volume + " " + what + ", and nobody has given it up: it was acknowledged on alone in "
                + text(of(node, volume)) + ", " + pair.other(node).name() + "'s in " + text(of(pair.other(node), volume)) + "; " + pair.describe());
    }

    /** The names of a copy, to be kept beside a snapshot of its disk. */
    Set<Long> namesOf(SimulatedNode node, int volume) {
        return new LinkedHashSet<>(of(node, volume).alone);
    }

    /** The disk is as it was when its copy had these names. What the other copy's names cannot tell any more is nothing new to it. */
    void wentBack(SimulatedNode node, int volume, Set<Long> names) {
        Copy copy = of(node, volume);
        copy.wentBackAt = pair.history(volume).now();
        copy.alone = new LinkedHashSet<>(names);
        copy.alone.retainAll(of(pair.other(node), volume).alone);
        copy.rotatedOut.clear();
        copy.rotatedOut.addAll(copy.alone);
        copy.resync = 0;
    }

    // ---- what was decided

    /** What only this node's copy of the volume holds need not be kept, until both are equal again. */
    void givesUp(SimulatedNode node, int volume) {
        of(node, volume).givenUp = true;
    }

    /** Each has what the other one lacks. */
    boolean haveDiverged(int volume) {
        Copy[] both = copies.get(volume);
        return !both[0].alone.containsAll(both[1].alone) && !both[1].alone.containsAll(both[0].alone);
    }

    /** Whatever was acknowledged on its copies, the other one has. */
    boolean hasNothingOfItsOwn(SimulatedNode node) {
        return copies.values().stream().allMatch(both -> both[1 - node.index()].alone.containsAll(both[node.index()].alone));
    }

    private static List<String> text(Copy copy) {
        return copy.alone.stream().map(GenerationIdentifiers::hexadecimal).toList();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("acknowledged alone:");
        copies.forEach((volume, both) -> text.append(" [").append(volume).append(": alpha ").append(text(both[0])).append(both[0].givenUp ? " given up" : "")
                .append(", beta ").append(text(both[1])).append(both[1].givenUp ? " given up" : "").append(']'));
        return text.toString();
    }
}
