package org.duett.replicator.simulator;

import java.util.HashMap;
import java.util.Map;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * A disk of which the superblock says that it is behind, Inconsistent or Outdated, passes for good again only beside a peer that has data, or under a Primary without
 * a disk whose host has seen what it holds, or by force (promise 1, rules 13, 24). The operator of a life knows by himself which copy is behind, and never relies on
 * that mark; an operator of the world does.
 */
final class RaisedDisk {
    private final SimulatedPair pair;
    private final boolean fenced;
    /** Disks, by their metadata, of which the other node was told that they are Outdated, and that have not met it since. */
    private final Map<SimulatedDevice, Told> told = new HashMap<>();

    private record Told(SimulatedNode node, int volume) {
    }

    RaisedDisk(SimulatedPair pair) {
        this.pair = pair;
        fenced = pair.settings().volumes().getFirst().fencing() != Fencing.DONT_CARE;
    }

    /** Told before what the core orders with it is done: the superblock is the one that was there. */
    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        checkFenced(node, volume, before, after);
        checkRaised(node, volume, before, after);
        boolean meets = !before.connection().isEstablished() && after.connection().isEstablished();
        boolean promoted = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY;
        if (meets || promoted) told.remove(node.metadata(volume));
        if (meets) told.remove(pair.other(node).metadata(volume));
        // Whoever says of its own disk that it is Outdated has written that down (rule 13). A Primary without a disk calls one so that its host has not seen, whatever it says.
        boolean saysSoItself = before.role() == Role.PRIMARY && before.disk().isBelow(DiskState.NEGOTIATING);
        boolean peerSaysSo = !saysSoItself && before.connection().isEstablished() && before.peerDisk() == DiskState.UP_TO_DATE && after.peerDisk() == DiskState.OUTDATED;
        if (!peerSaysSo) return;
        SimulatedNode other = pair.other(node);
        if (saysThatItIsGood(DurableSuperblock.of(pair, other, volume))) {
            throw new AssertionError(node.name() + " was told that the other disk of volume " + volume + " is Outdated, and nothing durable there says so: from " + before
                    + " to " + after + "; " + pair.describe());
        }
        if (!after.connection().isEstablished()) told.put(other.metadata(volume), new Told(other, volume));
    }

    /** Between the steps of a life: whoever was told so has gone on alone, and relies on it until both meet. */
    void check() {
        told.entrySet().removeIf(each -> each.getValue().node.metadata(each.getValue().volume) != each.getKey());
        for (Told each : told.values()) {
            if (!saysThatItIsGood(DurableSuperblock.asItIsRead(pair, each.node, each.volume))) continue;
            throw new AssertionError(each.node.name() + "'s disk of volume " + each.volume + " was called Outdated as the nodes parted, and says that it is good again, by nobody's word; "
                    + pair.describe());
        }
    }

    private void checkRaised(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean raised = !passesForGood(before.disk()) && passesForGood(after.disk());
        // By force, or by a fence-peer handler.
        boolean promoted = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY;
        if (!raised || promoted || mayTell(after) || saysThatItIsGood(DurableSuperblock.asItIsRead(pair, node, volume))) return;
        throw new AssertionError(node.name() + "'s disk of volume " + volume + " was behind, and passes for good now, by nobody's word: from " + before + " to " + after + "; "
                + pair.describe());
    }

    /**
     * With fencing a disk that cannot know whether its peer has gone on is Consistent at the most, until that one was asked, or was outdated (spec metadata 4.1); from whom
     * a Primary knows that is for {@link FenceRule}.
     */
    private void checkFenced(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean isRaisedAlone = fenced && before.disk() != DiskState.UP_TO_DATE && after.disk() == DiskState.UP_TO_DATE && !before.connection().isEstablished()
                && !after.connection().isEstablished();
        boolean promoted = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY;
        boolean peerIsBehind = after.peerDisk() == DiskState.INCONSISTENT || after.peerDisk() == DiskState.OUTDATED;
        boolean knows = before.role() == Role.PRIMARY && after.role() == Role.PRIMARY && peerIsBehind;
        if (!isRaisedAlone || promoted || knows || DurableSuperblock.asItIsRead(pair, node, volume).knowsPeerOutdated()) return;
        throw new AssertionError(node.name() + "'s disk of volume " + volume + " passes for UpToDate, and its peer may have gone on: from " + before + " to " + after + "; " + pair.describe());
    }

    private static boolean passesForGood(DiskState disk) {
        return disk == DiskState.CONSISTENT || disk == DiskState.UP_TO_DATE;
    }

    private static boolean mayTell(VolumeState state) {
        return state.connection().isEstablished() && (state.peerDisk().isAtLeast(DiskState.INCONSISTENT) || state.peer() == Role.PRIMARY);
    }

    static boolean saysThatItIsGood(Superblock superblock) {
        return superblock.has(Superblock.CONSISTENT) && superblock.has(Superblock.WAS_UP_TO_DATE);
    }
}
