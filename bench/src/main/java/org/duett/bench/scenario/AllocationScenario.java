package org.duett.bench.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.duett.bench.measure.AllocationMeter;
import org.duett.bench.measure.AllocationMeter.Reading;
import org.duett.bench.measure.LoadResult;
import org.duett.bench.report.Figure;
import org.duett.bench.target.DuettPairTarget;
import org.duett.bench.workload.OwnLoad;
import org.duett.bench.workload.Workload;

/** Bytes that both daemons allocate on their heaps for one 4 KiB write in the steady state, by the JVM's own counters. */
public final class AllocationScenario implements Scenario {

    private static final long SIZE_BYTES = 256L << 20;
    private static final int DEPTH = 32;
    private static final double TARGET_BYTES = 64;
    /** Until all that is hot has been compiled by the second compiler: what escape analysis removes is removed then. */
    private static final int WARM_UP_WRITES = 500_000;
    private static final int WARM_UP_STRETCH_SECONDS = 5;
    private static final int LONGEST_WARM_UP_SECONDS = 120;

    @Override
    public String name() {
        return "allocation";
    }

    @Override
    public String description() {
        return "bytes allocated on the heap per 4 KiB write, on Primary and Secondary, by the JVM's own counter";
    }

    @Override
    public List<Figure> run(ScenarioSettings settings) {
        try (DuettPairTarget pair = DuettPairTarget.start(settings.directory(), SIZE_BYTES,
                DuettPairTarget.Files.PREALLOCATED,
                settings.daemonJvmOptions());
                AllocationMeter primary = AllocationMeter.attach(pair.alpha().handle());
                AllocationMeter secondary = AllocationMeter.attach(pair.beta().handle());
                OwnLoad load = new OwnLoad(Workload.randomWrites(DEPTH, settings.seed()), pair.address())) {
            settings.say("warming up");
            for (int s = 0; s < LONGEST_WARM_UP_SECONDS && load.completed() < WARM_UP_WRITES; s += WARM_UP_STRETCH_SECONDS) {
                load.run(WARM_UP_STRETCH_SECONDS);
            }
            Reading primaryBefore = primary.read();
            Reading secondaryBefore = secondary.read();
            settings.say("measuring");
            LoadResult result = load.run(Math.max(10, settings.seconds()));
            List<Figure> figures = new ArrayList<>();
            figures.add(figure("Primary", primary.read().since(primaryBefore), result));
            figures.add(figure("Secondary", secondary.read().since(secondaryBefore), result));
            return figures;
        }
    }

    private static Figure figure(String role, Reading reading, LoadResult result) {
        String threads = reading.bytesByThread().entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed()).limit(3)
                .filter(each -> each.getValue() > 0)
                .map(each -> String.format(Locale.ROOT, "%s %.1f", each.getKey(),
                        (double) each.getValue() / result.operations()))
                .collect(Collectors.joining(", "));
        return Figure.against(Figure.Bound.BELOW, TARGET_BYTES, "allocation", role,
                (double) reading.totalBytes() / result.operations(),
                "bytes/write", result.operations() + " writes; by thread: " + threads);
    }
}
