package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** Rule 9: no read is answered after the deadline, however it came to be late; its client hears nothing rather than old data. */
class ReadDeadlineStoriesTest {
    private static final SimulatedDevice.Speed SLOW = new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI,
            30 * Stories.MILLI);

    private static SimulatedPair slowToRead(int seed) {
        var pair = SimulatedPair.connected(seed, StorySettings.cluster());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).speed(SLOW);
        return pair;
    }

    private static void deadline(SimulatedPair pair, long fromNowNanos) {
        pair.must(pair.alpha(), new Command.SetReadDeadline(pair.time().nowNanos() + fromNowNanos));
    }

    @Test
    void aReadThatTheDiskAnswersTooLateIsWithheld() {
        var pair = slowToRead(1);
        deadline(pair, 5 * Stories.MILLI);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.isWithheld()).isTrue();
    }

    @Test
    void aReadThatComesInTimeIsAnswered() {
        var pair = slowToRead(2);
        deadline(pair, SimulatedPair.SECOND);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.done(read);
        assertThat(read.isWithheld()).isFalse();
    }

    @Test
    void aReadIsHeldToTheDeadlineThatStoodWhenItWasAsked() {
        var pair = slowToRead(3);
        deadline(pair, 5 * Stories.MILLI);
        var early = pair.read(pair.alpha(), 8, 8);
        deadline(pair, SimulatedPair.SECOND);
        var late = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(() -> early.isCompleted() && late.isCompleted());
        assertThat(early.isWithheld()).isTrue();
        assertThat(late.isWithheld()).isFalse();
    }

    @Test
    void aReadThatWaitedInAFreezeIsHeldToTheDeadlineThatStandsWhenItGoesOn() {
        var pair = slowToRead(4);
        pair.must(pair.alpha(), new Command.Freeze("a story"));
        var read = pair.read(pair.alpha(), 8, 8);
        deadline(pair, 5 * Stories.MILLI);
        pair.runFor(Stories.MILLI);
        assertThat(read.isCompleted()).isFalse();
        pair.must(pair.alpha(), new Command.ResumeIo());
        pair.runUntil(read::isCompleted);
        assertThat(read.isWithheld()).isTrue();
    }

    @Test
    void aPauseOfTheLoopMakesAReadTooLate() {
        var pair = SimulatedPair.connected(5, StorySettings.cluster());
        pair.done(pair.write(pair.alpha(), 8, 8));
        deadline(pair, 50 * Stories.MILLI);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.alpha().sleep(100 * Stories.MILLI);
        pair.runUntil(read::isCompleted);
        assertThat(read.isWithheld()).isTrue();
    }
}
