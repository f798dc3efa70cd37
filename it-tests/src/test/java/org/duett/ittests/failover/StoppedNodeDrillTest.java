package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.host.HostCommand;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Needs root: nodes and daemons that stand still for longer than deadtime, and wake again. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
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

    /** Its kernel answers, so there is no proof, and the service may be let go of and offered to it before it wakes. */
    @Test
    void aPassiveNodeThatStandsStillForFiveSecondsIsNotASecondActiveOneWhenItWakes() throws Exception {
        start(plan());

        standStill(beta);
        awaitService();

        allIsWell(whoeverIsActive());
    }

    /** The active node seeks its proof for longer than the other one sleeps, and lets go of nothing. First, as it wants a cluster of its own. */
    @Test
    @Order(1)
    void aPassiveNodeThatStandsStillForFiveSecondsTakesNothingOverWhenItWakes() throws Exception {
        start(plan().withTimes("proof-timeout 60s;"));

        standStill(beta);
        awaitService();
        assertThat(beta.clusterReading().isActive()).isFalse();

        allIsWell(alpha);
    }

    /** Its peer cannot hear it and finds its kernel alive; what it served before the read deadline is all that it served. */
    @Test
    void aFailoverDaemonOfTheActiveNodeThatStandsStillJudgesNobodyByItsOwnSleep() throws Exception {
        start(plan());

        standStill(List.of(alpha.failover().handle().pid()));
        awaitService();

        allIsWell(whoeverIsActive());
    }

    /** It may be about to take over, for all that the active node knows, so the service may be let go of and start again. */
    @Test
    void aFailoverDaemonOfThePassiveNodeThatStandsStillTakesNothingOverWhenItWakes() throws Exception {
        start(plan());

        standStill(List.of(beta.failover().handle().pid()));
        awaitService();

        allIsWell(whoeverIsActive());
    }

    @Test
    void aReplicatorOfTheActiveNodeThatStandsStillLosesNoRow() throws Exception {
        start(plan());

        standStill(List.of(alpha.replicatorProcess().pid()));
        awaitService();

        allIsWell(whoeverIsActive());
    }

    @Test
    void aReplicatorOfThePassiveNodeThatStandsStillHoldsTheServiceForAWhileOnly() throws Exception {
        start(plan());

        standStill(List.of(beta.replicatorProcess().pid()));
        awaitService();
        assertThat(beta.clusterReading().isActive()).isFalse();

        allIsWell(alpha);
    }

    private static void standStill(ClusterNode node) throws InterruptedException {
        standStill(node.machine().processes());
    }

    /** All of these processes at once; the time counts from when the last one stands. */
    private static void standStill(List<Long> processes) throws InterruptedException {
        signal("-STOP", processes);
        TimeUnit.MILLISECONDS.sleep(STANDSTILL_MILLIS); // not a wait for something: the standstill itself
        signal("-CONT", processes);
    }

    private static void signal(String signal, List<Long> processes) {
        for (long process : processes)
            HostCommand.run("kill", signal, Long.toString(process)); // one or the other may have ended by itself
    }
}
