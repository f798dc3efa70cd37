package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.duett.bench.host.ProcessFigures;
import org.duett.bench.node.ReplicatorProcess;
import org.duett.bench.report.Figure;
import org.duett.bench.target.DuettPairTarget;

/** What two connected daemons with one idle resource of 100 GiB take: memory and CPU. */
public final class IdleScenario implements Scenario {

    private static final long SIZE_BYTES = 100L << 30;
    private static final int SETTLE_SECONDS = 15;
    private static final int LOOK_SECONDS = 20;
    private static final double TARGET_MEBIBYTES = 200;
    /** Keepalives and the time of day have to be looked at: half a percent of one core is none. */
    private static final double TARGET_CPU_PERCENT = 0.5;

    @Override
    public String name() {
        return "idle";
    }

    @Override
    public String description() {
        return "memory and CPU of a daemon with one idle resource of 100 GiB, connected and in sync";
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        try (DuettPairTarget pair = DuettPairTarget.start(settings.directory(), SIZE_BYTES, DuettPairTarget.Files.THIN,
                settings.daemonJvmOptions())) {
            settings.say("letting them settle for " + SETTLE_SECONDS + " s");
            sleep(SETTLE_SECONDS);
            List<ReplicatorProcess> nodes = List.of(pair.alpha(), pair.beta());
            List<ProcessFigures> before = nodes.stream().map(each -> ProcessFigures.of(each.handle())).toList();
            settings.say("watching them for " + LOOK_SECONDS + " s");
            sleep(LOOK_SECONDS);
            List<Figure> figures = new ArrayList<>();
            for (int i = 0; i < nodes.size(); i++) {
                String role = i == 0 ? "Primary" : "Secondary";
                ProcessFigures figure = ProcessFigures.of(nodes.get(i).handle()).since(before.get(i));
                figures.add(Figure.against(Figure.Bound.BELOW, TARGET_MEBIBYTES, "idle", role + ", resident memory",
                        figure.residentBytes() / 1048576.0, "MiB", ""));
                figures.add(Figure.against(Figure.Bound.AT_MOST, TARGET_CPU_PERCENT, "idle", role + ", CPU",
                        100 * figure.cpuSeconds() / LOOK_SECONDS, "% of a core",
                        String.format(Locale.ROOT, "%.2f s of CPU in %d s", figure.cpuSeconds(), LOOK_SECONDS)));
            }
            return figures;
        }
    }

    private static void sleep(int seconds) {
        try {
            Thread.sleep(seconds * 1000L);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
