package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a seed makes of a life before it is lived. */
class WorldPlanTest {
    private static boolean ordersCross(WorldPlan plan) {
        return plan.describe().contains("orders cross");
    }

    @Test
    void inAnEighthOfTheLivesOrdersCrossInHaste() {
        WorldPlan[] plans = LongStream.range(0, 800).mapToObj(seed -> WorldPlan.of(seed, WorldFault.ALL)).filter(WorldPlanTest::ordersCross).toArray(WorldPlan[]::new);
        assertThat(plans).hasSizeBetween(60, 140).allMatch(WorldPlan::isHasty);
        assertThat(plans).allMatch(plan -> plan.clients() <= 2 && plan.rounds() >= 8);
    }

    /** A life is shrunk so. */
    @Test
    void withFewerFaultsALifeIsOtherwiseTheSame() {
        for (long seed = 0; seed < 100; seed++) {
            WorldPlan whole = WorldPlan.of(seed, WorldFault.ALL);
            WorldPlan without = WorldPlan.of(seed, Set.of());
            assertThat(without.faults()).isEmpty();
            assertThat(without.commands()).isEqualTo(whole.commands());
            assertThat(without.rounds()).isEqualTo(whole.rounds());
            assertThat(without.settings().volumes()).isEqualTo(whole.settings().volumes());
        }
    }
}
