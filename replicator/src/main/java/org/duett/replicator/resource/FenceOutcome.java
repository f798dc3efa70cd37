package org.duett.replicator.resource;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.DiskState;

/** What a fence-peer handler said with its exit code (spec states 6.2). */
enum FenceOutcome {
    PEER_INCONSISTENT, PEER_OUTDATED, PEER_UNREACHABLE, PEER_IS_PRIMARY, PEER_SHOT, BROKEN;

    static FenceOutcome of(int exitCode) {
        return switch (exitCode) {
            case 3 -> PEER_INCONSISTENT;
            case 4 -> PEER_OUTDATED;
            case 5 -> PEER_UNREACHABLE;
            case 6 -> PEER_IS_PRIMARY;
            case 7 -> PEER_SHOT;
            default -> BROKEN;
        };
    }

    /** Ignored when the connection is back: then the peer speaks for itself. */
    void apply(Parts parts, ActionQueue out) {
        if (parts.isConnected()) return;
        switch (this) {
            case BROKEN -> parts.report(Level.ERROR, "the fence-peer handler failed or is not configured.", "The peer's disk counts as what it was.",
                    "Configure handlers { fence-peer \"...\"; } and see its log.", out);
            case PEER_IS_PRIMARY -> parts.report(Level.ERROR, "the fence-peer handler says that " + parts.settings.peerNode() + " is Primary.",
                    "This node's disk counts as Outdated, unless it is Primary itself; no data was changed.",
                    "Work with " + parts.settings.peerNode() + ", and mend the connection. If both are Primary, decide whose data is kept, demote the other.", out);
            case PEER_INCONSISTENT, PEER_OUTDATED, PEER_UNREACHABLE, PEER_SHOT -> {
                // As asked for.
            }
        }
        for (VolumeParts each : parts.volumeParts) {
            var state = each.volume.state();
            switch (this) {
                case PEER_INCONSISTENT -> parts.fact(each, state.withPeerDisk(DiskState.INCONSISTENT), "fence-peer: the peer is Inconsistent");
                case PEER_OUTDATED, PEER_SHOT -> parts.fact(each, state.withPeerDisk(DiskState.OUTDATED), "fence-peer: " + this);
                case PEER_UNREACHABLE -> {
                    if (state.disk() == DiskState.UP_TO_DATE) parts.fact(each, state.withPeerDisk(DiskState.OUTDATED), "fence-peer: unreachable");
                }
                case PEER_IS_PRIMARY -> {
                    if (state.disk().isAbove(DiskState.OUTDATED) && !each.volume.isPrimary()) {
                        parts.fact(each, state.withDisk(DiskState.OUTDATED), "fence-peer: the peer is Primary");
                    }
                }
                case BROKEN -> {
                    // Nothing is known.
                }
            }
        }
    }
}
