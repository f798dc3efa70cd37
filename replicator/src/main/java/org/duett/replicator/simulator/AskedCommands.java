package org.duett.replicator.simulator;

import java.util.TreeMap;
import java.util.function.Predicate;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;

/** What the process of a node was told to do, and what it has answered. */
final class AskedCommands {
    private final TreeMap<Long, CommandResult> results = new TreeMap<>();
    private final TreeMap<Long, AskedCommand> asked = new TreeMap<>();
    private long lastTicket;

    long nextTicket() {
        return ++lastTicket;
    }

    void add(long ticket, AskedCommand command) {
        asked.put(ticket, command);
    }

    /** The answers of earlier processes are kept. */
    void processEnded() {
        asked.clear();
    }

    /** Several volumes may answer to one. What they answer to; null: this process was not told. */
    AskedCommand answered(long ticket, CommandResult result) {
        results.merge(ticket, result, AskedCommands::worse);
        return asked.get(ticket);
    }

    private static CommandResult worse(CommandResult one, CommandResult other) {
        return one instanceof CommandResult.Refused ? one : other;
    }

    /** Null: there is none yet. */
    CommandResult result(long ticket) {
        return results.get(ticket);
    }

    /** One that this process has not answered; null: there is none. */
    AskedCommand unanswered() {
        for (var each : asked.entrySet()) {
            if (!results.containsKey(each.getKey())) return each.getValue();
        }
        return null;
    }

    /** Somebody has told this process to give that disk up as it is. */
    boolean isToDetachByForce(int volume) {
        return asked.values().stream().anyMatch(each -> each.command() instanceof Command.Detach(int number, boolean force) && force && (number == volume || number < 0));
    }

    /** It was told so, and answers that when all that waited has its answer. */
    boolean isBeingLetGo() {
        return isAtWorkOn(command -> command instanceof Command.ResumeIo);
    }

    /** It was told so, and has not answered yet. */
    boolean isInvalidatingPeer(int volume) {
        return isAtWorkOn(command -> command.equals(new Command.InvalidateRemote(volume)));
    }

    boolean isDemoted() {
        return isAtWorkOn(command -> command instanceof Command.Demote);
    }

    boolean isDemotedByForce() {
        return isAtWorkOn(command -> command.equals(new Command.Demote(true)));
    }

    boolean isResizing(int volume) {
        return isAtWorkOn(command -> command instanceof Command.Resize(int number, long _, boolean _) && number == volume);
    }

    private boolean isAtWorkOn(Predicate<Command> which) {
        return asked.entrySet().stream().anyMatch(each -> which.test(each.getValue().command()) && !results.containsKey(each.getKey()));
    }
}
