package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Needs root: cables and switch ports fail, in each combination that means something else. */
class NetworkDrillTest extends ClusterDrill {

    @Test
    void theServiceGoesOnWhereItIsWhenTheReplicationLinkIsLost() throws Exception {
        start(plan());

        site.crossover().silence();
        awaitService();
        assertThat(alpha.clusterReading().isActive()).isTrue();
        assertThat(beta.clusterReading().isActive()).isFalse();
        site.crossover().heal();

        allIsWell(alpha);
    }

    @Test
    void aPassiveNodeThatIsCutOffFromAllDoesNotTakeOver() throws Exception {
        start(plan());

        site.crossover().silence();
        site.lan().silence(beta.machine().namespace());
        awaitService();
        assertThat(alpha.clusterReading().isActive()).isTrue();
        beta.await("sure that its peer is silent", PATIENCE_SECONDS, reading -> !reading.peer().equals("alive"));
        assertThat(beta.clusterReading().isActive()).isFalse();
        heal();

        allIsWell(alpha);
    }

    @Test
    void anActiveNodeThatIsCutOffFromAllStepsDownAndItsServiceMoves() throws Exception {
        start(plan());

        site.crossover().silence();
        site.lan().silence(alpha.machine().namespace());
        awaitService();
        assertThat(beta.clusterReading().isActive()).isTrue();
        alpha.await("stepped down", PATIENCE_SECONDS, reading -> !reading.isActive());
        heal();

        allIsWell(beta);
    }

    private void heal() {
        site.crossover().heal();
        site.lan().heal(alpha.machine().namespace());
        site.lan().heal(beta.machine().namespace());
    }
}
