package org.duett.failover.checker;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.duett.failover.check.CheckResult;

/** What only the daemon knows. Asked from any thread. */
public interface ClusterView {

    /** By how much the peer's clock is ahead of ours (negative: behind), as its heartbeats say; empty while it is not heard. */
    OptionalLong peerClockAheadMillis();

    /** Whether every resource of the group, or of the node, is Connected and UpToDate on both sides. */
    CheckResult replication(Optional<String> group);

    /** The targets of the proof {@code ping}; empty when the cluster has no such proof. */
    List<InetAddress> pingTargets();

    int pingQuorum();
}
