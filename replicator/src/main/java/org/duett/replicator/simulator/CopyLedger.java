package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * What a good operator knows: which node's copy has all that was acknowledged, and what has failed since both had it. From this
 * follows whom he may promote, and what an acknowledgement still promises.
 */
final class CopyLedger {
    private static final class Copies {
        /** Whose disk has every acknowledged write, by the number of the node. */
        final boolean[] complete = {true, true};
        /** A crash may have taken unflushed writes from this copy, and it has not been made equal to the other since. */
        final boolean[] doubtful = {false, false};
        /** In protocol A: this node lost the other one as Primary, which need not have got what was answered last. */
        final boolean[] ahead = {false, false};
        /** When a crash last took from this copy what was not flushed, in ticks of the volume's history. */
        final long[] lostCacheAt = {-1, -1};
    }

    private final SimulatedPair pair;
    private final TreeMap<Integer, Copies> copies = new TreeMap<>();
    /** The node changed its generation on its own: it was Primary when its peer was lost, or was promoted without it. */
    private final boolean[] wentAlone = new boolean[2];
    private final Set<Integer> lastCopyFailed = new TreeSet<>();
    /** Volumes whose disk on this node has a fault in wait, or had one. */
    private final List<Set<Integer>> faulty = List.of(new TreeSet<>(), new TreeSet<>());
    /** In A and B: by node and volume what was answered before this node's disk had it, which may still refuse it. */
    private final List<TreeMap<Integer, List<BlockHistory.Write>>> onTheWay = List.of(new TreeMap<>(), new TreeMap<>());
    private boolean unreadable;
    /** Nodes that came back with an older copy, which has not been overwritten yet. */
    private final Set<Integer> older = new TreeSet<>();
    /** One of them was declared good by force: what differs from it nobody can name still (seed 3041040). */
    private boolean olderCounts;
    private int lastPrimary;

    CopyLedger(SimulatedPair pair) {
        this.pair = pair;
        for (VolumeSettings volume : pair.settings().volumes()) copies.put(volume.number(), new Copies());
    }

    private boolean keepsBlocksInMemory() {
        return pair.settings().net().protocol() != Protocol.C;
    }

    // ---- what happens

    /** A write was answered by this node: what it was answered on is all that surely has it. */
    void acknowledged(SimulatedNode node, int volume, BlockHistory.Write write) {
        VolumeState state = node.machine().state(volume);
        boolean here = state.disk() == DiskState.UP_TO_DATE;
        boolean there = state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        Copies of = copies.get(volume);
        int other = 1 - node.index();
        boolean isThere = pair.history(volume).holds(pair.other(node).data(volume), write);
        // Its last good copy was lost while the write was under way, after it had confirmed it: there it is safe. In a split brain its host may have zeroed it since (seed 51478).
        boolean confirmedBefore = !here && !there && of.complete[other] && (pair.history(volume).isSplit() || isThere);
        if (confirmedBefore) {
            // Its own disk, which is lost as well, need not have taken it (seed 653198).
            of.complete[node.index()] = false;
            return;
        }
        if (!here && !there) throw new AssertionError(node.name() + " acknowledged without a good copy: " + state);
        // The only good copy had confirmed it, and crashed before that was heard here: it counts as answered just before that crash (seed 70595).
        boolean lostSince = !here && of.lostCacheAt[other] > write.orderedAt && !isThere;
        if (lostSince) pair.history(volume).mayBeLostUnlessFirm(write);
        if (!here) of.complete[node.index()] = false;
        // It may have refused it, and not have said yet that it has lost its disk (rule 4, seed 1832266); with FUA in A and B, too (seed 2951539).
        boolean lacksIt = write.firm ? !pair.history(volume).holdsDurably(pair.other(node).data(volume), write) : !keepsBlocksInMemory() && !isThere;
        boolean wasRefused = here && there && lacksIt;
        if (!there || wasRefused) of.complete[other] = false;
        if (here && there && keepsBlocksInMemory()) answeredOnTheWay(pair.other(node), volume, write);
        if (!of.complete[0] && !of.complete[1]) {
            // Each has something that the other lacks: the one that is acknowledged on counts, if the other was overwritten meanwhile.
            of.complete[here ? node.index() : other] = true;
        }
    }

