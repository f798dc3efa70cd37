package org.duett.failover;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.duett.failover.simulator.ClusterFault;
import org.duett.failover.simulator.ClusterWorld;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

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
    @Option(names = "--keep-going", description = "tell of a life that breaks a promise, and go on with the next")
    private boolean keepGoing;
    @Option(names = "--faults", split = ",", paramLabel = "FAULT", description = "only these: ${COMPLETION-CANDIDATES}")
    private Set<ClusterFault> faults = EnumSet.allOf(ClusterFault.class);

    @Override
    public Integer call() {
        if (onlySeed != null) {
            firstSeed = onlySeed;
            seeds = 1;
        }
        long begun = System.nanoTime();
        long until = minutes == 0 ? Long.MAX_VALUE : begun + minutes * 60_000_000_000L;
        Sum sum = new Sum();
        for (long seed = firstSeed; (minutes > 0 || seed < firstSeed + seeds) && System.nanoTime() < until; seed++) {
            ClusterWorld world = new ClusterWorld(seed, faults, trace);
            try {
                sum.add(world.live());
            } catch (RuntimeException | AssertionError broken) {
                if (trace) world.trace().forEach(System.err::println);
                String whose = broken instanceof ClusterWorld.Broken ? "" : "seed " + seed + ": ";
                System.out.println("BROKEN: " + whose + broken.getMessage());
                if (keepGoing) {
                    sum.broken++;
                    continue;
                }
                if (!(broken instanceof ClusterWorld.Broken)) broken.printStackTrace(System.out);
                report(seed);
                sum.print(System.nanoTime() - begun);
                return 1;
            }
            if (trace) world.trace().forEach(System.err::println);
            if (sum.lives % 50 == 0) System.err.println(sum.lives + " lives, seed " + seed);
        }
        sum.print(System.nanoTime() - begun);
        if (sum.broken == 0) return 0;
        System.out.println(sum.broken + " more lives have broken a promise; each is told with: duett cluster simulate --seed N");
        return 1;
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
        System.out.println("replay: duett cluster simulate --seed " + seed + (shrunk ? " --faults " + String.join(",", names) : "") + " --trace 2>trace");
        if (!trace) {
            ClusterWorld world = new ClusterWorld(seed, needed, true);
            try {
                world.live();
            } catch (RuntimeException | AssertionError again) {
                List<String> lines = world.trace();
                lines.subList(Math.max(0, lines.size() - TRACE_LINES), lines.size()).forEach(System.err::println);
                System.out.println("with these: " + again.getMessage());
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
            hash = hash * 31 + result.hash();
            byProof.merge(result.proof(), 1, Integer::sum);
        }

        private void print(long realNanos) {
            double seconds = realNanos / 1e9;
            System.out.printf("%d lives %s, %d faults, %d starts of groups, %d of them takeovers, %d writes acknowledged%n", lives, byProof, faults, starts,
                    takeovers, writes);
            System.out.printf("%.1f hours simulated in %.0f s; %.0f events/s; trace hash %016x%n", simulatedNanos / 3.6e12, seconds, events / seconds, hash);
        }
    }
}
