package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;

/**
 * What the host of a Primary has seen is its peer's data as long as it is served from there, also while its own disk is being made equal (spec states 3.2). Should that disk, or the
 * connection, be lost, this Primary compares by it: taken for another one, it refuses the only good copy, or takes up one that its host has never seen (promise 1).
 */
final class SeenGeneration {
    /** What the peer has begun is told, and heard, within this time. */
    private static final long TOLD_WITHIN_NANOS = SimulatedPair.SECOND;

    private final SimulatedPair pair;
    /** By volume and node: since when they disagree; null: they agree. */
    private final TreeMap<Integer, Disagreement[]> since = new TreeMap<>();
    /** By volume and node: the last time that it was Primary without its peer; null: it was not, or has met it since. */
    private final TreeMap<Integer, Alone[]> alone = new TreeMap<>();

    private record Disagreement(int life, int connection, long seen, long served, long atNanos) {
    }

    private record Alone(int life, long seen) {
    }

    SeenGeneration(SimulatedPair pair) {
        this.pair = pair;
        for (var volume : pair.settings().volumes()) {
            since.put(volume.number(), new Disagreement[2]);
            alone.put(volume.number(), new Alone[2]);
        }
    }

    /** Called after each event of the node, before anybody hears of what has changed in it. */
    void handled(SimulatedNode node) {
        for (int number : since.keySet()) {
            VolumeState state = node.machine().state(number);
            boolean isAlone = state.role() == Role.PRIMARY && !state.connection().isEstablished();
            if (isAlone) alone.get(number)[node.index()] = new Alone(node.life(), node.machine().volume(number).exposedIdentifier());
        }
    }

    /** A Primary without a disk meets its peer, and serves its host from there, as one that has what this host has seen. */
    void stateChanged(SimulatedNode node, int number, VolumeState before, VolumeState after) {
        boolean meets = !before.connection().isEstablished() && after.connection().isEstablished();
        if (!meets) return;
        Alone last = alone.get(number)[node.index()];
        alone.get(number)[node.index()] = null;
        boolean serves = after.role() == Role.PRIMARY && after.disk().isBelow(DiskState.INCONSISTENT) && after.peerDisk() == DiskState.UP_TO_DATE;
        var told = node.machine().volume(number).peerGenerations;
        if (!serves || told == null || last == null || last.life != node.life() || last.seen == 0) return;
        if (GenerationIdentifiers.sameGeneration(last.seen, told.identifiers().current())) return;
        throw new AssertionError(node.name() + " has no disk of volume " + number + ", its host has seen " + GenerationIdentifiers.hexadecimal(last.seen) + ", and it takes up the peer's "
                + GenerationIdentifiers.hexadecimal(told.identifiers().current()) + "; " + pair.describe());
    }

    /** Between the steps of a life. */
    void check() {
        for (int number : since.keySet()) {
            for (SimulatedNode node : pair.nodes()) since.get(number)[node.index()] = look(node, number, since.get(number)[node.index()]);
        }
    }

    private Disagreement look(SimulatedNode node, int number, Disagreement before) {
        SimulatedNode other = pair.other(node);
        if (!node.isRunning() || !other.isRunning() || node.sleeps() || other.sleeps()) return null;
        // What is not carried cannot be known there, and both find that out (seed 1670606).
        if (!pair.network().carries()) return null;
        VolumeState state = node.machine().state(number);
        boolean isServedFromThere = state.role() == Role.PRIMARY && state.connection().isEstablished() && state.disk() != DiskState.UP_TO_DATE && state.peerDisk() == DiskState.UP_TO_DATE;
        VolumeState there = other.machine().state(number);
        boolean knowsOfIt = there.connection().isEstablished() && there.peer() == Role.PRIMARY && there.disk() == DiskState.UP_TO_DATE;
        Volume serving = other.machine().volume(number);
        if (!isServedFromThere || !knowsOfIt || !serving.metadata().isIdle()) return null;
        long seen = node.machine().volume(number).exposedIdentifier();
        long served = serving.identifiers().current();
        if (GenerationIdentifiers.sameGeneration(seen, served)) return null;
        long now = pair.time().nowNanos();
        boolean isNew = before == null || before.life != node.life() || before.connection != node.connection() || before.seen != seen || before.served != served
                || node.sleptSince(before.atNanos) || other.sleptSince(before.atNanos);
        if (isNew) return new Disagreement(node.life(), node.connection(), seen, served, now);
        if (now - before.atNanos < TOLD_WITHIN_NANOS) return before;
        throw new AssertionError(node.name() + " serves the data of " + other.name() + " in volume " + number + ", which is of " + GenerationIdentifiers.hexadecimal(served)
                + ", and holds that its host has seen " + GenerationIdentifiers.hexadecimal(seen) + "; " + pair.describe());
    }
}
