package org.duett.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.TemporaryFolder;
import org.duett.bench.network.Lan;
import org.duett.bench.network.Machine;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.bench.node.NamespaceFenceAgent;
import org.duett.bench.node.NodeFolder;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;

/**
 * Two nodes with a crossover cable and a LAN, and a client on the LAN, all on this machine. The resource has a file system with the data of
 * the program on it, both disks are in sync, and no daemon runs yet.
 */
public final class ClusterSite implements AutoCloseable {

    /** As the configuration calls them. */
    public enum HeartbeatPath {
        CROSSOVER, LAN;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static final String RESOURCE = "data";
    public static final String GROUP = "service";
    private static final int REPLICATION_PORT = 7788;
    private static final int HEARTBEAT_PORT = 7799;
    private static final int SERVICE_HOST = 100;
    private static final String KEY = "a key for a cluster of one afternoon\n";
    private static final long SYNC_SECONDS = 120;
    /** The file system leaves the end of the device to the metadata. */
    private static final long METADATA_BYTES = 4L << 20;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<ClusterNode> nodes = new ArrayList<>();
    private final ClusterPlan plan;
    private final Path folder;
    private final Path seen;
    private Lan lan;
    private VirtualCable crossover;
    private ClusterNode alpha;
    private ClusterNode beta;
    private Namespace client;

    /** A program that is ended early leaves nothing behind either. */
    private final Thread cutShort = new Thread(this::close);

    private ClusterSite(ClusterPlan plan, Path folder) {
        this.plan = plan;
        this.folder = folder;
        seen = folder.resolve("node");
    }

    public static List<Requirement> requirements() {
        var needed = new ArrayList<>(Machine.requirements());
        needed.add(Requirement.program("arping", "iputils-arping"));
        needed.add(Requirement.program("nft", "nftables"));
        needed.add(Requirement.program("mkfs.ext4", "e2fsprogs"));
        needed.add(Requirement.program("nbdfuse", "libnbd-bin"));
        needed.add(Requirement.program("qemu-storage-daemon", "qemu-system-common"));
        needed.add(Requirement.kernelFile("/dev/fuse", "FUSE"));
        needed.add(Requirement.kernelFile("/dev/loop-control", "loop devices"));
        return needed;
    }

