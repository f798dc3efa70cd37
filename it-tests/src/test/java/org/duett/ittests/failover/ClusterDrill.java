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
import org.duett.failover.decision.OperatorCommand;
import org.duett.ittests.Requirements;
import org.duett.ittests.StoryOnFailure;
import org.duett.ittests.oracle.DiskFiles;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Needs root: a whole cluster with a small service, alpha active, and a client that writes. Each drill ends with {@link #allIsWell}: every
 * row that was committed is there, one node is active, and the copies are identical. A cluster that came out of a drill so is used by the
 * next one of the class that wants one of the same plan; any other is taken away.
 */
@ExtendWith(StoryOnFailure.class)
abstract class ClusterDrill {

    static final long PATIENCE_SECONDS = 180;
    static final int SOME_ROWS = 50;
    private static final long DISK_BYTES = 48L << 20;
    private static final int LOG_LINES = 60;
    /** They live for a minute, four at once on few processors: over before a better compiler or a larger heap could pay. */
    private static final List<String> SHORT_LIFE_OPTIONS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    static ClusterSite site;
    static ClusterNode alpha;
    static ClusterNode beta;
    static RowClient client;
    private static ClusterPlan planOfSite;
    private static boolean isWell;
    private StoryOnFailure.Participation storyOnFailure;

    @BeforeEach
    void demandMachines() {
        Requirements.demand(ClusterSite.requirements());
    }

    /** Small and quick; scenarios change what they need otherwise. */
    static ClusterPlan plan() {
        return ClusterPlan.of(new ServiceProgram.HttpRows()).withDisk(DISK_BYTES).withDaemonOptions(SHORT_LIFE_OPTIONS);
    }

    void start(ClusterPlan plan) throws Exception {
        boolean fits = site != null && isWell && plan.equals(planOfSite);
        isWell = false;
        storyOnFailure = StoryOnFailure.takesPart(this::story);
        if (fits) startAgain();
        else startAnew(plan);
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
    }

    private void startAnew(ClusterPlan plan) throws Exception {
        takeAway();
        site = ClusterSite.create(plan, Path.of("/tmp"));
        planOfSite = plan;
        alpha = site.alpha();
        beta = site.beta();
        site.prepareData();
        whenInSync();
        alpha.startFailover();
        beta.startFailover();
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitProtected();
        client = site.startClient();
    }

    /** As the last drill left it: the group is stopped, and whoever was active last starts it. */
    private void startAgain() {
        alpha.order(new OperatorCommand.Recover("")); // the attempts to start that the last drill has used up count anew
        beta.order(new OperatorCommand.Recover(""));
        alpha.order(new OperatorCommand.Start(ClusterSite.GROUP));
        awaitProtected();
        if (beta.clusterReading().isActive())
            alpha.order(new OperatorCommand.Switchover(""));
        alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitProtected();
        client.goOn();
    }

    /** For what a class of drills needs otherwise: the replicators run and the failover daemons do not yet. */
    void whenInSync() throws Exception {
        // Nothing here.
    }

    /** Where the bytes of its disk are. */
    Path diskFile(ClusterNode node) {
        return node.folder().disk();
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
        active.order(new OperatorCommand.Stop(ClusterSite.GROUP));
        active.await("stopped", PATIENCE_SECONDS, reading -> reading.role().equals("Secondary"));
        alpha.replicator().await("in sync", PATIENCE_SECONDS, reading -> reading.isInSync() && reading.isQuiet());
        DiskFiles.assertSameBytes(diskFile(alpha), diskFile(beta), alpha.replicator().reading().sizeBytes());
        isWell = true;
    }

    ClusterNode whoeverIsActive() {
        return alpha.clusterReading().isActive() ? alpha : beta;
    }

    /** Reads of the program that its device could not answer would stand there. */
    void assertNoErrorWasSeenByTheProgramOf(ClusterNode node) throws IOException {
        assertThat(node.folder().folder().resolve("rows.log")).content().doesNotContain("Input/output error").doesNotContain("Read-only file system");
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
    void endStory() {
        if (storyOnFailure != null) storyOnFailure.close();
        if (!isWell) takeAway();
    }

    @AfterAll
    static void takeAway() {
        isWell = false;
        if (site != null) site.close();
        site = null;
    }
}
