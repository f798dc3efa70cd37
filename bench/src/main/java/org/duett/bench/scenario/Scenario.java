package org.duett.bench.scenario;

import java.util.List;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;

/** One question, answered by figures. */
public interface Scenario {

    String name();

    /** One line for a list. */
    String description();

    /** What it cannot do without. */
    default List<Requirement> requirements() {
        return List.of();
    }

    List<Figure> run(ScenarioSettings settings);
}
