package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.bench.cluster.ClusterPlan.Proof;
import org.duett.bench.cluster.ClusterReading;
import org.junit.jupiter.api.Test;

/** Needs root: nodes lose their power, in each role. */
class PowerLossDrillTest extends ClusterDrill {

    @Test
    void theServiceMovesWhenTheActiveNodeLosesItsPower() throws Exception {
        start(plan());

        alpha.powerOff();
        awaitService();
        alpha.powerOn();

        allIsWell(beta);
    }

    @Test
    void theServiceGoesOnWhenThePassiveNodeLosesItsPower() throws Exception {
        start(plan());

        beta.powerOff();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        beta.powerOn();

        allIsWell(alpha);
    }

    @Test
    void theServiceReturnsWhenBothHaveLostTheirPowerAndHaveItBack() throws Exception {
        start(plan());

        alpha.powerOff();
        beta.powerOff();
        alpha.powerOn();
        beta.powerOn();
        awaitService();

        allIsWell(whoeverIsActive());
    }

    /** beta has missed what alpha has acknowledged alone: alone it must not serve, however long it waits. */
    @Test
    void theNodeWithOlderDataDoesNotServeWhenItReturnsFirst() throws Exception {
        start(plan());
        beta.powerOff();
        awaitService();

        alpha.powerOff();
        beta.powerOn();
        beta.await("saying what it waits for", PATIENCE_SECONDS, reading -> !reading.waitsFor().isEmpty());
        assertThat(beta.clusterReading().isActive()).isFalse();
        alpha.powerOn();
        awaitService();

        allIsWell(whoeverIsActive());
    }

    /** Its kernel answers ARP for it, so ping would prove nothing: the fence agent switches it off. */
    @Test
    void aNodeWhoseProcessesAreAllKilledIsFencedAndItsServiceMoves() throws Exception {
        start(plan().with(Proof.FENCE_AGENT));

        alpha.killAll();
        awaitService();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        alpha.powerOff(); // the agent has done so; the mounts go with it
        alpha.powerOn();
        beta.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);

        allIsWell(beta);
    }
}
