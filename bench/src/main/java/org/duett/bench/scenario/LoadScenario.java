package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.TakeoverTimeline;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;

/** Does a machine that is busy with other things look like a dead one? Every core has a thread that does nothing but count. */
public final class LoadScenario implements Scenario {

    private static final String NAME = "load";

    private volatile boolean ending;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "takeovers without a reason while every core is busy with something else (an hour: --seconds 3600)";
    }

    @Override
    public List<Requirement> requirements() {
        return ClusterSite.requirements();
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        try (var cluster = StruckCluster.create("", settings)) {
            ClusterNode active = cluster.active();
            long beganMillis = System.currentTimeMillis();
            List<Thread> counting = occupyEveryCore();
            try {
                // What is waited for is the time itself.
                Thread.sleep(TimeUnit.SECONDS.toMillis(settings.seconds()));
            } finally {
                ending = true;
                for (Thread each : counting) each.join();
            }
            double longest = cluster.longestOutageSince(beganMillis).millis() / 1000.0;
            long declaredDead = TakeoverTimeline.timesDeclaredDead(cluster.alpha()) + TakeoverTimeline.timesDeclaredDead(cluster.beta());
            String note = "every core busy for " + settings.seconds() + " s";
            return List.of(
                    Figure.against(Figure.Bound.AT_MOST, 0, NAME, "takeovers without a reason", active.clusterReading().isActive() ? 0 : 1, "", note),
                    Figure.against(Figure.Bound.AT_MOST, 0, NAME, "a living node was declared dead", declaredDead, "times", note),
                    Figure.plain(NAME, "longest time between two commits", longest, "s", "of " + cluster.committedRows() + " commits"));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private List<Thread> occupyEveryCore() {
        ending = false;
        var threads = new ArrayList<Thread>();
        for (int core = 0; core < Runtime.getRuntime().availableProcessors(); core++)
            threads.add(Thread.ofPlatform().daemon().name("load-" + core).start(this::count));
        return threads;
    }

    private void count() {
        while (!ending) Thread.onSpinWait();
    }
}
