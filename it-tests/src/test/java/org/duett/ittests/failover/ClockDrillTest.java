package org.duett.ittests.failover;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.host.Requirement;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Needs root and faketime: the clock on the wall of one node is set while its daemons run, as by an operator or by NTP after a boot with
 * an empty battery. (The clocks that daemons decide by cannot be set.)
 */
class ClockDrillTest extends ClusterDrill {

    private static final String RIGHT = "+0";
    private static final String FORWARD = "+1d";
    private static final String BACK = "-30d";
    private static final String FAILS = "Check clock fails";
    private static final String CHECK = "check clock { time-offset 500ms; class notify; interval 1s; timeout 1s; fail-after 1; recover-after 1; }";

    @BeforeEach
    void demandFaketime() {
        Requirements.demand(Requirement.program("faketime", "faketime"));
    }

    @Test
    void aClockThatIsSetForwardAndBackMovesNothing() throws Exception {
        start(plan().withFurther(CHECK));

        for (ClusterNode node : List.of(alpha, beta)) {
            setClock(node, node == alpha ? FORWARD : BACK);
            awaitService();
            alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
            setClock(node, RIGHT);
            awaitService();
            alpha.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        }

        allIsWell(alpha);
    }

    /** Lives of a daemon are told apart by a number that only grows, whatever the clock says at their start. */
    @Test
    void aFailoverDaemonThatStartsInThePastIsStillBelieved() throws Exception {
        start(plan().withFurther(CHECK));

        setClock(beta, BACK);
        beta.failover().kill();
        beta.startFailover();
        awaitProtected();
        alpha.powerOff();
        beta.await("active", PATIENCE_SECONDS, ClusterReading::isActive);
        awaitService();
        long before = timesTold(alpha, FAILS);
        alpha.powerOn();
        awaitProtected();
        // Its new daemon has to have seen the wrong clock, else it has nothing to say when that is right again.
        awaitTold(alpha, FAILS, before);
        setClock(beta, RIGHT);

        allIsWell(beta);
    }

    /** Replicators run already, and do not look at that clock. */
    @Override
    void whenInSync() throws IOException {
        Path library = library();
        for (ClusterNode node : List.of(alpha, beta)) {
            writeClock(node, RIGHT);
            node.setEnvironment("LD_PRELOAD", library.toString());
            node.setEnvironment("FAKETIME_TIMESTAMP_FILE", clock(node).toString());
            node.setEnvironment("FAKETIME_CACHE_DURATION", "1");
            node.setEnvironment("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            node.setEnvironment("FAKETIME_FORCE_MONOTONIC_FIX", "0"); // with it each wait of a JVM would be cut short
        }
    }

    private static Path library() throws IOException {
        try (var found = Files.find(Path.of("/usr/lib"), 4, (path, _) -> path.endsWith("libfaketime.so.1"))) {
            return found.findFirst().orElseThrow(() -> new IllegalStateException("faketime is installed without its library"));
        }
    }

    private static Path clock(ClusterNode node) {
        return site.folder().resolve("clock-of-" + node);
    }

    /** Returns when the other node has noticed. */
    private static void setClock(ClusterNode node, String offset) throws IOException {
        ClusterNode other = node == alpha ? beta : alpha;
        String told = offset.equals(RIGHT) ? "Check clock is good again" : FAILS;
        long before = timesTold(other, told);
        writeClock(node, offset);
        awaitTold(other, told, before);
    }

    private static void awaitTold(ClusterNode node, String text, long before) {
        node.await("told: " + text, PATIENCE_SECONDS, _ -> timesTold(node, text) > before);
    }

    private static long timesTold(ClusterNode node, String text) {
        try (var lines = Files.lines(node.failoverLog())) {
            return lines.filter(line -> line.contains(text)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As a whole, so that nobody reads half of it. */
    private static void writeClock(ClusterNode node, String offset) throws IOException {
        Path fresh = Files.writeString(site.folder().resolve("clock-being-set"), offset + "\n");
        Files.move(fresh, clock(node), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
