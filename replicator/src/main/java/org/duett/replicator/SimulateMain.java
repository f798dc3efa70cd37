package org.duett.replicator;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.simulator.BrokenLife;
import org.duett.replicator.simulator.Excerpt;
import org.duett.replicator.simulator.LifeShrinker;
import org.duett.replicator.simulator.ManyLives;
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
    private static final int LIVES_TO_SHRINK = 300;

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

    @Option(names = "--rounds", paramLabel = "ROUND", split = ",", description = "with --seed: only these rounds of the life, from 0 on")
    private List<Integer> rounds;

    @Option(names = "--acts", paramLabel = "ACT", split = ",", description = "with --seed: only these faults and commands, as a broken life tells them; none: no one at all")
    private List<String> acts;

    @Option(names = "--threads", paramLabel = "N", description = "lives at a time (default: one for each processor)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--keep-going", description = "tell of a life that breaks a promise, and go on with the next; none is made short")
    private boolean keepGoing;

    @Option(names = "--orders-cross", description = "only lives in which much is ordered at once and little fails, so that orders cross: those of one seed in eight")
    private boolean ordersCross;

    @Option(names = "--states", description = "print the table of states and changes that were reached, and of legal states that were not")
    private boolean states;

    @Spec
    private CommandSpec spec;

    private final StateCoverage coverage = new StateCoverage();
    private long lives;
    private long events;
    private long writes;
    private long happened;
    private long simulatedNanos;
    private long processorNanos;
    private Failure failure;
    private long brokenLives;

    private record Failure(long seed, BrokenLife complaint) {
    }

    private SimulateMain() {
    }

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new SimulateMain()).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public Integer call() throws InterruptedException {
        if (seed == null && (rounds != null || acts != null)) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--rounds and --acts are those of one life: say which by --seed. Nothing was simulated.");
        }
        if (seed != null && ordersCross) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--orders-cross chooses among many seeds, and --seed names one. Nothing was simulated.");
        }
        return seed != null ? one() : many();
    }

    private Excerpt excerpt() {
        Excerpt excerpt = Excerpt.whole(allowed());
        if (rounds != null) excerpt = excerpt.withRounds(rounds);
        if (acts == null) return excerpt;
        try {
            return excerpt.withActs(acts.equals(List.of("none")) ? List.of() : acts.stream().map(Excerpt.Act::of).toList());
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--acts: " + e.getMessage() + ". Nothing was simulated.", e);
        }
    }

    private Set<WorldFault> allowed() {
        return faults == null ? WorldFault.ALL : faults;
    }

    // ---- one life

    private int one() {
        PrintWriter out = spec.commandLine().getOut();
        Excerpt excerpt = excerpt();
        try {
            RandomWorld.Result result = RandomWorld.live(seed, excerpt, trace, coverage);
            out.printf("seed %d: every promise was kept. %s%n", seed, figures(1, result.events(), result.writes(), result.faults(), result.simulatedNanos()));
            out.printf("trace hash %016x%n", result.traceHash());
            if (states) coverage.table().forEach(out::println);
            return 0;
        } catch (BrokenLife broken) {
            out.println("BROKEN in round " + broken.round() + " of the life of seed " + seed + ": " + broken.getMessage());
            broken.acts().forEach(told -> out.println("  " + told.act() + " " + told.text()));
            return BROKEN;
        }
    }

    // ---- many

    private int many() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        long began = System.nanoTime();
        long nanos = minutes == null ? Long.MAX_VALUE : (long) (minutes * TimeUnit.MINUTES.toNanos(1));
        long count = seeds != null ? seeds : minutes == null ? 500 : Long.MAX_VALUE;
        try (var many = new ManyLives(each -> !ordersCross || RandomWorld.ordersCross(each))) {
            many.live(firstSeed, count, nanos, threads, this::live, () -> progress(out, System.nanoTime() - began));
            tellAll(out);
            out.flush();
        }
        return failure == null ? 0 : BROKEN;
    }

    private void tellAll(PrintWriter out) {
        if (states) coverage.table().forEach(out::println);
        if (failure == null) out.println("Every promise was kept in every life.");
        else if (keepGoing) out.println(brokenLives + " lives have broken a promise; each is told with: duett simulate --seed N");
        else tell(out);
    }

    private boolean live(long mine) {
        StateCoverage seen = new StateCoverage();
        long began = THREADS.getCurrentThreadCpuTime();
        try {
            RandomWorld.Result result = RandomWorld.live(mine, allowed(), false, seen);
            lived(result, seen, THREADS.getCurrentThreadCpuTime() - began);
            return true;
        } catch (BrokenLife broken) {
            failed(new Failure(mine, broken));
            return keepGoing;
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
        brokenLives++;
        if (keepGoing) spec.commandLine().getOut().println("BROKEN: seed " + newFailure.seed() + ": " + newFailure.complaint().getMessage());
        if (failure == null || newFailure.seed() < failure.seed()) failure = newFailure;
    }

    private synchronized void progress(PrintWriter out, long nanos) {
        double seconds = nanos / 1e9;
        out.printf(Locale.ROOT, "%s, %.0f s of processors; %.1f lives and %.0f core events a second (%.0f a second of one processor), %.0f times as fast as the clock%n",
                figures(lives, events, writes, happened, simulatedNanos), processorNanos / 1e9, lives / seconds, events / seconds, events * 1e9 / Math.max(1, processorNanos),
                simulatedNanos / (double) nanos);
        out.flush();
    }

    private static String figures(long lives, long events, long writes, long faults, long simulatedNanos) {
        return String.format(Locale.ROOT, "%d lives, %d core events, %d acknowledged writes, %d faults, %.2f simulated hours", lives, events, writes, faults,
                simulatedNanos / 3.6e12);
    }

    // ---- a broken promise

    private void tell(PrintWriter out) {
        BrokenLife found = failure.complaint();
        out.println("BROKEN in round " + found.round() + " of the life of seed " + failure.seed() + ": " + found.getMessage());
        out.println("It is made as short as it gets; this takes up to " + LIVES_TO_SHRINK + " lives.");
        out.flush();
        var shrinker = new LifeShrinker(excerpt -> broken(failure.seed(), excerpt), LIVES_TO_SHRINK);
        shrinker.shrink(Excerpt.whole(allowed()), found);
        BrokenLife shortest = shrinker.broken();
        out.printf("After %d lives: %d of %d faults and commands are needed%s%n", shrinker.lives(), shortest.acts().size(), found.acts().size(),
                shortest.acts().isEmpty() ? ": it breaks without any." : ", in round " + shortest.round() + ":");
        shortest.acts().forEach(told -> out.println("  " + told.act() + " " + told.text()));
        out.println("  " + shortest.getMessage().lines().findFirst().orElse(""));
        out.println("Replay it with");
        out.println("  duett simulate --seed " + failure.seed() + shrinker.excerpt().options() + " --trace");
        out.println("and all of it with");
        out.println("  duett simulate --seed " + failure.seed() + Excerpt.whole(allowed()).options() + " --trace");
    }

    /** What is broken in that part of the life; null: nothing. */
    private static BrokenLife broken(long seed, Excerpt excerpt) {
        try {
            RandomWorld.live(seed, excerpt, false, new StateCoverage());
            return null;
        } catch (BrokenLife broken) {
            return broken;
        }
    }
}
