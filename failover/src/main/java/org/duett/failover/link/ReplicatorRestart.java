package org.duett.failover.link;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a replicator for certain, and starts one again. How it is started says {@code DUETT_REPLICATOR_RESTART} (systemd's unit sets it);
 * without that as {@code duett up all} does, which attaches and connects, too.
 */
public final class ReplicatorRestart {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicatorRestart.class);
    private static final String COMMAND = "DUETT_REPLICATOR_RESTART";
    private static final int START_MILLIS = 40_000;
    private static final int END_SECONDS = 5;

    private final Path configuration;

    public ReplicatorRestart(Path configuration) {
        this.configuration = configuration;
    }

    /** Waits until it is done; what went wrong is logged, and seen by the one who watches the replicator. */
    public void restart(boolean kill, Optional<ProcessHandle> former) throws InterruptedException {
        if (kill) former.ifPresent(ReplicatorRestart::kill);
        CommandResult result = CommandRunner.run(command(), START_MILLIS);
        if (result.succeeded()) LOG.info("the replicator was started again");
        else LOG.error("the replicator was not started again: {}", result.describe());
    }

    private List<String> command() {
        String written = System.getenv(COMMAND);
        if (written != null && !written.isBlank()) return List.of("sh", "-c", written);
        return JavaProgram.command("org.duett.replicator.DuettMain", List.of("--config", configuration.toString(), "up", "all"));
    }

    /** The handle knows the start time of its process: another one that got the same number is not hit. */
    private static void kill(ProcessHandle process) {
        if (!process.isAlive()) return;
        LOG.warn("process {} of the replicator is killed", process.pid());
        process.destroyForcibly();
        try {
            process.onExit().get(END_SECONDS, TimeUnit.SECONDS);
        } catch (Exception waits) {
            LOG.error("process {} of the replicator does not end: {}", process.pid(), waits.toString());
            if (waits instanceof InterruptedException) Thread.currentThread().interrupt();
        }
    }
}
