package org.duett.replicator.command;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.command.CommandResult.Ending;

/**
 * Runs one command to its end, or to the end of its time. It gets a process group of its own (by {@code setsid}), so that with the
 * command everything goes that it has started. What a command leaves running in the background when it ends by itself is left alone.
 */
public final class CommandRunner {

    /** More of its output is read and thrown away. */
    public static final int OUTPUT_BYTES = 64 << 10;

    /** A background child may keep the pipe open; what the command itself said is there long before. */
    private static final long LAST_WORDS_MILLIS = 200;

    private CommandRunner() {
    }

    public static CommandResult run(List<String> command, long timeoutMillis) throws InterruptedException {
        return run(command, Map.of(), "", timeoutMillis);
    }

    /** {@code environment} is added to ours; {@code input} is what the command finds on its standard input. */
    public static CommandResult run(List<String> command, Map<String, String> environment, String input, long timeoutMillis)
            throws InterruptedException {
        ProcessBuilder builder = inGroup(command, environment);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return notStarted(command, e);
        }
        var output = new ByteArrayOutputStream();
        Thread reader = Thread.ofVirtual().start(() -> copy(process.getInputStream(), output));
        Thread.ofVirtual().start(() -> feed(process.getOutputStream(), input));
        boolean ended = awaitEnd(process, timeoutMillis);
        reader.join(LAST_WORDS_MILLIS);
        synchronized (output) {
            return result(command, process, ended, output.toString(StandardCharsets.UTF_8));
        }
    }

    /**
     * For a command that leaves a program running: what both say is appended to a file. The program's output so has no end that comes with
     * ours, and it outlives us.
     */
    public static CommandResult runIntoFile(List<String> command, Map<String, String> environment, Path output, long timeoutMillis)
            throws InterruptedException, IOException {
        ProcessBuilder builder = inGroup(command, environment).redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            return notStarted(command, e);
        }
        boolean ended = awaitEnd(process, timeoutMillis);
        try (InputStream said = Files.newInputStream(output)) {
            return result(command, process, ended, new String(said.readNBytes(OUTPUT_BYTES), StandardCharsets.UTF_8));
        }
    }

    private static ProcessBuilder inGroup(List<String> command, Map<String, String> environment) {
        List<String> words = new ArrayList<>(List.of("setsid", "--"));
        words.addAll(command);
        var builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return builder;
    }

    private static CommandResult notStarted(List<String> command, IOException why) {
        return new CommandResult(command, Ending.NOT_STARTED, 0, String.valueOf(why.getMessage()), 0);
    }

    private static boolean awaitEnd(Process process, long timeoutMillis) throws InterruptedException {
        boolean ended = false;
        try {
            ended = process.waitFor(timeoutMillis, TimeUnit.MILLISECONDS);
        } finally {
            // Also when we are interrupted: what was begun for a decision that is not wanted any more must not go on by itself.
            if (!ended)
                ProcessGroup.kill(process);
        }
        return ended;
    }

    private static CommandResult result(List<String> command, Process process, boolean ended, String text) {
        if (!ended)
            return new CommandResult(command, Ending.TIMED_OUT, 0, text, process.pid());
        int exitCode = process.exitValue();
        // 126 and 127 are what setsid says of a program that may not be run or is not there; it names the program, too.
        boolean notStarted = (exitCode == 126 || exitCode == 127) && text.startsWith("setsid: failed to execute");
        return new CommandResult(command, notStarted ? Ending.NOT_STARTED : Ending.EXITED, exitCode, text, process.pid());
    }

    private static void copy(InputStream from, ByteArrayOutputStream output) {
        byte[] chunk = new byte[8192];
        try (from) {
            for (int length = from.read(chunk); length >= 0; length = from.read(chunk)) {
                synchronized (output) {
                    output.write(chunk, 0, Math.min(length, OUTPUT_BYTES - output.size()));
                }
            }
        } catch (IOException _) {
            // The pipe of a killed process: how it ended tells the story.
        }
    }

    private static void feed(OutputStream to, String input) {
        try (to) {
            to.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            // A command need not read what it is told; its exit code says whether it had what it wanted.
        }
    }
}
