package org.duett.failover.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.CommandResult;

/** A program behind an init script, by the exit codes of the Linux Standard Base. */
final class LsbAgent extends ScriptAgent {
    private static final long LOOK_MILLIS = 5000;

    private final Path script;
    private final ShutdownOrder shutdown;

    LsbAgent(Path script, MemberConfig.Program config, Path folder) {
        this(script, config, folder, ShutdownOrder.ofThisMachine());
    }

    LsbAgent(Path script, MemberConfig.Program config, Path folder, ShutdownOrder shutdown) {
        super(script, config, folder);
        this.script = script;
        this.shutdown = shutdown;
    }

    @Override
    String look() {
        return "status";
    }

    @Override
    Map<String, String> environment(long limitMillis) {
        // Debian's scripts hand over to systemd otherwise, and what they answer is then no more the script's word.
        return Map.of("SYSTEMCTL_SKIP_REDIRECT", "1", "_SYSTEMCTL_SKIP_REDIRECT", "true");
    }

    @Override
    MemberState meaning(int exitCode, String said) {
        return switch (exitCode) {
            case 0 -> MemberState.RUNNING;
            case 3 -> MemberState.STOPPED;
            // Dead, and its pid file or lock file is there.
            case 1, 2 -> MemberState.broken(said);
            default -> MemberState.unknown(said);
        };
    }

    @Override
    public String rehearse() {
        String missing = super.rehearse();
        if (!missing.isEmpty() || !shutdown.isDecidedBySystemd()) return missing;
        try {
            return whatSystemdMakesOfIt(script.getFileName() + ".service");
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            return "";
        } catch (IOException failed) {
            return "systemd cannot be told that " + script + " is to be stopped after the failover daemon when this machine shuts down: " + failed;
        }
    }

    /** systemd makes a unit of each init script, and stops what it, or an operator through it, has started. */
    private String whatSystemdMakesOfIt(String unit) throws IOException, InterruptedException {
        CommandResult shown = shutdown.systemctl(LOOK_MILLIS, "show", "--property", "Id,LoadState", unit);
        Map<String, String> properties = ShutdownOrder.properties(shown.output());
        if (!shown.succeeded() || !properties.getOrDefault("LoadState", "").equals("loaded")) return "";
        shutdown.stopAfterUs(properties.getOrDefault("Id", unit));
        return shutdown.systemctl(LOOK_MILLIS, "is-enabled", unit).succeeded()
                ? "systemd starts " + script + " at boot by itself, on the passive node, too: systemctl disable " + unit : "";
    }
}
