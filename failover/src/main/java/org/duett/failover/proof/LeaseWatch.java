package org.duett.failover.proof;

import java.util.concurrent.TimeUnit;

/**
 * When another node's lease has run out, by our own clock alone: it has, when we have seen it unchanged for its whole time. No two clocks are
 * compared, and a node that has just started has seen nothing yet.
 */
public final class LeaseWatch {

    private final long leaseNanos;
    private WitnessLease last;
    private long unchangedSinceNanos;
    private boolean changedWhileWatched;

    public LeaseWatch(long leaseMillis) {
        leaseNanos = TimeUnit.MILLISECONDS.toNanos(leaseMillis);
    }

    /** What was read, at a time after it was read ({@code nowNanos} counts on while the machine sleeps). */
    public void saw(WitnessLease lease, long nowNanos) {
        if (isUnchanged(lease)) return;
        changedWhileWatched = last != null;
        last = lease;
        unchangedSinceNanos = nowNanos;
    }

    private boolean isUnchanged(WitnessLease lease) {
        return last != null && last.changes() == lease.changes() && last.holder().equals(lease.holder());
    }

    /** {@code lease} as it stands there now; {@code nowNanos}: a time before it was read. */
    public boolean hasRunOut(WitnessLease lease, long nowNanos) {
        return isUnchanged(lease) && nowNanos - unchangedSinceNanos >= leaseNanos;
    }

    /** Its holder has renewed it under our eyes, and not so long ago that it might be over. */
    public boolean isAlive(long nowNanos) {
        return changedWhileWatched && nowNanos - unchangedSinceNanos < leaseNanos;
    }
}
