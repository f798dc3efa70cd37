package org.duett.bench.measure;

import org.HdrHistogram.Histogram;

/**
 * Latencies from the moment at which a request was meant to start, not from that at which it was sent: a target that stops for
 * a second then shows a second, and not one slow request among many that were never sent.
 */
public final class LatencyRecorder {

    private static final long LONGEST_NANOS = 3_600_000_000_000L;
    private static final int SIGNIFICANT_DIGITS = 3;

    private final Histogram histogram = new Histogram(LONGEST_NANOS, SIGNIFICANT_DIGITS);

    public void record(long intendedStartNanos, long doneNanos) {
        histogram.recordValue(Math.clamp(doneNanos - intendedStartNanos, 0, LONGEST_NANOS));
    }

    public void clear() {
        histogram.reset();
    }

    public Latencies latencies() {
        if (histogram.getTotalCount() == 0)
            return Latencies.NONE;
        return new Latencies(micros(50), micros(99), micros(99.9), histogram.getMaxValue() / 1000.0);
    }

    private double micros(double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1000.0;
    }
}
