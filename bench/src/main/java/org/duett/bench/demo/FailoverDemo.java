package org.duett.bench.demo;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.ServiceProgram;
import org.duett.bench.cluster.TakeoverTimeline;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.Requirement.Missing;

/**
 * The story of {@code duett demo --failover}: a database with a service address runs on two machines, one of which loses its power. The
 * other one takes all of it over by itself, and a client that knows of no cluster has every row that was committed to it.
 */
final class FailoverDemo {

    private static final long PATIENCE_SECONDS = 120;
    private static final int ROWS_BEFORE = 300;
    private static final int ROWS_AFTER = 100;

    private final Narrator narrator;
    private final Path directory;
    private ClusterSite site;
    private RowClient client;
    private long deathMillis;
    private RowClient.Outage outage;

    FailoverDemo(Narrator narrator, Path directory) {
        this.narrator = narrator;
        this.directory = directory;
    }

    /** True when all went as it must. Whatever happens, nothing is left behind. */
    boolean run() {
        List<Missing> missing = Requirement.missingOf(ClusterSite.requirements());
        if (!missing.isEmpty()) {
            missing.forEach(each -> narrator.bad(each.reason()));
            return false;
        }
        ServiceProgram program = ServiceProgram.best();
        narrator.title("Duett demo: " + program.name() + " runs on one of two machines. That one will lose its power.");
        narrator.say("Two machines, alpha and beta, and a client are network namespaces here; alpha and beta have a crossover cable, and all "
                + "three are on a LAN, whose switch answers pings.");
        try (ClusterSite opened = ClusterSite.create(ClusterPlan.of(program), directory)) {
            site = opened;
            tell();
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        } catch (Exception e) {
            narrator.bad(e.getMessage());
            return false;
        }
    }

    private void tell() throws Exception {
        aMirrorWithData();
        theClusterStarts();
        aClientWrites();
        thePowerGoes();
        nothingIsLost();
        theDeadReturns();
    }

    private void aMirrorWithData() {
        narrator.step("alpha has a file system with the data of " + site.program().name() + ", and beta becomes its mirror");
        site.prepareData();
        narrator.good("alpha: " + site.alpha().replicator().reading() + ".");
    }

    private void theClusterStarts() {
        narrator.step("the failover daemons start the service");
        for (ClusterNode node : List.of(site.alpha(), site.beta())) {
            narrator.command(node.name(), "cluster daemon &");
            node.startFailover();
        }
        site.alpha().await("running the service", PATIENCE_SECONDS, ClusterReading::isActive);
        narrator.command("alpha", "cluster status");
        ClusterReading reading = site.beta().await("able to take over", PATIENCE_SECONDS, ClusterReading::isProtected);
        narrator.detail(site.beta().mustCluster("status"));
        narrator.good("Promoted, attached, mounted, address " + site.serviceAddress() + " up, " + site.program().name() + " up, on alpha. \""
                + reading.verdict() + "\"");
    }

    private void aClientWrites() throws InterruptedException {
        narrator.step("a client writes rows to " + site.serviceAddress() + ", and keeps its own list of what was committed");
        client = site.startClient();
        client.awaitCommits(ROWS_BEFORE, PATIENCE_SECONDS);
        narrator.good(Narrator.count(client.committedRows()) + " rows committed.");
    }

    private void thePowerGoes() throws InterruptedException {
        narrator.step("alpha loses its power: all of its processes, mounts and network cards are gone at once");
        deathMillis = System.currentTimeMillis();
        site.alpha().powerOff();
        client.awaitCommits(ROWS_AFTER, PATIENCE_SECONDS);
        outage = client.longestOutageSince(deathMillis);
        narrator.say("What beta did, counted from then:");
        TakeoverTimeline.of(site.beta(), deathMillis).forEach(step -> narrator.figure(step.what(), seconds(step.afterMillis())));
        narrator.figure("first commit of the client", seconds(outage.endedMillis() - deathMillis));
        narrator.good("The client was without an answer for " + seconds(outage.millis()) + ". Nobody touched anything.");
    }

    private void nothingIsLost() throws Exception {
        narrator.step("is everything there?");
        client.stop();
        Set<Long> lost = client.lostRows();
        if (!lost.isEmpty())
            throw new Deviation(lost.size() + " rows that were committed are gone: " + lost);
        narrator.good("All " + Narrator.count(client.committedRows()) + " rows that were committed are there. " + client.unansweredRows()
                + " had no answer when the power went: those may be there or not.");
    }

    private void theDeadReturns() {
        narrator.step("alpha has its power back");
        site.alpha().powerOn();
        ClusterReading reading = site.beta().await("protected by alpha again", PATIENCE_SECONDS, ClusterReading::isProtected);
        narrator.good("alpha is " + site.alpha().clusterReading().role() + ", its copy is UpToDate again; the service stays on beta. \""
                + reading.verdict() + "\"");
        narrator.line("");
        narrator.title("Summary");
        narrator.figure("outage that the client saw", seconds(outage.millis()));
        narrator.figure("committed rows", Narrator.count(client.committedRows()));
        narrator.figure("committed rows lost", "0");
    }

    private static String seconds(long millis) {
        return Narrator.seconds(millis * 1_000_000);
    }
}
