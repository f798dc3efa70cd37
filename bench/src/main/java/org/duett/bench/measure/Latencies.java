package org.duett.bench.measure;

/** Latencies of a run: the median, the tail and the worst. */
public record Latencies(double medianMicros, double p99Micros, double p999Micros, double worstMicros) {

    public static final Latencies NONE = new Latencies(0, 0, 0, 0);
}
