package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;
import org.duett.bench.scenario.StruckCluster.Blow;
import org.duett.bench.scenario.StruckCluster.Struck;

/** Does a cluster lose a row that was committed, whatever is killed under it? As many kills as there are rounds, chosen by the seed. */
public final class KillsScenario implements Scenario {

    private static final String NAME = "kills";
    /** Half of them are deaths of the active node. */
    private static final List<Blow> KILLS = List.of(Blow.ACTIVE_DIES, Blow.ACTIVE_DIES, Blow.ACTIVE_DIES, Blow.ACTIVE_DIES, Blow.PASSIVE_DIES,
            Blow.ACTIVE_REPLICATOR_KILLED, Blow.PASSIVE_REPLICATOR_KILLED, Blow.ACTIVE_FAILOVER_KILLED);
    private static final int SAID_EVERY = 10;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String description() {
        return "nodes and daemons are killed under a client that keeps its own list of what was committed (200 kills: --rounds 200)";
    }

    @Override
    public List<Requirement> requirements() {
        return ClusterSite.requirements();
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        var random = new Random(settings.seed());
        try (var cluster = StruckCluster.create("", settings)) {
            var outages = new ArrayList<Long>();
            for (int kill = 1; kill <= settings.rounds(); kill++) {
                Blow blow = KILLS.get(random.nextInt(KILLS.size()));
                outages.add(survive(cluster, blow, kill));
                if (kill % SAID_EVERY == 0) settings.say(kill + " kills, " + cluster.committedRows() + " rows committed");
            }
            int lost = cluster.lostRows();
            String kinds = cluster.blows().entrySet().stream()
                    .map(each -> each.getKey().name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + each.getValue())
                    .collect(Collectors.joining(", "));
            return List.of(
                    Figure.against(Figure.Bound.AT_MOST, 0, NAME, "committed rows that are gone after " + settings.rounds() + " kills", lost, "rows",
                            "of " + cluster.committedRows() + "; " + kinds),
                    Figure.plain(NAME, "longest outage", outages.stream().mapToLong(Long::longValue).max().orElseThrow() / 1000.0, "s", ""));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private static long survive(StruckCluster cluster, Blow blow, int kill) throws InterruptedException {
        try {
            Struck struck = cluster.strike(blow);
            long outageMillis = cluster.outageOf(struck).millis();
            cluster.mend(struck);
            return outageMillis;
        } catch (IllegalStateException failed) {
            throw new IllegalStateException("kill " + kill + ", " + blow + ": " + failed.getMessage() + "\n" + cluster.story(), failed);
        }
    }
}
