package org.duett.replicator.node;

import org.duett.replicator.control.ExitCode;
import org.duett.replicator.machine.OperatorReport;

/** Why a request of an operator is not done, in the form in which it is answered. */
final class NodeException extends Exception {
    private final ExitCode code;
    private final transient OperatorReport report;

    NodeException(ExitCode code, OperatorReport report) {
        super(report.toString());
        this.code = code;
        this.report = report;
    }

    NodeException(ExitCode code, String whatHappened, String keptSafe, String whatToDo) {
        this(code, new OperatorReport(OperatorReport.Level.ERROR, whatHappened, keptSafe, whatToDo));
    }

    ExitCode code() {
        return code;
    }

    OperatorReport report() {
        return report;
    }
}
