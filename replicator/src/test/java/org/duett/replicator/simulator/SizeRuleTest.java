package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.junit.jupiter.api.Test;

class SizeRuleTest {
    private final SimulatedPair pair = SimulatedPair.connected(1);
    private final SizeRule rule = new SizeRule(pair);

    private static AskedCommand resize(long sectors) {
        return new AskedCommand(new Command.Resize(0, sectors, false), true, Set.of(0));
    }

    private CommandResult.Done has(long more) {
        return new CommandResult.Done("has " + (pair.alpha().machine().volume(0).sizeSectors() + more) + " sectors");
    }

    @Test
    void aResizeThatWasNotCarriedOutIsNotAnsweredAsIfItWere() {
        long sectors = pair.alpha().machine().volume(0).sizeSectors();
        rule.done(pair.alpha(), resize(sectors), has(0));
        rule.check();
        assertThatThrownBy(() -> rule.done(pair.alpha(), resize(sectors + 8), has(0))).isInstanceOf(AssertionError.class).hasMessageContaining("has answered Resize");
        assertThatThrownBy(() -> rule.done(pair.alpha(), resize(0), has(8))).isInstanceOf(AssertionError.class).hasMessageContaining("has answered Resize");
    }

    @Test
    void aSizeThatWasAnsweredIsKeptAsLongAsTheDiskIsThatOne() {
        rule.done(pair.beta(), resize(0), has(0));
        pair.beta().machine().volume(0).setSizeSectors(8_000);
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("that it has answered");
        rule.wentBack(pair.beta());
        rule.check();
    }

    @Test
    void clientsSeeTheSizeThatTheVolumeHas() {
        rule.check();
        pair.alpha().machine().volume(0).setSizeSectors(8_000);
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("which has 8000 sectors");
    }
}