    private void answeredOnTheWay(SimulatedNode other, int volume, BlockHistory.Write write) {
        List<BlockHistory.Write> answered = onTheWay.get(other.index()).computeIfAbsent(volume, each -> new ArrayList<>());
        answered.add(write);
        answered.removeIf(each -> pair.history(volume).holds(other.data(volume), each));
        boolean hasRefused = other.isRunning() && other.machine().state(volume).disk().isAtMost(DiskState.FAILED);
        if (hasRefused) whatIsOnTheWayIsLost(other, volume);
    }

    /** Found by seed 2638728: its disk failed after that, and passed for complete. */
    private void whatIsOnTheWayIsLost(SimulatedNode node, int volume) {
        List<BlockHistory.Write> answered = onTheWay.get(node.index()).remove(volume);
        boolean lacksAny = answered != null && answered.stream().anyMatch(each -> !pair.history(volume).holds(node.data(volume), each));
        if (lacksAny) copies.get(volume).complete[node.index()] = false;
    }

    /** A FLUSH was answered by this node: what a crash may have taken from the other copy before is promised now, and that one need not have it. */
    void flushed(SimulatedNode node, int volume) {
        VolumeState state = node.machine().state(volume);
        boolean here = state.disk() == DiskState.UP_TO_DATE;
        boolean there = state.connection().isEstablished() && state.peerDisk() == DiskState.UP_TO_DATE;
        Copies of = copies.get(volume);
        int other = 1 - node.index();
        // In A it may be what was on its way when the connection ended (seed 1103190).
        if (!there && here && (of.doubtful[other] || of.ahead[node.index()])) of.complete[other] = false;
        // Or ends with the event in which this is answered; or its disk was given leave to go, and nothing is sent to it any more (seed 3013302).
        if (!there && here) whatIsOnTheWayIsLost(pair.other(node), volume);
        if (here == there) return;
        // What the lost copy has in its cache only a crash may yet take from it, and it is promised now (seed 11607).
        SimulatedNode lost = here ? pair.other(node) : node;
        if (of.complete[1 - lost.index()] && !lost.data(volume).isFlushed()) of.complete[lost.index()] = false;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        boolean failed = after.disk() == DiskState.FAILED || before.disk() == DiskState.UP_TO_DATE && after.disk() == DiskState.INCONSISTENT;
        if (failed) diskFailed(node, volume);
        // It is to be made anew from a copy that an operator has given up since (seed 2700804).
        boolean givenUp = before.connection() == ConnectionState.STARTING_SYNC_T && after.disk() == DiskState.INCONSISTENT;
        if (givenUp && !isWhole(pair.other(node), volume)) lastCopyFailed.add(volume);
        boolean lostContact = before.connection().isEstablished() && !after.connection().isEstablished();
        // What has come over a connection that ended is written, or the node crashes; what has not is ahead (seed 2705194) from when its sender hears of the end.
        if (lostContact) onTheWay.get(1 - node.index()).remove(volume);
        // In A what it had answered before its disk was lost may have been on its way to the peer only, and is lost with that.
        boolean answeredAhead = pair.settings().net().protocol() == Protocol.A && lostContact && before.role() == Role.PRIMARY;
        if (answeredAhead) copies.get(volume).ahead[node.index()] = true;
        if (answeredAhead && before.disk() != DiskState.UP_TO_DATE) pair.history(volume).unflushedMayBeLost();
        boolean promoted = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY;
        if (promoted && !after.connection().isEstablished()) promotedAlone(node);
        if (after.role() == Role.PRIMARY) lastPrimary = node.index();
        boolean lostAlive = lostContact && after.role() == Role.PRIMARY;
        // Under a Primary without a disk the Secondary makes the new generation (rule 6).
        boolean forDisklessPrimary = after.connection().isEstablished() && after.peer() == Role.PRIMARY && after.peerDisk().isBelow(DiskState.INCONSISTENT);
        // The connection lives, the peer's disk does not: the Primary begins a generation for that, too (rules 3, 7).
        boolean lostDiskOfPeer = before.peerDisk().isAtLeast(DiskState.INCONSISTENT) && after.connection().isEstablished()
                && after.peerDisk().isBelow(DiskState.INCONSISTENT) && after.role() == Role.PRIMARY;
        // It begins a generation beside a target that had the same one (rule 1).
        boolean becameSource = !before.connection().isSourceSide() && after.connection().isSourceSide();
        boolean promotedBesideNoDisk = promoted && after.connection().isEstablished() && after.peerDisk().isAtMost(DiskState.FAILED);
        if (lostAlive || forDisklessPrimary || lostDiskOfPeer || becameSource || promotedBesideNoDisk) wentAlone[node.index()] = true;
        lookAround();
    }

