package org.duett.replicator.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the handlers of the configuration, each on a thread of its own: they may take as long as they like (spec states 6.3). */
final class HandlerRunner {
    /** The handler could not be run at all. */
    static final int NOT_RUN = -1;
    private static final Logger LOG = LoggerFactory.getLogger(HandlerRunner.class);
    private static final int MOST_LINES = 200;

    private final String resource;

    HandlerRunner(String resource) {
        this.resource = resource;
    }

    /** The exit code comes on a thread of its own. The environment is exactly the one given: nothing of the daemon's own leaks in. */
    void run(String handler, String command, Map<String, String> environment, IntConsumer whenEnded) {
        Thread.ofVirtual().name("handler-" + handler).start(() -> {
            LOG.info("resource={} handler {} runs: {}", resource, handler, command);
            int exitCode = runToEnd(handler, command, environment);
            LOG.info("resource={} handler {} ended with exit code {}", resource, handler, exitCode);
            whenEnded.accept(exitCode);
        });
    }

    private int runToEnd(String handler, String command, Map<String, String> environment) {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command).redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        builder.environment().clear();
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            // Beside the wait: what the handler leaves running in the background may hold its output open for ever.
            Thread.ofVirtual().start(() -> log(handler, process));
            return process.waitFor();
        } catch (IOException failed) {
            LOG.error("resource={} handler {} could not be run: {}", resource, handler, failed.toString());
            return NOT_RUN;
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return NOT_RUN;
        }
    }

    private void log(String handler, Process process) {
        try (BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            int lines = 0;
            for (String line; (line = output.readLine()) != null; lines++) {
                if (lines < MOST_LINES) LOG.info("resource={} handler {}: {}", resource, handler, line);
            }
            if (lines > MOST_LINES) LOG.info("resource={} handler {}: ... {} more lines", resource, handler, lines - MOST_LINES);
        } catch (IOException closed) {
            LOG.debug("resource={} handler {}: output ended: {}", resource, handler, closed.toString());
        }
    }
}
