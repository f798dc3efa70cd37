package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.resource.ResourceStatus.Counters;
import org.duett.replicator.state.ConnectionState;
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

    /** Found by seed 1900056: it had put away what it counts from, and copied all as to a target of long ago. */
    @Test
    void aSecondaryWhoseTargetMayHaveFinishedCopiesWhatIsLeftAndNoMore() {
        for (int seed = 1; seed < 9; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.network().pull();
            pair.runUntil(() -> pair.nodes().stream().noneMatch(node -> pair.state(node).connection().isEstablished()));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.network().heal();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
            long sentBefore = counters(pair.alpha()).sentKib();
            pair.network().reset();

            pair.runUntilProtected();

            assertThat(counters(pair.alpha()).sentKib() - sentBefore).isZero();
            pair.checkAll();
        }
    }

    private static Counters counters(SimulatedNode node) {
        return node.machine().status().volumes().getFirst().counters();
    }
}
