package org.duett.failover.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.duett.replicator.simulator.planted.FaultyClasses;
import org.duett.replicator.simulator.planted.PlantedFault;
import org.junit.jupiter.api.Test;

/**
 * Do the checkers of the cluster simulator bite? Each planted fault has to be found by random lives, one after the other from the first seed.
 * The build tries those that are found at once; {@code -DplantedInCluster=all} all, {@code -DplantedInCluster=WORDS} those whose description
 * contains the words, {@code -DplantedLives=N} in at most so many lives.
 */
class ClusterPlantedFaultsTest {
    private static final Set<String> IN_THE_BUILD = Set.of("rule 8: a takeover needs no proof",
            "rule 8: unknown is taken for proven");
    private static final int LIVES = Integer.getInteger("plantedLives", 40);

    @Test
    void eachFaultIsFoundByRandomLives() throws ReflectiveOperationException {
        List<String> notFound = new ArrayList<>();
        for (PlantedFault fault : PlantedFault.chosen(ClusterPlantedFaults.ALL, System.getProperty("plantedInCluster"), IN_THE_BUILD)) {
            if (!isFound(fault)) notFound.add(fault.what());
        }
        assertThat(notFound).as("planted faults that %d random lives did not find", LIVES).isEmpty();
    }

    @Test
    void everyFaultCanStillBePlanted() {
        for (PlantedFault fault : ClusterPlantedFaults.ALL) assertThat(fault.faultySource()).isNotEmpty();
        assertThat(ClusterPlantedFaults.ALL).extracting(PlantedFault::what).doesNotHaveDuplicates();
    }

    private static boolean isFound(PlantedFault fault) throws ReflectiveOperationException {
        FaultyClasses faulty = new FaultyClasses(fault);
        for (long seed = 1; seed <= LIVES; seed++) {
            long of = seed;
            Throwable complaint = faulty.complaintOf(classes -> live(classes, of));
            if (complaint == null) continue;
            // Another seed would prove nothing: this one has to be lived well without the fault.
            new ClusterWorld(seed, EnumSet.allOf(ClusterFault.class), false).live();
            String told = String.valueOf(complaint.getMessage()).lines().findFirst().orElse("");
            System.out.printf("found in life %2d: %s (%s)%n", seed, fault, told.substring(0, Math.min(140, told.length())));
            return true;
        }
        System.out.printf("NOT found: %s%n", fault);
        return false;
    }

    private static void live(FaultyClasses classes, long seed) throws ReflectiveOperationException {
        Class<?> world = classes.loadClass("org.duett.failover.simulator.ClusterWorld");
        Constructor<?> constructor = world.getConstructor(long.class, Set.class, boolean.class);
        Method live = world.getMethod("live");
        Object[] faults = classes.loadClass("org.duett.failover.simulator.ClusterFault").getEnumConstants();
        live.invoke(constructor.newInstance(seed, Set.of(faults), false));
    }
}
