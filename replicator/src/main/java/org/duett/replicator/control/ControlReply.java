package org.duett.replicator.control;

import org.duett.replicator.machine.OperatorReport;

/** What the daemon answers: any number of lines, then one of the other two. */
public sealed interface ControlReply {

    /** One line of a stream; more follows. */
    record Line(String text) implements ControlReply {
    }

    /** Done. The text is for standard output as it is, and may be empty. */
    record Done(String text) implements ControlReply {
    }

    /** Refused, or given up: what happened, what was kept safe, what to do. */
    record Refused(ExitCode code, OperatorReport report) implements ControlReply {
    }
}
