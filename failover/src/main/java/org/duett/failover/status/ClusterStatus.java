package org.duett.failover.status;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.decision.FailoverMachine;
import org.duett.failover.decision.GroupStatus;
import org.duett.failover.decision.NodeMode;
import org.duett.failover.decision.NodeReport;
import org.duett.failover.decision.PeerLife;
import org.duett.failover.decision.ResourceView;
import org.duett.failover.heartbeat.PathState;
import org.duett.failover.heartbeat.PeerLiveness;
import org.duett.replicator.state.DiskState;

/** The cluster as this node sees it at one moment. */
public record ClusterStatus(String name, String localNode, String peerNode, NodeMode mode, PeerLife peerLife, Optional<NodeReport> peer,
        List<PeerLiveness.PathStatus> paths, String proof, List<String> proofs, long pausedForNanos, boolean single, List<GroupStatus> groups,
        List<ResourceView> resources, long clockAheadMillis) {

    /** Taken on the loop that owns both. */
    public static ClusterStatus of(ClusterConfig config, List<String> proofs, FailoverMachine machine, PeerLiveness liveness) {
        return new ClusterStatus(config.name(), config.localNode(), config.peerNode(), machine.mode(), machine.peerLife(), machine.peerReport(),
                liveness.pathStatus(), machine.proof(), proofs, machine.pausedForNanos(), machine.isSingle(), machine.groups(), machine.resources(), machine.peerClockAheadMillis());
    }

    /** By how much its clock is ahead of ours; empty while it is not heard. */
    public OptionalLong peerClockAheadMillis() {
        return peer.isPresent() && peerLife == PeerLife.ALIVE ? OptionalLong.of(clockAheadMillis) : OptionalLong.empty();
    }

    /** What the other node says about a group; a word as this node has its own. */
    String peerWord(String group) {
        if (peer.isEmpty()) return "unknown";
        Optional<NodeReport.GroupReport> reported = peer.get().group(group);
        if (reported.isEmpty()) return "unknown to it";
        String was = peerLife == PeerLife.ALIVE ? "" : "was ";
        return was + switch (reported.get().phase()) {
            case PROBING -> "reclaim";
            case DOWN -> reported.get().willing() ? "recover" : "down (" + reported.get().detail() + ")";
            case CLAIMING, CHECKING, STARTING -> "starting";
            case UP -> reported.get().frozen() ? "frozen" : "up";
            case STOPPING -> "stopping";
            case UNCLEAN -> "unclean";
        };
    }

    /** The other node, which is heard, does not start it again by itself. */
    boolean hasFailedThere(String group) {
        return peerLife == PeerLife.ALIVE && peer.flatMap(report -> report.group(group))
                .filter(theirs -> !theirs.willing() && theirs.detail().startsWith(GroupStatus.FAILED_HERE)).isPresent();
    }

    /** In a sentence: can the service survive the loss of a node now? */
    String verdict() {
        List<String> down = groups.stream().filter(group -> !isUpSomewhere(group)).map(GroupStatus::name).toList();
        if (!down.isEmpty() && peerLife == PeerLife.STRANGE) {
            return "NOT protected: " + peerNode + " is " + peerLife.words() + "; whether it serves " + String.join(", ", down) + " is not known here.";
        }
        if (!down.isEmpty() && mayBeUpThere()) {
            return "NOT SERVING here: " + peerNode + " is " + peerLife.words() + "; whether it serves " + String.join(", ", down) + " is not known here.";
        }
        if (!down.isEmpty()) return "NOT SERVING: " + String.join(", ", down) + " runs nowhere.";
        // Before all else: whoever could take over, clients wait now.
        List<String> held = resources.stream().filter(resource -> resource.isPrimary() && resource.frozen()).map(ResourceView::name).toList();
        if (!held.isEmpty()) return "NOT SERVING: the I/O of " + String.join(", ", held) + " is held; by whom says: duett status" + (held.size() == 1 ? " " + held.getFirst() : "");
        if (peerLife != PeerLife.ALIVE) return "NOT protected: " + peerNode + " is " + peerLife.words() + ".";
        boolean paused = pausedForNanos > 0 || peer.get().pausedForNanos() > 0;
        if (paused) return "NOT protected: automatic takeover is paused.";
        // By name: "the other node" is this one, where the status is asked of the node that could not.
        List<String> notTakenOver = Stream.of(notTakenOverBy(peerNode), notTakenOverBy(localNode)).filter(each -> !each.isEmpty()).toList();
        if (!notTakenOver.isEmpty()) return "NOT protected: " + String.join(", and ", notTakenOver) + " now.";
        List<String> unserved = groups.stream().map(this::wouldServeNobody).filter(why -> !why.isEmpty()).distinct().toList();
        if (!unserved.isEmpty()) return "NOT protected: " + String.join("; ", unserved) + ".";
        // A disk that is attached and UpToDate is one that could start; without the connection it may be older than its peer's (rule 20).
        String notMirrored = resources.stream().filter(resource -> !isMirrored(resource)).map(ResourceView::name).collect(Collectors.joining(", "));
        if (!notMirrored.isEmpty()) return "NOT protected: the disks of " + notMirrored + " are not kept equal now.";
        // What nobody wants to run needs nobody who could take it over; the others are judged without it.
        String stopped = groups.stream().filter(ClusterStatus::isStopped).map(GroupStatus::name).collect(Collectors.joining(", "));
        if (!stopped.isEmpty()) return "NOT SERVING: " + stopped + " was stopped by an operator; of all else either node may be lost.";
        long up = paths.stream().filter(path -> path.state() == PathState.UP).count();
        if (up < paths.size()) return "Protected, but only " + up + " of " + paths.size() + " heartbeat paths works.";
        return "Protected: either node may be lost.";
    }

    /** Of all groups that run on the other one; empty: it could take over each. */
    private String notTakenOverBy(String node) {
        boolean byPeer = node.equals(peerNode);
        String names = groups.stream().filter(group -> group.word().equals("up") == byPeer && !isStopped(group))
                .filter(group -> !(byPeer ? peerWord(group.name()) : group.word()).equals("recover")).map(GroupStatus::name).collect(Collectors.joining(", "));
        return names.isEmpty() ? "" : node + " could not take over " + names;
    }

    /** The node that does not run it could start it, and clients would not be served by it: a failover check fails there, or an interface of its addresses is down. */
    private String wouldServeNobody(GroupStatus group) {
        if (!group.word().equals("up")) {
            return group.failingChecks().isEmpty() || isStopped(group) ? "" : localNode + " may serve nobody: check " + String.join(", ", group.failingChecks().keySet()) + " fails there";
        }
        boolean troubled = peer.flatMap(report -> report.group(group.name())).filter(NodeReport.GroupReport::troubled).isPresent();
        return troubled ? peerNode + " may serve nobody: a failover check fails there, or an interface is down (duett cluster status, there)" : "";
    }

    /** Who hears nothing may itself be the one that is cut off. */
    private boolean mayBeUpThere() {
        return switch (peerLife) {
            case UNHEARD -> true;
            case SILENT -> proof.isEmpty();
            case ALIVE, STRANGE, GONE -> false;
        };
    }

    private boolean isMirrored(ResourceView here) {
        Optional<NodeReport.ResourceReport> there = peer.orElseThrow().resource(here.name());
        return here.connected() && here.isUpToDate() && there.isPresent() && there.get().connected() && there.get().disk() == DiskState.UP_TO_DATE;
    }

    private static boolean isStopped(GroupStatus group) {
        return group.word().equals("stopped");
    }

    private boolean isUpSomewhere(GroupStatus group) {
        return group.word().equals("up") || isStopped(group) || peerLife == PeerLife.ALIVE && peerWord(group.name()).equals("up");
    }
}
