package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a sector may hold, by what was written to it. */
class BlockHistoryTest {
    /** Found by seed 1543417: of two nodes that each had a fresh disk one was chosen by force, and what had not been copied to it yet was zeroes. */
    @Test
    void onAFreshDiskThatCountsASectorNeedNeverHaveBeenWritten() {
        var history = new BlockHistory();
        BlockHistory.Write first = written(history);
        history.flushed(history.now() + 1);
        history.prune();
        assertThat(history.complaint(8, 0)).as("written and flushed").isNotNull();
        history.anythingMayBeLost();
        assertThat(history.complaint(8, 0)).as("what was before that is known to be over").isNotNull();
        history.freshDiskCounts();
        assertThat(history.complaint(8, 0)).isNull();
        assertThat(history.complaint(8, first.content())).isNull();
        BlockHistory.Write second = written(history);
        assertThat(history.complaint(8, second.content())).isNull();
        assertThat(history.complaint(8, 0)).as("written since").isNotNull();
    }

    /** Found by seed 2949409: such a copy passed for one that lacked it. */
    @Test
    void aDiskHasAWriteThatAnotherReplacedWhichWasOrderedBeforeAndWasUnderWayWithIt() {
        var pair = SimulatedPair.connected(2949409);
        BlockHistory history = pair.history(0);
        SimulatedPair.HostOperation operation = pair.write(pair.alpha(), 8, 8);
        BlockHistory.Write beside = history.begin(8, 8, false);
        pair.done(operation);
        history.acknowledged(beside, false);
        assertThat(history.holds(pair.beta().data(0), operation.write)).isTrue();
        assertThat(history.holds(pair.beta().data(0), beside)).isTrue();
        assertThat(history.holds(pair.beta().data(0), written(history))).as("ordered later").isFalse();
    }

    private static BlockHistory.Write written(BlockHistory history) {
        BlockHistory.Write write = history.begin(8, 8, false);
        history.acknowledged(write, false);
        return write;
    }
}
