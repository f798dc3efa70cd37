package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite.HeartbeatPath;
import org.junit.jupiter.api.Test;

/** Needs root: heartbeats that do not come, or cannot be understood, while everything else works. */
class HeartbeatDrillTest extends ClusterDrill {

    @Test
    void aHeartbeatPathThatIsLostAloneMovesNothing() throws Exception {
        start(plan());

        for (HeartbeatPath path : HeartbeatPath.values()) {
            site.loseHeartbeats(path);
            for (ClusterNode node : List.of(alpha, beta))
                node.await("without path " + path, PATIENCE_SECONDS, reading -> !reading.hears(path.toString()));
            awaitService();
            alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
            site.healHeartbeats(path);
            for (ClusterNode node : List.of(alpha, beta))
                node.await("with path " + path, PATIENCE_SECONDS, reading -> reading.hears(path.toString()));
        }

        allIsWell(alpha);
    }

    /** Neither can know what the other one does, but both are found by ARP: nothing is proven, so nothing is taken over. */
    @Test
    void withoutAnyHeartbeatThePassiveNodeDoesNotTakeOver() throws Exception {
        start(plan());

        for (HeartbeatPath path : HeartbeatPath.values())
            site.loseHeartbeats(path);
        beta.await("waiting for a proof that it cannot have", PATIENCE_SECONDS, reading -> reading.waitsFor().contains("there is no proof"));
        assertThat(beta.clusterReading().isActive()).isFalse();
        for (HeartbeatPath path : HeartbeatPath.values())
            site.healHeartbeats(path);
        awaitService();

        allIsWell(whoeverIsActive());
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
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(beta.clusterReading().isActive()).isFalse();
        Files.copy(alpha.folder().folder().resolve("cluster.key"), beta.folder().folder().resolve("cluster.key"),
                StandardCopyOption.REPLACE_EXISTING);
        beta.failover().kill();
        beta.startFailover();
        beta.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);

        allIsWell(alpha);
    }
}
