package org.duett.failover.heartbeat;

/**
 * How long this daemon has listened. A clock that stands still while the daemon does not run (a pause of the collector, a starved
 * processor, SIGSTOP, a stopped virtual machine), so that its own sleep is never taken for silence of the peer.
 *
 * <p>Precisely: the daemon tells the time at each turn of its loop. The time between two turns counts as listened when it is at most {@code
 * toleratedNanos}. Of a longer gap only {@code toleratedNanos} count, and those not before a later turn: what arrived in the gap lies in the
 * buffers of the sockets, and has been read by then. (That it counts at all: with a processor that is starved for good, a dead peer
 * must still be found some time.)
 */
public final class OwnDelay {
    /** Between the first turn after a gap and the one at which the sockets have certainly been read. */
    private static final long TIME_TO_READ_SOCKETS_NANOS = 5_000_000;

    private final long toleratedNanos;
    private long lastTurnBootNanos;
    private long listenedNanos;
    private long countsLaterNanos;
    private long countsFromBootNanos;
    private long longestGapNanos;

    public OwnDelay(long toleratedNanos, long bootNanos) {
        assert toleratedNanos > 0;
        this.toleratedNanos = toleratedNanos;
        this.lastTurnBootNanos = bootNanos;
    }

    /** A turn of the loop. Answers how long the daemon did not run: 0 when the gap is a usual one. */
    public long turn(long bootNanos) {
        long gapNanos = Math.max(0, bootNanos - lastTurnBootNanos);
        lastTurnBootNanos = Math.max(lastTurnBootNanos, bootNanos);
        longestGapNanos = Math.max(longestGapNanos, gapNanos);
        if (bootNanos >= countsFromBootNanos) {
            listenedNanos += countsLaterNanos;
            countsLaterNanos = 0;
        }
        if (gapNanos <= toleratedNanos) {
            listenedNanos += gapNanos;
            return 0;
        }
        countsLaterNanos += toleratedNanos;
        countsFromBootNanos = bootNanos + TIME_TO_READ_SOCKETS_NANOS;
        return gapNanos;
    }

    public long listenedNanos() {
        return listenedNanos;
    }

    /** The longest gap since the last time that this was asked; for status and metrics. */
    public long takeLongestGapNanos() {
        long longest = longestGapNanos;
        longestGapNanos = 0;
        return longest;
    }
}
