package org.duett.replicator.simulator;

import java.util.SplittableRandom;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;

/** Many seeds, each a life of a pair under load and faults; {@code -Dseed=N} replays one, {@code -Dseeds=N} runs more of them. */
class SimulationTest {
    private static final long MILLI = 1_000_000;

    @Test
    void nothingAcknowledgedIsLostUnderKillsAndCuts() {
        Long one = Long.getLong("seed");
        long first = one != null ? one : 1;
        long count = one != null ? 1 : Long.getLong("seeds", 60);
        for (long seed = first; seed < first + count; seed++) {
            try {
                live(seed, one != null && Boolean.getBoolean("trace"));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + " (replay: mvn -pl replicator test -Dtest=SimulationTest -Dseed=" + seed + "): " + e.getMessage(), e);
            }
        }
    }

    private static void live(long seed, boolean trace) {
        var random = new SplittableRandom(seed);
        var pair = SimulatedPair.connected(seed);
        if (trace) pair.trace(true);
        try {
            SimulatedNode primary = pair.alpha();
            for (int round = 0; round < 12; round++) {
                load(pair, primary, random);
                primary = disturb(pair, primary, random);
                load(pair, primary, random);
                heal(pair, primary);
                pair.checkAll();
            }
        } finally {
            if (trace) pair.traceLines().forEach(System.err::println);
        }
    }

    private static void load(SimulatedPair pair, SimulatedNode primary, SplittableRandom random) {
        if (!primary.isRunning()) return;
        int requests = 5 + random.nextInt(60);
        long sectors = primary.machine().volume(0).sizeSectors();
        for (int i = 0; i < requests && primary.hasExport(0); i++) {
            int length = random.nextInt(8) == 0 ? 8 * (1 + random.nextInt(64)) : 1 + random.nextInt(16);
            long at = random.nextInt(3) == 0 ? random.nextLong(64) : random.nextLong(sectors - length);
            HostRequest.Kind kind = switch (random.nextInt(12)) {
                case 0, 1 -> HostRequest.Kind.READ;
                case 2 -> HostRequest.Kind.FLUSH;
                case 3 -> HostRequest.Kind.TRIM;
                case 4 -> HostRequest.Kind.WRITE_ZEROES;
                default -> HostRequest.Kind.WRITE;
            };
            if (kind == HostRequest.Kind.TRIM) {
                at = at / 8 * 8;
                length = Math.max(8, length / 8 * 8);
            }
            boolean flush = kind == HostRequest.Kind.FLUSH;
            pair.request(primary, kind, 0, flush ? 0 : at, flush ? 0 : length, random.nextInt(10) == 0);
            if (random.nextInt(4) == 0) pair.runFor(random.nextLong(2 * MILLI));
        }
    }

    private static SimulatedNode disturb(SimulatedPair pair, SimulatedNode primary, SplittableRandom random) {
        SimulatedNode secondary = pair.other(primary);
        switch (random.nextInt(8)) {
            case 0 -> pair.kill(secondary);
            case 1 -> pair.losePower(secondary);
            case 2, 3 -> {
                boolean power = random.nextBoolean();
                if (power) pair.losePower(primary);
                else pair.kill(primary);
                if (random.nextBoolean()) return primary;
                pair.runUntil(() -> !pair.state(secondary).connection().isEstablished());
                CommandResult result = pair.run(secondary, new Command.Promote(false));
                if (!(result instanceof CommandResult.Done)) throw new AssertionError("takeover refused: " + result + "; " + pair.describe());
                return secondary;
            }
            case 4 -> pair.network().reset();
            case 5 -> pair.network().pull();
            case 6 -> pair.network().silence(random.nextInt(2));
            default -> {
                pair.kill(secondary);
                pair.runFor(random.nextLong(20 * MILLI));
                secondary.up();
            }
        }
        pair.runFor(random.nextLong(3000 * MILLI));
        return primary;
    }

    private static void heal(SimulatedPair pair, SimulatedNode primary) {
        pair.network().heal();
        for (SimulatedNode node : new SimulatedNode[] {pair.alpha(), pair.beta()}) {
            if (!node.isRunning()) node.up();
        }
        if (primary.machine().state(0).role() != Role.PRIMARY) {
            pair.runUntilProtected();
            pair.must(primary, new Command.Promote(false));
        }
        pair.runUntilProtected();
    }
}
