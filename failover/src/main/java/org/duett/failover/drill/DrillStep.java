package org.duett.failover.drill;

import java.util.List;

/**
 * What was tried and how it went.
 *
 * @param timeline what was seen, each line with the seconds since the step began
 * @param outcome a sentence; when it failed, why
 */
record DrillStep(String name, boolean passed, List<String> timeline, String outcome) {
    DrillStep {
        timeline = List.copyOf(timeline);
    }
}
