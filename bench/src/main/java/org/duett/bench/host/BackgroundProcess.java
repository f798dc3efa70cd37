package org.duett.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A program that runs beside us and writes its output into a file; it ends with us, however we end, unless it is let go. */
public final class BackgroundProcess implements AutoCloseable {

    private static final long POLL_MILLIS = 10;
    private static final long PATIENCE_SECONDS = 10;
    private static final Set<BackgroundProcess> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(BackgroundProcess::killAll));
    }

    private final String name;
    private final Process process;
    private final Path outputFile;

    private BackgroundProcess(String name, Process process, Path outputFile) {
        this.name = name;
        this.process = process;
        this.outputFile = outputFile;
    }

    /** Output is appended to the file. */
    public static BackgroundProcess start(String name, List<String> command, Map<String, String> environment,
            Path outputFile) {
        var builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(outputFile.toFile()))
                .redirectInput(Path.of("/dev/null").toFile());
        builder.environment().putAll(environment);
        try {
            var started = new BackgroundProcess(name, builder.start(), outputFile);
            OPEN.add(started);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException("Could not start " + String.join(" ", command), e);
        }
    }

    /** Kills all that were started and not let go. */
    public static void killAll() {
        List.copyOf(OPEN).forEach(BackgroundProcess::kill);
    }

    public String name() {
        return name;
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public Path outputFile() {
        return outputFile;
    }

    /** Waits for what the program does when it is ready; its end before that is an exception that quotes its output. */
    public void awaitReady(String what, BooleanSupplier ready, long limitSeconds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (!ready.getAsBoolean()) {
            if (!process.isAlive()) {
                throw new IllegalStateException(name + " ended before it " + what + ":\n" + lastLines(20));
            }
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException(
                        name + " has not yet " + what + " after " + limitSeconds + " s:\n" + lastLines(20));
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** The end of what the program printed. */
    public String lastLines(int count) {
        try {
            List<String> lines = Files.readAllLines(outputFile);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - count), lines.size()));
        } catch (IOException e) {
            return "(its output in " + outputFile + " cannot be read: " + e.getMessage() + ")";
        }
    }

    /** As {@code kill -9}: no word of goodbye. Returns when the process is gone. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
        OPEN.remove(this);
    }

    /** From now on it lives without us. */
    public void letGo() {
        OPEN.remove(this);
    }

    /** Asks it to end, and kills it when it takes too long. */
    @Override
    public void close() {
        if (!OPEN.contains(this))
            return;
        process.destroy();
        if (!awaitEnd())
            process.destroyForcibly();
        awaitEnd();
        OPEN.remove(this);
    }

    private boolean awaitEnd() {
        try {
            return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
