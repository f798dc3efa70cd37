package org.duett.replicator.device;

import org.duett.replicator.machine.OperatorReport;

/** A volume could not be attached or detached; what is to be told of it (style 8). */
public final class DeviceRefused extends Exception {
    private final transient OperatorReport report;

    DeviceRefused(String whatHappened, String keptSafe, String whatToDo) {
        this(new OperatorReport(OperatorReport.Level.ERROR, whatHappened, keptSafe, whatToDo));
    }

    private DeviceRefused(OperatorReport report) {
        super(report.toString());
        this.report = report;
    }

    public OperatorReport report() {
        return report;
    }
}
