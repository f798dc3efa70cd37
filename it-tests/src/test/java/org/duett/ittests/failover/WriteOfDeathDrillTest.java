package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.replicator.control.ControlRequest;
import org.junit.jupiter.api.Test;

/**
 * Needs root: a write that the core cannot handle ends the replicator of the active node, follows its group to the other one, and is met
 * there again (rule 25). {@link WriteOfDeath} makes the mistake.
 */
class WriteOfDeathDrillTest extends ClusterDrill {

    private static final String HALTED = "The replicator of alpha has halted itself";
    private static final String STOPPED = "Resource " + ClusterSite.RESOURCE + " has stopped itself on beta";

    @Test
    void theGroupFreezesOnTheSecondNodeUntilAPersonTriesAgainWithTheMistakeMendedOrGivesUpWhatIsAsked() throws Exception {
        start(plan());
        endAlphasReplicatorUntilTheGroupMoves();

        Process tried = freezeOnBeta();
        // As long as the mistake is there it ends in the same way, and no further.
        long stops = timesTold(beta, STOPPED);
        beta.mustCluster("recover");
        awaitFrozen(stops + 1);
        assertThat(alpha.clusterReading().isActive()).isFalse();
        Files.createFile(mended());
        beta.mustCluster("recover");
        awaitService();
        assertThat(tried.waitFor()).as("the write itself").isZero();

        Files.delete(mended());
        Process givenUp = freezeOnBeta();
        beta.mustCluster("stop", ClusterSite.GROUP);
        assertThat(givenUp.waitFor()).as("the write itself").isNotZero();
        beta.mustCluster("start", ClusterSite.GROUP);
        awaitService();

        allIsWell(whoeverIsActive());
    }

    /** It is started again, tries the write again, and ends, until its node gives up; then a person looks after it. */
    private static void endAlphasReplicatorUntilTheGroupMoves() throws Exception {
        long halts = timesTold(alpha, HALTED);
        writeUnlucky(alpha);
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        assertThat(timesTold(alpha, HALTED)).isGreaterThan(halts);
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        alpha.mustCluster("recover");
    }

    private static Process freezeOnBeta() throws Exception {
        alpha.await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
        ProcessHandle replicator = beta.replicatorProcess();
        long stops = timesTold(beta, STOPPED);
        Process unlucky = writeUnlucky(beta);
        awaitFrozen(stops + 1);
        assertThat(beta.replicatorProcess()).as("it goes on for all other resources").isEqualTo(replicator);
        assertThat(alpha.clusterReading().isActive()).isFalse();
        assertThat(alpha.clusterReading().role()).isEqualTo("Secondary");
        return unlucky;
    }

    private static void awaitFrozen(long times) {
        beta.await("told so " + times + " times, and frozen", PATIENCE_SECONDS,
                reading -> timesTold(beta, STOPPED) >= times && reading.groupState().equals("frozen"));
    }

    private static long timesTold(ClusterNode node, String text) {
        try (var lines = Files.lines(node.failoverLog())) {
            return lines.filter(line -> line.contains(text)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A program of the machine, which waits for its write to be on disk. */
    private static Process writeUnlucky(ClusterNode node) throws IOException {
        Path file = site.folder().resolve("node/data/unlucky");
        return new ProcessBuilder(node.machine().inside(List.of("sh", "-c", "yes " + WriteOfDeath.MARK + " | head -c 4096 >" + file + " && sync " + file)))
                .redirectErrorStream(true).redirectOutput(site.folder().resolve("writer-on-" + node).toFile()).start();
    }

    /** The daemons that serve from now on have the mistake. */
    @Override
    void whenInSync() throws IOException {
        for (ClusterNode node : List.of(alpha, beta)) {
            node.setEnvironment("JDK_JAVA_OPTIONS", WriteOfDeath.option(site.folder(), mended()));
            node.replicator().kill();
            node.startReplicator();
            node.replicator().order(new ControlRequest.Up(ClusterSite.RESOURCE));
        }
    }

    private static Path mended() {
        return site.folder().resolve("mended");
    }
}
