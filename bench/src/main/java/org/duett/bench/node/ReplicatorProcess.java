package org.duett.bench.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.duett.bench.host.BackgroundProcess;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.JavaProgram;
import org.duett.replicator.control.ControlClient;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;

/** A replicator daemon of ours, a process of its own as in production: started, asked, commanded, killed. */
public final class ReplicatorProcess implements AutoCloseable {

    public static final String DAEMON = "org.duett.replicator.ReplicatorMain";
    private static final String COMMAND_LINE = "org.duett.replicator.DuettMain";
    /** A short verb is over before a larger heap or a better compiler could pay; the launcher does the same. */
    private static final List<String> SHORT_VERB_OPTIONS = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Xshare:auto");
    private static final long START_SECONDS = 60;
    private static final long POLL_MILLIS = 20;

    private final NodeFolder node;
    private final String resource;
    private final BackgroundProcess process;

    private ReplicatorProcess(NodeFolder node, String resource, BackgroundProcess process) {
        this.node = node;
        this.resource = resource;
        this.process = process;
    }

    /** Starts the daemon; it answers when this returns, and has no resource up. */
    public static ReplicatorProcess start(NodeFolder node, String resource, List<String> jvmOptions) {
        return startBy(node, resource, command(node, jvmOptions));
    }

    /** The daemon as a command, for a node that sees its folder there. */
    public static List<String> command(NodeFolder node, List<String> jvmOptions) {
        return JavaProgram.command(DAEMON, jvmOptions, "--config", node.configuration().toString());
    }

    /** Starts the daemon by a command that need not run it on this machine; it answers when this returns. */
    public static ReplicatorProcess startBy(NodeFolder node, String resource, List<String> command) {
        var started = new ReplicatorProcess(node, resource,
                BackgroundProcess.start("the daemon of " + node.name(), command, Map.of(), node.log()));
        started.process.awaitReady("answered on its control socket", started::answers, START_SECONDS);
        return started;
    }

    private boolean answers() {
        try {
            return ask(new ControlRequest.Ping()) instanceof ControlReply.Done;
        } catch (IOException _) {
            return false; // not yet
        }
    }

    public NodeFolder node() {
        return node;
    }

    public ProcessHandle handle() {
        return process.handle();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The end of its log. */
    public String lastLines(int count) {
        return process.lastLines(count);
    }

    // ---- commands

    /** Runs a verb of the command line as a user would, in a process of its own; a failure is an exception that quotes it. */
    public static void mustDuett(NodeFolder node, String... words) {
        HostCommand ended = duett(node, words);
        if (ended.exitCode() == 0) return;
        throw new IllegalStateException("`duett " + String.join(" ", words) + "` on " + node.name() + " ended with exit code "
                + ended.exitCode() + ": " + ended.output().strip());
    }

    /** Runs a verb of the command line as a user would, whatever comes of it. */
    public static HostCommand duett(NodeFolder node, String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--config", node.configuration().toString()));
        return HostCommand.run(verb(COMMAND_LINE, arguments));
    }

    /** A short verb of one of our programs as a command. */
    public static List<String> verb(String program, List<String> arguments) {
        return JavaProgram.command(program, SHORT_VERB_OPTIONS, arguments.toArray(String[]::new));
    }

    /** Asks on the control socket; a refusal is an exception that quotes it. */
    public String order(ControlRequest request) {
        try {
            return switch (ask(request)) {
                case ControlReply.Done(String text) -> text;
                case ControlReply.Refused(var code, var report) ->
                    throw new IllegalStateException(node.name() + " refused with " + code + ": " + report);
                case ControlReply.Line line -> throw new AssertionError("a line is no answer: " + line);
            };
        } catch (IOException e) {
            throw new UncheckedIOException("The daemon of " + node.name() + " does not answer: " + e.getMessage(), e);
        }
    }

    private ControlReply ask(ControlRequest request) throws IOException {
        try (ControlClient client = ControlClient.connect(node.controlSocket())) {
            return client.ask(request, _ -> {
                // None of our requests is answered by lines.
            });
        }
    }

    // ---- status

    public ResourceReading reading() {
        String json = order(new ControlRequest.Status(Optional.of(resource), new ControlRequest.StatusForm.Json()));
        return ResourceReading.of(json)
                .orElseThrow(() -> new IllegalStateException("Resource " + resource + " is not up on " + node.name()));
    }

    /** Looks again and again until the condition holds; {@code what} completes "beta is not yet". */
    public ResourceReading await(String what, long limitSeconds, Predicate<ResourceReading> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (true) {
            ResourceReading reading = reading();
            if (condition.test(reading))
                return reading;
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        node.name() + " is not yet " + what + " after " + limitSeconds + " s; it is " + reading);
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }
    }

    // ---- the end

    /** As {@code kill -9}; returns when it is gone. */
    public void kill() {
        process.kill();
    }

    public void letGo() {
        process.letGo();
    }

    @Override
    public void close() {
        process.close();
    }
}
