package org.duett.ittests.node;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.duett.bench.host.Requirement;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.bench.target.NbdAddress;
import org.duett.ittests.oracle.DiskFiles;

/** Two nodes of ours, alpha and beta, at the two ends of a cable, with the resource {@code r0}. Closing removes all of it. */
public final class ReplicatedPair implements AutoCloseable {

    public static final String RESOURCE = "r0";
    public static final long MIB = 1 << 20;
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final long STATE_LIMIT_MILLIS = 90_000;

    /**
     * What the pair is to be.
     *
     * @param volumeBytes the size of each volume's disk, metadata included
     * @param net further options of section {@code net}
     * @param disk further options of section {@code disk}
     */
    public record Plan(List<Long> volumeBytes, String net, String disk) {
        public static Plan oneVolumeOf(long bytes) {
            return new Plan(List.of(bytes), "", "");
        }

        public Plan withNet(String options) {
            return new Plan(volumeBytes, options, disk);
        }

        public Plan withDisk(String options) {
            return new Plan(volumeBytes, net, options);
        }
    }

    private final Plan plan;
    private final Namespace alphaNamespace = Namespace.create();
    private final Namespace betaNamespace = Namespace.create();
    private final VirtualCable cable = VirtualCable.between(alphaNamespace, betaNamespace);
    private final ReplicatorProcess alpha;
    private final ReplicatorProcess beta;
    private final List<Path> alphaDisks = new ArrayList<>();
    private final List<Path> betaDisks = new ArrayList<>();
    private final List<Path> alphaDevices = new ArrayList<>();
    private final List<Path> betaDevices = new ArrayList<>();

    /** The disks are there, without metadata; nothing runs yet. */
    public ReplicatedPair(Path parent, Plan plan) {
        this.plan = plan;
        Path folder = parent.resolve("pair" + COUNTER.incrementAndGet());
        alpha = ReplicatorProcess.prepare(folder, alphaNamespace, "alpha", "");
        beta = ReplicatorProcess.prepare(folder, betaNamespace, "beta", "");
        for (int volume = 0; volume < plan.volumeBytes().size(); volume++) {
            alphaDisks.add(makeDisk(alpha, volume));
            betaDisks.add(makeDisk(beta, volume));
        }
        alphaDevices.addAll(alphaDisks);
        betaDevices.addAll(betaDisks);
        configure();
    }

    public static List<Requirement> requirements() {
        List<Requirement> requirements = new ArrayList<>(Namespace.requirements());
        requirements.add(Requirement.program("drbdmeta", "drbd-utils"));
        return requirements;
    }

