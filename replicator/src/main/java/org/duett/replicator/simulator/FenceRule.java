package org.duett.replicator.simulator;

import java.util.TreeMap;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/**
 * With a fencing policy a node that has lost its peer knows of that one's disk what the peer said as they parted, what its own superblock says, what a fence-peer handler has
 * found out since (spec states 6), and what an operator has made of it ({@code invalidate-remote}). With resource-and-stonith a Primary answers no write, and no FLUSH, that was
 * asked for after the loss of a peer as good as itself, before a handler or a person says that it may; with resource-only, before a handler was asked.
 */
final class FenceRule {
    private final SimulatedPair pair;
    private final boolean applies;
    private final boolean freezes;
    /** How many connections each node has lost. */
    private final int[] losses = new int[2];
    /** Of which loss a handler was asked last, and in which life of the process. */
    private final int[] asked = new int[2];
    private final int[] askedBy = new int[2];
    /** The life of the process to which a handler has said so since, or a person; 0: none. */
    private final int[] proof = new int[2];
    /** By volume and node: the life of the process that lost a good copy, and when, in the order of its requests. */
    private final TreeMap<Integer, Lost[]> lost = new TreeMap<>();

    private record Lost(int life, long at) {
    }

    FenceRule(SimulatedPair pair) {
        this.pair = pair;
        Fencing policy = pair.settings().volumes().getFirst().fencing();
        applies = policy != Fencing.DONT_CARE;
        freezes = policy == Fencing.RESOURCE_AND_STONITH;
        for (VolumeSettings volume : pair.settings().volumes()) lost.put(volume.number(), new Lost[2]);
    }

    /** The fence-peer handler begins now. */
    void handlerBegins(SimulatedNode node) {
        asked[node.index()] = losses[node.index()];
        askedBy[node.index()] = node.life();
    }

    /** Of a handler that begins now; what it says is of this loss. */
    int lossOf(SimulatedNode node) {
        return losses[node.index()];
    }

    /** Just before the node hears it. */
    void handlerAnswers(SimulatedNode node, int life, int loss, int exitCode) {
        boolean isProof = exitCode == WorldFencer.PEER_INCONSISTENT || exitCode == WorldFencer.PEER_OUTDATED || exitCode == WorldFencer.PEER_UNREACHABLE || exitCode == WorldFencer.PEER_SHOT;
        if (isProof && node.life() == life && losses[node.index()] == loss) proven(node);
    }

    void done(SimulatedNode node, AskedCommand question) {
        boolean isByPerson = question.command() instanceof Command.ResumeIo || question.command() instanceof Command.AllowAlone || question.command() instanceof Command.Promote(boolean force) && force;
        if (isByPerson) proven(node);
    }

    /** Also for a volume that is not through the handshake when the next connection ends: of that one nothing has changed (seed 1531745). */
    private void proven(SimulatedNode node) {
        proof[node.index()] = node.life();
        for (Lost[] lostBy : lost.values()) lostBy[node.index()] = null;
    }

    void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
        if (!applies) return;
        Lost[] lostBy = lost.get(volume);
        if (before.connection().isEstablished() && !after.connection().isEstablished()) {
            boolean isFirst = volume == lost.firstKey();
            if (isFirst) losses[node.index()]++;
            if (isFirst) proof[node.index()] = 0;
            boolean isLoss = after.role() == Role.PRIMARY && before.bothUpToDate() && after.peerDisk().isAbove(DiskState.OUTDATED);
            lostBy[node.index()] = isLoss ? new Lost(node.life(), pair.history(volume).now()) : null;
            return;
        }
        if (after.connection().isEstablished() || after.role() != Role.PRIMARY) lostBy[node.index()] = null;
        if (after.connection().isEstablished() || before.connection().isEstablished()) return;
        boolean learns = before.peerDisk().isAbove(DiskState.OUTDATED) && after.peerDisk().isAtMost(DiskState.OUTDATED);
        boolean bySuperblock = before.disk().isBelow(DiskState.INCONSISTENT) && after.disk().isAtLeast(DiskState.INCONSISTENT);
        boolean byPromotion = before.role() != Role.PRIMARY && after.role() == Role.PRIMARY;
        boolean byOperator = node.asked().isInvalidatingPeer(volume);
        if (learns && !bySuperblock && !byPromotion && !byOperator && !hasProof(node)) {
            throw new AssertionError(node.name() + " holds the other disk of volume " + volume + " to be behind, and nobody has told it so: from " + before + " to " + after + "; " + pair.describe());
        }
    }

    private boolean hasProof(SimulatedNode node) {
        return proof[node.index()] == node.life();
    }

    /** This write, or FLUSH, was answered by this node. */
    void acknowledged(SimulatedPair.HostOperation operation) {
        if (!applies || operation.request.kind == HostRequest.Kind.READ) return;
        SimulatedNode node = operation.node;
        int volume = operation.request.volume;
        Lost loss = lost.get(volume)[node.index()];
        boolean alone = loss != null && loss.life == node.life() && !node.machine().state(volume).connection().isEstablished() && operation.orderedAt >= loss.at;
        if (!alone || hasProof(node)) return;
        boolean isAsked = askedBy[node.index()] == node.life() && asked[node.index()] == losses[node.index()];
        if (!freezes && isAsked) return;
        throw new AssertionError(node.name() + " goes on alone, and " + (isAsked ? "its peer is not fenced" : "nobody was asked to fence its peer") + ": volume " + volume + "; "
                + pair.describe());
    }
}
