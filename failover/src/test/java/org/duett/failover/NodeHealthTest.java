package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;
import org.junit.jupiter.api.Test;

/** When the watchdog is fed. */
class NodeHealthTest {
    private final NodeHealth health = new NodeHealth(10);

    private boolean isWellWith(GroupPhase phase, long nowNanos) {
        health.seen(List.of(new GroupStatus("shop", phase, "", "", "", "", 1, Map.of())), nowNanos);
        return health.isWell(nowNanos);
    }

    @Test
    void aNodeThatCannotStopAGroupIsNotWellUntilThatHasWorked() {
        assertThat(isWellWith(GroupPhase.STOPPING, 1)).as("a stop takes its time").isTrue();
        assertThat(isWellWith(GroupPhase.UNCLEAN, 2)).isFalse();
        assertThat(isWellWith(GroupPhase.STOPPING, 3)).as("tried again").isFalse();
        assertThat(isWellWith(GroupPhase.DOWN, 4)).isTrue();
    }

    @Test
    void aDaemonThatDecidesNothingAnyMoreDoesNotAnswerForItsNode() {
        assertThat(health.isWell(1_000)).as("it has just begun, and looks for what a takeover needs").isTrue();
        assertThat(isWellWith(GroupPhase.UP, 1_000)).isTrue();
        assertThat(health.isWell(1_010)).isTrue();
        assertThat(health.isWell(1_011)).isFalse();
        assertThat(isWellWith(GroupPhase.UP, 1_020)).isTrue();
    }
}
