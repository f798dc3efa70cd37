package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: leave that was taken back is none. */
class LeaveRuleTest {
    @Test
    void whatIsAnsweredAfterLeaveWasTakenBackIsTold() {
        var pair = SimulatedPair.connected(1, StorySettings.cluster());
        var rule = watching(pair);
        loseBeta(pair, rule);
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        assertThatCode(() -> pair.done(pair.write(pair.alpha(), 8, 8))).doesNotThrowAnyException();
        // The core is not told.
        rule.withdrawn(pair.alpha());
        assertThatThrownBy(() -> pair.done(pair.write(pair.alpha(), 16, 8))).hasMessageContaining("without leave");
    }

    @Test
    void aFlushThatIsAnsweredAfterLeaveWasTakenBackIsTold() {
        var pair = SimulatedPair.connected(1, StorySettings.cluster());
        var rule = watching(pair);
        loseBeta(pair, rule);
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        assertThatCode(() -> pair.done(pair.flush(pair.alpha()))).doesNotThrowAnyException();
        rule.withdrawn(pair.alpha());
        assertThatThrownBy(() -> pair.done(pair.flush(pair.alpha()))).hasMessageContaining("without leave");
    }

    @Test
    void aPromotionWithoutThePeerIsNoLeave() {
        var pair = SimulatedPair.connected(2, StorySettings.cluster());
        watching(pair);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        // The core is given it, and the rule knows nothing of it.
        pair.must(pair.beta(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        assertThatThrownBy(() -> pair.done(pair.write(pair.beta(), 8, 8))).hasMessageContaining("without leave");
    }

    @Test
    void leaveEndsWithTheRole() {
        var pair = SimulatedPair.connected(3, StorySettings.cluster());
        var rule = watching(pair);
        loseBeta(pair, rule);
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.must(pair.alpha(), new Command.Promote(false));
        // The core is given it anew, and the rule knows nothing of it.
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        assertThatThrownBy(() -> pair.done(pair.write(pair.alpha(), 8, 8))).hasMessageContaining("without leave");
    }

    /** Found by seed 1590444: he ordered force, and the end of the connection before that was through. */
    @Test
    void aPersonsForceIsLeaveWhenItHasBeenCarriedOut() {
        var pair = SimulatedPair.connected(4, StorySettings.cluster());
        watching(pair);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(true));
        assertThatCode(() -> pair.done(pair.write(pair.beta(), 8, 8))).doesNotThrowAnyException();
    }

    /** Found by seed 1842549: it slept as its peer went down and it was given leave, and heard of both when it woke. */
    @Test
    void leaveThatIsCarriedOutAfterTheLossIsOneForIt() {
        var pair = SimulatedPair.connected(5, StorySettings.cluster());
        var rule = watching(pair);
        // The rule sees the contact that is lost afterwards.
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntilProtected();
        pair.alpha().sleep(300 * Stories.MILLI);
        pair.kill(pair.beta());
        pair.runFor(100 * Stories.MILLI);
        rule.given(pair.alpha());
        pair.alpha().command(new Command.AllowAlone(true, -1, "the peer is fenced"));
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        assertThatCode(() -> pair.done(pair.write(pair.alpha(), 8, 8))).doesNotThrowAnyException();
    }

    /** Found by seed 1972258: leave was taken back and given again while it slept; the FLUSH that waited was answered in the event that gave it. */
    @Test
    void whatIsAnsweredInTheEventThatGivesLeaveIsNotTold() {
        var pair = SimulatedPair.connected(6, StorySettings.cluster());
        var rule = watching(pair);
        loseBeta(pair, rule);
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        pair.must(pair.alpha(), new Command.AllowAlone(false, -1, ""));
        var flush = pair.flush(pair.alpha());
        pair.runFor(100 * Stories.MILLI);
        assertThat(flush.isCompleted()).isFalse();
        assertThatCode(() -> {
            pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
            pair.done(flush);
        }).doesNotThrowAnyException();
    }

    @Test
    void whatIsAnsweredBeforeTheLeaveThatIsOrderedIsTold() {
        var pair = SimulatedPair.connected(7, StorySettings.cluster());
        var rule = watching(pair);
        loseBeta(pair, rule);
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "the peer is fenced"));
        // The core is not told that it was taken back; the next leave is ordered, and not carried out.
        var takenBack = new Command.AllowAlone(false, -1, "");
        rule.done(pair.alpha(), new AskedCommand(takenBack, true, Set.of(), Map.of(), 0));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThatThrownBy(() -> pair.runFor(SimulatedPair.SECOND)).hasMessageContaining("without leave");
    }

    /** And the rule is told that alpha has leave. */
    private static void loseBeta(SimulatedPair pair, LeaveRule rule) {
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        rule.given(pair.alpha());
    }

    private static LeaveRule watching(SimulatedPair pair) {
        var rule = new LeaveRule(pair);
        pair.observe(new SimulatedPair.Observer() {
            @Override
            public void stateChanged(SimulatedNode node, int volume, VolumeState before, VolumeState after) {
                rule.stateChanged(node, volume, before, after);
            }

            @Override
            public void handled(SimulatedNode node) {
                rule.handled(node);
            }

            @Override
            public void answered(SimulatedNode node, AskedCommand question, CommandResult result) {
                if (result instanceof CommandResult.Done) rule.done(node, question);
            }

            @Override
            public void completed(SimulatedPair.HostOperation operation) {
                if (operation.errno() == 0) rule.acknowledged(operation);
            }
        });
        return rule;
    }
}
