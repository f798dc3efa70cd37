package org.duett.replicator.cli;

import org.duett.replicator.config.ConfigException;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.machine.OperatorReport;

/** A verb is not done: what its caller reads on standard error, and how it exits. */
final class CommandFailed extends Exception {
    private final ExitCode code;
    private final transient OperatorReport report;

    CommandFailed(ExitCode code, OperatorReport report) {
        super(report.toString());
        this.code = code;
        this.report = report;
    }

    CommandFailed(ExitCode code, String whatHappened, String keptSafe, String whatToDo) {
        this(code, new OperatorReport(OperatorReport.Level.ERROR, whatHappened, keptSafe, whatToDo));
    }

    static CommandFailed of(ConfigException wrong) {
        return new CommandFailed(ExitCode.CONFIGURATION, wrong.position() + ": " + wrong.found() + ".", "Nothing was changed.",
                "Allowed: " + wrong.allowed() + ".");
    }

    ExitCode code() {
        return code;
    }

    /** The three parts, a line each (style 8). */
    void print() {
        System.err.println("duett: " + report.whatHappened());
        System.err.println("       " + report.keptSafe());
        System.err.println("       " + report.whatToDo());
    }
}
