package org.duett.bench.host;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command of the host that has ended: its exit code and what it printed, both streams together. */
public record HostCommand(List<String> command, int exitCode, String output) {

    private static final long TIME_LIMIT_SECONDS = 120;

    /** Runs the command and returns when it has ended, whatever its exit code. */
    public static HostCommand run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            // A reader of its own: a command that hangs must meet the time limit, and a full pipe must not hang it.
            var output = new ByteArrayOutputStream();
            Thread reader = Thread.ofVirtual().start(() -> copy(process, output));
            if (!process.waitFor(TIME_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(
                        String.join(" ", command) + " did not end within " + TIME_LIMIT_SECONDS + " s and was killed");
            }
            // A child that went on in the background may keep the pipe open; what the command itself said is there.
            reader.join(1000);
            synchronized (output) {
                return new HostCommand(command, process.exitValue(), output.toString(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start " + String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + String.join(" ", command), e);
        }
    }

    public static HostCommand run(String... command) {
        return run(List.of(command));
    }

    /** Runs the command and returns what it printed; any exit code but 0 is an exception that quotes it. */
    public static String must(String... command) {
        return run(List.of(command)).orThrow().output();
    }

    public HostCommand orThrow() {
        if (exitCode != 0) {
            throw new IllegalStateException(
                    String.join(" ", command) + " ended with exit code " + exitCode + ": " + output.strip());
        }
        return this;
    }

    private static void copy(Process process, ByteArrayOutputStream output) {
        byte[] chunk = new byte[8192];
        try (var in = process.getInputStream()) {
            for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                synchronized (output) {
                    output.write(chunk, 0, length);
                }
            }
        } catch (IOException _) {
            // The pipe of a killed process: its exit code tells the story.
        }
    }
}
