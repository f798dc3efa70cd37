package org.duett.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.PrimitiveIterator;
import java.util.stream.LongStream;
import org.duett.bench.measure.PairedRun.Contestant;
import org.duett.bench.measure.PairedRun.Series;
import org.junit.jupiter.api.Test;

/** Contestants in turn, and how they stand to one another. */
class PairedRunTest {

    @Test
    void contestantsTakeTurns() {
        List<String> order = new ArrayList<>();
        PairedRun.run(2, List.of(contestant("a", order, 1, 1), contestant("b", order, 1, 1)),
                round -> order.add("round " + round));

        assertThat(order).containsExactly("round 1", "a", "b", "round 2", "a", "b");
    }

    @Test
    void theRatioIsThatOfRoundsAndNotOfMedians() {
        // A machine that is slow in the second round is slow for both.
        List<Series> series = PairedRun.run(3, List.of(contestant("a", new ArrayList<>(), 400, 40, 800),
                contestant("b", new ArrayList<>(), 100, 10, 100)), _ -> {
                });

        assertThat(series.getFirst().medianPerSecond()).isEqualTo(400);
        assertThat(series.getFirst().ratiosTo(series.getLast())).containsExactly(4, 4, 8);
    }

    @Test
    void latencyCountsFromTheIntendedStart() {
        var recorder = new LatencyRecorder();
        for (int i = 0; i < 99; i++)
            recorder.record(0, 100_000);
        recorder.record(0, 1_000_000_000);

        assertThat(recorder.latencies().medianMicros()).isBetween(99.0, 101.0);
        assertThat(recorder.latencies().worstMicros()).isBetween(999_000.0, 1_001_000.0);
    }

    private static Contestant contestant(String name, List<String> order, long... operations) {
        PrimitiveIterator.OfLong next = LongStream.of(operations).iterator();
        return new Contestant(name, () -> {
            order.add(name);
            return new LoadResult(next.nextLong(), 1, Latencies.NONE);
        });
    }
}