    /** Both are equal wherever both say so, connected, with nothing to resync. */
    void lookAround() {
        boolean all = true;
        for (int volume : copies.keySet()) {
            boolean equal = pair.alpha().isRunning() && pair.beta().isRunning() && pair.alpha().machine().state(volume).isMirrored()
                    && pair.beta().machine().state(volume).isMirrored();
            if (equal) copies.put(volume, new Copies());
            if (equal) {
                lastCopyFailed.remove(volume);
                faulty.forEach(each -> each.remove(volume));
            }
            all &= equal;
        }
        if (!all) return;
        wentAlone[0] = wentAlone[1] = false;
        older.clear();
        olderCounts = false;
    }

    static boolean holdsGoodData(SimulatedNode node, int volume) {
        return node.isRunning() && node.machine().state(volume).disk() == DiskState.UP_TO_DATE;
    }

    /** Called just before it crashes. {@code machine}: what was not flushed is lost, too. */
    void crashes(SimulatedNode node, boolean machine) {
        copies.keySet().forEach(volume -> losesItsWord(node, volume, machine));
        if (!machine && !keepsBlocksInMemory()) {
            copies.forEach((volume, of) -> {
                if (of.doubtful[1 - node.index()]) pair.history(volume).unflushedMayBeLost();
            });
            return;
        }
        SimulatedNode other = pair.other(node);
        copies.forEach((volume, of) -> {
            boolean survives = of.complete[other.index()] && !of.doubtful[other.index()] && holdsGoodData(other, volume) && hasAllInProtocol(node) && !of.ahead[node.index()];
            if (!survives) pair.history(volume).unflushedMayBeLost();
            of.doubtful[node.index()] = true;
            of.lostCacheAt[node.index()] = pair.history(volume).now();
        });
    }

    /** That it is good again is not on disk yet, as the source of its resync is lost: when it comes back, nobody is UpToDate (seed 2852190). */
    private void losesItsWord(SimulatedNode node, int volume, boolean machine) {
        if (!holdsGoodData(node, volume) || isWhole(pair.other(node), volume)) return;
        Superblock onDisk = machine ? DurableSuperblock.of(pair, node, volume) : DurableSuperblock.asItIsRead(pair, node, volume);
        if (!RaisedDisk.saysThatItIsGood(onDisk)) lastCopyFailed.add(volume);
    }

    /** In protocol A the Secondary may lack what a Primary has answered. */
    private boolean hasAllInProtocol(SimulatedNode crashed) {
        return pair.settings().net().protocol() != Protocol.A || crashed.state().role() != Role.PRIMARY;
    }

    /** The node was promoted without its peer. */
    private void promotedAlone(SimulatedNode node) {
        boolean mayLack = pair.settings().net().protocol() == Protocol.A && lastPrimary != node.index();
        copies.forEach((volume, of) -> {
            if (mayLack || of.doubtful[node.index()]) pair.history(volume).unflushedMayBeLost();
        });
        wentAlone[node.index()] = true;
    }

    /** From now on the disk of this node may fail at any time. */
    void diskMayFail(SimulatedNode node, int volume) {
        faulty.get(node.index()).add(volume);
        if (!isWhole(pair.other(node), volume)) lastCopyFailed.add(volume);
    }

    private void diskFailed(SimulatedNode node, int volume) {
        SimulatedNode other = pair.other(node);
        Copies of = copies.get(volume);
        whatIsOnTheWayIsLost(node, volume);
        if (of.ahead[node.index()] || of.doubtful[other.index()]) pair.history(volume).unflushedMayBeLost();
        if (isWhole(other, volume)) return;
        lastCopyFailed.add(volume);
        // Two failures, of which one is the last copy's own: what it holds is worth what an operator thinks it is.
        boolean byItself = faulty.get(node.index()).contains(volume);
        if (byItself && (!isComplete(other, volume) || faulty.get(other.index()).contains(volume))) pair.history(volume).anythingMayBeLost();
    }

