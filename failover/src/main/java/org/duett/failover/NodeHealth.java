package org.duett.failover;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;

/**
 * Whether this node is to be kept from its watchdog: its daemon decides, and what it had to stop is stopped. Told of the groups by the loop
 * that decides, each second; asked by the thread that feeds.
 */
final class NodeHealth {
    private static final long NEVER = Long.MIN_VALUE;

    private final long patienceNanos;
    private final Set<String> notStopped = new HashSet<>();
    private long lastSeenNanos = NEVER;

    /** {@code patienceNanos}: how long nothing need be heard of the loop. */
    NodeHealth(long patienceNanos) {
        this.patienceNanos = patienceNanos;
    }

    synchronized void seen(List<GroupStatus> groups, long nowNanos) {
        lastSeenNanos = nowNanos;
        for (GroupStatus group : groups) {
            // Unclean, it is tried again now and then, and is not well while that lasts.
            if (group.phase() == GroupPhase.UNCLEAN) notStopped.add(group.name());
            else if (group.phase() != GroupPhase.STOPPING) notStopped.remove(group.name());
        }
    }

    synchronized boolean isWell(long nowNanos) {
        return notStopped.isEmpty() && (lastSeenNanos == NEVER || nowNanos - lastSeenNanos <= patienceNanos);
    }
}
