package org.duett.failover;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.duett.failover.simulator.ClusterFault;
import org.duett.failover.simulator.ClusterWorld;
import org.duett.replicator.simulator.ManyLives;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code duett cluster simulate}: random lives of a whole cluster, each from a seed. */
@Command(name = "simulate", mixinStandardHelpOptions = true, description = {"Live random lives of two nodes with their failover daemons, replicators, networks,"
        + " proofs and programs in simulated time, and look whether a promise is broken.", "The same seed lives the same life on every machine."})
final class SimulateMain implements Callable<Integer> {
    private static final int TRACE_LINES = 400;

    @Option(names = "--seeds", paramLabel = "N", description = "so many lives (default: ${DEFAULT-VALUE})")
    private long seeds = 200;
    @Option(names = "--minutes", paramLabel = "M", description = "for so long, instead of a number of lives")
    private int minutes;
    @Option(names = "--first-seed", paramLabel = "N", description = "begin with this one")
    private long firstSeed = 1;
    @Option(names = "--seed", paramLabel = "N", description = "only this one")
    private Long onlySeed;
    @Option(names = "--trace", description = "tell it event by event, on standard error")
    private boolean trace;
    @Option(names = "--threads", paramLabel = "N", description = "lives at a time (default: one for each processor)")
    private int threads = Runtime.getRuntime().availableProcessors();
    @Option(names = "--keep-going", description = "tell of a life that breaks a promise, and go on with the next")
    private boolean keepGoing;
    @Option(names = "--faults", split = ",", paramLabel = "FAULT", description = "only these: ${COMPLETION-CANDIDATES}")
    private Set<ClusterFault> faults = EnumSet.allOf(ClusterFault.class);

    @Spec
    private CommandSpec spec;

    private final Sum sum = new Sum();
    /** Of the first seed that broke a promise. */
    private long brokenSeed;
    private Throwable brokenBy;

    @Override
    public Integer call() throws InterruptedException {
        if (onlySeed != null) {
            firstSeed = onlySeed;
            seeds = 1;
        }
        long begun = System.nanoTime();
        try (var many = new ManyLives()) {
            many.live(firstSeed, minutes > 0 ? Long.MAX_VALUE : seeds, minutes > 0 ? TimeUnit.MINUTES.toNanos(minutes) : Long.MAX_VALUE, trace ? 1 : threads,
                    this::live, this::progress);
            if (brokenBy != null && !keepGoing) {
                if (!(brokenBy instanceof ClusterWorld.Broken)) brokenBy.printStackTrace(out());
                report(brokenSeed);
            }
            sum.print(System.nanoTime() - begun, out());
            if (keepGoing && brokenBy != null) out().println(sum.broken + " lives have broken a promise; each is told with: duett cluster simulate --seed N");
            out().flush();
        }
        return brokenBy == null ? 0 : 1;
    }

    private boolean live(long seed) {
        ClusterWorld world = new ClusterWorld(seed, faults, trace);
        try {
            ClusterWorld.Result result = world.live();
            synchronized (this) {
                sum.add(result);
            }
            return true;
        } catch (RuntimeException | AssertionError broken) {
            failed(seed, broken);
            return keepGoing;
        } finally {
            if (trace) world.trace().forEach(System.err::println);
        }
    }

    private synchronized void failed(long seed, Throwable broken) {
        out().println("BROKEN: " + (broken instanceof ClusterWorld.Broken ? "" : "seed " + seed + ": ") + broken.getMessage());
        sum.broken++;
        if (brokenBy != null && brokenSeed < seed) return;
        brokenSeed = seed;
        brokenBy = broken;
    }

    private synchronized void progress() {
        System.err.println(sum.lives + " lives");
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Each kind of fault is left out once: is the life still broken without it? */
    private void report(long seed) {
        Set<ClusterFault> needed = EnumSet.copyOf(faults);
        for (ClusterFault each : List.copyOf(needed)) {
            if (needed.size() == 1) break;
            Set<ClusterFault> without = EnumSet.copyOf(needed);
            without.remove(each);
            if (isBroken(seed, without)) needed = without;
        }
        List<String> names = new ArrayList<>();
        needed.forEach(fault -> names.add(fault.name()));
        boolean shrunk = needed.size() < faults.size();
        out().println("replay: duett cluster simulate --seed " + seed + (shrunk ? " --faults " + String.join(",", names) : "") + " --trace 2>trace");
        if (!trace) {
            ClusterWorld world = new ClusterWorld(seed, needed, true);
            try {
                world.live();
            } catch (RuntimeException | AssertionError again) {
                List<String> lines = world.trace();
                lines.subList(Math.max(0, lines.size() - TRACE_LINES), lines.size()).forEach(System.err::println);
                out().println("with these: " + again.getMessage());
            }
        }
    }

    private static boolean isBroken(long seed, Set<ClusterFault> faults) {
        try {
            new ClusterWorld(seed, faults, false).live();
            return false;
        } catch (RuntimeException | AssertionError broken) {
            return true;
        }
    }

    private static final class Sum {
        private long lives;
        private long broken;
        private long events;
        private long simulatedNanos;
        private long faults;
        private long takeovers;
        private long starts;
        private long writes;
        private long hash;
        private final Map<ClusterWorld.ProofKind, Integer> byProof = new EnumMap<>(ClusterWorld.ProofKind.class);

        private void add(ClusterWorld.Result result) {
            lives++;
            events += result.events();
            simulatedNanos += result.simulatedNanos();
            faults += result.faults();
            takeovers += result.takeovers();
            starts += result.starts();
            writes += result.writes();
            hash += result.hash(); // in whatever order they end
            byProof.merge(result.proof(), 1, Integer::sum);
        }

        private void print(long realNanos, PrintWriter out) {
            double seconds = realNanos / 1e9;
            out.printf(Locale.ROOT, "%d lives %s, %d faults, %d starts of groups, %d of them takeovers, %d writes acknowledged%n", lives, byProof, faults, starts,
                    takeovers, writes);
            out.printf(Locale.ROOT, "%.1f hours simulated in %.0f s; %.0f events/s; trace hash %016x%n", simulatedNanos / 3.6e12, seconds, events / seconds, hash);
        }
    }
}
