package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.StateChangeResult;
import org.junit.jupiter.api.Test;

/** Each command is answered once. */
class TicketsTest {
    private static final CommandResult DONE = new CommandResult.Done("done");

    private final Tickets tickets = new Tickets();
    private final ActionQueue out = new ActionQueue();

    private static CommandResult refused(StateChangeResult why) {
        return new CommandResult.Refused(why, new OperatorReport(Level.ERROR, "It failed.", "Nothing was changed.", "Try again."));
    }

    private List<Action> answered() {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < out.size(); i++) actions.add(out.get(i));
        out.clear();
        return actions;
    }

    @Test
    void whatConcernsOneIsAnsweredByThatOne() {
        tickets.expect(7, 1);
        tickets.finish(7, DONE, out);
        assertThat(answered()).containsExactly(new Action.FinishCommand(7, DONE));
        tickets.finish(8, DONE, out);
        assertThat(answered()).containsExactly(new Action.FinishCommand(8, DONE));
    }

    @Test
    void whatConcernsSeveralIsAnsweredByTheLast() {
        tickets.expect(7, 3);
        tickets.finish(7, DONE, out);
        tickets.finish(7, DONE, out);
        tickets.finish(8, DONE, out);
        assertThat(answered()).containsExactly(new Action.FinishCommand(8, DONE));
        tickets.finish(7, DONE, out);
        assertThat(answered()).containsExactly(new Action.FinishCommand(7, DONE));
        tickets.finish(7, DONE, out);
        assertThat(answered()).as("the number is free again").hasSize(1);
    }

    @Test
    void theFirstRefusalIsTheAnswerOfAll() {
        CommandResult first = refused(StateChangeResult.NO_LOCAL_DISK);
        tickets.expect(7, 4);
        tickets.finish(7, DONE, out);
        tickets.finish(7, first, out);
        tickets.finish(7, refused(StateChangeResult.NEED_CONNECTION), out);
        tickets.finish(7, DONE, out);
        assertThat(answered()).containsExactly(new Action.FinishCommand(7, first));
    }
}
