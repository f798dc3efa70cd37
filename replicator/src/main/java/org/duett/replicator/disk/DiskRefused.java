package org.duett.replicator.disk;

import org.duett.replicator.machine.OperatorReport;

/** A file or device cannot be used as asked, with the message for the operator. */
public final class DiskRefused extends Exception {
    private static final long serialVersionUID = 1;

    private final transient OperatorReport report;

    DiskRefused(String whatHappened, String keptSafe, String whatToDo) {
        super(whatHappened);
        report = new OperatorReport(OperatorReport.Level.ERROR, whatHappened, keptSafe, whatToDo);
    }

    public OperatorReport report() {
        return report;
    }
}
