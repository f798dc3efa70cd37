package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** The checker itself: a copy that lacks what was acknowledged is told as soon as a host is served from it, whatever that host reads. */
class ServedCopyTest {
    private static void losesWrite(SimulatedNode node) {
        node.data(0).store(8 * 512, new byte[8 * 512]);
    }

    @Test
    void aPrimarysOwnCopyHasAllThatWasAcknowledged() {
        var pair = SimulatedPair.connected(1);
        var served = new ServedCopy(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThatCode(served::check).doesNotThrowAnyException();
        losesWrite(pair.alpha());
        assertThatThrownBy(served::check).isInstanceOf(AssertionError.class).hasMessageContaining("alpha: sector 8 holds write 0");
    }

    @Test
    void thePeersCopyHasItWhenThePrimaryIsServedThroughThat() {
        var pair = SimulatedPair.connected(2);
        var served = new ServedCopy(pair);
        pair.done(pair.write(pair.alpha(), 8, 8));
        losesWrite(pair.beta());
        // No host is served from it.
        assertThatCode(served::check).doesNotThrowAnyException();
        pair.must(pair.alpha(), new Command.Detach(0, false));
        assertThatThrownBy(served::check).isInstanceOf(AssertionError.class).hasMessageContaining("beta: sector 8 holds write 0");
    }
}
