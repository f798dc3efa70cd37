package org.duett.bench.scenario;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.duett.bench.host.ProcessFigures;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.TemporaryFolder;
import org.duett.bench.measure.LoadResult;
import org.duett.bench.measure.PairedRun;
import org.duett.bench.measure.PairedRun.Series;
import org.duett.bench.report.Figure;
import org.duett.bench.target.DuettPairTarget;
import org.duett.bench.target.NbdAddress;
import org.duett.bench.target.NbdTarget;
import org.duett.bench.target.QemuFile.AsyncIo;
import org.duett.bench.target.QemuQuorumTarget;
import org.duett.bench.target.SingleCopyTarget;
import org.duett.bench.workload.FioLoad;
import org.duett.bench.workload.OwnLoad;
import org.duett.bench.workload.Workload;

/**
 * 4 KiB random writes through NBD to Duett, to a synchronous mirror made of QEMU's parts, and to a single copy, in turn within
 * one run. All on one machine: what counts is how they stand to one another.
 */
public final class IopsScenario implements Scenario {

    private static final long SIZE_BYTES = 512L << 20;
    private static final int DEPTH = 32;
    private static final double TARGET_RATIO = 3;
    /** A JVM compiles what it runs often; a C program needs no such time, and gets it as well. */
    private static final int WARM_UP_SECONDS = 10;
    private static final int ROUND_WARM_UP_SECONDS = 1;
    private static final double PROBE_SECONDS = 2;

    @Override
    public String name() {
        return "iops";
    }

    @Override
    public String description() {
        return "4 KiB random writes at depth " + DEPTH
                + " through NBD: Duett with protocol C, QEMU's quorum mirror, one copy";
    }

    @Override
    public List<Requirement> requirements() {
        return QemuQuorumTarget.requirements();
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        boolean fio = FioLoad.requirement().missing().isEmpty();
        Workload workload = Workload.randomWrites(DEPTH, settings.seed());
        settings.say(
                "load: " + workload + ", by " + (fio ? "fio --ioengine=nbd" : "our own client (fio is not installed)"));
        try (TemporaryFolder temporary = TemporaryFolder.create(settings.directory(), "duett-bench")) {
            Path folder = temporary.path();
            AsyncIo quorumIo = fastest(settings, folder, workload, fio, QemuQuorumTarget::start);
            AsyncIo singleIo = fastest(settings, folder, workload, fio, SingleCopyTarget::start);
            try (NbdTarget quorum = QemuQuorumTarget.start(folder, SIZE_BYTES, quorumIo);
                    NbdTarget single = SingleCopyTarget.start(folder, SIZE_BYTES, singleIo);
                    NbdTarget duett = DuettPairTarget.start(folder, SIZE_BYTES, DuettPairTarget.Files.PREALLOCATED,
                            settings.daemonJvmOptions())) {
                String note = "QEMU with aio=" + quorumIo.word() + ", the fastest here; load by "
                        + (fio ? "fio" : "our own client");
                return compare(settings, workload, fio, List.of(duett, quorum, single), note);
            }
        }
    }

    // ---- QEMU at its best

    private interface QemuStart {
        NbdTarget start(Path folder, long sizeBytes, AsyncIo asyncIo);
    }

    /** The interface to the disk that suits QEMU best on this machine. */
    private static AsyncIo fastest(ScenarioSettings settings, Path folder, Workload workload, boolean fio,
            QemuStart start) {
        AsyncIo best = AsyncIo.THREADS;
        double bestPerSecond = 0;
        for (AsyncIo each : AsyncIo.values()) {
            try (NbdTarget target = start.start(folder, SIZE_BYTES, each)) {
                double perSecond = load(workload, target.address(), fio, ROUND_WARM_UP_SECONDS, PROBE_SECONDS)
                        .perSecond();
                settings.say(
                        String.format(Locale.ROOT, "%s, aio=%s: %.0f writes/s", target.name(), each.word(), perSecond));
                if (perSecond > bestPerSecond) {
                    best = each;
                    bestPerSecond = perSecond;
                }
            } catch (IllegalStateException notHere) {
                settings.say("QEMU with aio=" + each.word() + " does not run here: "
                        + notHere.getMessage().lines().findFirst().orElse(""));
            }
        }
        return best;
    }

    private static LoadResult load(Workload workload, NbdAddress address, boolean fio, double warmUpSeconds,
            double seconds) {
        if (fio)
            return FioLoad.run(workload, address, warmUpSeconds, seconds);
        try (OwnLoad load = new OwnLoad(workload, address)) {
            load.run(warmUpSeconds);
            return load.run(seconds);
        }
    }

    // ---- in turn

    private static List<Figure> compare(ScenarioSettings settings, Workload workload, boolean fio,
            List<NbdTarget> targets, String note) {
        Map<String, Cost> costs = new LinkedHashMap<>();
        List<PairedRun.Contestant> contestants = new ArrayList<>();
        for (NbdTarget target : targets) {
            settings.say("warming up: " + target.name());
            load(workload, target.address(), fio, 0, WARM_UP_SECONDS);
            Cost cost = new Cost();
            costs.put(target.name(), cost);
            contestants.add(new PairedRun.Contestant(target.name(), () -> {
                ProcessFigures before = cpu(target);
                LoadResult result = load(workload, target.address(), fio, ROUND_WARM_UP_SECONDS, settings.seconds());
                // The warm-up of a round is part of the time in which CPU was used.
                double share = result.seconds() / (result.seconds() + ROUND_WARM_UP_SECONDS);
                cost.cpuSeconds += cpu(target).since(before).cpuSeconds() * share;
                cost.operations += result.operations();
                settings.say(String.format(Locale.ROOT, "  %-24s %7.0f writes/s", target.name(), result.perSecond()));
                return result;
            }));
        }
        List<Series> series = PairedRun.run(settings.rounds(), contestants, round -> settings.say("round " + round));
        return figures(series, costs, note);
    }

    /** CPU time of the target's own processes, not of the load. */
    private static final class Cost {
        private double cpuSeconds;
        private long operations;
    }

    private static ProcessFigures cpu(NbdTarget target) {
        return ProcessFigures.sum(target.processes().stream().map(ProcessFigures::of).toArray(ProcessFigures[]::new));
    }

    private static List<Figure> figures(List<Series> series, Map<String, Cost> costs, String note) {
        List<Figure> figures = new ArrayList<>();
        for (Series each : series) {
            Cost cost = costs.get(each.name());
            figures.add(Figure.plain("iops", each.name(), each.medianPerSecond(), "writes/s",
                    String.format(Locale.ROOT, "latency %.0f us median, %.0f us p99; %.0f us of CPU a write",
                            each.typicalLatencies().medianMicros(),
                            each.typicalLatencies().p99Micros(), 1e6 * cost.cpuSeconds / cost.operations)));
        }
        double[] toQuorum = series.get(0).ratiosTo(series.get(1));
        figures.add(
                Figure.against(Figure.Bound.AT_LEAST, TARGET_RATIO, "iops", "Duett to QEMU quorum", toQuorum[1], "x",
                        range(toQuorum) + "; " + note));
        double[] toSingle = series.get(0).ratiosTo(series.get(2));
        figures.add(Figure.plain("iops", "Duett to one copy", toSingle[1], "x", range(toSingle)));
        return figures;
    }

    private static String range(double[] ratios) {
        return String.format(Locale.ROOT, "rounds from %.2f to %.2f", ratios[0], ratios[2]);
    }
}
