package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite.HeartbeatPath;
import org.junit.jupiter.api.Test;

/** Needs root: heartbeats that do not come, or cannot be understood, while everything else works. */
class HeartbeatDrillTest extends ClusterDrill {
    private static final String READ_AGAIN = "The key file was read again";
    private static final String ANOTHER_KEY = "was made with another key";

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

    /** The replication is connected and answers: both know by it that the other one lives. */
    @Test
    void withoutAnyHeartbeatTheActiveNodeGoesOnAndThePassiveOneTakesNothingOver() throws Exception {
        start(plan());

        for (HeartbeatPath path : HeartbeatPath.values())
            site.loseHeartbeats(path);
        beta.await("knowing that alpha lives", PATIENCE_SECONDS, reading -> reading.waitsFor().contains("its replicator is connected and answers"));
        for (int i = 0; i < 10; i++) awaitService();
        assertThat(beta.clusterReading().isActive()).isFalse();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        for (HeartbeatPath path : HeartbeatPath.values())
            site.healHeartbeats(path);
        awaitService();

        allIsWell(alpha);
    }

    /** Three steps, each on both nodes, one node after the other; no daemon is started anew, and no heartbeat is rejected. */
    @Test
    void aKeyIsChangedWhileEverythingRuns() throws Exception {
        start(plan());
        String old = Files.readString(alpha.folder().folder().resolve("cluster.key")).strip();
        String next = "the key that this cluster has from now on";
        int rejectedBefore = logged(alpha, ANOTHER_KEY) + logged(beta, ANOTHER_KEY);

        for (String keys : List.of(old + "\n" + next, next + "\n" + old, next)) {
            for (ClusterNode node : List.of(alpha, beta)) {
                int before = logged(node, READ_AGAIN);
                Files.writeString(node.folder().folder().resolve("cluster.key"), keys + "\n");
                node.await("with other keys", PATIENCE_SECONDS, _ -> logged(node, READ_AGAIN) > before);
            }
        }
        awaitService();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(logged(alpha, ANOTHER_KEY) + logged(beta, ANOTHER_KEY)).as("kinds of rejection that were told").isEqualTo(rejectedBefore);

        allIsWell(alpha);
    }

    private static int logged(ClusterNode node, String words) {
        try (var lines = Files.lines(node.failoverLog())) {
            return (int) lines.filter(line -> line.contains(words)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
