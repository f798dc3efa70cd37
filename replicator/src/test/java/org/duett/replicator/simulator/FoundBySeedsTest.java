package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** What random seeds brought to light, told as short stories, so that the reason outlives the seed. */
class FoundBySeedsTest {
    private static final long MILLI = 1_000_000;

    @Test
    void aForcedPromotionReachesAPeerWhoseDiskIsStillBeingAttached() {
        var pair = SimulatedPair.of(18);
        pair.beta().data(0).speed(new SimulatedDevice.Speed(2 * MILLI, 3 * MILLI, 2 * MILLI, 3 * MILLI));
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED
                && pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.ATTACHING);
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.runUntilProtected();
        pair.checkAll();
    }
}
