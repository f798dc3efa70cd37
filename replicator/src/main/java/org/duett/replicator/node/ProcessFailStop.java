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
import org.duett.replicator.config.FileNames;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what happened to a crash file and to the log, then halts the process: a replicator that stops is a failover, one that goes on in
 * a wrong state loses data. All resources of the daemon end with it.
 */
final class ProcessFailStop implements FailStop {
    static final int EXIT_CODE = 70;
    private static final Logger LOG = LoggerFactory.getLogger(ProcessFailStop.class);
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT);

    private final Path stateDirectory;

    ProcessFailStop(Path stateDirectory) {
        this.stateDirectory = stateDirectory;
    }

    @Override
    public void fail(String resource, String whatFailed, Throwable failure, EventTrace trace) {
        try {
            String text = report(resource, whatFailed, failure, trace);
            // The log first: a full disk must not keep the reason from the operator.
            LOG.error("resource={} FAIL-STOP: {}. No action of this event was performed; the daemon halts.\n{}", resource, whatFailed, text);
            Path file = write(stateDirectory, resource, text);
            LOG.error("resource={} the trace is in {}", resource, file);
        } catch (Throwable alsoThat) {
            System.err.println("fail-stop: " + failure + "; and it could not be reported: " + alsoThat);
        } finally {
            Runtime.getRuntime().halt(EXIT_CODE);
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
