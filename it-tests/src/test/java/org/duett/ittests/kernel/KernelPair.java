package org.duett.ittests.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.ittests.node.NodeStatus;
import org.duett.ittests.node.ReplicatorProcess;
import org.duett.ittests.oracle.DiskFiles;

/** A node of ours and a kernel's DRBD at the two ends of a cable, with the resource {@code r0}. */
final class KernelPair implements AutoCloseable {

    static final String RESOURCE = "r0";
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final long STATE_LIMIT_MILLIS = 90_000;
    /**
     * A kernel looks whether a new connection stands before it says a word, for as long as its ping-timeout unless told otherwise: half a
     * second by default. A guest without KVM needs a longer ping-timeout, but not that.
     */
    private static final String AS_BY_DEFAULT = "socket-check-timeout 5;";

    /**
     * What the pair is to be.
     *
     * @param volumeBytes the size of each volume's disk, metadata included
     * @param net further options of section {@code net}, for both
     * @param disk further options of section {@code disk}, for both
     */
    record Plan(List<Long> volumeBytes, String net, String disk) {
        static Plan oneVolumeOf(long bytes) {
            return new Plan(List.of(bytes), "", "");
        }

        Plan withNet(String options) {
            return new Plan(volumeBytes, options, disk);
        }

        Plan withDisk(String options) {
            return new Plan(volumeBytes, net, options);
        }
    }

    private final Plan plan;
    private final Path folder;
    private final Namespace ourNamespace = Namespace.create();
    private final Namespace kernelNamespace = Namespace.create();
    private final VirtualCable cable = VirtualCable.between(ourNamespace, kernelNamespace);
    private final List<Path> ourDisks = new ArrayList<>();
    private final List<Path> kernelDisks = new ArrayList<>();
    private final ReplicatorProcess ours;
    private KernelDrbd kernel;

    KernelPair(Path parent, Plan plan) {
        this.plan = plan;
        folder = parent.resolve("pair" + COUNTER.incrementAndGet());
        ours = ReplicatorProcess.prepare(folder, ourNamespace, "ours", "");
        for (int volume = 0; volume < plan.volumeBytes().size(); volume++) {
            ourDisks.add(makeDisk("ours-" + volume, plan.volumeBytes().get(volume)));
            kernelDisks.add(makeDisk("kernel-" + volume, plan.volumeBytes().get(volume)));
        }
        ours.configure(configuration(true));
    }

    private Path makeDisk(String name, long bytes) {
        Path disk = folder.resolve(name);
        try (var file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(bytes);
            return disk;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String configuration(boolean forUs) {
        StringBuilder volumes = new StringBuilder();
        for (int volume = 0; volume < plan.volumeBytes().size(); volume++) {
            volumes.append("  volume %d { device /dev/drbd%d; disk %s; meta-disk internal; }\n".formatted(volume, volume,
                    forUs ? ourDisks.get(volume) : "/dev/vd" + (char) ('a' + volume)));
        }
        return """
                resource %s {
                  net { protocol C; connect-int 3; ping-int 3; ping-timeout 30; timeout 29; %s %s }
                  disk { c-plan-ahead 0; resync-rate 200M; %s }
                %s
                  on ours   { address %s:7788; }
                  on kernel { address %s:7788; }
                }
                """.formatted(RESOURCE, forUs ? "" : AS_BY_DEFAULT, plan.net(), plan.disk(), volumes, cable.addressOf(ourNamespace),
                cable.addressOf(kernelNamespace));
    }

    ReplicatorProcess ours() {
        return ours;
    }

    KernelDrbd kernel() {
        return kernel;
    }

    VirtualCable cable() {
        return cable;
    }

    int volumes() {
        return plan.volumeBytes().size();
    }

    // ---- start and end

    /** Our disk gets fresh metadata; nothing runs yet. */
    KernelPair createOurs() {
        ours.createMetadata(RESOURCE);
        return this;
    }

    KernelPair startOurs() {
        ours.start().up(RESOURCE);
        return this;
    }

    /** Boots the kernel; its DRBD is not up yet. */
    KernelPair bootKernel() {
        kernel = KernelDrbd.boot(new KernelDrbd.Setup("kernel", configuration(false), kernelDisks), cable, kernelNamespace);
        return this;
    }

    KernelPair createKernel() {
        kernel.must("drbdadm create-md --force " + RESOURCE + " </dev/null");
        return this;
    }

    KernelPair startKernel() {
        kernel.must("drbdadm up " + RESOURCE);
        return this;
    }

    // ---- what is

    NodeStatus.Resource status() {
        return ours.status(RESOURCE);
    }

    String uri(int volume) {
        return ours.nbdUri(RESOURCE, volume);
    }

    /** Both sides say that all volumes are connected, and both disks of each UpToDate. */
    void awaitInSync() {
        ours.waitUntil("Connected and UpToDate/UpToDate", RESOURCE, status -> status.volumes().stream().allMatch(
                volume -> volume.replication().equals("Connected") && volume.disks().equals("UpToDate/UpToDate")),
                STATE_LIMIT_MILLIS);
        awaitKernel("cs:Connected ro:\\S+ ds:UpToDate/UpToDate");
        assertThat(kernel.status()).doesNotContainPattern("oos:[1-9]");
        for (NodeStatus.Volume volume : status().volumes()) {
            assertThat(volume.outOfSyncBytes()).isZero();
        }
    }

    /** All of the kernel's volumes have a line in /proc/drbd in which this is found. */
    void awaitKernel(String pattern) {
        kernel.waitUntil(pattern, status -> {
            for (int minor = 0; minor < volumes(); minor++) {
                int number = minor;
                if (status.lines().noneMatch(line -> line.matches(" *" + number + ": .*" + pattern + ".*"))) {
                    return false;
                }
            }
            return true;
        }, STATE_LIMIT_MILLIS);
    }

    void awaitOurs(String what, java.util.function.Predicate<NodeStatus.Volume> wanted) {
        ours.waitUntil(what, RESOURCE, status -> status.volumes().stream().allMatch(wanted), STATE_LIMIT_MILLIS);
    }

    /** The data of both disks of each volume is the same, byte for byte. */
    void compareBytes() {
        for (int volume = 0; volume < volumes(); volume++) {
            long dataBytes = status().volume(volume).sizeBytes();
            DiskFiles.assertSameBytes(ourDisks.get(volume), kernelDisks.get(volume), dataBytes);
        }
    }

    /** Ends our daemon in order and has DRBD's own tool look at what is left on our disks. */
    void judgeOurMetadata() {
        ours.down(RESOURCE);
        for (Path disk : ourDisks) {
            DiskFiles.dumpMetadata(disk);
        }
    }

    Path ourDisk(int volume) {
        return ourDisks.get(volume);
    }

    @Override
    public void close() {
        ours.close();
        if (kernel != null) {
            kernel.close();
        }
        kernelNamespace.close();
        ourNamespace.close();
    }
}
