package org.duett.replicator.simulator.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.duett.replicator.simulator.RandomWorld;
import org.duett.replicator.simulator.WorldFault;
import org.junit.jupiter.api.Test;

/**
 * Do the checkers bite? Each planted fault has to be found by random lives, one after the other from the same first seed. The build tries those
 * that are found within the first lives; {@code -Dplanted=all} all, {@code -Dplanted=WORDS} those whose description contains the words,
 * {@code -DplantedLives=N} in at most so many lives.
 */
class PlantedFaultsTest {
    private static final Set<String> IN_THE_BUILD = Set.of("rule 1: a write is answered before the peer has it",
            "rule 1: a write that the own disk refused counts as written");
    private static final long FIRST_SEED = 1;
    /** A fault that is not found within so many lives is not found. */
    private static final int LIVES = Integer.getInteger("plantedLives", 60);

    private final List<Long> goodSeeds = new ArrayList<>();

    @Test
    void eachFaultIsFoundByRandomLives() throws ReflectiveOperationException {
        List<String> notFound = new ArrayList<>();
        for (PlantedFault fault : PlantedFault.chosen(PlantedFaults.ALL, System.getProperty("planted"), IN_THE_BUILD)) {
            if (!isFound(fault)) notFound.add(fault.what());
        }
        assertThat(notFound).as("planted faults that %d random lives did not find", LIVES).isEmpty();
    }

    @Test
    void everyFaultCanStillBePlanted() {
        for (PlantedFault fault : PlantedFaults.ALL) assertThat(fault.faultySource()).isNotEmpty();
        assertThat(PlantedFaults.ALL).extracting(PlantedFault::what).doesNotHaveDuplicates();
    }

    /** The seed of the {@code index}th life that the shipped core lives well: another one would prove nothing. */
    private long goodSeed(int index) {
        for (long seed = goodSeeds.isEmpty() ? FIRST_SEED : goodSeeds.getLast() + 1; goodSeeds.size() <= index; seed++) {
            if (isLivedWell(seed)) goodSeeds.add(seed);
        }
        return goodSeeds.get(index);
    }

    private static boolean isLivedWell(long seed) {
        try {
            RandomWorld.live(seed, WorldFault.ALL);
            return true;
        } catch (AssertionError broken) {
            return false;
        }
    }

    private static void live(FaultyClasses classes, long seed) throws ReflectiveOperationException {
        Method live = classes.loadClass("org.duett.replicator.simulator.RandomWorld").getMethod("live", long.class, Set.class);
        live.invoke(null, seed, classes.loadClass("org.duett.replicator.simulator.WorldFault").getField("ALL").get(null));
    }

    private boolean isFound(PlantedFault fault) throws ReflectiveOperationException {
        FaultyClasses core = new FaultyClasses(fault);
        for (int life = 0; life < LIVES; life++) {
            long seed = goodSeed(life);
            Throwable complaint = core.complaintOf(classes -> live(classes, seed));
            if (complaint == null) continue;
            String told = complaint.getMessage() == null ? complaint.toString() : complaint.getMessage().lines().findFirst().orElse("");
            System.out.printf("found in life %2d: %s (%s)%n", life + 1, fault, told.substring(0, Math.min(160, told.length())));
            return true;
        }
        System.out.printf("NOT found: %s%n", fault);
        return false;
    }
}
