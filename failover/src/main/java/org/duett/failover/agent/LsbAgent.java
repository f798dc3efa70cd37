package org.duett.failover.agent;

import java.nio.file.Path;
import java.util.Map;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.group.MemberState;

/** A program behind an init script, by the exit codes of the Linux Standard Base. */
final class LsbAgent extends ScriptAgent {
    LsbAgent(Path script, MemberConfig.Program config, Path folder) {
        super(script, config, folder);
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
}
