package org.duett.failover.decision;

import java.util.Map;

/**
 * One group on this node, for status. {@code word}: up, starting, stopping, recover (could start here at any time), fail, in doubt, frozen (a resource has stopped itself, rule 25), reclaim
 * (found running, being looked at), stopped, down, unclean.
 */
public record GroupStatus(String name, GroupPhase phase, String word, String memberInHand, String waitsFor, String failedHere, long startCounter,
        Map<String, String> failingChecks) {
    /** So begins what a node that does not start it again by itself says of it, here and there. */
    public static final String FAILED_HERE = "failed here: ";
}
