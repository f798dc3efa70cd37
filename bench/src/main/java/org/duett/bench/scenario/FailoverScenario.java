package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.ServiceProgram;
import org.duett.bench.cluster.TakeoverTimeline;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;

/** How long a client is without answers when a node of its cluster dies, or the link between the two. As many deaths as there are rounds. */
public final class FailoverScenario implements Scenario {

    private static final String NAME = "failover";
    private static final long DISK_BYTES = 48L << 20;
    private static final long PATIENCE_SECONDS = 180;
    private static final int ROWS_BEFORE = 50;
    private static final int ROWS_AFTER = 50;
    private static final double TARGET_SECONDS = 3.5;
    private static final double TARGET_AFTER_DETECTION_SECONDS = 1.5;
    private static final double FAST_TARGET_SECONDS = 2;

    /** What is done to the cluster, and what makes it good again. */
    private enum Blow { ACTIVE_DIES, PASSIVE_DIES, LINK_CUT }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "outage that a client sees when a node loses its power, and when the crossover cable is cut";
    }

    @Override
    public List<Requirement> requirements() {
        return ClusterSite.requirements();
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        var figures = new ArrayList<Figure>();
        try {
            figures.addAll(measure(settings, "", "default times"));
            figures.addAll(measureFast(settings));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
        return figures;
    }

    private static List<Figure> measure(ScenarioSettings settings, String times, String words) throws Exception {
        try (var cluster = new Cluster(settings, times)) {
            var whole = new ArrayList<Double>();
            var afterDetection = new ArrayList<Double>();
            cluster.strike(Blow.ACTIVE_DIES, whole, afterDetection);
            var passive = new ArrayList<Double>();
            cluster.strike(Blow.PASSIVE_DIES, passive, new ArrayList<>());
            var link = new ArrayList<Double>();
            cluster.strike(Blow.LINK_CUT, link, new ArrayList<>());
            int lost = cluster.lostRows();
            return List.of(outage("active node dies", words, whole, TARGET_SECONDS),
                    outage("active node dies, from its being declared dead", words, afterDetection, TARGET_AFTER_DETECTION_SECONDS),
                    outage("passive node dies", words, passive, TARGET_SECONDS), outage("crossover cable is cut", words, link, TARGET_SECONDS),
                    Figure.against(Figure.Bound.AT_MOST, 0, NAME, "committed rows that are gone", lost, "rows", "of " + cluster.committedRows()));
        }
    }

    private static List<Figure> measureFast(ScenarioSettings settings) throws Exception {
        try (var cluster = new Cluster(settings, "profile fast;")) {
            var whole = new ArrayList<Double>();
            cluster.strike(Blow.ACTIVE_DIES, whole, new ArrayList<>());
            return List.of(outage("active node dies", "profile fast", whole, FAST_TARGET_SECONDS));
        }
    }

    private static Figure outage(String what, String times, List<Double> seconds, double target) {
        List<Double> sorted = seconds.stream().sorted().toList();
        double median = sorted.get(sorted.size() / 2);
        return Figure.against(Figure.Bound.AT_MOST, target, NAME, what + ", median outage", median, "s",
                String.format(Locale.ROOT, "%s, %d times, at most %.2f s", times, sorted.size(), Collections.max(sorted)));
    }

    /** One cluster, which is struck again and again, and its client. */
    private static final class Cluster implements AutoCloseable {
        private final ScenarioSettings settings;
        private final ClusterSite site;
        private final RowClient client;

        Cluster(ScenarioSettings settings, String times) throws InterruptedException {
            this.settings = settings;
            site = ClusterSite.create(new ClusterPlan(DISK_BYTES, new ServiceProgram.HttpRows(), times, ClusterPlan.Proof.PING, List.of()),
                    settings.directory());
            try {
                site.prepareData();
                site.alpha().startFailover();
                site.beta().startFailover();
                awaitProtected();
                client = site.startClient();
                client.awaitCommits(ROWS_BEFORE, PATIENCE_SECONDS);
            } catch (RuntimeException | InterruptedException e) {
                site.close();
                throw e;
            }
        }

        private void awaitProtected() {
            site.alpha().await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
            site.beta().await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
        }

        private void strike(Blow blow, List<Double> outages, List<Double> afterDetection) throws InterruptedException {
            for (int round = 1; round <= settings.rounds(); round++) {
                client.awaitCommits(ROWS_BEFORE, PATIENCE_SECONDS);
                boolean alphaIsActive = site.alpha().clusterReading().isActive();
                ClusterNode active = alphaIsActive ? site.alpha() : site.beta();
                ClusterNode passive = alphaIsActive ? site.beta() : site.alpha();
                long atMillis = System.currentTimeMillis();
                begin(blow, active, passive);
                client.awaitCommits(ROWS_AFTER, PATIENCE_SECONDS);
                RowClient.Outage outage = client.longestOutageSince(atMillis);
                outages.add(outage.millis() / 1000.0);
                if (blow == Blow.ACTIVE_DIES)
                    TakeoverTimeline.declaredDeadAfterMillis(passive, atMillis)
                            .ifPresent(dead -> afterDetection.add((outage.endedMillis() - atMillis - dead) / 1000.0));
                settings.say(String.format(Locale.ROOT, "%s %d: %.2f s", blow.name().toLowerCase(Locale.ROOT).replace('_', ' '), round,
                        outages.getLast()));
                end(blow, active, passive);
                awaitProtected();
            }
        }

        private void begin(Blow blow, ClusterNode active, ClusterNode passive) {
            switch (blow) {
                case ACTIVE_DIES -> active.powerOff();
                case PASSIVE_DIES -> passive.powerOff();
                case LINK_CUT -> site.crossover().silence();
            }
        }

        private void end(Blow blow, ClusterNode active, ClusterNode passive) {
            switch (blow) {
                case ACTIVE_DIES -> active.powerOn();
                case PASSIVE_DIES -> passive.powerOn();
                case LINK_CUT -> site.crossover().heal();
            }
        }

        private int lostRows() throws Exception {
            client.stop();
            return client.lostRows().size();
        }

        private int committedRows() {
            return client.committedRows();
        }

        @Override
        public void close() {
            site.close();
        }
    }
}
