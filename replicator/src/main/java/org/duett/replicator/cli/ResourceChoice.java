package org.duett.replicator.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ExitCode;

/** The resource of the configuration that a verb names, and its volumes on this node. */
record ResourceChoice(ResourceConfig resource, List<VolumeConfig> volumes, Path stateDirectory) {

    static ResourceChoice of(Path configuration, Target target) throws CommandFailed {
        ReplicatorConfig config = read(configuration);
        ResourceConfig resource = config.resource(target.resource())
                .orElseThrow(() -> new CommandFailed(ExitCode.CONFIGURATION,
                        "The configuration " + configuration + " has no resource " + target.resource() + ".", "Nothing was changed.",
                        config.resources().isEmpty() ? "It has none at all; is an include missing?"
                                : "It has: " + String.join(", ", config.resources().stream().map(ResourceConfig::name).toList()) + "."));
        HostConfig local = local(config, resource);
        if (target.volume() == Target.ALL_VOLUMES) return new ResourceChoice(resource, local.volumes(), config.node().stateDirectory());
        VolumeConfig volume = local.volume(target.volume())
                .orElseThrow(() -> new CommandFailed(ExitCode.CONFIGURATION,
                        "Resource " + resource.name() + " has no volume " + target.volume() + " in " + configuration + ".", "Nothing was changed.",
                        "It has: " + String.join(", ", local.volumes().stream().map(each -> Integer.toString(each.number())).toList()) + "."));
        return new ResourceChoice(resource, List.of(volume), config.node().stateDirectory());
    }

    /** The names of all resources that this node has a part in. */
    static List<String> allHere(Path configuration) throws CommandFailed {
        ReplicatorConfig config = read(configuration);
        return selection(config).resourcesHere(config).stream().map(ResourceConfig::name).toList();
    }

    /** What the author of the configuration should know goes to the terminal, where he is. */
    static void warn(Path configuration) throws CommandFailed {
        for (ConfigWarning warning : parsed(configuration).warnings()) System.err.println("duett: " + warning);
    }

    static ReplicatorConfig read(Path configuration) throws CommandFailed {
        return parsed(configuration).config();
    }

    private static ConfigReader.Result parsed(Path configuration) throws CommandFailed {
        try {
            return ConfigReader.read(configuration);
        } catch (ConfigException wrong) {
            throw CommandFailed.of(wrong);
        }
    }

    private static ConfigSelection selection(ReplicatorConfig config) throws CommandFailed {
        try {
            return ConfigSelection.ofThisNode(config);
        } catch (IOException failed) {
            throw new CommandFailed(ExitCode.ERROR, "The name and addresses of this node cannot be read: " + failed + ".",
                    "Nothing was changed.", "Look into /proc and the network configuration.");
        }
    }

    private static HostConfig local(ReplicatorConfig config, ResourceConfig resource) throws CommandFailed {
        ConfigSelection selection = selection(config);
        try {
            // What `up` will refuse is better known before metadata is written.
            if (selection.localHost(resource).isPresent()) selection.peerHost(resource);
            return selection.localHost(resource).orElseThrow(() -> new CommandFailed(ExitCode.CONFIGURATION,
                    "Resource " + resource.name() + " is not on this node, which is called " + selection.nodeName() + ".",
                    "Nothing was changed.", "Name this node in an `on` section, or set node-name in section duett."));
        } catch (ConfigException wrong) {
            throw CommandFailed.of(wrong);
        }
    }
}
