package org.duett.bench.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.Requirement;

/**
 * A network namespace that stands for one machine: it has interfaces, addresses and ports of its own. Whoever creates it
 * closes it; closing ends the processes that were started in it and takes its cables along.
 */
public final class Namespace implements AutoCloseable {

    private static final String NAME_PREFIX = "duett-";
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Set<Namespace> OPEN = ConcurrentHashMap.newKeySet();

    static {
        removeThoseOfDeadProcesses();
        // A test run that is ended with SIGTERM or by its own exit leaves nothing behind either.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(Namespace::close)));
    }

    private final String name;
    private final List<Process> processes = new ArrayList<>();

    private Namespace(String name) {
        this.name = name;
    }

    /** What the machine must have; {@code nft} and {@code tc} are asked for only by the cable faults that use them. */
    public static List<Requirement> requirements() {
        return List.of(Requirement.root(), Requirement.program("ip", "iproute2"));
    }

    /** Makes a namespace with loopback up. Its name carries our process id, so that runs do not meet. */
    public static Namespace create() {
        var namespace = new Namespace(NAME_PREFIX + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet());
        HostCommand.must("ip", "netns", "add", namespace.name);
        OPEN.add(namespace);
        namespace.ip("link", "set", "lo", "up");
        return namespace;
    }

    public String name() {
        return name;
    }

    /** The command as one to be run in this namespace; what is started is the program itself, with its own pid. */
    public List<String> inside(List<String> command) {
        List<String> whole = new ArrayList<>(List.of("ip", "netns", "exec", name));
        whole.addAll(command);
        return whole;
    }

    /** Runs a command in the namespace to its end. */
    public HostCommand run(String... command) {
        return HostCommand.run(inside(List.of(command)));
    }

    /** Starts a program in the namespace; {@link #close} kills it if it still runs then. */
    public Process start(ProcessBuilder builder) {
        builder.command(inside(builder.command()));
        try {
            Process process = builder.start();
            synchronized (processes) {
                processes.add(process);
            }
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start " + String.join(" ", builder.command()), e);
        }
    }

    /**
     * Runs the body on a thread of its own that has entered the namespace. Sockets that it makes stay in the namespace
     * for their whole life and may be used from any thread.
     */
    public <T> T call(Callable<T> body) throws Exception {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform().name(name).start(() -> {
            try {
                NamespaceEntry.enter(path());
                result.complete(body.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception exception ? exception : e;
        }
    }

    /** Runs {@code ip} on the interfaces of this namespace. */
    String ip(String... arguments) {
        return tool("ip", "-n", arguments);
    }

    /** Runs {@code tc} on the interfaces of this namespace. */
    String tc(String... arguments) {
        return tool("tc", "-n", arguments);
    }

    String nft(String ruleset) {
        return run("nft", ruleset).orThrow().output();
    }

    private String tool(String program, String option, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program, option, name));
        command.addAll(List.of(arguments));
        return HostCommand.run(command).orThrow().output();
    }

    Path path() {
        return Path.of("/run/netns", name);
    }

    @Override
    public void close() {
        if (!OPEN.remove(this)) {
            return;
        }
        synchronized (processes) {
            processes.forEach(Namespace::killWithChildren);
        }
        // With its last process gone the namespace goes too, and each veth takes its other end with it.
        HostCommand.must("ip", "netns", "del", name);
    }

    private static void killWithChildren(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A run that was killed with -9 could not clean up; its namespaces carry the id of a process that is no more. */
    private static void removeThoseOfDeadProcesses() {
        Path folder = Path.of("/run/netns");
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> names = Files.list(folder)) {
            names.map(path -> path.getFileName().toString())
                    .filter(Namespace::belongsToDeadProcess)
                    .forEach(Namespace::removeWithProcesses);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not list " + folder, e);
        }
    }

    private static boolean belongsToDeadProcess(String name) {
        String[] parts = name.split("-", -1);
        return name.matches("duett-\\d+-\\d+") && ProcessHandle.of(Long.parseLong(parts[1])).isEmpty();
    }

    private static void removeWithProcesses(String name) {
        // Nobody but that run starts anything in there.
        HostCommand.run("ip", "netns", "pids", name).output().lines()
                .filter(line -> line.matches("\\d+"))
                .forEach(pid -> ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly));
        HostCommand.run("ip", "netns", "del", name); // another run may have been quicker
    }

    @Override
    public String toString() {
        return name;
    }
}
