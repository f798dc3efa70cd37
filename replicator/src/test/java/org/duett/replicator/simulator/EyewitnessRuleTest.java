package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;

/** The checker itself: an eyewitness has all that was acknowledged, and who has given it up is none (rule 20). */
class EyewitnessRuleTest {
    private static AskedCommand asked(Command command) {
        return new AskedCommand(command, false, Set.of(0), Map.of(), 0);
    }

    @Test
    void whoLacksWhatWasAcknowledgedIsNone() {
        var pair = parted(1);
        var rule = new EyewitnessRule(pair);
        assertThatCode(rule::check).doesNotThrowAnyException();
        // Proven by nobody, and beta was not asked.
        pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "a lie"));
        pair.done(pair.write(pair.alpha(), 800, 8));
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("lacks what was acknowledged without it (rule 20)");
        pair.must(pair.beta(), new Command.GiveUpEyewitness(pair.beta().machine().contact()));
        assertThatCode(rule::check).doesNotThrowAnyException();
    }

    @Test
    void whoHasGivenItUpIsNoneInThisContact() {
        var pair = parted(2);
        var rule = new EyewitnessRule(pair);
        rule.done(pair.beta(), asked(new Command.GiveUpEyewitness(-1)));
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("has given up the eyewitness");
        rule.done(pair.beta(), asked(new Command.TakeEyewitnessBack(-1)));
        assertThatCode(rule::check).doesNotThrowAnyException();
    }

    @Test
    void whoPartedWithAVolumeThatWasNotGoodOnBothIsNone() {
        var pair = parted(3);
        var rule = new EyewitnessRule(pair);
        VolumeState alone = pair.state(pair.beta());
        VolumeState mirrored = alone.withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.UP_TO_DATE);
        rule.stateChanged(pair.beta(), 0, mirrored.withPeerDisk(DiskState.INCONSISTENT), alone);
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("was not good on both");
        rule.stateChanged(pair.beta(), 0, mirrored, alone);
        assertThatCode(rule::check).doesNotThrowAnyException();
    }

    private static SimulatedPair parted(long seed) {
        var pair = SimulatedPair.connected(seed, StorySettings.cluster());
        pair.network().reset();
        pair.network().pull();
        pair.runFor(SimulatedPair.SECOND);
        return pair;
    }
}
