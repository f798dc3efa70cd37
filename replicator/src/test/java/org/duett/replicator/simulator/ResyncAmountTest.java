package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.resource.ResourceStatus.Counters;
import org.junit.jupiter.api.Test;

/** How much a resync copies, by the counters of both sides. */
class ResyncAmountTest {
    private static final int BLOCKS = 20;
    private static final int BLOCK_KIB = 4;

    @Test
    void aResyncCopiesTheBlocksThatWereMissedAndNoMore() {
        var pair = SimulatedPair.connected(6);
        pair.kill(pair.beta());
        for (int i = 0; i < BLOCKS; i++) pair.done(pair.write(pair.alpha(), i * 800L, 8));
        long sentBefore = counters(pair.alpha()).sentKib();

        pair.beta().up();
        pair.runUntilProtected();

        assertThat(counters(pair.alpha()).sentKib() - sentBefore).isEqualTo(BLOCKS * BLOCK_KIB);
        Counters target = counters(pair.beta());
        assertThat(target.receivedKib()).isEqualTo(BLOCKS * BLOCK_KIB);
        assertThat(target.writtenKib()).isEqualTo(BLOCKS * BLOCK_KIB);
    }

    private static Counters counters(SimulatedNode node) {
        return node.machine().status().volumes().getFirst().counters();
    }
}
