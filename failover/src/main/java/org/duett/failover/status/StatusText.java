package org.duett.failover.status;

import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.heartbeat.PeerLiveness;

/** Status for people. */
public final class StatusText {
    private StatusText() {
    }

    public static String of(ClusterStatus status) {
        StringBuilder text = new StringBuilder();
        text.append("cluster ").append(status.name()).append(": ").append(status.verdict()).append('\n');
        text.append("  ").append(status.localNode()).append(" (this node): ").append(status.mode().word());
        if (status.single()) text.append(", stand-alone");
        if (status.pausedForNanos() > 0) text.append(", no automatic takeover for ").append(status.pausedForNanos() / 1_000_000_000L).append(" s");
        text.append('\n');
        text.append("  ").append(status.peerNode()).append(": ").append(status.peerLife().words());
        status.peer().ifPresent(report -> text.append(", ").append(report.mode().word()));
        if (!status.proof().isEmpty()) text.append("; does not act: ").append(status.proof());
        text.append('\n');
        for (PeerLiveness.PathStatus path : status.paths()) text.append("  path ").append(path.name()).append(": ").append(path(path)).append('\n');
        for (String proof : status.proofs()) text.append("  proof ").append(proof).append('\n');
        for (GroupStatus group : status.groups()) group(status, group, text);
        for (ResourceView resource : status.resources()) {
            text.append("  resource ").append(resource.name()).append(": ").append(resource.role().displayName()).append('/')
                    .append(resource.peerRole().displayName()).append(", ").append(resource.connected() ? "connected" : "not connected").append(", ")
                    .append(resource.disk().displayName()).append('/').append(resource.peerDisk().displayName());
            if (resource.hasStopped()) text.append(", STOPPED ITSELF at ").append(resource.stoppedAt());
            if (resource.frozen()) text.append(", I/O is held");
            if (resource.alone()) text.append(", goes on alone");
            text.append('\n');
        }
        return text.toString();
    }

    private static String path(PeerLiveness.PathStatus path) {
        String heard = path.silentMillis() < 0 ? "" : ", heard " + path.silentMillis() + " ms ago";
        return switch (path.state()) {
            case UNHEARD -> "not heard yet";
            case UP -> path.oneWay() ? "ONE WAY: the peer does not hear us on it" + heard : "up" + heard;
            case LATE -> "LATE" + heard;
            case DOWN -> "DOWN" + heard;
        };
    }

    private static void group(ClusterStatus status, GroupStatus group, StringBuilder text) {
        text.append("group ").append(group.name()).append(": ").append(group.word()).append(" on ").append(status.localNode()).append("; ")
                .append(status.peerWord(group.name())).append(" on ").append(status.peerNode()).append('\n');
        if (!group.memberInHand().isEmpty()) text.append("    in hand: ").append(group.memberInHand()).append('\n');
        if (!group.waitsFor().isEmpty()) text.append("    here: ").append(group.waitsFor()).append('\n');
        recovery(status, group, text);
        group.failingChecks().forEach((check, why) -> text.append("    check ").append(check).append(" fails: ").append(why).append('\n'));
    }

    /** What failed is not tried again on that node by itself: the way out, and where it is to be said. */
    private static void recovery(ClusterStatus status, GroupStatus group, StringBuilder text) {
        if (!group.failedHere().isEmpty()) {
            boolean isTold = group.waitsFor().contains(group.failedHere());
            text.append("    ").append(isTold ? "" : "failed here: " + group.failedHere() + "; ").append("when that is mended: duett cluster recover ").append(group.name()).append('\n');
        }
        if (status.hasFailedThere(group.name())) {
            text.append("    when what failed on ").append(status.peerNode()).append(" is mended, there: duett cluster recover ").append(group.name()).append('\n');
        }
    }
}
