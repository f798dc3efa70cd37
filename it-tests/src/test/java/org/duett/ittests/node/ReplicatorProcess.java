package org.duett.ittests.node;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.duett.bench.host.HostCommand;
import org.duett.bench.network.Namespace;
import org.duett.ittests.StoryOnFailure;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.machine.Command;

/**
 * A node: its daemon is a process of its own, in a namespace or on this machine's loopback, with configuration, run and state
 * directories in a folder of its own. It can be killed, paused and started again like a machine; its disks stay.
 */
public final class ReplicatorProcess implements AutoCloseable {

    private static final long START_LIMIT_MILLIS = 60_000;
    private static final long END_LIMIT_MILLIS = 60_000;
    private static final int LOG_LINES_IN_MESSAGES = 60;
    /** Daemons of tests live for seconds, several to a core: over before a better compiler or a larger heap could pay. */
    private static final List<String> SHORT_LIFE_OPTIONS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");
    private static final Set<ReplicatorProcess> OPEN = ConcurrentHashMap.newKeySet();

    static {
        // Those in a namespace end with it; those on loopback must not outlive the test either.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(ReplicatorProcess::close)));
    }

    private final Path folder;
    private final Optional<Namespace> namespace;
    private final String name;
    private final StoryOnFailure.Participation participation;
    private Process process;

    private ReplicatorProcess(Path folder, Optional<Namespace> namespace, String name) {
        this.folder = folder;
        this.namespace = namespace;
        this.name = name;
        participation = StoryOnFailure.takesPart(() -> "the log of " + name + " ends with\n" + logTail());
    }

    /** A node on loopback. {@code resources} is what stands in a drbd.conf: the sections {@code resource}, {@code common}. */
    public static ReplicatorProcess prepare(Path folder, String name, String resources) {
        return prepare(folder, Optional.empty(), name, resources);
    }

    /** A node in a namespace. */
    public static ReplicatorProcess prepare(Path folder, Namespace namespace, String name, String resources) {
        return prepare(folder, Optional.of(namespace), name, resources);
    }

    private static ReplicatorProcess prepare(Path parent, Optional<Namespace> namespace, String name, String resources) {
        try {
            Path folder = Files.createDirectories(parent.resolve(name));
            var node = new ReplicatorProcess(folder, namespace, name);
            node.configure(resources);
            return node;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not prepare " + name, e);
        }
    }

    /** Replaces the configuration; the daemon reads it at its next start or {@code up}. */
    public void configure(String resources) {
        String own = """
                duett {
                  node-name %s;
                  run-directory "%s";
                  state-directory "%s";
                }
                """.formatted(name, folder.resolve("run"), folder.resolve("state"));
        try {
            Files.writeString(configuration(), own + resources);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String name() {
        return name;
    }

    /** Where this node's files are: put its disks there, too. */
    public Path folder() {
        return folder;
    }

    public Path configuration() {
        return folder.resolve("duett.conf");
    }

    public Path controlSocket() {
        return folder.resolve("run/control.sock");
    }

    public Path stateDirectory() {
        return folder.resolve("state");
    }

    // ---- the process

    /** Returns when the daemon answers; no resource is up yet. */
    public ReplicatorProcess start() {
        if (isRunning()) {
            throw new IllegalStateException(name + " runs already");
        }
        try {
            Files.createDirectories(folder.resolve("run"));
            Files.createDirectories(folder.resolve("state"));
            ProcessBuilder builder = java("org.duett.replicator.ReplicatorMain", List.of("--foreground"));
            builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()));
            if (namespace.isPresent()) runInOwnBoot(builder);
            OPEN.add(this);
            process = namespace.isPresent() ? namespace.get().start(builder) : builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start the daemon of " + name, e);
        }
        awaitAnswer();
        return this;
    }

