package org.duett.failover.config;

/**
 * The times of failure detection.
 *
 * @param keepaliveMillis between two heartbeats on each path
 * @param warntimeMillis a path that is silent as long as this is reported
 * @param deadtimeMillis a peer that is silent on all paths as long as this is dead
 * @param initdeadMillis how long a node that has just started waits for the first word of its peer
 * @param readMarginMillis how much earlier than the peer's deadtime this node stops to answer reads by itself and steps down (rule 9)
 * @param proofTimeoutMillis how long one attempt at a proof may take
 */
public record Timing(int keepaliveMillis, int warntimeMillis, int deadtimeMillis, int initdeadMillis, int readMarginMillis, int proofTimeoutMillis) {
    public static final Timing DEFAULT = new Timing(200, 1000, 2000, 30_000, 200, 1000);
    public static final Timing SLOW = new Timing(1000, 5000, 10_000, 60_000, 1000, 5000);
    public static final Timing FAST = new Timing(50, 250, 500, 30_000, 50, 500);
}
