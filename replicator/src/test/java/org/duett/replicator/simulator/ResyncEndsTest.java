package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The checker itself: a source that loses its target names what that one lacks (promise 4). */
class ResyncEndsTest {
    /** Found by seed 3093303: the source slept, and heard of it later, that its target was gone; an older copy was in its place by then. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whatAnOlderCopyLacksTheSourceNeedNotName(boolean wentBack) {
        var pair = SimulatedPair.connected(1, StorySettings.resyncRate(1024));
        pair.done(pair.write(pair.alpha(), 0, 8));
        // To its barrier.
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.beta(), new Command.Invalidate(0));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE && !pair.alpha().machine().volume(0).bitmap().isSet(0));
        pair.holdAgainstMedia();
        pair.alpha().sleep(SimulatedPair.SECOND);
        pair.kill(pair.beta());
        pair.beta().data(0).store(0, new byte[4096]);
        if (wentBack) pair.beta().disksWentBack();
        pair.beta().up();
        if (wentBack) assertThatCode(() -> pair.runFor(2 * SimulatedPair.SECOND)).doesNotThrowAnyException();
        else assertThatThrownBy(() -> pair.runFor(2 * SimulatedPair.SECOND)).isInstanceOf(AssertionError.class).hasMessageContaining("does not name what the target lacks: block 0");
    }
}
