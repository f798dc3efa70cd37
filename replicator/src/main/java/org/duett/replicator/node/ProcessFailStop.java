package org.duett.replicator.node;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.IntConsumer;
import org.duett.replicator.clock.BootClock;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.FailStopNote;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what happened to a crash file and to the log, then halts the process: a replicator that stops is a failover, one that goes on in
 * a wrong state loses data. All resources of the daemon end with it. The one exception is an event that has ended the other node's
 * replicator already: both would end in turn for ever, with all that they serve, so here its resource alone stops (rule 25).
 */
final class ProcessFailStop implements FailStop {
    static final int EXIT_CODE = 70;
    private static final Logger LOG = LoggerFactory.getLogger(ProcessFailStop.class);
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT);

    private final Path stateDirectory;
    private final Path runDirectory;
    private final long bootId;
    private final PeerFailStops peerFailStops;
    private final BootClock clock = new BootClock();
    private final IntConsumer halt;

    ProcessFailStop(Path stateDirectory, Path runDirectory, long bootId, PeerFailStops peerFailStops) {
        this(stateDirectory, runDirectory, bootId, peerFailStops, Runtime.getRuntime()::halt);
    }

    ProcessFailStop(Path stateDirectory, Path runDirectory, long bootId, PeerFailStops peerFailStops, IntConsumer halt) {
        this.stateDirectory = stateDirectory;
        this.runDirectory = runDirectory;
        this.bootId = bootId;
        this.peerFailStops = peerFailStops;
        this.halt = halt;
    }

    @Override
    public void fail(String resource, String whatFailed, Throwable failure, EventTrace trace) {
        boolean stopsAlone = false;
        try {
            String event = trace.lastKind();
            // Without memory or stack nothing of this process can be trusted, whatever ended the other one.
            stopsAlone = !(failure instanceof VirtualMachineError) && peerFailStops.wasFelledBy(resource, event, clock.getAsLong());
            String text = report(resource, whatFailed, failure, trace);
            // The log first: a full disk must not keep the reason from the operator.
            LOG.error("resource={} FAIL-STOP at {}: {}. No action of this event was performed; {}.\n{}", resource, event, whatFailed,
                    stopsAlone ? "the other node's daemon ended of the same, so this resource alone stops here" : "the daemon halts", text);
            if (!stopsAlone) new FailStopNote(event, bootId, clock.getAsLong()).write(FileNames.failStop(runDirectory, resource));
            Path file = write(stateDirectory, resource, text);
            LOG.error("resource={} the trace is in {}", resource, file);
        } catch (Throwable alsoThat) {
            System.err.println("fail-stop: " + failure + "; and it could not be reported: " + alsoThat);
        } finally {
            if (!stopsAlone) halt.accept(EXIT_CODE);
        }
    }

    static String report(String resource, String whatFailed, Throwable failure, EventTrace trace) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        out.println("Duett fail-stop, resource " + resource + ": " + whatFailed);
        out.println("Of the last event below no action was performed. All acknowledged writes are where they were acknowledged.");
        out.println("Start the daemon again; send this file to the developers.");
        out.println();
        failure.printStackTrace(out);
        out.println();
        out.println("The last events: CLOCK_BOOTTIME in nanoseconds, event, what it ordered");
        out.print(trace.describe());
        out.flush();
        return text.toString();
    }

    static Path write(Path stateDirectory, String resource, String text) throws java.io.IOException {
        Path file = stateDirectory.resolve("crash-" + FileNames.escaped(resource) + "-" + STAMP.format(LocalDateTime.now()) + ".txt");
        return Files.write(file, text.getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE,
                StandardOpenOption.SYNC);
    }
}
