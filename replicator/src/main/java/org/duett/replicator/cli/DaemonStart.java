package org.duett.replicator.cli;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.ExitCode;

/** Starts the daemon in the background, in a session of its own, with the options of this very process. */
final class DaemonStart {
    private static final String MAIN = "org.duett.replicator.ReplicatorMain";
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long LOOK_MILLIS = 50;

    private final Path configuration;

    DaemonStart(Path configuration) {
        this.configuration = configuration;
    }

    /** Returns when it answers. */
    void start(DaemonLink link) throws CommandFailed {
        Path log = FileNames.daemonLog(ResourceChoice.read(configuration).node().stateDirectory());
        try {
            Files.createDirectories(log.getParent());
            Process process = new ProcessBuilder(command()).redirectInput(new File("/dev/null"))
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).redirectErrorStream(true).start();
            System.err.println("duett: no daemon answered; started one in the background (process " + process.pid() + ", log " + log + ")");
            waitFor(process, link, log);
        } catch (IOException failed) {
            throw new CommandFailed(ExitCode.ERROR, "No daemon runs, and none could be started: " + failed.getMessage() + ".",
                    "Nothing was changed.", "Start one yourself: duett daemon --config " + configuration);
        }
    }

    private List<String> command() {
        List<String> command = new ArrayList<>(List.of("setsid", Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        // Those that make a short verb start fast are of no use to a daemon.
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            boolean ofShortVerbs = option.startsWith("-XX:TieredStopAtLevel") || option.startsWith("-Xshare");
            if (!ofShortVerbs) command.add(option);
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN, "--config", configuration.toAbsolutePath().toString()));
        return command;
    }

    private void waitFor(Process process, DaemonLink link, Path log) throws CommandFailed {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!link.daemonAnswers()) {
            if (!process.isAlive()) {
                throw new CommandFailed(ExitCode.ERROR, "The daemon that was started ended at once, with exit code " + process.exitValue() + ".",
                        "Nothing was attached or connected.", "Its reasons are at the end of " + log + ".");
            }
            if (System.nanoTime() > deadline) {
                throw new CommandFailed(ExitCode.ERROR, "The daemon that was started (process " + process.pid() + ") does not answer yet.",
                        "It goes on starting.", "Look into " + log + ", then give the command again.");
            }
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
