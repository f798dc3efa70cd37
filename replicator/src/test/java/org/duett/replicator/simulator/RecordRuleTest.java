package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.junit.jupiter.api.Test;

/** The checker itself: what is acknowledged stands on the disks, or it is on record that it does not (rule 1). */
class RecordRuleTest {
    /** What a loss of power took is another matter. */
    private static final int[] BEFORE_POWER_WAS_LOST = {-1, -1};

    /** Found by seed 3150012: without a FLUSH a loss of power takes what the only disk that is served had confirmed from its cache. */
    @Test
    void whatTheOnlyCopyHadWhenItLostPowerMayBeAnswered() {
        int lost = 0;
        for (int seed = 0; seed < 10; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            var rule = new RecordRule(pair);
            pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
            var operation = pair.write(pair.alpha(), 800, 8);
            pair.runUntil(() -> rule.has(pair.beta(), 0, operation.write));
            assertThat(operation.isCompleted()).isFalse();
            pair.losePower(pair.beta());
            assertThat(operation.wasOnDisk).containsExactly(false, true);
            if (rule.has(pair.beta(), 0, operation.write)) continue;
            lost++;
            assertThatCode(() -> answered(rule, pair, operation, true)).doesNotThrowAnyException();
            assertThatThrownBy(() -> answered(rule, pair, operation, false)).hasMessageContaining("no disk has it");
        }
        assertThat(lost).isPositive();
    }

    private static void answered(RecordRule rule, SimulatedPair pair, SimulatedPair.HostOperation operation, boolean wasThere) {
        rule.acknowledged(pair.beta(), 0, operation.write, BEFORE_POWER_WAS_LOST, new boolean[]{false, wasThere});
    }
}
