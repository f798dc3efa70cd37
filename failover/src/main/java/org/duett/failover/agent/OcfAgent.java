package org.duett.failover.agent;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.ProgramKind;
import org.duett.failover.group.MemberState;

/** A program behind an agent of the Open Cluster Framework, as those of package resource-agents. */
final class OcfAgent extends ScriptAgent {
    private static final Path ROOT = Path.of(System.getenv().getOrDefault("OCF_ROOT", "/usr/lib/ocf"));

    private final ProgramKind.Ocf agent;
    private final MemberConfig.Program config;
    private final Path folder;
    private final Path root;

    OcfAgent(ProgramKind.Ocf agent, MemberConfig.Program config, Path folder) {
        this(agent, config, folder, ROOT);
    }

    OcfAgent(ProgramKind.Ocf agent, MemberConfig.Program config, Path folder, Path root) {
        super(root.resolve("resource.d").resolve(agent.provider()).resolve(agent.type()), config, folder);
        this.agent = agent;
        this.config = config;
        this.folder = folder;
        this.root = root;
    }

    @Override
    String look() {
        return "monitor";
    }

    @Override
    Map<String, String> environment(long limitMillis) {
        Map<String, String> environment = new HashMap<>();
        environment.put("OCF_ROOT", root.toString());
        environment.put("OCF_RA_VERSION_MAJOR", "1");
        environment.put("OCF_RA_VERSION_MINOR", "1");
        environment.put("OCF_RESOURCE_INSTANCE", config.name());
        environment.put("OCF_RESOURCE_PROVIDER", agent.provider());
        environment.put("OCF_RESOURCE_TYPE", agent.type());
        environment.put("OCF_RESKEY_CRM_meta_timeout", Long.toString(limitMillis));
        environment.put("HA_RSCTMP", folder.toString());
        agent.parameters().forEach((name, value) -> environment.put("OCF_RESKEY_" + name, value));
        return environment;
    }

    @Override
    MemberState meaning(int exitCode, String said) {
        return switch (exitCode) {
            // 8: running as the promoted instance; 190, 191: running, but degraded.
            case 0, 8, 190, 191 -> MemberState.RUNNING;
            case 7 -> MemberState.STOPPED;
            // Arguments, an action that it does not have, permissions, installation, configuration: it cannot look.
            case 2, 3, 4, 5, 6 -> MemberState.unknown(said);
            default -> MemberState.broken(said);
        };
    }
}
