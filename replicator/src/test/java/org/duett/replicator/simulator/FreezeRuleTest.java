package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** The checker itself: what came after the answer that all is held is not answered. */
class FreezeRuleTest {
    @Test
    void whatCameBeforeIsAnsweredAndWhatCameAfterIsNot() {
        var pair = SimulatedPair.connected(1);
        var rule = new FreezeRule(pair);
        var before = pair.write(pair.alpha(), 0, 8);
        rule.done(pair.alpha(), new AskedCommand(new Command.Freeze("story"), true, Set.of(0), Map.of(), 0));
        var after = pair.write(pair.alpha(), 8, 8);
        pair.done(before);
        pair.done(after);
        assertThatCode(() -> rule.completed(before)).doesNotThrowAnyException();
        assertThatThrownBy(() -> rule.completed(after)).isInstanceOf(AssertionError.class).hasMessageContaining("holds its host's I/O, and has answered");
        rule.letGo(pair.alpha());
        assertThatCode(() -> rule.completed(after)).doesNotThrowAnyException();
    }
}
