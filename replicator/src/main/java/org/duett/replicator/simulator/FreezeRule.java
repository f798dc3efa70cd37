package org.duett.replicator.simulator;

import org.duett.replicator.machine.Command;

/** What a host asks for after it was answered that its I/O is held, by freeze or suspend-io, waits until somebody lets it go on; it may fail. */
final class FreezeRule {
    private final SimulatedPair pair;
    /** The life of the process that holds it; 0: none. */
    private final int[] heldBy = new int[2];
    private final long[] since = new long[2];

    FreezeRule(SimulatedPair pair) {
        this.pair = pair;
    }

    void done(SimulatedNode node, AskedCommand question) {
        // Ordered while the node slept, maybe before what has it hold was answered (seed 6114).
        if (question.command() instanceof Command.ResumeIo) letGo(node);
        boolean holds = question.command() instanceof Command.Freeze || question.command() instanceof Command.SuspendIo;
        if (!holds || isHeld(node)) return;
        heldBy[node.index()] = node.life();
        since[node.index()] = pair.requests();
    }

    /** In the moment of the order: what waits is answered before that one is. */
    void letGo(SimulatedNode node) {
        heldBy[node.index()] = 0;
    }

    boolean isHeld(SimulatedNode node) {
        return heldBy[node.index()] == node.life();
    }

    /** With success. */
    void completed(SimulatedPair.HostOperation operation) {
        boolean wasToWait = operation.node.isRunning() && isHeld(operation.node) && operation.number > since[operation.node.index()];
        if (wasToWait) throw new AssertionError(operation.node.name() + " holds its host's I/O, and has answered " + operation.request + "; " + pair.describe());
    }
}
