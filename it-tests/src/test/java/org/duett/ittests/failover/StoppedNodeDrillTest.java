package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.host.HostCommand;
import org.junit.jupiter.api.Test;

/** Needs root: nodes and daemons that stand still for longer than deadtime, and wake again. */
class StoppedNodeDrillTest extends ClusterDrill {

    private static final long STANDSTILL_MILLIS = 5000;

    /** Its kernel is found by ARP, so the ping proof is refuted, and nothing moves: two nodes never write. */
    @Test
    void anActiveNodeThatStandsStillForFiveSecondsIsStillTheOnlyOneAfterwards() throws Exception {
        start(plan());

        standStill(alpha);
        awaitService();

        allIsWell(whoeverIsActive());
    }

    @Test
    void aPassiveNodeThatStandsStillForFiveSecondsTakesNothingOverWhenItWakes() throws Exception {
        start(plan());

        standStill(beta);
        awaitService();
        assertThat(beta.clusterReading().isActive()).isFalse();

        allIsWell(alpha);
    }

    /** All of its processes at once; the time counts from when the last one stands. */
    private static void standStill(ClusterNode node) throws InterruptedException {
        List<Long> processes = node.machine().processes();
        signal("-STOP", processes);
        TimeUnit.MILLISECONDS.sleep(STANDSTILL_MILLIS); // not a wait for something: the standstill itself
        signal("-CONT", processes);
    }

    private static void signal(String signal, List<Long> processes) {
        for (long process : processes)
            HostCommand.run("kill", signal, Long.toString(process)); // one or the other may have ended by itself
    }
}
