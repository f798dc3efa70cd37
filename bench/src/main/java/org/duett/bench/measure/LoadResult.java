package org.duett.bench.measure;

/** What a load achieved in one timed stretch. */
public record LoadResult(long operations, double seconds, Latencies latencies) {

    public double perSecond() {
        return seconds == 0 ? 0 : operations / seconds;
    }
}
