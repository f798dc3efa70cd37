package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.junit.jupiter.api.Test;

/** What a process was told to do, and has not answered yet. */
class AskedCommandsTest {
    /** Found by seed 3134351: another one that was ordered, and refused, in the midst of it was to have kept the limit that it had ordered for its time. */
    @Test
    void aResizeIsUnderWayUntilItIsAnswered() {
        var asked = new AskedCommands();
        assertThat(asked.isResizing(0)).isFalse();
        long ticket = asked.nextTicket();
        asked.add(ticket, new AskedCommand(new Command.Resize(0, 0, false), true, Set.of(0, 1)));
        assertThat(asked.isResizing(0)).isTrue();
        assertThat(asked.isResizing(1)).as("another volume").isFalse();
        asked.answered(ticket, new CommandResult.Done("has 1000 sectors"));
        assertThat(asked.isResizing(0)).isFalse();
    }
}
