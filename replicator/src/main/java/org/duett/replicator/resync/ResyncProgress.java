package org.duett.replicator.resync;

/** How far a resync is, so that percent, done, total, speed and ETA agree with one another. Times are core time. */
public final class ResyncProgress {
    private static final long MARK_NANOS = 3_000_000_000L;
    private static final int MARKS = 6;

    private final long totalBits;
    private final long startedAtNanos;
    private final long[] markNanos = new long[MARKS];
    private final long[] markBits = new long[MARKS];
    private int marks;

    public ResyncProgress(long totalBits, long nowNanos) {
        this.totalBits = totalBits;
        startedAtNanos = nowNanos;
        mark(nowNanos, totalBits);
    }

    /** Called now and then with the bits that are left; keeps a window of some 18 s for the speed now (spec states 10). */
    public void timeIs(long nowNanos, long bitsLeft) {
        if (nowNanos - markNanos[(marks - 1) % MARKS] >= MARK_NANOS) mark(nowNanos, bitsLeft);
    }

    private void mark(long nowNanos, long bitsLeft) {
        markNanos[marks % MARKS] = nowNanos;
        markBits[marks % MARKS] = bitsLeft;
        marks++;
    }

    /** The figures at one moment. {@code etaSeconds} is -1 when nothing moves. */
    public record Figures(long totalBytes, long doneBytes, double percent, long bytesPerSecondNow, long bytesPerSecondAverage,
            long etaSeconds) {
    }

    public Figures figures(long nowNanos, long bitsLeft) {
        long total = Math.max(totalBits, bitsLeft);
        long done = total - bitsLeft;
        int oldest = marks > MARKS ? marks % MARKS : 0;
        long average = perSecond(total - bitsLeft, nowNanos - startedAtNanos);
        long now = perSecond(markBits[oldest] - bitsLeft, nowNanos - markNanos[oldest]);
        long leftBytes = bitsLeft * 4096;
        double percent = total == 0 ? 100.0 : 100.0 * done / total;
        return new Figures(total * 4096, done * 4096, percent, now, average, now > 0 ? (leftBytes + now - 1) / now : bitsLeft == 0 ? 0 : -1);
    }

    private static long perSecond(long bits, long nanos) {
        return nanos <= 0 || bits <= 0 ? 0 : (long) (bits * 4096 * 1e9 / nanos);
    }
}
