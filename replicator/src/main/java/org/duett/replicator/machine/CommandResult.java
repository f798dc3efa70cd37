package org.duett.replicator.machine;

import org.duett.replicator.state.StateChangeResult;

/** How a {@link Command} ended. */
public sealed interface CommandResult {
    /** Done, durably where the command changes what is on disk (rule 13). */
    record Done(String text) implements CommandResult {
    }

    /** Refused; nothing changed. {@code code} is DRBD's, for exit codes and for the peer. */
    record Refused(StateChangeResult code, OperatorReport report) implements CommandResult {
    }
}
