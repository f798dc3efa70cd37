package org.duett.bench.measure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * Two or more contestants, measured in turn, round by round, within one run: what else the machine does meets all of them, and
 * the ratio between them survives it.
 */
public final class PairedRun {

    /** One contestant: its name, and a measurement, made once to a round. */
    public record Contestant(String name, Supplier<LoadResult> measure) {
    }

    /** The results of a contestant, in the order of the rounds. */
    public record Series(String name, List<LoadResult> rounds) {

        public double medianPerSecond() {
            double[] sorted = rounds.stream().mapToDouble(LoadResult::perSecond).sorted().toArray();
            return sorted.length % 2 == 1
                    ? sorted[sorted.length / 2]
                    : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
        }

        /** The latencies of the round whose throughput is nearest to the median. */
        public Latencies typicalLatencies() {
            double median = medianPerSecond();
            return rounds.stream()
                    .min((a, b) -> Double.compare(Math.abs(a.perSecond() - median), Math.abs(b.perSecond() - median)))
                    .map(LoadResult::latencies).orElse(Latencies.NONE);
        }

        /** How this one's rate stands to the other's, round by round: lowest, median, highest. */
        public double[] ratiosTo(Series other) {
            double[] ratios = new double[rounds.size()];
            for (int i = 0; i < ratios.length; i++)
                ratios[i] = rounds.get(i).perSecond() / other.rounds.get(i).perSecond();
            Arrays.sort(ratios);
            return new double[]{ratios[0], ratios[ratios.length / 2], ratios[ratios.length - 1]};
        }
    }

    private PairedRun() {
    }

    /** {@code beforeRound} is told the number of each round, from 1. */
    public static List<Series> run(int rounds, List<Contestant> contestants, IntConsumer beforeRound) {
        if (rounds < 1)
            throw new IllegalArgumentException("rounds: " + rounds);
        List<Series> series = contestants.stream().map(each -> new Series(each.name, new ArrayList<>())).toList();
        for (int round = 1; round <= rounds; round++) {
            beforeRound.accept(round);
            for (int i = 0; i < contestants.size(); i++)
                series.get(i).rounds.add(contestants.get(i).measure.get());
        }
        return series;
    }
}
