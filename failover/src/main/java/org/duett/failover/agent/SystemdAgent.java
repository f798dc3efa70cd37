package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;

/**
 * A program as a unit of systemd, which starts it, stops it and knows whether it runs. When the machine shuts down it is stopped by us
 * ({@link ShutdownOrder}).
 */
final class SystemdAgent implements MemberAgent {
    private static final long LOOK_MILLIS = 5000;
    /** As sd_booted(3) has it. */
    private static final Path SIGN_OF_SYSTEMD = Path.of("/run/systemd/system");

    private final String unit;
    private final MemberConfig.Program config;
    private final String systemctl;
    private final ShutdownOrder shutdown;
    private final Path signOfSystemd;

    SystemdAgent(String unit, MemberConfig.Program config) {
        this(unit, config, "systemctl", ShutdownOrder.ofThisMachine(), SIGN_OF_SYSTEMD);
    }

    SystemdAgent(String unit, MemberConfig.Program config, String systemctl, ShutdownOrder shutdown, Path signOfSystemd) {
        this.signOfSystemd = signOfSystemd;
        this.unit = unit;
        this.config = config;
        this.systemctl = systemctl;
        this.shutdown = shutdown;
    }

    @Override
    public MemberState probe() throws InterruptedException {
        return probe(show());
    }

    private MemberState probe(CommandResult shown) {
        if (isWithoutSystemd(shown)) return new MemberState(MemberState.Kind.STOPPED, withoutSystemd());
        return shown.succeeded() ? state(ShutdownOrder.properties(shown.output())) : MemberState.unknown(shown.describe());
    }

    /** A machine that another init has started has none of its units: nothing runs, and there is nothing to stop. */
    private boolean isWithoutSystemd(CommandResult shown) {
        return !shown.succeeded() && !Files.isDirectory(signOfSystemd);
    }

    private String withoutSystemd() {
        return "this machine does not run systemd, so it has no unit " + unit + ": write the program with 'lsb', 'ocf', or its commands 'start', 'stop' and 'monitor'";
    }

    private CommandResult show() throws InterruptedException {
        return CommandRunner.run(List.of(systemctl, "show", "--property", "Id,LoadState,ActiveState,SubState,Result,UnitFileState", unit), LOOK_MILLIS);
    }

    private MemberState state(Map<String, String> properties) {
        if (isAbsent(properties)) return new MemberState(MemberState.Kind.STOPPED, notUsable(properties));
        if (!properties.getOrDefault("LoadState", "").equals("loaded")) return MemberState.unknown(notUsable(properties));
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

    /** There is no such unit, and none is left of one that there was: nothing of it runs here, and there is nothing to stop. */
    private static boolean isAbsent(Map<String, String> properties) {
        return properties.getOrDefault("LoadState", "").equals("not-found") && properties.getOrDefault("ActiveState", "").equals("inactive");
    }

    private String notUsable(Map<String, String> properties) {
        return "systemd has no usable unit " + unit + " (" + properties.getOrDefault("LoadState", "no answer") + ")";
    }

    @Override
    public MemberOutcome start() throws InterruptedException {
        Deadline deadline = Deadline.in(config.startTimeoutMillis());
        CommandResult shown = show();
        if (isWithoutSystemd(shown)) return MemberOutcome.failed(withoutSystemd());
        // After too many failures in a row systemd refuses even a start that is meant.
        if (probe(shown).kind() == MemberState.Kind.BROKEN) CommandRunner.run(List.of(systemctl, "reset-failed", unit), LOOK_MILLIS);
        return outcome(CommandRunner.run(List.of(systemctl, "start", unit), deadline.leftMillis()),
                "see journalctl -u " + unit);
    }

    @Override
    public MemberOutcome stop(boolean force) throws InterruptedException {
        CommandResult shown = show();
        if (isWithoutSystemd(shown)) return MemberOutcome.DONE;
        if (shown.succeeded() && isAbsent(ShutdownOrder.properties(shown.output()))) return MemberOutcome.DONE;
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
        if (missing.isPresent()) return Files.isDirectory(signOfSystemd) ? missing.get() : withoutSystemd();
        try {
            CommandResult shown = show();
            if (!shown.succeeded()) return isWithoutSystemd(shown) ? withoutSystemd() : shown.describe();
            Map<String, String> properties = ShutdownOrder.properties(shown.output());
            if (!properties.getOrDefault("LoadState", "").equals("loaded")) return state(properties).detail();
            shutdown.stopAfterUs(properties.getOrDefault("Id", unit));
            return properties.getOrDefault("UnitFileState", "").equals("enabled")
                    ? "systemd starts " + unit + " at boot by itself, on the passive node, too: systemctl disable " + unit : "";
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return "";
        } catch (IOException failed) {
            return "systemd cannot be told that " + unit + " is to be stopped after the failover daemon when this machine shuts down: " + failed;
        }
    }
}
