package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.KeepalivedPair;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.TakeoverTimeline;
import org.duett.bench.device.FaultyDevice;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;
import org.duett.bench.scenario.StruckCluster.Blow;
import org.duett.bench.scenario.StruckCluster.Struck;

/**
 * How long a client is without answers when a node of its cluster dies, the passive node's disk hangs, or the link between the two is cut;
 * and beside it keepalived, which moves an address alone. As many blows of each kind as there are rounds.
 */
public final class FailoverScenario implements Scenario {

    private static final String NAME = "failover";
    private static final double TARGET_SECONDS = 3.5;
    private static final double TARGET_AFTER_DETECTION_SECONDS = 1.5;
    private static final double FAST_TARGET_SECONDS = 2;
    /** As the default deadtime. */
    private static final int DISK_TIMEOUT_MILLIS = 2000;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "outage that a client sees when a node loses its power, a disk hangs, the crossover cable is cut; keepalived beside it";
    }

    @Override
    public List<Requirement> requirements() {
        var needed = new ArrayList<>(ClusterSite.requirements());
        needed.addAll(FaultyDevice.requirements());
        return needed;
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        var figures = new ArrayList<Figure>();
        try {
            figures.addAll(measureDefaultTimes(settings));
            figures.add(measureHangingDisk(settings));
            figures.add(measureFast(settings));
            figures.addAll(measureKeepalived(settings));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        return figures;
    }

    private static List<Figure> measureDefaultTimes(ScenarioSettings settings) throws InterruptedException {
        try (var cluster = StruckCluster.create("", settings)) {
            String times = "default times";
            var whole = new ArrayList<Double>();
            var afterDetection = new ArrayList<Double>();
            strike(cluster, Blow.ACTIVE_DIES, settings, whole, afterDetection);
            List<Double> passive = strike(cluster, Blow.PASSIVE_DIES, settings);
            List<Double> link = strike(cluster, Blow.LINK_CUT, settings);
            int lost = cluster.lostRows();
            return List.of(outage("active node dies", times, whole, TARGET_SECONDS),
                    outage("active node dies, from its being declared dead", times, afterDetection, TARGET_AFTER_DETECTION_SECONDS),
                    outage("passive node dies", times, passive, TARGET_SECONDS), outage("crossover cable is cut", times, link, TARGET_SECONDS),
                    Figure.against(Figure.Bound.AT_MOST, 0, NAME, "committed rows that are gone", lost, "rows", "of " + cluster.committedRows()));
        }
    }

    private static Figure measureHangingDisk(ScenarioSettings settings) throws InterruptedException {
        try (var cluster = StruckCluster.withDisksThatHang(DISK_TIMEOUT_MILLIS, settings)) {
            return outage("passive node's disk hangs", "disk-timeout as deadtime", strike(cluster, Blow.PASSIVE_DISK_HANGS, settings),
                    TARGET_SECONDS);
        }
    }

    private static Figure measureFast(ScenarioSettings settings) throws InterruptedException {
        try (var cluster = StruckCluster.create("profile fast;", settings)) {
            return outage("active node dies", "profile fast", strike(cluster, Blow.ACTIVE_DIES, settings), FAST_TARGET_SECONDS);
        }
    }

    private static List<Double> strike(StruckCluster cluster, Blow blow, ScenarioSettings settings) throws InterruptedException {
        var outages = new ArrayList<Double>();
        strike(cluster, blow, settings, outages, new ArrayList<>());
        return outages;
    }

    private static void strike(StruckCluster cluster, Blow blow, ScenarioSettings settings, List<Double> outages, List<Double> afterDetection)
            throws InterruptedException {
        for (int round = 1; round <= settings.rounds(); round++) {
            Struck struck = cluster.strike(blow);
            RowClient.Outage outage = cluster.outageOf(struck);
            outages.add(outage.millis() / 1000.0);
            if (blow == Blow.ACTIVE_DIES)
                TakeoverTimeline.declaredDeadAfterMillis(struck.passive(), struck.atMillis())
                        .ifPresent(dead -> afterDetection.add((outage.endedMillis() - struck.atMillis() - dead) / 1000.0));
            say(settings, blow.name().toLowerCase(Locale.ROOT).replace('_', ' '), round, outages.getLast());
            cluster.mend(struck);
        }
    }

    private static void say(ScenarioSettings settings, String what, int round, double seconds) {
        settings.say(String.format(Locale.ROOT, "%s %d: %.2f s", what, round, seconds));
    }

    /** An address that moves to a service which runs already, with no data to take along: what is there to be compared with. */
    private static List<Figure> measureKeepalived(ScenarioSettings settings) throws InterruptedException {
        List<Requirement.Missing> missing = Requirement.missingOf(KeepalivedPair.requirements());
        if (!missing.isEmpty()) {
            settings.say("keepalived is left out: " + missing.getFirst().reason());
            return List.of();
        }
        try (var pair = KeepalivedPair.create(settings.directory())) {
            var seconds = new ArrayList<Double>();
            for (int round = 1; round <= settings.rounds(); round++) {
                seconds.add(pair.killWhoHasTheAddress().millis() / 1000.0);
                say(settings, "keepalived, node with the address dies", round, seconds.getLast());
            }
            return List.of(Figure.plain(NAME, "keepalived moves an address, median outage", median(seconds), "s",
                    note("advert_int 1 s, its default; the service runs on both nodes, without data", seconds)));
        }
    }

    private static Figure outage(String what, String times, List<Double> seconds, double target) {
        return Figure.against(Figure.Bound.AT_MOST, target, NAME, what + ", median outage", median(seconds), "s", note(times, seconds));
    }

    private static double median(List<Double> seconds) {
        return seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElseThrow();
    }

    private static String note(String times, List<Double> seconds) {
        return String.format(Locale.ROOT, "%s, %d times, at most %.2f s", times, seconds.size(), Collections.max(seconds));
    }
}
