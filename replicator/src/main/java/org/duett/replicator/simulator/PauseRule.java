package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;

/**
 * A resync that is paused on either node pauses on both: who is told so takes it down, and a target that pauses asks for nothing more. With checksums it may, for what
 * it is reading; so it may as Primary, for what waits for its host's writes.
 */
final class PauseRule {
    private static final long MILLI = 1_000_000;
    /** What waits for the own superblock is judged when that is written. */
    private static final long JUDGED_WITHIN_NANOS = 300 * MILLI;

    private final SimulatedPair pair;
    private final boolean checksums;
    /** By volume and node. */
    private final TreeMap<Integer, Told[]> told = new TreeMap<>();

    private record Told(int life, int connection, boolean pauses, long atNanos) {
    }

    PauseRule(SimulatedPair pair) {
        this.pair = pair;
        checksums = !pair.settings().net().checksumAlgorithm().isEmpty();
        for (var volume : pair.settings().volumes()) told.put(volume.number(), new Told[2]);
    }

    void heard(SimulatedNode node, Packet packet) {
        if (!(packet instanceof Packet.State(int number, int word))) return;
        VolumeState.fromWire(word).ifPresent(report -> {
            boolean pauses = report.syncPausedByUser();
            Told before = told.get(number)[node.index()];
            boolean isKnown = before != null && before.life == node.life() && before.connection == node.connection() && before.pauses == pauses;
            if (!isKnown) told.get(number)[node.index()] = new Told(node.life(), node.connection(), pauses, pair.time().nowNanos());
        });
    }

    /** Between the steps of a life. */
    void check() {
        for (int number : told.keySet()) {
            for (SimulatedNode node : pair.nodes()) check(node, number, told.get(number)[node.index()]);
        }
    }

    private void check(SimulatedNode node, int number, Told last) {
        boolean stands = last != null && node.isRunning() && last.life == node.life() && last.connection == node.connection();
        if (!stands || node.sleptSince(last.atNanos) || pair.time().nowNanos() - last.atNanos < JUDGED_WITHIN_NANOS) return;
        VolumeState state = node.machine().state(number);
        if (!state.connection().isEstablished() || state.syncPausedByPeer() == last.pauses) return;
        throw new AssertionError(node.name() + " was told that the resync of volume " + number + (last.pauses ? " is paused" : " is not paused") + " on the other node, and is " + state
                + "; " + pair.describe());
    }

    void sends(SimulatedNode node, Packet packet) {
        if (checksums || !(packet instanceof Packet.BlockRequest request) || request.kind != Packet.BlockRequest.Kind.RESYNC_DATA) return;
        VolumeState state = node.machine().state(request.volume);
        if (state.connection() != ConnectionState.PAUSED_SYNC_T || state.role() == Role.PRIMARY) return;
        throw new AssertionError(node.name() + " pauses a resync, and asks for sector " + request.firstSector + " of volume " + request.volume + ": " + state + "; " + pair.describe());
    }
}
