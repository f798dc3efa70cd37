package org.duett.failover.drill;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The report of one drill, for a folder of its own and the next audit. */
public record DrillReport(ZonedDateTime begun, String cluster, String node, String peer, List<DrillStep> steps, String verdictAtTheEnd) {
    public DrillReport {
        steps = List.copyOf(steps);
    }

    public boolean passed() {
        return steps.stream().allMatch(DrillStep::passed);
    }

    public String text() {
        StringBuilder text = new StringBuilder();
        text.append("Drill of cluster ").append(cluster).append(", ")
                .append(begun.truncatedTo(ChronoUnit.SECONDS).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME)).append(", from node ").append(node)
                .append(" (the other one: ").append(peer).append(")\n");
        for (DrillStep step : steps) {
            text.append('\n').append(step.passed() ? "PASSED  " : "FAILED  ").append(step.name()).append('\n');
            for (String line : step.timeline()) text.append("    ").append(line).append('\n');
            text.append("    ").append(step.outcome()).append('\n');
        }
        text.append('\n').append(passed() ? "All " + steps.size() + " steps passed." : "The drill was ended at the step that failed; nothing after it was tried.")
                .append(" The cluster now: ").append(verdictAtTheEnd).append('\n');
        return text.toString();
    }
}
