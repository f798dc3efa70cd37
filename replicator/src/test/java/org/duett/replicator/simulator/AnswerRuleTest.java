package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.junit.jupiter.api.Test;

/** The checker itself: what was answered is durable (rule 13). */
class AnswerRuleTest {
    private static SimulatedNode.Asked asked(Command command, boolean wasPrimary) {
        return new SimulatedNode.Asked(command, wasPrimary, Set.of(0), Map.of(), 0);
    }

    @Test
    void whatTheSuperblockDoesNotSayIsNotAnswered() {
        var pair = SimulatedPair.connected(1);
        var answers = new AnswerRule(pair);
        pair.must(pair.beta(), new Command.Disconnect(false));
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(Command.Outdate.UNBOUND, false))).isInstanceOf(AssertionError.class).hasMessageContaining("passes for good on disk");
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(new Command.Promote(false), true))).isInstanceOf(AssertionError.class)
                .hasMessageContaining("is not said to be Primary on disk");
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(new Command.Promote(false), false))).isInstanceOf(AssertionError.class).hasMessageContaining("no term");
        assertThatThrownBy(() -> answers.done(pair.alpha(), asked(new Command.Demote(false), true))).isInstanceOf(AssertionError.class).hasMessageContaining("has a term");
    }

    @Test
    void whatItSaysIs() {
        var pair = SimulatedPair.connected(2);
        var answers = new AnswerRule(pair);
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        assertThatCode(() -> {
            answers.done(pair.beta(), asked(Command.Outdate.UNBOUND, false));
            answers.done(pair.alpha(), asked(new Command.Promote(false), false));
            answers.done(pair.alpha(), asked(new Command.Resize(0, 0, false), true));
        }).doesNotThrowAnyException();
    }
}
