package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.ServiceProgram;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.oracle.DiskFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Needs root: a whole cluster with a small service, alpha active, and a client that writes. Each drill ends with {@link #allIsWell}: every
 * row that was committed is there, one node is active, and the copies are identical.
 */
@ExtendWith(StoryOnFailure.class)
abstract class ClusterDrill {

    static final long PATIENCE_SECONDS = 180;
    static final int SOME_ROWS = 50;
    private static final long DISK_BYTES = 48L << 20;
    private static final int LOG_LINES = 60;

    ClusterSite site;
    ClusterNode alpha;
    ClusterNode beta;
    RowClient client;
    private StoryOnFailure.Participation storyOnFailure;

    @BeforeEach
    void demandMachines() {
        Requirements.demand(ClusterSite.requirements());
    }

    /** Small and quick; scenarios change what they need otherwise. */
    static ClusterPlan plan() {
        return new ClusterPlan(DISK_BYTES, new ServiceProgram.HttpRows(), "", ClusterPlan.Proof.PING, List.of());
    }

    void start(ClusterPlan plan) throws InterruptedException {
        site = ClusterSite.create(plan, Path.of("/tmp"));
        alpha = site.alpha();
        beta = site.beta();
        storyOnFailure = StoryOnFailure.takesPart(this::story);
        site.prepareData();
        startDaemons();
        client = site.startClient();
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
    }

    void startDaemons() {
        alpha.startFailover();
        beta.startFailover();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitProtected();
    }

    void awaitProtected() {
        alpha.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
        beta.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
    }

    /** The client has answers again; rows that were under way do not count. */
    void awaitService() throws InterruptedException {
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
    }

    /** With both nodes up. The group is stopped for the comparison, as a file system that is mounted is never quite quiet. */
    void allIsWell(ClusterNode active) throws Exception {
        awaitProtected();
        client.stop();
        assertThat(client.lostRows()).as("committed rows that are gone").isEmpty();
        ClusterNode passive = active == alpha ? beta : alpha;
        assertThat(active.clusterReading().isActive()).as(active + " is active").isTrue();
        assertThat(passive.clusterReading().isActive()).as(passive + " is active").isFalse();
        active.mustCluster("stop", ClusterSite.GROUP);
        active.await("stopped", PATIENCE_SECONDS, reading -> reading.role().equals("Secondary"));
        alpha.replicator().await("in sync", PATIENCE_SECONDS, reading -> reading.isInSync() && reading.isQuiet());
        DiskFiles.assertSameBytes(alpha.folder().disk(), beta.folder().disk(), alpha.replicator().reading().sizeBytes());
    }

    private String story() {
        var text = new ArrayList<>(List.of("client: " + client()));
        try {
            for (ClusterNode node : List.of(alpha, beta)) {
                for (Path log : List.of(node.failoverLog(), node.folder().log())) {
                    if (!Files.exists(log)) continue;
                    List<String> lines = Files.readAllLines(log);
                    text.add("---- " + node + " " + log.getFileName());
                    text.addAll(lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
                }
            }
        } catch (IOException e) {
            text.add(e.toString());
        }
        return String.join("\n", text);
    }

    private String client() {
        return client == null ? "none" : client.committedRows() + " rows committed, " + client.unansweredRows() + " unanswered, last problem: " + client.lastProblem();
    }

    @AfterEach
    void takeDown() {
        if (storyOnFailure != null) storyOnFailure.close();
        if (site != null) site.close();
    }
}
