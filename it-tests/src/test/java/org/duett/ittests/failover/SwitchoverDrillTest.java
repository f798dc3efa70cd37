package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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
    void aClusterInServiceIsDrilledByCommand() throws Exception {
        start(plan());

        assertThat(alpha.mustCluster("drill", "--yes")).contains("PASSED  group service moves to beta").contains("PASSED  group service moves back to alpha")
                .contains("All 5 steps passed");
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

    @Test
    void whoHoldsTheFileSystemIsEndedAtASwitchover() throws Exception {
        start(plan());

        Process holder = new ProcessBuilder(alpha.machine().inside(List.of("sh", "-c", "cd '" + mountPointOnBoth() + "'; echo here; exec sleep 10000")))
                .start();
        holder.getInputStream().read();
        switchOver(alpha, beta);
        awaitService();
        assertThat(holder.waitFor()).as("ended by a signal").isGreaterThan(128);

        allIsWell(beta);
    }

    @Test
    void theServiceMovesWhenTheActiveNodeIsShutDown() throws Exception {
        start(plan());

        alpha.shutDown();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitService();
        alpha.startBoth();

        allIsWell(beta);
    }

    @Test
    void theServiceGoesOnWhenThePassiveNodeIsShutDown() throws Exception {
        start(plan());

        beta.shutDown();
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        beta.startBoth();

        allIsWell(alpha);
    }

    private static String mountPointOnBoth() {
        return site.folder().resolve("node").resolve("data").toString();
    }

    private static void switchOver(ClusterNode from, ClusterNode to) {
        from.mustCluster("switchover");
        to.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(from.clusterReading().isActive()).isFalse();
    }
}
