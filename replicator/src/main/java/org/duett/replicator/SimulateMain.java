package org.duett.replicator;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.duett.replicator.simulator.RandomWorld;
import org.duett.replicator.simulator.StateCoverage;
import org.duett.replicator.simulator.WorldFault;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code duett simulate}: random lives of a pair of nodes, each from its seed, under faults, with all promises checked (docs/testing.md). */
@Command(name = "duett simulate", mixinStandardHelpOptions = true, version = "duett " + Version.TEXT, description = {
        "Lives random lives of two nodes, each from its seed, in simulated time: load, crashes, power losses, cut links, bad disks, commands.",
        "Every promise is checked all the time. Exit code 1: one was broken; what is printed replays it."})
public final class SimulateMain implements Callable<Integer> {
    private static final int BROKEN = 1;
    /** What a life costs is its thread's own time: the machine may have other things to do. */
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(5);

    @Option(names = "--seeds", paramLabel = "N", description = "how many lives (default: 500, or as many as --minutes allows)")
    private Long seeds;

    @Option(names = "--minutes", paramLabel = "M", description = "for how long")
    private Double minutes;

    @Option(names = "--first-seed", paramLabel = "S", defaultValue = "1", description = "the first one's seed (default: ${DEFAULT-VALUE})")
    private long firstSeed;

    @Option(names = "--seed", paramLabel = "S", description = "this life only, and its trace hash: the same on every run and machine")
    private Long seed;

    @Option(names = "--trace", description = "with --seed: everything that each node is told and orders, on standard error")
    private boolean trace;

    @Option(names = "--faults", paramLabel = "FAULT", split = ",", description = "only these may happen: ${COMPLETION-CANDIDATES} (default: all)")
    private EnumSet<WorldFault> faults;

    @Option(names = "--threads", paramLabel = "N", description = "lives at a time (default: one for each processor)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--states", description = "print the table of states and changes that were reached, and of legal states that were not")
    private boolean states;

    @Spec
    private CommandSpec spec;

    private final AtomicLong nextSeed = new AtomicLong();
    private final StateCoverage coverage = new StateCoverage();
    private long lives;
    private long events;
    private long writes;
    private long happened;
    private long simulatedNanos;
    private long processorNanos;
    private Failure failure;

    private record Failure(long seed, Throwable complaint) {
    }

    private SimulateMain() {
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SimulateMain()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        return seed != null ? one() : many();
    }

    private Set<WorldFault> allowed() {
        return faults == null ? WorldFault.ALL : faults;
    }

    // ---- one life

    private int one() {
        PrintWriter out = spec.commandLine().getOut();
        try {
            RandomWorld.Result result = RandomWorld.live(seed, allowed(), trace, coverage);
            out.printf("seed %d: every promise was kept. %s%n", seed, figures(1, result.events(), result.writes(), result.faults(), result.simulatedNanos()));
            out.printf("trace hash %016x%n", result.traceHash());
            if (states) coverage.table().forEach(out::println);
            return 0;
        } catch (AssertionError e) {
            out.println("seed " + seed + ": " + e.getMessage());
            return BROKEN;
        }
    }

    // ---- many

    private int many() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        long began = System.nanoTime();
        long end = minutes == null ? Long.MAX_VALUE : began + (long) (minutes * TimeUnit.MINUTES.toNanos(1));
        long count = seeds != null ? seeds : minutes == null ? 500 : Long.MAX_VALUE - firstSeed;
        nextSeed.set(firstSeed);
        List<Thread> workers = IntStream.range(0, threads).mapToObj(i -> Thread.ofPlatform().name("life " + i).start(() -> work(count, end)))
                .toList();
        for (Thread worker : workers) {
            while (!worker.join(Duration.ofNanos(PROGRESS_NANOS))) progress(out, System.nanoTime() - began);
        }
        progress(out, System.nanoTime() - began);
        if (states) coverage.table().forEach(out::println);
        if (failure == null) {
            out.println("Every promise was kept in every life.");
            return 0;
        }
        tell(out);
        return BROKEN;
    }

    private void work(long count, long end) {
        while (System.nanoTime() < end) {
            synchronized (this) {
                if (failure != null) return;
            }
            long mine = nextSeed.getAndIncrement();
            if (mine >= firstSeed + count) return;
            StateCoverage seen = new StateCoverage();
            long began = THREADS.getCurrentThreadCpuTime();
            try {
                RandomWorld.Result result = RandomWorld.live(mine, allowed(), false, seen);
                lived(result, seen, THREADS.getCurrentThreadCpuTime() - began);
            } catch (AssertionError | RuntimeException e) {
                failed(new Failure(mine, e));
                return;
            }
        }
    }

    private synchronized void lived(RandomWorld.Result result, StateCoverage seen, long nanosOfProcessor) {
        lives++;
        processorNanos += nanosOfProcessor;
        events += result.events();
        writes += result.writes();
        happened += result.faults();
        simulatedNanos += result.simulatedNanos();
        coverage.add(seen);
    }

    private synchronized void failed(Failure newFailure) {
        if (failure == null || newFailure.seed() < failure.seed()) failure = newFailure;
    }

    private synchronized void progress(PrintWriter out, long nanos) {
        double seconds = nanos / 1e9;
        out.printf(Locale.ROOT, "%s; %.1f lives and %.0f core events a second (%.0f a second of one processor), %.0f times as fast as the clock%n",
                figures(lives, events, writes, happened, simulatedNanos), lives / seconds, events / seconds, events * 1e9 / Math.max(1, processorNanos),
                simulatedNanos / (double) nanos);
        out.flush();
    }

    private static String figures(long lives, long events, long writes, long faults, long simulatedNanos) {
        return String.format(Locale.ROOT, "%d lives, %d core events, %d acknowledged writes, %d faults, %.2f simulated hours", lives, events, writes, faults,
                simulatedNanos / 3.6e12);
    }

    // ---- a broken promise

    private void tell(PrintWriter out) {
        out.println("BROKEN in the life of seed " + failure.seed() + ": " + failure.complaint().getMessage());
        EnumSet<WorldFault> needed = shrunk();
        String words = needed.stream().map(Enum::name).reduce((a, b) -> a + "," + b).orElse("");
        out.println("It takes " + (needed.isEmpty() ? "no fault at all." : "no other faults than " + words + ".") + " Replay it with");
        out.println("  duett simulate --seed " + failure.seed() + (needed.isEmpty() ? "" : " --faults " + words) + " --trace");
    }

    /** Fault by fault is left out, as long as the life is broken without it. */
    private EnumSet<WorldFault> shrunk() {
        EnumSet<WorldFault> needed = EnumSet.noneOf(WorldFault.class);
        needed.addAll(allowed());
        for (WorldFault fault : allowed()) {
            needed.remove(fault);
            if (!isBroken(failure.seed(), needed)) needed.add(fault);
        }
        return needed;
    }

    private static boolean isBroken(long seed, Set<WorldFault> allowed) {
        try {
            RandomWorld.live(seed, allowed, false, new StateCoverage());
            return false;
        } catch (AssertionError | RuntimeException e) {
            return true;
        }
    }
}
