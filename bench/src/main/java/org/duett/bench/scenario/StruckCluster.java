package org.duett.bench.scenario;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.duett.bench.cluster.ClusterNode;
import org.duett.bench.cluster.ClusterPlan;
import org.duett.bench.cluster.ClusterReading;
import org.duett.bench.cluster.ClusterSite;
import org.duett.bench.cluster.RowClient;
import org.duett.bench.cluster.ServiceProgram;
import org.duett.bench.device.FaultyDevice;
import org.duett.bench.device.FaultyDevice.Operation;
import org.duett.bench.device.FaultyDevice.Where;

/** A cluster with a small HTTP service, whose client goes on writing while it is struck and mended again and again. */
final class StruckCluster implements AutoCloseable {

    /** What is done to the cluster; {@link #mend} makes it good again. */
    enum Blow { ACTIVE_DIES, PASSIVE_DIES, LINK_CUT, PASSIVE_DISK_HANGS, ACTIVE_REPLICATOR_KILLED, PASSIVE_REPLICATOR_KILLED, ACTIVE_FAILOVER_KILLED }

    /** Who was what when the blow came. */
    record Struck(Blow blow, ClusterNode active, ClusterNode passive, long atMillis) {
    }

    static final long PATIENCE_SECONDS = 180;
    private static final int SOME_ROWS = 50;
    private static final int STORY_LINES = 60;
    private static final long DISK_BYTES = 48L << 20;

    private final ClusterSite site;
    private final RowClient client;
    private final Map<ClusterNode, FaultyDevice> disks = new HashMap<>();
    private final Map<Blow, Integer> blows = new EnumMap<>(Blow.class);

    private StruckCluster(ClusterPlan plan, boolean disksCanHang, Path parent) throws InterruptedException {
        site = ClusterSite.create(plan, parent);
        try {
            site.prepareData();
            if (disksCanHang) putDevicesBelow();
            site.alpha().startFailover();
            site.beta().startFailover();
            awaitProtected();
            client = site.startClient();
            client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        } catch (RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** {@code times}: statements of section cluster. */
    static StruckCluster create(String times, ScenarioSettings settings) throws InterruptedException {
        return new StruckCluster(plan().withTimes(times), false, settings.directory());
    }

    /** Its disks can hang, and are given up after the time that fits the default deadtime. */
    static StruckCluster withDisksThatHang(int diskTimeoutMillis, ScenarioSettings settings) throws InterruptedException {
        return new StruckCluster(plan().withDiskTimeout(diskTimeoutMillis), true, settings.directory());
    }

    private static ClusterPlan plan() {
        return ClusterPlan.of(new ServiceProgram.HttpRows()).withDisk(DISK_BYTES);
    }

    private void putDevicesBelow() {
        for (ClusterNode node : new ClusterNode[]{site.alpha(), site.beta()}) {
            node.mustDuett("down", ClusterSite.RESOURCE);
            Path behind = node.folder().disk().resolveSibling("disk.behind");
            try {
                Files.move(node.folder().disk(), behind);
                FaultyDevice device = FaultyDevice.over(behind);
                disks.put(node, device);
                Files.createSymbolicLink(node.folder().disk(), device.path());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        for (ClusterNode node : disks.keySet()) node.mustDuett("up", ClusterSite.RESOURCE);
    }

    void awaitProtected() {
        site.alpha().await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
        site.beta().await("protected", PATIENCE_SECONDS, ClusterReading::isProtected);
    }

    ClusterNode alpha() {
        return site.alpha();
    }

    ClusterNode beta() {
        return site.beta();
    }

    ClusterNode active() {
        return site.alpha().clusterReading().isActive() ? site.alpha() : site.beta();
    }

    // ---- blows

    Struck strike(Blow blow) throws InterruptedException {
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        ClusterNode active = active();
        ClusterNode passive = active == site.alpha() ? site.beta() : site.alpha();
        var struck = new Struck(blow, active, passive, System.currentTimeMillis());
        switch (blow) {
            case ACTIVE_DIES -> active.powerOff();
            case PASSIVE_DIES -> passive.powerOff();
            case LINK_CUT -> site.crossover().silence();
            case PASSIVE_DISK_HANGS -> disks.get(passive).hang(Where.all(Operation.READ, Operation.WRITE, Operation.ZERO, Operation.FLUSH));
            case ACTIVE_REPLICATOR_KILLED -> active.replicatorProcess().destroyForcibly();
            case PASSIVE_REPLICATOR_KILLED -> passive.replicatorProcess().destroyForcibly();
            case ACTIVE_FAILOVER_KILLED -> {
                active.failover().kill();
                // As its unit has systemd do. Without it the service address lapses, and nobody may act for a node that lives.
                active.startFailover();
            }
        }
        blows.merge(blow, 1, Integer::sum);
        return struck;
    }

    /** Waits until the client is served again, and long enough to see a second outage. */
    RowClient.Outage outageOf(Struck struck) throws InterruptedException {
        client.awaitCommits(SOME_ROWS, PATIENCE_SECONDS);
        return client.longestOutageSince(struck.atMillis);
    }

    /** Waits until the cluster could bear the next one. */
    void mend(Struck struck) {
        switch (struck.blow) {
            case ACTIVE_DIES -> struck.active.powerOn();
            case PASSIVE_DIES -> struck.passive.powerOn();
            case LINK_CUT -> site.crossover().heal();
            case PASSIVE_DISK_HANGS -> healDiskOf(struck.passive);
            case ACTIVE_REPLICATOR_KILLED, PASSIVE_REPLICATOR_KILLED, ACTIVE_FAILOVER_KILLED -> {
                // The failover daemon of that node starts its replicator again, and is started itself.
            }
        }
        awaitProtected();
    }

    /** What hung must have come back before the disk is taken again (rule 14). */
    private void healDiskOf(ClusterNode node) {
        node.await("Diskless", PATIENCE_SECONDS, reading -> reading.disk().equals("Diskless"));
        disks.get(node).heal();
        node.await("attached again", PATIENCE_SECONDS, _ -> node.duett("attach", ClusterSite.RESOURCE).exitCode() == 0);
    }

    /** What the nodes have to say, for a failure. */
    String story() {
        var story = new StringBuilder();
        for (ClusterNode node : new ClusterNode[]{site.alpha(), site.beta()}) {
            story.append("---- ").append(node).append(": ").append(node.reading().map(ClusterReading::toString).orElse("no failover daemon answers")).append('\n');
            for (Path log : new Path[]{node.failoverLog(), node.folder().log()}) story.append(log.getFileName()).append(":\n").append(lastLines(log));
        }
        return story.toString();
    }

    private static String lastLines(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - STORY_LINES), lines.size())) + "\n";
        } catch (IOException gone) {
            return gone + "\n";
        }
    }

    // ---- the client

    Map<Blow, Integer> blows() {
        return blows;
    }

    int committedRows() {
        return client.committedRows();
    }

    RowClient.Outage longestOutageSince(long millis) {
        return client.longestOutageSince(millis);
    }

    /** Writes no more from now on. */
    int lostRows() {
        client.stop();
        try {
            return client.lostRows().size();
        } catch (Exception e) {
            throw new IllegalStateException("The rows could not be read back: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        site.close();
        disks.values().forEach(FaultyDevice::close);
    }
}
