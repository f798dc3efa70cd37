package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/**
 * A program as a unit of systemd, which starts it, stops it and knows whether it runs. When the machine shuts down systemd would stop it at
 * once, beside the failover daemon, which would take it for a program that has failed; by a drop-in it stays until the daemon has left
 * ({@code duett-programs.target} is stopped after {@code duett-cluster.service}).
 */
final class SystemdAgent implements MemberAgent {
    private static final long LOOK_MILLIS = 5000;
    private static final long RELOAD_MILLIS = 30_000;
    private static final Path RUNTIME_UNITS = Path.of("/run/systemd/system");
    private static final String DROP_IN = "50-duett.conf";
    private static final String ORDER = """
            # Written by Duett's failover daemon: when the machine shuts down, this unit is stopped by the daemon, or after it.
            [Unit]
            Before=duett-programs.target
            """;

    private final String unit;
    private final MemberConfig.Program config;
    private final String systemctl;
    private final Path runtimeUnits;

    SystemdAgent(String unit, MemberConfig.Program config) {
        this(unit, config, "systemctl", RUNTIME_UNITS);
    }

    SystemdAgent(String unit, MemberConfig.Program config, String systemctl, Path runtimeUnits) {
        this.unit = unit;
        this.config = config;
        this.systemctl = systemctl;
        this.runtimeUnits = runtimeUnits;
    }

    @Override
    public MemberState probe() throws InterruptedException {
        CommandResult shown = show();
        return shown.succeeded() ? state(properties(shown.output())) : MemberState.unknown(shown.describe());
    }

    private CommandResult show() throws InterruptedException {
        return CommandRunner.run(List.of(systemctl, "show", "--property", "Id,LoadState,ActiveState,SubState,Result,UnitFileState", unit), LOOK_MILLIS);
    }

    private MemberState state(Map<String, String> properties) {
        if (!properties.getOrDefault("LoadState", "").equals("loaded")) {
            return MemberState.unknown("systemd has no usable unit " + unit + " (" + properties.getOrDefault("LoadState", "no answer") + ")");
        }
        String detail = unit + " is " + properties.get("ActiveState") + " (" + properties.get("SubState") + ")";
        return switch (properties.getOrDefault("ActiveState", "")) {
            case "active", "reloading" -> MemberState.RUNNING;
            case "inactive" -> MemberState.STOPPED;
            // Between two attempts of systemd's own.
            case "activating" -> properties.get("SubState").equals("auto-restart") ? MemberState.broken(detail) : MemberState.unknown(detail);
            case "failed" -> MemberState.broken(detail + ", result " + properties.get("Result"));
            default -> MemberState.unknown(detail);
        };
    }

    private static Map<String, String> properties(String output) {
        Map<String, String> properties = new HashMap<>();
        output.lines().filter(line -> line.contains("=")).forEach(line -> properties.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        return properties;
    }

    @Override
    public MemberOutcome start() throws InterruptedException {
        Deadline deadline = Deadline.in(config.startTimeoutMillis());
        // After too many failures in a row systemd refuses even a start that is meant.
        if (probe().kind() == MemberState.Kind.BROKEN) CommandRunner.run(List.of(systemctl, "reset-failed", unit), LOOK_MILLIS);
        return outcome(CommandRunner.run(List.of(systemctl, "start", unit), deadline.leftMillis()),
                "see journalctl -u " + unit);
    }

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        if (force) CommandRunner.run(List.of(systemctl, "kill", "--signal=SIGKILL", unit), LOOK_MILLIS);
        CommandResult stopped = CommandRunner.run(stopCommand(), config.stopTimeoutMillis());
        if (!stopped.succeeded()) return outcome(stopped, "see journalctl -u " + unit);
        MemberState left = probe();
        if (left.kind() == MemberState.Kind.BROKEN) CommandRunner.run(List.of(systemctl, "reset-failed", unit), LOOK_MILLIS);
        return left.kind() == MemberState.Kind.RUNNING ? MemberOutcome.failed(unit + " still runs after systemctl stop") : MemberOutcome.DONE;
    }

    /** While the machine shuts down, the order of our drop-in would have it wait for the end of this daemon. */
    private List<String> stopCommand() throws InterruptedException {
        boolean shutsDown = CommandRunner.run(List.of(systemctl, "is-system-running"), LOOK_MILLIS).output().strip().equals("stopping");
        return shutsDown ? List.of(systemctl, "stop", "--job-mode=ignore-dependencies", unit) : List.of(systemctl, "stop", unit);
    }

    private static MemberOutcome outcome(CommandResult result, String advice) {
        return result.succeeded() ? MemberOutcome.DONE : MemberOutcome.failed(result.describe() + "; " + advice);
    }

    @Override
    public String rehearse() {
        Optional<String> missing = Programs.missing(List.of(systemctl));
        if (missing.isPresent()) return missing.get();
        try {
            CommandResult shown = show();
            if (!shown.succeeded()) return shown.describe();
            Map<String, String> properties = properties(shown.output());
            if (!properties.getOrDefault("LoadState", "").equals("loaded")) return state(properties).detail();
            orderShutdown(properties.getOrDefault("Id", unit));
            return properties.getOrDefault("UnitFileState", "").equals("enabled")
                    ? "systemd starts " + unit + " at boot by itself, on the passive node, too: systemctl disable " + unit : "";
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return "";
        } catch (IOException failed) {
            return "systemd cannot be told that " + unit + " is to be stopped after the failover daemon when this machine shuts down: " + failed;
        }
    }

    /** {@code id}: what the unit is called behind all aliases. Without an effect where the order stands already. */
    private void orderShutdown(String id) throws IOException, InterruptedException {
        Path dropIn = runtimeUnits.resolve(id + ".d").resolve(DROP_IN);
        if (Files.exists(dropIn) && Files.readString(dropIn).equals(ORDER)) return;
        Files.createDirectories(dropIn.getParent());
        Files.writeString(dropIn, ORDER);
        CommandResult reloaded = CommandRunner.run(List.of(systemctl, "daemon-reload"), RELOAD_MILLIS);
        if (!reloaded.succeeded()) throw new IOException(reloaded.describe());
    }
}
