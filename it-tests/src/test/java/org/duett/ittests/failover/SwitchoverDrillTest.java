package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.junit.jupiter.api.Test;

/** Needs root: what an operator does on purpose, under load. */
class SwitchoverDrillTest extends ClusterDrill {

    @Test
    void theServiceMovesThereAndBackOnCommand() throws Exception {
        start(plan());

        switchOver(alpha, beta);
        awaitService();
        awaitProtected();
        switchOver(beta, alpha);
        awaitService();

        allIsWell(alpha);
    }

    @Test
    void aNodeOnStandbyGivesItsServiceAwayAndTakesNoneUntilItIsOnlineAgain() throws Exception {
        start(plan());

        alpha.mustCluster("standby");
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitService();
        assertThat(alpha.clusterReading().isActive()).isFalse();
        alpha.mustCluster("online");

        allIsWell(beta);
    }

    private static void switchOver(ClusterNode from, ClusterNode to) {
        from.mustCluster("switchover");
        to.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(from.clusterReading().isActive()).isFalse();
    }
}
