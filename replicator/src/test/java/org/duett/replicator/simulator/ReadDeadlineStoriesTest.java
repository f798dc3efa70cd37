package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.UnaryOperator;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings;
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

    /** Its failover daemon died while it was alone with leave. Later it was cut off, and read on beside the peer that had taken over. */
    @Test
    void readsWithoutALimitEndWhenThePeerHasAllAgain() {
        var pair = SimulatedPair.connected(9, StorySettings.cluster());
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        pair.must(pair.alpha(), new Command.SetReadDeadline(Long.MAX_VALUE));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.beta().up();
        pair.runUntilProtected();
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runFor(20 * SimulatedPair.SECOND);
        assertThat(read.isCompleted()).isFalse();
        deadline(pair, SimulatedPair.SECOND);
        pair.done(read);
        assertThat(read.isWithheld()).isFalse();
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

    /** Its connection is lost then, the daemon is not back, and the peer takes over before this node has noticed. */
    @Test
    void aRoleThatIsResumedReadsNothingBeforeADeadlineIsGiven() {
        var pair = resumed(6);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.done(pair.write(pair.alpha(), 16, 8));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(read.isCompleted()).isFalse();
        deadline(pair, SimulatedPair.SECOND);
        pair.done(read);
        assertThat(read.isWithheld()).isFalse();
        var next = pair.read(pair.alpha(), 8, 8);
        pair.done(next);
        assertThat(next.isWithheld()).isFalse();
    }

    @Test
    void whereNoDaemonWillEverGiveADeadlineAPersonLetsItRead() {
        var pair = resumed(7);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(read.isCompleted()).isFalse();
        Stories.told(pair.alpha(), "duett resume-io");
        pair.must(pair.alpha(), new Command.ResumeIo());
        pair.done(read);
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    @Test
    void aReadThatWaitsForADeadlineEndsWithTheRole() {
        var pair = resumed(8);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.must(pair.alpha(), new Command.Demote(true));
        assertThat(read.errno()).isEqualTo(Errno.ESHUTDOWN);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    @Test
    void withoutAFailoverDaemonAResumedRoleReadsAtOnce() {
        var pair = resumed(9, UnaryOperator.identity());
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    private static SimulatedPair resumed(int seed) {
        return resumed(seed, StorySettings.cluster());
    }

    private static SimulatedPair resumed(int seed, UnaryOperator<ResourceSettings> settings) {
        var pair = SimulatedPair.connected(seed, settings);
        pair.alpha().resumesTerms();
        long term = pair.alpha().servedTerm(0);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> pair.alpha().servedTerm(0) == term);
        return pair;
    }
}
