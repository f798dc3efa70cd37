package org.duett.replicator.resync;

import org.duett.replicator.machine.ResourceSettings.ResyncSettings;

/**
 * How much a sync target may have asked for and how fast: a window of bytes in flight below what application writes need, and a rate
 * between c-min-rate and c-max-rate. While the peer's host writes, the window shrinks, so that its writes do not queue behind the
 * resync.
 */
public final class ResyncPace {
    static final long TURN_NANOS = 20_000_000;
    private static final long WINDOW_ALONE_BYTES = 8L << 20;
    private static final long WINDOW_BESIDE_WRITES_BYTES = 1L << 20;
    private static final long WRITES_COUNT_NANOS = 200_000_000;

    private final ResyncSettings settings;
    private final long maxBuffersBytes;
    private long allowanceBytes;
    private long lastRefillNanos;
    private long lastWriteNanos = Long.MIN_VALUE / 2;

    ResyncPace(ResyncSettings settings, int maxBuffersPages, long nowNanos) {
        this.settings = settings;
        maxBuffersBytes = maxBuffersPages * 4096L / 2;
        lastRefillNanos = nowNanos;
        allowanceBytes = perTurn(TURN_NANOS, nowNanos);
    }

    void applicationWrote(long nowNanos) {
        lastWriteNanos = nowNanos;
    }

    private boolean writesGoOn(long nowNanos) {
        return nowNanos - lastWriteNanos < WRITES_COUNT_NANOS;
    }

    private long rateBytesPerSecond(long nowNanos) {
        long rate = settings.maxRateKibPerSecond() * 1024L;
        // Beside writes at most a quarter, but never less than what the operator demands.
        if (writesGoOn(nowNanos)) rate = Math.max(settings.minRateKibPerSecond() * 1024L, rate / 4);
        return Math.max(rate, 64 * 1024);
    }

    private long perTurn(long nanos, long nowNanos) {
        return (long) (rateBytesPerSecond(nowNanos) * (nanos / 1e9));
    }

    void refill(long nowNanos) {
        long elapsed = Math.min(nowNanos - lastRefillNanos, 1_000_000_000L);
        lastRefillNanos = nowNanos;
        // Less than a request a turn is saved up; more than two turns is not, so that a pause makes no burst.
        long most = Math.max(perTurn(2 * TURN_NANOS, nowNanos), 1 << 20);
        allowanceBytes = Math.min(most, allowanceBytes + perTurn(elapsed, nowNanos));
    }

    /** May a request of this size go out now? */
    boolean admits(int lengthBytes, long inFlightBytes, long nowNanos) {
        long window = writesGoOn(nowNanos) ? WINDOW_BESIDE_WRITES_BYTES : WINDOW_ALONE_BYTES;
        window = Math.max(Math.min(window, maxBuffersBytes), 128 * 1024);
        return allowanceBytes > 0 && (inFlightBytes == 0 || inFlightBytes + lengthBytes <= window);
    }

    void spent(int lengthBytes) {
        allowanceBytes -= lengthBytes;
    }
}
