package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.junit.jupiter.api.Test;

/** What a process was told to do, and has not answered yet. */
class AskedCommandsTest {
    /** Found by seed 3134351: one that was ordered, and refused, in the midst of another one was to have kept what that one had ordered for its time. */
    @Test
    void whileAResizeIsUnderWayTheLimitBeforeItCounts() {
        var asked = new AskedCommands();
        long ticket = asked.nextTicket();
        asked.add(ticket, new AskedCommand(new Command.Resize(0, 0, false), true, Set.of(0, 1), Map.of(0, 800L, 1, 900L), 0));
        assertThat(asked.limitThatCounts(0, 0)).isEqualTo(800);
        assertThat(asked.limitThatCounts(1, 0)).as("another volume").isZero();
        asked.answered(ticket, new CommandResult.Done("has 1000 sectors"));
        assertThat(asked.limitThatCounts(0, 0)).isZero();
    }
}
