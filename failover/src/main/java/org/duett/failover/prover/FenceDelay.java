package org.duett.failover.prover;

import java.util.List;
import org.duett.failover.config.GroupConfig;

/**
 * How long a node waits before it has its peer switched off. Two nodes that lose each other at the same moment must not shoot at the same
 * moment: one of them waits longer, and is dead by then.
 */
public final class FenceDelay {

    /** Longer than an agent usually takes to switch a plug. */
    static final int SECOND_SHOOTER_MILLIS = 3000;

    private FenceDelay() {
    }

    /**
     * {@code configuredMillis} as it is written; 0 is "not written". Then the node that more groups prefer shoots at once, and with equal
     * preference the one whose name comes first.
     */
    public static int millisOf(String localNode, String peerNode, List<GroupConfig> groups, int configuredMillis) {
        if (configuredMillis > 0) return configuredMillis;
        long ours = preferring(localNode, groups);
        long theirs = preferring(peerNode, groups);
        boolean first = ours == theirs ? localNode.compareTo(peerNode) < 0 : ours > theirs;
        return first ? 0 : SECOND_SHOOTER_MILLIS;
    }

    private static long preferring(String node, List<GroupConfig> groups) {
        return groups.stream().filter(group -> group.prefers().filter(node::equals).isPresent()).count();
    }
}
