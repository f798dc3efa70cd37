package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * Under cluster control a Primary that has lost a peer whose copy was as good as its own, or was promoted without one that may be so, answers no write, and no FLUSH, before it was given
 * leave for this loss (rule 8). Of another process, of an earlier loss, or of a role that was given up since, leave is none.
 */
final class LeaveRule {
    private final SimulatedPair pair;
    /** The life of the process that was given leave since it lost its peer; 0: none. */
    private final int[] leave = new int[2];
    /** The life of the process that leave was ordered for, in the role that it has; 0: none. */
    private final int[] ordered = new int[2];
    /** What was answered in this event before its leave was told to be carried out, in words; null: nothing. */
    private final String[] answeredFirst = new String[2];
    /** Which life of the other process, and which of its contacts, were the last ones when that leave was given. */
    private final int[] lifeOfOther = new int[2];
    private final int[] contactOfOther = new int[2];
    private final SeenContacts contacts;
    /** By volume: the life of the process that lost a good copy; 0: none. */
    private final TreeMap<Integer, int[]> lostGoodCopy = new TreeMap<>();
    /** Of these, who was Primary as it lost it, and was given no leave since. */
    private final TreeMap<Integer, int[]> lostAsPrimary = new TreeMap<>();
    /** By volume: when that was, in the order of its requests; what was asked for earlier the other one may have. */
    private final TreeMap<Integer, long[]> lostAt = new TreeMap<>();

    LeaveRule(SimulatedPair pair) {
        this.pair = pair;
        contacts = new SeenContacts(pair);
        for (VolumeSettings volume : pair.settings().volumes()) {
            lostGoodCopy.put(volume.number(), new int[2]);
            lostAsPrimary.put(volume.number(), new int[2]);
            lostAt.put(volume.number(), new long[2]);
        }
    }

    void given(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        leave[node.index()] = node.life();
        ordered[node.index()] = node.life();
        // Also when it is taken back: by it the other one's copy is behind, on record (seed 1906480).
        lostAsPrimary.values().forEach(by -> by[node.index()] = 0);
        lifeOfOther[node.index()] = other.life();
        contactOfOther[node.index()] = contacts.of(other);
    }

    /** What was ordered counts when it has been carried out, also if the connection ended after it was ordered (seeds 1590444, 1842549). */
    void done(SimulatedNode node, AskedCommand question) {
        switch (question.command()) {
            case Command.Promote(boolean force) when force -> given(node);
            // What was known of the other one is from when it was ordered.
            case Command.AllowAlone(boolean allowed, int _, String _) when allowed -> {
                leave[node.index()] = ordered[node.index()];
                answeredFirst[node.index()] = null;
            }
            // It may have been ordered anew since this was, and that comes next (seed 1890770).
            case Command.AllowAlone _ -> leave[node.index()] = 0;
            default -> {
                // No leave.
            }
        }
    }

    /** The next event: in the one before it answers came first, and the word that its leave counts did not follow. */
    void handled(SimulatedNode node) {
        if (answeredFirst[node.index()] != null) throw new AssertionError(answeredFirst[node.index()]);
    }

    /** From now on it answers nothing alone, whatever it has begun. */
    void withdrawn(SimulatedNode node) {
        leave[node.index()] = 0;
        ordered[node.index()] = 0;
    }

    boolean isGiven(SimulatedNode node) {
        return leave[node.index()] == node.life();
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean lost = before.connection().isEstablished() && !after.connection().isEstablished();
        int[] lostBy = lostGoodCopy.get(volume);
        if (lost && contacts.isContact(node)) leave[node.index()] = 0;
        contacts.stateChanged(node, before);
        if (lost) {
            lostAt.get(volume)[node.index()] = pair.history(volume).now();
            lostBy[node.index()] = after.role() == Role.PRIMARY && before.bothUpToDate() ? node.life() : 0;
            lostAsPrimary.get(volume)[node.index()] = lostBy[node.index()];
        }
        // Who lets its role go lets the leave go that it served by: the proof may be the other one's by now.
        if (before.role() == Role.PRIMARY && after.role() != Role.PRIMARY) withdrawn(node);
        // A promotion is no leave: what it was asked for with nobody has proven.
        boolean promotedAlone = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY && !after.connection().isEstablished() && after.peerDisk().isAbove(DiskState.OUTDATED);
        if (promotedAlone) {
            lostAt.get(volume)[node.index()] = pair.history(volume).now();
            lostBy[node.index()] = node.life();
        }
        boolean meetsNoDisk = after.connection().isEstablished() && !before.connection().isEstablished() && after.peerDisk().isBelow(DiskState.INCONSISTENT);
        if (meetsNoDisk && after.disk() == DiskState.UP_TO_DATE && lostAsPrimary.get(volume)[node.index()] == node.life()) demandLeave(node, volume);
        if (after.connection().isEstablished() || after.role() != Role.PRIMARY) {
            lostBy[node.index()] = 0;
            lostAsPrimary.get(volume)[node.index()] = 0;
        }
    }

    /** Who comes without its disk may have gone on alone before it lost that, and tells nothing of it: to meet it is no leave. */
    private void demandLeave(SimulatedNode node, int volume) {
        // What that one had refused before it was lost is on record by itself (rule 4, seed 1812111).
        boolean isOnRecord = node.machine().volume(volume).identifiers().bitmap() != 0;
        if (!pair.settings().cluster() || isGiven(node) || isOnRecord) return;
        throw new AssertionError(node.name() + " waits for leave, and takes up a peer without a disk that may have gone on alone (rule 8): volume " + volume + "; " + pair.describe());
    }

    /** This write, or FLUSH, was answered by this node. */
    void acknowledged(SimulatedPair.HostOperation operation) {
        SimulatedNode node = operation.node;
        int volume = operation.request.volume;
        VolumeState state = node.machine().state(volume);
        boolean alone = pair.settings().cluster() && !state.connection().isEstablished() && lostGoodCopy.get(volume)[node.index()] == node.life();
        boolean begunBefore = operation.orderedAt < lostAt.get(volume)[node.index()];
        if (!alone || begunBefore) return;
        if (leave[node.index()] != node.life()) {
            String broken = node.name() + " goes on alone without leave (rule 8): volume " + volume + "; " + pair.describe();
            if (ordered[node.index()] != node.life()) throw new AssertionError(broken);
            // Leave is carried out in this event, perhaps: what waited for it is answered first (seed 1972258).
            answeredFirst[node.index()] = broken;
        }
        if (isSeenByEyewitness(node)) throw new AssertionError(node.name() + " goes on alone by the leave for an earlier loss (rules 8, 20): volume " + volume + "; " + pair.describe());
    }

    /** Since it was given leave the other one has seen a contact, of which this node may know nothing, and may act on it. */
    private boolean isSeenByEyewitness(SimulatedNode node) {
        SimulatedNode other = pair.other(node);
        if (!other.isRunning() || !other.machine().isEyewitness()) return false;
        return other.life() != lifeOfOther[node.index()] || contacts.of(other) != contactOfOther[node.index()];
    }
}
