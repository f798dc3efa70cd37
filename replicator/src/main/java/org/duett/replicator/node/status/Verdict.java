package org.duett.replicator.node.status;

import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.resource.ResourceStatus.VolumeStatus;
import org.duett.replicator.resync.ResyncProgress;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;

/** Whether a resource survives the loss of either node now, in one sentence: if not, why, and what to do. */
public record Verdict(boolean isProtected, String sentence) {

    public static Verdict of(ResourceStatus status) {
        if (status.volumes().isEmpty()) return not("resource " + status.name() + " has no volumes. Define one in the configuration.");
        if (status.isProtected()) return protectedBy(status);
        for (VolumeStatus volume : status.volumes()) {
            if (!isGood(volume.state())) return not(why(status, volume));
        }
        return not("resource " + status.name() + " is changing its state. Look again in a moment.");
    }

    private static Verdict not(String why) {
        return new Verdict(false, "NOT protected: " + why);
    }

    private static Verdict protectedBy(ResourceStatus status) {
        if (status.protocol() == Protocol.C) return new Verdict(true, "Protected: either node may be lost.");
        return new Verdict(true, "Protected but for the last writes: with protocol " + status.protocol()
                + " the host has its answer before they are on the other disk.");
    }

    private static boolean isGood(VolumeState state) {
        return state.connection() == ConnectionState.CONNECTED && state.disk().servesHostAlone() && state.peerDisk().servesHostAlone();
    }

    private static String why(ResourceStatus status, VolumeStatus volume) {
        String which = status.volumes().size() == 1 ? "" : "volume " + volume.number() + ": ";
        ConnectionState connection = volume.state().connection();
        if (connection.isBelow(ConnectionState.CONNECTED)) return which + whyNotConnected(status, volume);
        if (connection.isSourceSide()) return which + whileSource(status, volume);
        if (connection.isTargetSide()) return which + whileTarget(status, volume);
        return which + whyConnectedAndYet(status, volume);
    }

    private static String whyNotConnected(ResourceStatus status, VolumeStatus volume) {
        String alone = ownCopy(status, volume);
        return switch (volume.state().connection()) {
            case STAND_ALONE, DISCONNECTING -> "this node does not talk to " + status.peerNode() + " (StandAlone), and will not by itself; "
                    + alone + ". " + (status.trouble().isPresent() ? "What to do stands below." : "Do: duett connect " + status.name());
            case WF_REPORT_PARAMS -> "this node and " + status.peerNode() + " are just getting in touch; " + alone
                    + ". Look again in a moment.";
            case UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR, TEAR_DOWN, WF_CONNECTION, CONNECTED, STARTING_SYNC_S,
                    STARTING_SYNC_T, WF_BITMAP_S, WF_BITMAP_T, WF_SYNC_UUID, SYNC_SOURCE, SYNC_TARGET, VERIFY_S, VERIFY_T, PAUSED_SYNC_S,
                    PAUSED_SYNC_T, AHEAD, BEHIND ->
                status.peerNode() + " is not reached; " + alone + ". Check that " + status.peerNode()
                        + " and its daemon run, and the link between the nodes.";
        };
    }

    private static String ownCopy(ResourceStatus status, VolumeStatus volume) {
        return switch (volume.state().disk()) {
            case UP_TO_DATE -> status.role() != Role.PRIMARY ? "only this node's copy is at hand"
                    : status.frozen() ? "the host's reads and writes are held" : "what is written now is on this node only";
            case CONSISTENT -> "this node's copy is complete, but may be old";
            case OUTDATED -> "this node's copy is old (Outdated)";
            case INCONSISTENT -> "this node's copy is of no use by itself (Inconsistent)";
            case DISKLESS, ATTACHING, FAILED, NEGOTIATING, UNKNOWN -> "this node has no disk (" + volume.state().disk().displayName() + ")";
        };
    }

    private static String whileSource(ResourceStatus status, VolumeStatus volume) {
        return status.peerNode() + " is being brought up to date" + progress(volume) + "; until then this node has the only complete copy. "
                + whatToDoWhileResyncing(status, volume);
    }

    private static String whileTarget(ResourceStatus status, VolumeStatus volume) {
        return "this node is being brought up to date" + progress(volume) + "; until then " + status.peerNode()
                + " has the only complete copy. " + whatToDoWhileResyncing(status, volume);
    }

    private static String progress(VolumeStatus volume) {
        return volume.resync().map(Verdict::progress).orElse("");
    }

    private static String progress(ResyncProgress.Figures figures) {
        return " (" + Amounts.percent(figures.percent())
                + (figures.etaSeconds() < 0 ? "" : ", " + Amounts.duration(figures.etaSeconds()) + " left") + ")";
    }

    private static String whatToDoWhileResyncing(ResourceStatus status, VolumeStatus volume) {
        VolumeState state = volume.state();
        if (state.syncPausedByUser()) return "It is paused. Do: duett resume-sync " + status.name();
        if (state.syncPausedByPeer()) return "It is paused there. On " + status.peerNode() + " do: duett resume-sync " + status.name();
        if (state.syncPausedByDependency()) return "It waits for the resource that its resync-after names.";
        return "Wait for it; keep both nodes running.";
    }

    private static String whyConnectedAndYet(ResourceStatus status, VolumeStatus volume) {
        DiskState own = volume.state().disk();
        DiskState peer = volume.state().peerDisk();
        if (!own.servesHostAlone() && !peer.servesHostAlone()) {
            return "neither disk is UpToDate (" + own.displayName() + " here, " + peer.displayName() + " on " + status.peerNode()
                    + "). Where the data that counts is, or for new disks on either node, do: duett primary --force " + status.name();
        }
        if (peer.servesHostAlone()) {
            return status.peerNode() + " has the only good copy; this node's disk is " + own.displayName() + ". "
                    + (own.isBelow(DiskState.ATTACHING) || own == DiskState.FAILED
                            ? "Repair or replace the disk, then: duett attach " + status.name()
                            : "Look again in a moment.");
        }
        return "this node has the only good copy; the disk of " + status.peerNode() + " is " + peer.displayName() + ". On "
                + status.peerNode() + " repair or replace it, then there: duett attach " + status.name();
    }
}
