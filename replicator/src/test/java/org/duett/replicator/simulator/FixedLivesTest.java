package org.duett.replicator.simulator;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Four short lives with fixed seeds, for mutation testing: one with each protocol and one under cluster control. */
class FixedLivesTest {
    @ParameterizedTest
    @ValueSource(longs = {9, 21, 22, 28})
    void thePromisesAreKept(long seed) {
        RandomWorld.live(seed, WorldFault.ALL);
    }
}
