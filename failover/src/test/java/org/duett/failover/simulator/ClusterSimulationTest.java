package org.duett.failover.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Random lives of a whole cluster. {@code -Dseeds=N [-DfirstSeed=K]} lives more of them, {@code duett cluster simulate} as many as one likes.
 */
class ClusterSimulationTest {
    private static final long SEEDS = Long.getLong("seeds", 12);
    private static final long FIRST_SEED = Long.getLong("firstSeed", 1);

    @TestFactory
    Stream<DynamicTest> aClusterLivesThroughEverything() {
        return LongStream.range(FIRST_SEED, FIRST_SEED + SEEDS).mapToObj(seed -> DynamicTest.dynamicTest("seed " + seed, () -> {
            ClusterWorld.Result life = new ClusterWorld(seed, EnumSet.allOf(ClusterFault.class), false).live();
            assertThat(life.starts()).isPositive();
            assertThat(life.writes()).isPositive();
        }));
    }

    @Test
    void theSameSeedLivesTheSameLife() {
        ClusterWorld.Result first = new ClusterWorld(7, EnumSet.allOf(ClusterFault.class), false).live();
        ClusterWorld.Result second = new ClusterWorld(7, EnumSet.allOf(ClusterFault.class), false).live();
        assertThat(second).isEqualTo(first);
    }
}
