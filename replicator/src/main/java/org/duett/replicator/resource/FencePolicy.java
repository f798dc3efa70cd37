package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;

/** The fencing policy of the configuration: a Primary that loses its peer has it fenced by a handler (spec states 6.1). */
final class FencePolicy {
    private final Parts parts;
    private int run;

    FencePolicy(Parts parts) {
        this.parts = parts;
    }

    /** The peer is lost; a Primary has it fenced, if its disk may be good. */
    void peerLost(ActionQueue out) {
        boolean applies = parts.policies.fencing() != Fencing.DONT_CARE && parts.isPrimary()
                && parts.volumes.stream().anyMatch(volume -> volume.state().peerDisk().isAtLeast(DiskState.UNKNOWN));
        // The answer to an earlier loss says nothing about this one, also to who has been demoted since (rule 8, seed 1571453).
        run = 0;
        if (!applies) return;
        run = parts.runHandlerForAll("fence-peer", out);
    }

    /** False: this handler is not ours, or its answer comes too late: the peer is back. */
    boolean handlerFinished(int finishedRun, int exitCode, ActionQueue out) {
        if (finishedRun != run || run == 0) return false;
        run = 0;
        if (parts.socketsUp) return true;
        FenceOutcome outcome = FenceOutcome.of(exitCode);
        outcome.apply(parts, out);
        boolean outdated = parts.volumes.stream().allMatch(volume -> volume.state().peerDisk().isAtMost(DiskState.OUTDATED));
        if (!outdated) return true;
        parts.record.allowAlone(true, "fence-peer handler: " + outcome, out);
        for (VolumeParts each : parts.volumeParts) {
            VolumeState state = each.volume.state().withSuspendedFencing(false);
            // A Primary's that came back without its peer, in the generation that the host has seen: as in a promotion (seed 9020134).
            boolean mayServe = state.disk() == DiskState.CONSISTENT && each.volume.isPrimary();
            parts.fact(each, mayServe ? state.withDisk(DiskState.UP_TO_DATE) : state, "the peer is fenced");
        }
        return true;
    }
}