    private boolean isWhole(SimulatedNode node, int volume) {
        return isComplete(node, volume) && holdsGoodData(node, volume) && !faulty.get(node.index()).contains(volume);
    }

    /** All of the node's disks are as they were some time ago: the two copies may have to be joined by an operator. */
    void becameOlder(SimulatedNode node) {
        older.add(node.index());
        copies.values().forEach(of -> of.complete[node.index()] = false);
        wentAlone[0] = wentAlone[1] = true;
    }

    boolean wentAlone(SimulatedNode node) {
        return wentAlone[node.index()];
    }

    /** An operator gives its data a new name. */
    void goesAlone(SimulatedNode node) {
        wentAlone[node.index()] = true;
    }

    /** In protocol A the other one need not have what this one answered last. */
    boolean isAhead(SimulatedNode node) {
        return copies.values().stream().anyMatch(of -> of.ahead[node.index()]);
    }

    boolean isOlder(SimulatedNode node) {
        return older.contains(node.index());
    }

    boolean anyIsOlder() {
        return !older.isEmpty() || olderCounts;
    }

    /** The operator gave this copy up. */
    void invalidated(SimulatedNode node, int volume) {
        copies.get(volume).complete[node.index()] = false;
    }

    // ---- what follows

    boolean isComplete(SimulatedNode node, int volume) {
        return copies.get(volume).complete[node.index()];
    }

    boolean isComplete(SimulatedNode node) {
        // In a loop, as it is asked again and again.
        for (Copies each : copies.values()) {
            if (!each.complete[node.index()]) return false;
        }
        return true;
    }

    /** Both have changed on their own, so that only an operator can join them again. */
    boolean maySplit() {
        return wentAlone[0] && wentAlone[1];
    }

    /** Each has what the other one lacks from now on. */
    void splitByOperator() {
        wentAlone[0] = wentAlone[1] = true;
    }

    /** This node's copies are declared good by force, whatever generation the others are of, and whatever they have that these lack. */
    void decidedByForce(SimulatedNode node) {
        wentAlone[0] = wentAlone[1] = true;
        // Else he would give it up again, as the one that was brought back, for a copy that is not good (seed 1822327).
        olderCounts |= older.remove(node.index());
        copies.forEach((volume, of) -> {
            if (of.complete[node.index()]) return;
            pair.history(volume).anythingMayBeLost();
            of.complete[node.index()] = true;
        });
    }

    /** By what an operator wrote down this node's copy is overwritten by the other one, whatever either has that the other lacks. */
    void decidedByPolicy(SimulatedNode victim, int volume) {
        SimulatedNode winner = pair.other(victim);
        Copies of = copies.get(volume);
        if (!isWhole(winner, volume)) lastCopyFailed.add(volume);
        if (!of.complete[winner.index()]) pair.history(volume).anythingMayBeLost();
        of.complete[winner.index()] = true;
        of.complete[victim.index()] = false;
        wentAlone[0] = wentAlone[1] = true;
    }

    /** An operator chooses the other one's copies, whatever they are worth (seed 8143). */
    void givesUp(SimulatedNode node) {
        for (int volume : copies.keySet()) {
            if (!isWhole(pair.other(node), volume)) lastCopyFailed.add(volume);
        }
    }

    /** The last good copy of some volume failed: without an operator's force nobody is UpToDate any more. */
    boolean mayNeedForce() {
        return !lastCopyFailed.isEmpty();
    }

    /** Reads have failed in this round, so that a resync may have left blocks out. */
    void blocksAreUnreadable() {
        unreadable = true;
    }

    boolean blocksWereUnreadable() {
        return unreadable;
    }

    List<Integer> volumes() {
        return List.copyOf(copies.keySet());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("ledger:");
        copies.forEach((volume, of) -> text.append(" [").append(volume).append(": complete ").append(of.complete[0] ? "alpha " : "").append(of.complete[1] ? "beta " : "")
                .append("doubtful ").append(of.doubtful[0] ? "alpha " : "").append(of.doubtful[1] ? "beta" : "").append(']'));
        return text + " alone " + wentAlone[0] + "/" + wentAlone[1] + " last copy failed " + lastCopyFailed;
    }
}
