package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The checker itself: what a host has read does not change by itself (rule 21). */
class StableReadsTest {
    private static final long SECTOR = 7;

    private final SimulatedPair pair = SimulatedPair.of(1);
    private final BlockHistory history = pair.history(0);
    private final StableReads reads = new StableReads();

    private String read(BlockHistory.Write found) {
        return reads.complaint(pair.alpha(), 0, history, SECTOR, found == null ? 0 : found.content(), history.now());
    }

    @Test
    void anUnansweredWriteOfAPrimaryThatIsLostDoesNotComeAfterItWasLookedFor() {
        var write = history.begin(SECTOR, 1, false);
        history.ended(write);
        assertThat(read(null)).isNull();
        assertThat(read(write)).contains("which was over by then");
    }

    @Test
    void oneThatIsUnderWayDoes() {
        assertThat(read(null)).isNull();
        var write = history.begin(SECTOR, 1, false);
        assertThat(read(null)).isNull();
        assertThat(read(write)).isNull();
        history.ended(write);
        assertThat(read(write)).isNull();
    }

    @Test
    void onAnotherCopyItMayBe() {
        var write = history.begin(SECTOR, 1, false);
        history.ended(write);
        assertThat(read(null)).isNull();
        reads.stateChanged(pair.alpha(), 0);
        assertThat(read(write)).isNull();
    }
}