    private Path makeDisk(ReplicatorProcess node, int volume) {
        Path disk = node.folder().resolve("disk" + volume);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(plan.volumeBytes().get(volume));
            return disk;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void configure() {
        alpha.configure(configuration());
        beta.configure(configuration());
    }

    private String configuration() {
        return """
                resource %s {
                  net { timeout 19; ping-int 2; ping-timeout 10; connect-int 2; %s }
                  disk { c-plan-ahead 0; resync-rate 400M; %s }
                  on alpha {
                    address %s:7788;
                %s  }
                  on beta {
                    address %s:7788;
                %s  }
                }
                """.formatted(RESOURCE, plan.net(), plan.disk(), cable.addressOf(alphaNamespace), volumes(alphaDevices),
                cable.addressOf(betaNamespace), volumes(betaDevices));
    }

    private static String volumes(List<Path> devices) {
        StringBuilder volumes = new StringBuilder();
        for (int volume = 0; volume < devices.size(); volume++) {
            volumes.append("    volume %d { device /dev/drbd%d; disk %s; meta-disk internal; }\n".formatted(volume, volume,
                    devices.get(volume)));
        }
        return volumes.toString();
    }

    public ReplicatorProcess alpha() {
        return alpha;
    }

    public ReplicatorProcess beta() {
        return beta;
    }

    public ReplicatorProcess other(ReplicatorProcess node) {
        return node == alpha ? beta : alpha;
    }

    public VirtualCable cable() {
        return cable;
    }

    public Namespace namespaceOf(ReplicatorProcess node) {
        return node == alpha ? alphaNamespace : betaNamespace;
    }

    public String addressOf(ReplicatorProcess node) {
        return cable.addressOf(namespaceOf(node));
    }

    /** The file that holds the bytes, whatever is between it and the node. */
    public Path disk(ReplicatorProcess node, int volume) {
        return (node == alpha ? alphaDisks : betaDisks).get(volume);
    }

    /** From its next start on the node works on this device, which is over its file. */
    public void putBetween(ReplicatorProcess node, int volume, Path device) {
        (node == alpha ? alphaDevices : betaDevices).set(volume, device);
        configure();
    }

    /** From its next start on the node works on this file. */
    public void replaceDisk(ReplicatorProcess node, int volume, Path file) {
        (node == alpha ? alphaDisks : betaDisks).set(volume, file);
        putBetween(node, volume, file);
    }

    // ---- start

    /** Fresh metadata, both daemons run, the resource is up on both. */
    public ReplicatedPair start() {
        onBoth(node -> node.createMetadata(RESOURCE));
        onBoth(node -> node.start().up(RESOURCE));
        alpha.awaitConnected(RESOURCE);
        return this;
    }

    private interface Work {
        void on(ReplicatorProcess node);
    }

    private void onBoth(Work work) {
        CompletableFuture<Void> atAlpha = CompletableFuture.runAsync(() -> work.on(alpha), run -> Thread.ofPlatform().start(run));
        work.on(beta);
        atAlpha.join();
    }

    /** Both started and in sync; alpha is Primary. */
    public ReplicatedPair startInSync() {
        start();
        alpha.promoteByForce(RESOURCE);
        awaitInSync();
        return this;
    }

    /** A node whose daemon has ended comes back. */
    public void restart(ReplicatorProcess node) {
        node.start().up(RESOURCE);
    }

    // ---- what is

    public NodeStatus.Volume volume(ReplicatorProcess node) {
        return node.volume(RESOURCE, 0);
    }

    public NbdAddress export(ReplicatorProcess node, int volume) {
        NodeStatus.Resource served = await(node, "an export", status -> status.volume(volume).nbdUri() != null);
        return NbdAddress.parse(served.volume(volume).nbdUri());
    }

    public NbdAddress export(ReplicatorProcess node) {
        return export(node, 0);
    }

    public NodeStatus.Resource await(ReplicatorProcess node, String what, Predicate<NodeStatus.Resource> wanted) {
        return node.waitUntil(what, RESOURCE, wanted, STATE_LIMIT_MILLIS);
    }

    /** The node knows that it has lost its peer. */
    public void awaitLoss(ReplicatorProcess node) {
        await(node, "the loss of the peer", status -> !status.connection().equals("Connected"));
    }

    /** Both nodes say that all volumes mirror, with both disks UpToDate and nothing to copy. */
    public void awaitInSync() {
        for (ReplicatorProcess node : List.of(alpha, beta, alpha)) {
            await(node, "Connected and UpToDate/UpToDate", status -> status.volumes().stream().allMatch(ReplicatedPair::isInSync));
        }
    }

    private static boolean isInSync(NodeStatus.Volume volume) {
        return volume.replication().equals("Connected") && volume.disks().equals("UpToDate/UpToDate") && volume.outOfSyncBytes() == 0;
    }

    /** In sync, nothing under way, and the data of both disks of each volume is the same, byte for byte (promise 3). */
    public void compareBytes() {
        awaitInSync();
        for (ReplicatorProcess node : List.of(alpha, beta)) {
            await(node, "quiet", status -> status.volumes().stream().allMatch(ReplicatedPair::isQuiet));
        }
        for (int volume = 0; volume < plan.volumeBytes().size(); volume++) {
            long dataBytes = alpha.volume(RESOURCE, volume).sizeBytes();
            DiskFiles.assertSameBytes(disk(alpha, volume), disk(beta, volume), dataBytes);
        }
    }

    private static boolean isQuiet(NodeStatus.Volume volume) {
        return List.of("localPending", "peerPending", "unacknowledged", "hostPending").stream()
                .allMatch(counter -> volume.counters().get(counter) == 0);
    }

    @Override
    public void close() {
        alpha.close();
        beta.close();
        alphaNamespace.close();
        betaNamespace.close();
    }
}
