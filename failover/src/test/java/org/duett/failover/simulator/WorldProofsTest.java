package org.duett.failover.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.LongStream;
import org.duett.failover.decision.Event;
import org.junit.jupiter.api.Test;

class WorldProofsTest {
    private static final long SECOND = 1_000_000_000L;

    /** Found by seed 57146: each fenced the other one, and who had been shot, and was up again, shot back with what it had begun before. */
    @Test
    void aFenceAgentEndsWithItsMachine() {
        for (boolean isShot : new boolean[]{false, true}) {
            ClusterWorld world = fencing();
            SimulatedHost slow = world.host(1);
            slow.powerOn();
            List<Event> answers = new ArrayList<>();
            world.proofs().prove(1, 1, 0, answers::add);
            world.time().runFor(SECOND);
            if (isShot) {
                slow.powerOff();
                slow.powerOn();
            }
            world.time().runFor(5 * SECOND);
            assertThat(answers.isEmpty()).isEqualTo(isShot);
        }
    }

    private static ClusterWorld fencing() {
        return LongStream.range(1, 100).mapToObj(seed -> new ClusterWorld(seed, EnumSet.noneOf(ClusterFault.class), false))
                .filter(world -> world.proof() == ClusterWorld.ProofKind.FENCE).findFirst().orElseThrow();
    }
}
