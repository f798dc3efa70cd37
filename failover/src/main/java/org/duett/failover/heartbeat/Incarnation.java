package org.duett.failover.heartbeat;

/**
 * One life of a failover daemon. {@code boot} tells the boots of a machine apart and has no order; {@code daemon} grows with each start of
 * the daemon on a node, over boots as well (its shell keeps it on disk), so that what an earlier life has sent can be told from what the
 * present one says.
 */
public record Incarnation(long boot, long daemon) {
    /** Nobody: in the echo of a node that has not heard its peer yet. */
    public static final Incarnation NONE = new Incarnation(0, 0);

    boolean isBefore(Incarnation other) {
        return daemon < other.daemon;
    }

    @Override
    public String toString() {
        return "%016x/%d".formatted(boot, daemon);
    }
}
