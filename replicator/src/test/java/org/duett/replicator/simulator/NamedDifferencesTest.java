package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The checker itself: the activity log names nothing that its node, which goes on, will not compare. */
class NamedDifferencesTest {
    @Test
    void aHotExtentIsNoNameForWhatWasWrittenAlone() {
        var pair = SimulatedPair.connected(1);
        var named = new NamedDifferences(pair);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThatCode(named::check).doesNotThrowAnyException();
        Stories.volume(pair.alpha()).bitmap().setInSync(8, 4096);
        assertThatThrownBy(named::check).isInstanceOf(AssertionError.class).hasMessageContaining("block 1 (sector 8) differs, and nobody names it");
    }

    @Test
    void itIsOneForWhatIsBeingWritten() {
        var pair = SimulatedPair.connected(2);
        var named = new NamedDifferences(pair);
        var open = pair.write(pair.alpha(), 8, 8);
        while (!open.isCompleted()) {
            named.check();
            pair.runFor(10_000);
        }
        assertThatCode(named::check).doesNotThrowAnyException();
    }
}