    /** A machine has its own boots: in its namespace the kernel's identifier of the boot is covered by one of ours. */
    private void runInOwnBoot(ProcessBuilder builder) throws IOException {
        if (!Files.exists(bootId())) Files.writeString(bootId(), UUID.randomUUID() + "\n");
        List<String> command = new ArrayList<>(List.of("sh", "-c",
                "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"", bootId().toString()));
        command.addAll(builder.command());
        builder.command(command);
    }

    private Path bootId() {
        return folder.resolve("boot_id");
    }

    private void awaitAnswer() {
        long deadlineNanos = System.nanoTime() + START_LIMIT_MILLIS * 1_000_000;
        while (true) {
            try (ControlClient client = ControlClient.connect(controlSocket())) {
                client.ask(new ControlRequest.Ping(), _ -> {
                });
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadlineNanos) {
                    throw new IllegalStateException("The daemon of " + name + " does not answer", e);
                }
                pause(20);
            }
        }
    }

    public boolean isRunning() {
        return process != null && process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    /** As if the machine had lost its memory: the daemon gets SIGKILL. Its files and sockets stay. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** The daemon gets SIGTERM, as from a service manager, and ends in order. Returns its exit code. */
    public int terminate() {
        process.destroy();
        return awaitEnd();
    }

    /** Waits until the daemon has ended by itself; returns its exit code. */
    public int awaitEnd() {
        try {
            if (!process.waitFor(END_LIMIT_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("The daemon of " + name + " did not end");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** SIGSTOP: the process is there, its sockets are open, and nobody is at home. */
    public void freeze() {
        HostCommand.must("kill", "-STOP", Long.toString(process.pid()));
    }

    /** SIGCONT. */
    public void thaw() {
        HostCommand.must("kill", "-CONT", Long.toString(process.pid()));
    }

    @Override
    public void close() {
        participation.close();
        if (OPEN.remove(this) && process != null) {
            process.destroyForcibly();
            awaitEnd();
        }
    }

    /** The flags are those of the test's own JVM: the ones that the launcher gives. */
    private ProcessBuilder java(String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--") || flag.startsWith("-Dchronicle."))
                .forEach(command::add);
        command.addAll(SHORT_LIFE_OPTIONS);
        command.add("-ea:org.duett...");
        command.addAll(List.of("-cp", classPath(), mainClass));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command);
        builder.environment().put("DUETT_CONF", configuration().toString());
        return builder;
    }

    private static String classPath() {
        // Surefire starts the test JVM with a jar that only names the rest; the whole path is in a property of its own.
        String ofSurefire = System.getProperty("surefire.test.class.path");
        String whole = ofSurefire != null ? ofSurefire : System.getProperty("java.class.path");
        List<String> entries = new ArrayList<>();
        for (String entry : whole.split(File.pathSeparator, -1)) {
            if (!entry.endsWith("test-classes") && !entry.endsWith("test-classes/")) {
                entries.add(entry);
            }
        }
        return String.join(File.pathSeparator, entries);
    }

    /** What a restart of the machine takes away: the run directory, and in a namespace the boot's identifier. The daemon must not run. */
    public void forgetThisBoot() throws IOException {
        if (isRunning()) {
            throw new IllegalStateException(name + " runs");
        }
        try (var files = Files.list(folder.resolve("run"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.deleteIfExists(bootId());
    }

    // ---- the command line

    /** Runs a verb of the command line, to its end, as an operator would. */
    public HostCommand duett(String... words) {
        ProcessBuilder builder = java("org.duett.replicator.DuettMain", List.of(words));
        List<String> command = new ArrayList<>(List.of("env", "DUETT_CONF=" + configuration()));
        command.addAll(builder.command());
        return HostCommand.run(namespace.isPresent() ? namespace.get().inside(command) : command);
    }

    public void createMetadata(String resource) {
        duett("create-md", resource).orThrow();
    }

    // ---- the control socket: what the command line does, without a JVM for each word

    public ControlReply ask(ControlRequest request) {
        try (ControlClient client = ControlClient.connect(controlSocket())) {
            return client.ask(request, _ -> {
            });
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not answer to " + request, e);
        }
    }

    /** What has to succeed; returns what the daemon answered. */
    public String must(ControlRequest request) {
        return switch (ask(request)) {
            case ControlReply.Done(var text) -> text;
            case ControlReply.Refused(var code, var report) ->
                throw new IllegalStateException(name + " refused " + request + " (" + code + "): " + report);
            case ControlReply.Line line -> throw new IllegalStateException("a line is no end: " + line);
        };
    }

    public void must(String resource, Command command) {
        must(new ControlRequest.Order(resource, command));
    }

    /** The message of a refusal that is expected. */
    public String refusal(ControlRequest request) {
        return switch (ask(request)) {
            case ControlReply.Refused(_, var report) -> report.toString();
            case ControlReply.Done(var text) -> throw new IllegalStateException(name + " did " + request + ": " + text);
            case ControlReply.Line line -> throw new IllegalStateException("a line is no end: " + line);
        };
    }

    public void up(String resource) {
        must(new ControlRequest.Up(resource));
    }

    public void down(String resource) {
        must(new ControlRequest.Down(resource, false));
    }

    public void promote(String resource) {
        must(resource, new Command.Promote(false));
    }

    public void promoteByForce(String resource) {
        must(resource, new Command.Promote(true));
    }

    public void demote(String resource) {
        must(resource, new Command.Demote(false));
    }

    public void awaitConnected(String resource) {
        must(new ControlRequest.WaitConnect(resource, OptionalInt.of(120)));
    }

    public void awaitRole(String resource, String role) {
        long deadlineNanos = System.nanoTime() + START_LIMIT_MILLIS * 1_000_000;
        while (!status(resource).role().equals(role)) {
            if (System.nanoTime() > deadlineNanos) throw new IllegalStateException(name + " does not become " + role + ": " + status(resource));
            pause(20);
        }
    }

    public NodeStatus status() {
        return NodeStatus.parse(must(new ControlRequest.Status(Optional.empty(), new ControlRequest.StatusForm.Json())));
    }

    public NodeStatus.Resource status(String resource) {
        return status().resource(resource);
    }

    public NodeStatus.Volume volume(String resource, int number) {
        return status(resource).volume(number);
    }

    /** Where a client attaches to; the volume has to be served. */
    public String nbdUri(String resource, int volume) {
        String uri = volume(resource, volume).nbdUri();
        if (uri == null) {
            throw new IllegalStateException(name + " does not serve volume " + volume + ":\n" + status().text());
        }
        return uri;
    }

    /** Waits until the resource is as wanted; what it last was is in the exception, with the end of the log. */
    public NodeStatus.Resource waitUntil(String what, String resource, Predicate<NodeStatus.Resource> wanted, long limitMillis) {
        long deadlineNanos = System.nanoTime() + limitMillis * 1_000_000;
        NodeStatus status = status();
        while (!status.has(resource) || !wanted.test(status.resource(resource))) {
            if (System.nanoTime() > deadlineNanos) {
                throw new IllegalStateException(name + ": in vain waited for " + what + "; its status is\n" + status.text());
            }
            pause(50);
            status = status();
        }
        return status.resource(resource);
    }

    /** Between two looks at another process, which cannot be made to call us. */
    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    // ---- what it said

    public Path logFile() {
        return folder.resolve("daemon.log");
    }

    public String log() {
        try {
            return Files.exists(logFile()) ? Files.readString(logFile()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String logTail() {
        List<String> lines = log().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES_IN_MESSAGES), lines.size()));
    }

    @Override
    public String toString() {
        return name;
    }
}