    /** Makes all of it in a new folder below {@code parent}; whoever makes it closes it. */
    public static ClusterSite create(ClusterPlan plan, Path parent) {
        TemporaryFolder temporary = TemporaryFolder.create(parent, "duett-cluster");
        // It has mounts in it: only we know in which order all of it goes.
        temporary.letGo();
        var site = new ClusterSite(plan, temporary.path());
        Runtime.getRuntime().addShutdownHook(site.cutShort);
        try {
            // The program runs as a user of its own and has to get to its data.
            Files.setPosixFilePermissions(temporary.path(), PosixFilePermissions.fromString("rwxr-xr-x"));
            site.connect();
            site.writeConfigurations();
            return site;
        } catch (IOException | RuntimeException e) {
            site.close();
            throw e instanceof RuntimeException wrong ? wrong : new UncheckedIOException((IOException) e);
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(resource);
        return resource;
    }

    private void connect() {
        alpha = node("alpha");
        beta = node("beta");
        client = open(Namespace.create());
        lan = open(Lan.create());
        lan.plugIn(alpha.machine().namespace());
        lan.plugIn(beta.machine().namespace());
        lan.plugIn(client);
        crossover = VirtualCable.between(alpha.machine().namespace(), beta.machine().namespace());
    }

    private ClusterNode node(String name) {
        Machine machine = open(Machine.create(folder.resolve(name), seen));
        var node = new ClusterNode(new NodeFolder(name, seen), new NodeFolder(name, folder.resolve(name).resolve("private")), machine, RESOURCE,
                plan.daemonOptions());
        nodes.add(node);
        return node;
    }

    // ---- configuration

    private void writeConfigurations() throws IOException {
        for (ClusterNode node : List.of(alpha, beta)) {
            Files.writeString(node.folder().configuration(), resourceText() + clusterText() + nodeText(node));
            Files.writeString(node.keyFile(), KEY);
            Files.setPosixFilePermissions(node.keyFile(), PosixFilePermissions.fromString("rw-------"));
            NamespaceFenceAgent.installIn(node.folder().folder());
            Path service = node.folder().folder().resolve("service");
            Files.writeString(service, plan.program().commands(seen.resolve("data"), seen).asScript());
            Files.setPosixFilePermissions(service, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private String resourceText() {
        return """
                resource %1$s {
                    net { protocol C; }
                    disk { disk-timeout %6$d; c-max-rate 400M; resync-rate 100M; }
                    device /dev/drbd0;
                    disk "%2$s/disk.img";
                    meta-disk internal;
                    on alpha { address %3$s:%5$d; }
                    on beta { address %4$s:%5$d; }
                }
                """.formatted(RESOURCE, seen, onCable(alpha), onCable(beta), REPLICATION_PORT, plan.diskTimeoutMillis() / 100);
    }

    private String clusterText() {
        return """
                cluster {
                    key-file "%1$s/cluster.key";
                    %2$s
                    path crossover { alpha %3$s:%7$d; beta %4$s:%7$d; }
                    path lan { alpha %5$s:%7$d; beta %6$s:%7$d; }
                    %8$s
                    group %9$s {
                        prefers alpha;
                        resource %10$s;
                        device %10$s/0;
                        filesystem %10$s/0 { mount-point "%1$s/data"; type ext4; }
                        address %11$s/24 { interface %12$s; }
                        program service { start "%1$s/service start"; stop "%1$s/service stop"; monitor "%1$s/service monitor"; }
                    }
                    %13$s
                }
                """.formatted(seen, plan.times(), onCable(alpha), onCable(beta), onLan(alpha), onLan(beta), HEARTBEAT_PORT, proofText(), GROUP,
                RESOURCE, serviceAddress(), lan.interfaceNameIn(alpha.machine().namespace()), String.join("\n    ", plan.further()));
    }

    private String proofText() {
        return switch (plan.proof()) {
            case PING -> "proof ping { target " + lan.pingNode() + "; }";
            case FENCE_AGENT -> "proof fence-agent { program \"" + seen + "/fence_namespace\"; node alpha { namespace "
                    + alpha.machine().namespace().name() + "; } node beta { namespace " + beta.machine().namespace().name() + "; } }";
            case MANUAL -> "proof manual;";
        };
    }

    private String nodeText(ClusterNode node) {
        return """
                duett {
                    node-name %1$s;
                    run-directory "%2$s/run";
                    state-directory "%2$s/state";
                }
                """.formatted(node.name(), seen);
    }

    private String onCable(ClusterNode node) {
        return crossover.addressOf(node.machine().namespace());
    }

    private String onLan(ClusterNode node) {
        return lan.addressOf(node.machine().namespace());
    }

    // ---- the parts

    public Path folder() {
        return folder;
    }

    public ClusterNode alpha() {
        return alpha;
    }

    public ClusterNode beta() {
        return beta;
    }

    public Namespace client() {
        return client;
    }

    public Lan lan() {
        return lan;
    }

    public VirtualCable crossover() {
        return crossover;
    }

    public ServiceProgram program() {
        return plan.program();
    }

    public String serviceAddress() {
        return lan.address(SERVICE_HOST);
    }

    public RowStore.Connector connector() {
        return plan.program().connector(serviceAddress());
    }

    public RowClient startClient() {
        return open(RowClient.start(client, connector()));
    }

    // ---- faults of the LAN that are none of its cables

    /** What the nodes send each other over that path as heartbeats is lost; what else goes over the same cable is not. */
    public void loseHeartbeats(HeartbeatPath path) {
        for (ClusterNode node : List.of(alpha, beta)) {
            lose(node, "duett_" + path, "iifname " + interfaceOf(path, node) + " udp dport " + HEARTBEAT_PORT);
        }
    }

    public void healHeartbeats(HeartbeatPath path) {
        for (ClusterNode node : List.of(alpha, beta)) heal(node, "duett_" + path);
    }

    private String interfaceOf(HeartbeatPath path, ClusterNode node) {
        return switch (path) {
            case CROSSOVER -> crossover.interfaceNameIn(node.machine().namespace());
            case LAN -> lan.interfaceNameIn(node.machine().namespace());
        };
    }

    /** This node, and it alone, gets no answer from the ping node any more. */
    public void losePingNodeOn(ClusterNode node) {
        lose(node, "duett_ping", "ip saddr " + lan.pingNode());
    }

    public void healPingNodeOn(ClusterNode node) {
        heal(node, "duett_ping");
    }

    private static void lose(ClusterNode node, String table, String what) {
        node.machine().run("nft", "add table inet " + table + "; add chain inet " + table + " lost { type filter hook input priority 0; }; add rule inet "
                + table + " lost " + what + " drop").orThrow();
    }

    private static void heal(ClusterNode node, String table) {
        node.machine().run("nft", "delete table inet " + table).orThrow();
    }

    // ---- data

    /** A file system with the program's data on alpha's disk, copied to beta's by the replicators. They run when this returns; no group does. */
    public void prepareData() {
        try {
            Files.createDirectories(alpha.folder().folder().resolve("data"));
            Files.createDirectories(beta.folder().folder().resolve("data"));
            HostCommand.must("fallocate", "-l", Long.toString(plan.diskBytes()), alpha.folder().disk().toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long blocks = (plan.diskBytes() - METADATA_BYTES) / 4096;
        HostCommand.must("mkfs.ext4", "-q", "-F", "-b", "4096", alpha.folder().disk().toString(), Long.toString(blocks));
        Path mountPoint = alpha.folder().folder().resolve("data");
        HostCommand.must("mount", "-o", "loop", alpha.folder().disk().toString(), mountPoint.toString());
        try {
            plan.program().prepare(mountPoint);
        } finally {
            HostCommand.must("umount", mountPoint.toString());
        }
        onBoth(node -> {
            if (node == alpha) alpha.mustDuett("create-md", RESOURCE, "--force"); // there is a file system on it, which leaves room
            else beta.mustDuett("create-md", RESOURCE, "--size", (plan.diskBytes() >> 20) + "M");
            node.startReplicator();
            node.replicator().order(new ControlRequest.Up(RESOURCE));
        });
        alpha.replicator().order(new ControlRequest.Order(RESOURCE, new Command.Promote(true)));
        alpha.replicator().await("in sync", SYNC_SECONDS, reading -> reading.isInSync());
        alpha.replicator().order(new ControlRequest.Order(RESOURCE, new Command.Demote(false)));
    }

    /** On both at once: mostly a JVM is started. */
    private void onBoth(Consumer<ClusterNode> work) {
        var atAlpha = CompletableFuture.runAsync(() -> work.accept(alpha), run -> Thread.ofPlatform().start(run));
        try {
            work.accept(beta);
        } finally {
            atAlpha.join();
        }
    }

    /** Ends everything and takes it away. */
    @Override
    public synchronized void close() {
        RuntimeException first = null;
        for (ClusterNode node : nodes) {
            try {
                node.takeAway();
            } catch (RuntimeException e) {
                first = e;
            }
        }
        nodes.clear();
        for (AutoCloseable each : opened.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                if (first == null)
                    first = new IllegalStateException("Not all of the cluster could be taken away: " + e.getMessage(), e);
            }
        }
        opened.clear();
        HostCommand.run("rm", "-rf", "--one-file-system", folder.toString());
        if (Thread.currentThread() != cutShort)
            forgetHook();
        if (first != null)
            throw first;
    }

    private void forgetHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(cutShort);
        } catch (IllegalStateException _) {
            // It is running already, and finds nothing to do.
        }
    }
}
