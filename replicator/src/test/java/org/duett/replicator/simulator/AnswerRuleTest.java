package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.junit.jupiter.api.Test;

/** The checker itself: what was answered is durable (rule 13). */
class AnswerRuleTest {
    private static final CommandResult.Done DONE = new CommandResult.Done("done");

    private static AskedCommand asked(Command command, boolean wasPrimary) {
        return new AskedCommand(command, wasPrimary, Set.of(0), Map.of(), 0);
    }

    @Test
    void whatTheSuperblockDoesNotSayIsNotAnswered() {
        var pair = SimulatedPair.connected(1);
        var answers = new AnswerRule(pair);
        pair.must(pair.beta(), new Command.Disconnect(false));
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(Command.Outdate.UNBOUND, false), DONE)).isInstanceOf(AssertionError.class).hasMessageContaining("passes for good on disk");
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(new Command.Promote(false), true), DONE)).isInstanceOf(AssertionError.class)
                .hasMessageContaining("is not said to be Primary on disk");
        assertThatThrownBy(() -> answers.done(pair.beta(), asked(new Command.Promote(false), false), DONE)).isInstanceOf(AssertionError.class).hasMessageContaining("no term");
        assertThatThrownBy(() -> answers.done(pair.alpha(), asked(new Command.Demote(false), true), DONE)).isInstanceOf(AssertionError.class).hasMessageContaining("has a term");
    }

    @Test
    void whatItSaysIs() {
        var pair = SimulatedPair.connected(2);
        var answers = new AnswerRule(pair);
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        assertThatCode(() -> {
            answers.done(pair.beta(), asked(Command.Outdate.UNBOUND, false), DONE);
            answers.done(pair.alpha(), asked(new Command.Promote(false), false), DONE);
        }).doesNotThrowAnyException();
    }

    @Test
    void theSizeThatIsAnsweredIsOnDisk() {
        var pair = SimulatedPair.connected(2);
        var answers = new AnswerRule(pair);
        var resize = asked(new Command.Resize(0, 0, false), true);
        long sectors = pair.alpha().machine().volume(0).sizeSectors();
        assertThatCode(() -> answers.done(pair.alpha(), resize, new CommandResult.Done("has " + sectors + " sectors"))).doesNotThrowAnyException();
        assertThatThrownBy(() -> answers.done(pair.alpha(), resize, new CommandResult.Done("has " + (sectors + 8) + " sectors"))).isInstanceOf(AssertionError.class)
                .hasMessageContaining("sectors on disk, and the answer is");
    }

    /** Found by seed 2805179: it asks its peer, and has to wait until that one runs again. */
    @Test
    void whoAsksOneThatSleepsIsYetToHear() {
        var pair = SimulatedPair.connected(3);
        var answers = new AnswerRule(pair);
        pair.beta().sleep(SimulatedPair.SECOND);
        pair.alpha().command(new Command.Resize(0, 0, false));
        pair.runFor(Stories.MILLI);
        assertThatCode(answers::checkThatAllAreAnswered).doesNotThrowAnyException();
        pair.network().pull();
        pair.runFor(2 * SimulatedPair.SECOND);
        assertThatThrownBy(answers::checkThatAllAreAnswered).isInstanceOf(AssertionError.class).hasMessageContaining("has never answered Resize");
    }
}
