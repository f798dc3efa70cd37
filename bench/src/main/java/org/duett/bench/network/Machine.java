package org.duett.bench.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * A machine with a network and with mounts of its own, which outlive its processes, as a kernel's do, and which can lose its power: all
 * processes, mounts and interfaces go at once, the files of its folder stay. Within it, its own folder {@code private} lies on the folder
 * {@code shared} of all machines, so that both nodes of a cluster may write the same paths into their configuration.
 */
public final class Machine implements AutoCloseable {

    private static final long KILL_SECONDS = 30;
    private static final String MOUNTS = "mounts";
    private static final String BOOT_ID = "/proc/sys/kernel/random/boot_id";

    private final Namespace namespace;
    private final Path folder;
    private final Path shared;
    private final List<String> interfaces = new ArrayList<>();
    private boolean hasMounts;

    private Machine(Path folder, Path shared) {
        namespace = Namespace.create();
        this.folder = folder;
        this.shared = shared;
    }

    public static List<Requirement> requirements() {
        var needed = new ArrayList<>(Namespace.requirements());
        needed.add(Requirement.program("nsenter", "util-linux"));
        return needed;
    }

    /** {@code folder} is the machine's disk; {@code shared} the place where it sees it, the same for all machines. */
    public static Machine create(Path folder, Path shared) {
        var machine = new Machine(folder, shared);
        try {
            Files.createDirectories(folder);
            Files.createDirectories(shared);
            // A kernel with its power back has them configured again; here nobody would.
            machine.namespace.run("sysctl", "-qw", "net.ipv6.conf.all.keep_addr_on_down=1").orThrow();
            machine.makeMounts();
            return machine;
        } catch (IOException | RuntimeException e) {
            machine.close();
            throw e instanceof RuntimeException wrong ? wrong : new UncheckedIOException((IOException) e);
        }
    }

    /** The namespace of mounts is kept by a file that it is mounted on; that needs a place whose mounts are told to nobody. */
    private void makeMounts() throws IOException {
        Path place = Files.createDirectories(folder.resolve(MOUNTS));
        Path handle = place.resolve("namespace");
        HostCommand.must("mount", "--bind", place.toString(), place.toString());
        hasMounts = true;
        HostCommand.must("mount", "--make-private", place.toString());
        Files.writeString(handle, "");
        HostCommand.must("unshare", "--mount=" + handle, "--propagation", "private", "true");
        Files.createDirectories(folder.resolve("private"));
        run("mount", "--bind", folder.resolve("private").toString(), shared.toString()).orThrow();
        // As ip netns exec does: /sys shows the interfaces of the network that it was mounted in.
        run("mount", "-t", "sysfs", "sysfs", "/sys").orThrow();
        // A machine that had no power has booted: whoever asks for that is told so.
        Path bootId = Files.writeString(place.resolve("boot-id"), UUID.randomUUID() + "\n");
        run("mount", "--bind", bootId.toString(), BOOT_ID).orThrow();
    }

    private void dropMounts() {
        if (!hasMounts) return;
        hasMounts = false;
        Path place = folder.resolve(MOUNTS);
        HostCommand.run("umount", place.resolve("namespace").toString()); // not there when it was not made
        HostCommand.must("umount", place.toString());
    }

    public Namespace namespace() {
        return namespace;
    }

    /** The command as one to be run on this machine; what is started is the program itself, with its own pid. */
    public List<String> inside(List<String> command) {
        List<String> whole = new ArrayList<>(List.of("nsenter", "--net=" + namespace.path(),
                "--mount=" + folder.resolve(MOUNTS).resolve("namespace"), "--"));
        whole.addAll(command);
        return whole;
    }

    public HostCommand run(String... command) {
        return HostCommand.run(inside(List.of(command)));
    }

    /** The pids of all its processes; none when it has been taken away. */
    public List<Long> processes() {
        HostCommand listed = HostCommand.run("ip", "netns", "pids", namespace.name());
        return listed.exitCode() == 0 ? listed.output().lines().map(Long::parseLong).toList() : List.of();
    }

    /** Silent at once, as a dead network card is; then its processes and mounts go. Nobody has time for a last word. */
    public void powerOff() {
        interfaces.clear();
        interfaces.addAll(interfaces());
        interfaces.forEach(each -> namespace.ip("link", "set", each, "down"));
        kill();
        dropMounts();
        // What somebody has added for a while, as a service address, is not there when the power is back.
        interfaces.forEach(each -> namespace.ip("addr", "flush", "dev", each, "dynamic"));
    }

    /** All processes, at once as far as one after the other is. The kernel, with its addresses and mounts, lives on. */
    public void kill() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(KILL_SECONDS);
        for (List<Long> alive = processes(); !alive.isEmpty(); alive = processes()) {
            for (long pid : alive)
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            if (System.nanoTime() > deadline)
                throw new IllegalStateException("processes " + alive + " of " + this + " cannot be killed; what do they wait for? See /proc/PID/stack");
        }
    }

    /** Also one that is down: a fence agent may have been here before. */
    private List<String> interfaces() {
        return namespace.ip("-o", "link", "show", "type", "veth").lines().map(line -> line.split(": ", 3)[1].replaceAll("@.*", "")).toList();
    }

    /** Its interfaces are up again, with the addresses that its cables gave it and no others; nothing runs. */
    public void powerOn() {
        interfaces.forEach(each -> namespace.ip("link", "set", each, "up"));
        try {
            makeMounts();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (!hasMounts) {
            namespace.close();
            return;
        }
        kill();
        dropMounts();
        namespace.close();
    }

    @Override
    public String toString() {
        return namespace.toString();
    }
}
