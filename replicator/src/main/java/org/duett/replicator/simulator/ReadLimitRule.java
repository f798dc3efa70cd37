package org.duett.replicator.simulator;

import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/**
 * Under cluster control a Primary that was alone reads without a limit, if its failover daemon has said so; once its peer has all again it reads nothing that is asked for after that before
 * it was given a limit anew, or a person vouches for the peer: that one could take over from a node that does not know yet that it is cut off (rule 9).
 */
final class ReadLimitRule {
    private final SimulatedPair pair;
    /** The life of the process that was told last that it may read without a limit; 0: it has another one, or none was given. */
    private final int[] unlimited = new int[2];
    /** The life of the process to which a limit is due; 0: none is. */
    private final int[] due = new int[2];
    /** What was asked for before is not held back. */
    private final long[] sinceRequest = new long[2];

    ReadLimitRule(SimulatedPair pair) {
        this.pair = pair;
    }

    void stateChanged(SimulatedNode node, VolumeState before, VolumeState after) {
        int index = node.index();
        if (after.role() != Role.PRIMARY) due[index] = 0;
        boolean becameGood = after.role() == Role.PRIMARY && after.bothUpToDate() && !before.bothUpToDate();
        if (!becameGood || !pair.settings().cluster() || unlimited[index] != node.life() || due[index] == node.life()) return;
        due[index] = node.life();
        sinceRequest[index] = pair.requests();
    }

    void done(SimulatedNode node, AskedCommand question) {
        switch (question.command()) {
            case Command.SetReadDeadline(long bootNanos) -> {
                unlimited[node.index()] = bootNanos == Long.MAX_VALUE ? node.life() : 0;
                due[node.index()] = 0;
            }
            case Command.ResumeIo resume -> due[node.index()] = 0;
            default -> {
                // It says nothing of reads.
            }
        }
    }

    void completed(SimulatedPair.HostOperation operation) {
        SimulatedNode node = operation.node;
        boolean waits = operation.request.kind == HostRequest.Kind.READ && node.isRunning() && due[node.index()] == node.life() && operation.number > sinceRequest[node.index()];
        if (waits) throw new AssertionError(node.name() + " reads without a limit beside a peer that has all again, and nobody has given it one since (rule 9); " + pair.describe());
    }
}
