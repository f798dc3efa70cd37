package org.duett.bench.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * A medium as a block device: loop device, nbdfuse, NBD, medium.
 *
 * <p>What is left of O_DIRECT: the loop driver passes requests on directly, so each reaches the medium before it is answered
 * and nothing is cached in between. FLUSH, TRIM and WRITE_ZEROES arrive as such; O_DSYNC and FUA arrive as a write and a FLUSH.
 * One request may arrive as several, as FUSE cuts it. On the FUSE file itself O_DIRECT is accepted but alignment is not
 * enforced: Duett gets the loop device, which enforces it.
 */
final class MediumDevice implements AutoCloseable {

    private static final long MOUNT_LIMIT_MILLIS = 20_000;
    private static final String FOLDER_PREFIX = "duett-device-";
    private static final Set<MediumDevice> OPEN = ConcurrentHashMap.newKeySet();

    static {
        removeThoseOfDeadProcesses();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(MediumDevice::close)));
    }

    private final Path folder;
    private final MediumServer server;
    private final Process nbdfuse;
    private final LoopDevice loop;

    private MediumDevice(Path folder, MediumServer server, Process nbdfuse, LoopDevice loop) {
        this.folder = folder;
        this.server = server;
        this.nbdfuse = nbdfuse;
        this.loop = loop;
    }

    static List<Requirement> requirements() {
        List<Requirement> requirements = new ArrayList<>(LoopDevice.requirements());
        requirements.add(Requirement.program("nbdfuse", "libnbd-bin"));
        requirements.add(Requirement.program("fusermount3", "fuse3"));
        requirements.add(Requirement.kernelFile("/dev/fuse", "FUSE"));
        return requirements;
    }

    static MediumDevice of(Medium medium) {
        try {
            Path folder = Files.createTempDirectory(FOLDER_PREFIX + ProcessHandle.current().pid() + "-");
            Path socket = folder.resolve("nbd.sock");
            Path file = Files.createFile(folder.resolve("disk"));
            var server = new MediumServer(medium, socket);
            Process nbdfuse = new ProcessBuilder("nbdfuse", "--pidfile", folder.resolve("pid").toString(),
                    file.toString(), "--unix", socket.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("nbdfuse.log").toFile())
                    .start();
            awaitMount(folder, nbdfuse);
            var device = new MediumDevice(folder, server, nbdfuse, LoopDevice.over(file));
            OPEN.add(device);
            return device;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not make a device", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while making a device", e);
        }
    }

    /** nbdfuse writes its pid when the file is there. */
    private static void awaitMount(Path folder, Process nbdfuse) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + MOUNT_LIMIT_MILLIS * 1_000_000;
        while (!Files.exists(folder.resolve("pid"))) {
            boolean ended = nbdfuse.waitFor(10, TimeUnit.MILLISECONDS);
            if (ended || System.nanoTime() > deadlineNanos) {
                nbdfuse.destroyForcibly();
                throw new IOException("nbdfuse did not mount: " + Files.readString(folder.resolve("nbdfuse.log")));
            }
        }
    }

    Path path() {
        return loop.path();
    }

    boolean isDirect() {
        return loop.isDirect();
    }

    /** From the top down, as the loop device writes to nbdfuse until it is gone. No request may hang by now. */
    @Override
    public void close() {
        if (!OPEN.remove(this)) {
            return;
        }
        loop.close();
        unmount(folder);
        try {
            nbdfuse.waitFor(10, TimeUnit.SECONDS);
            nbdfuse.destroyForcibly();
            server.close();
            delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not remove " + folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void unmount(Path folder) {
        // Lazily: a process that is about to be killed may still have the loop device open.
        HostCommand.run("fusermount3", "-u", "-z", folder.resolve("disk").toString()).orThrow();
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /** A run that was killed with -9 could not clean up; its folders carry the id of a process that is no more. */
    private static void removeThoseOfDeadProcesses() {
        try (var folders = Files.newDirectoryStream(Path.of(System.getProperty("java.io.tmpdir")),
                FOLDER_PREFIX + "*")) {
            for (Path folder : folders) {
                String pid = folder.getFileName().toString().split("-", -1)[2];
                if (ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
                    LoopDevice.detachAllOver(folder.resolve("disk"));
                    HostCommand.run("fusermount3", "-u", "-z", folder.resolve("disk").toString());
                    delete(folder);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Could not remove the devices of an earlier run", e);
        }
    }
}
