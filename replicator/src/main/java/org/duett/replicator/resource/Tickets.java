package org.duett.replicator.resource;

import java.util.TreeMap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.CommandResult;

/** Each command is answered once: one that concerns several volumes when the last of them has answered, and badly if one of them did. */
final class Tickets {
    private static final class Open {
        int answersLeft;
        CommandResult worst;

        Open(int answersLeft) {
            this.answersLeft = answersLeft;
        }
    }

    private final TreeMap<Long, Open> open = new TreeMap<>();

    void expect(long ticket, int answers) {
        if (answers > 1) open.put(ticket, new Open(answers));
    }

    void finish(long ticket, CommandResult result, ActionQueue out) {
        Open several = open.get(ticket);
        if (several == null) {
            out.add(new Action.FinishCommand(ticket, result));
            return;
        }
        if (several.worst == null || several.worst instanceof CommandResult.Done) several.worst = result;
        if (--several.answersLeft > 0) return;
        open.remove(ticket);
        out.add(new Action.FinishCommand(ticket, several.worst));
    }
}
