package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/**
 * Two nodes that are connected, and between which nothing has happened for a while, take each other's disk and role for what the other one takes them for, and the volume for as
 * large; and where both take both disks for good no block is marked any more. Who was not told goes on by what is not so any more, and what is marked and not copied is lost with the good copy (promise 3).
 */
final class ViewsAgree {
    /** What one says the other one hears, and acts on, within this time; a resync that is due begins. */
    private static final long TOLD_WITHIN_NANOS = 2 * SimulatedPair.SECOND;

    private final SimulatedPair pair;
    private final TreeMap<Integer, Disagreement> since = new TreeMap<>();

    private record Disagreement(int connection, VolumeState alpha, VolumeState beta, long bits, long atNanos) {
    }

    ViewsAgree(SimulatedPair pair) {
        this.pair = pair;
    }

    /** Between the steps of a life. */
    void check() {
        for (var volume : pair.settings().volumes()) {
            Disagreement now = look(volume.number(), since.get(volume.number()));
            if (now == null) since.remove(volume.number());
            else since.put(volume.number(), now);
        }
    }

    private Disagreement look(int number, Disagreement before) {
        SimulatedNode alpha = pair.alpha();
        SimulatedNode beta = pair.beta();
        if (!alpha.isRunning() || !beta.isRunning() || alpha.sleeps() || beta.sleeps()) return null;
        // Who is not heard any more finds that out by itself (seed 1640539).
        if (!pair.network().carries()) return null;
        VolumeState here = alpha.machine().state(number);
        VolumeState there = beta.machine().state(number);
        if (here.connection() != ConnectionState.CONNECTED || there.connection() != ConnectionState.CONNECTED || !isIdle(alpha, number) || !isIdle(beta, number)) return null;
        // Also one without a disk: promoted, it serves this size. Of two without one nobody knows it better, and nobody serves it (seed 9072595).
        boolean hasDisk = here.disk().isAtLeast(DiskState.INCONSISTENT) || there.disk().isAtLeast(DiskState.INCONSISTENT);
        boolean sameSize = !hasDisk || alpha.machine().volume(number).sizeSectors() == beta.machine().volume(number).sizeSectors();
        boolean agree = sameSize && here.peerDisk() == there.disk() && there.peerDisk() == here.disk() && here.peer() == there.role() && there.peer() == here.role();
        long bits = here.isMirrored() && there.isMirrored() ? alpha.machine().volume(number).bitmap().setBits() + beta.machine().volume(number).bitmap().setBits() : 0;
        if (agree && bits == 0) return null;
        long now = pair.time().nowNanos();
        boolean isNew = before == null || before.connection != alpha.connection() || !before.alpha.equals(here) || !before.beta.equals(there) || before.bits != bits
                || alpha.sleptSince(before.atNanos) || beta.sleptSince(before.atNanos);
        if (isNew) return new Disagreement(alpha.connection(), here, there, bits, now);
        if (now - before.atNanos < TOLD_WITHIN_NANOS) return before;
        throw new AssertionError("volume " + number + ": alpha is " + here + ", beta is " + there + (agree ? ", and " + bits + " blocks are marked" : "") + ", and nothing is under way between them; "
                + (sameSize ? "" : alpha.machine().volume(number).sizeSectors() + " and " + beta.machine().volume(number).sizeSectors() + " sectors; ")
                + pair.describe());
    }

    /** Nothing of its metadata waits for a slow disk, nor is read from one (seed 1823295). What changes its role is told when all its volumes have written it down (seed 1830966). */
    private static boolean isIdle(SimulatedNode node, int number) {
        return node.machine().state(number).disk() != DiskState.ATTACHING && node.metadataIsIdle();
    }
}
