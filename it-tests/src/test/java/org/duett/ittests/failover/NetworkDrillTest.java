package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import org.duett.bench.cluster.ClusterReading;
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

    @Test
    void theServiceMovesWhenItsNodeLosesTheServiceNet() throws Exception {
        start(plan().withFurther("check net { service-net; class failover; interval 1s; timeout 1s; fail-after 2; recover-after 2; }"));

        site.lan().unplug(alpha.machine().namespace());
        awaitService();
        assertThat(beta.clusterReading().isActive()).isTrue();
        site.lan().heal(alpha.machine().namespace());

        allIsWell(beta);
    }

    /** What is rejected is still a sign of life: nobody takes over from a node that only has another key. */
    @Test
    void aWrongKeyOnOneNodeMovesNothing() throws Exception {
        start(plan());

        beta.failover().kill();
        Files.writeString(beta.folder().folder().resolve("cluster.key"), "quite another key than the other node has\n");
        beta.startFailover();
        beta.await("answering", PATIENCE_SECONDS, _ -> true);
        awaitService();
        assertThat(alpha.clusterReading().isActive()).isTrue();
        assertThat(beta.clusterReading().isActive()).isFalse();
        Files.copy(alpha.folder().folder().resolve("cluster.key"), beta.folder().folder().resolve("cluster.key"),
                StandardCopyOption.REPLACE_EXISTING);
        beta.failover().kill();
        beta.startFailover();
        beta.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);

        allIsWell(alpha);
    }

    private void heal() {
        site.crossover().heal();
        site.lan().heal(alpha.machine().namespace());
        site.lan().heal(beta.machine().namespace());
    }
}
