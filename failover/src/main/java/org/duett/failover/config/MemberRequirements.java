package org.duett.failover.config;

import java.util.List;
import java.util.Optional;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.DiskConfig;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.SourcePosition;
import org.duett.replicator.config.VolumeConfig;

/**
 * What a resource must be like so that a group can rely on it: on both nodes, with disks that cannot hang for ever, and without a
 * second authority over who is dead.
 */
final class MemberRequirements {
    private static final int MILLIS_PER_TENTH = 100;

    private final PathReader.Nodes nodes;
    private final Timing timing;
    private final List<ConfigWarning> warnings;

    MemberRequirements(PathReader.Nodes nodes, Timing timing, List<ConfigWarning> warnings) {
        this.nodes = nodes;
        this.timing = timing;
        this.warnings = warnings;
    }

    void check(ResourceConfig resource, SourcePosition member) throws ConfigException {
        for (String node : nodes.both()) {
            // A floating host is known by its address alone: whose it is, the nodes find out by themselves.
            boolean isThere = resource.hosts().stream().anyMatch(host -> host.isFloating() || host.names().contains(node));
            if (!isThere) {
                throw new ConfigException(member, "resource " + resource.name() + " is not on node " + node + ", which is in this cluster",
                        "resources of " + String.join(" and ", nodes.both()) + "; this one is on "
                                + String.join(", ", resource.hosts().stream().map(HostConfig::displayName).toList()));
            }
        }
        Optional<DiskConfig.Fencing> fencing = fencing(resource);
        if (fencing.isPresent()) throw asksTwice(resource, fencing.get(), member);
        int mostMillis = resource.hosts().stream().flatMap(host -> host.volumes().stream()).mapToInt(volume -> volume.options().diskTimeoutMillis()).max().orElse(0);
        Optional<VolumeConfig> withoutTimeout = resource.hosts().stream().flatMap(host -> host.volumes().stream())
                .filter(volume -> volume.options().diskTimeoutMillis() == 0).findFirst();
        if (withoutTimeout.isPresent()) throw hangsForEver(resource, withoutTimeout.get(), member);
        if (mostMillis > timing.deadtimeMillis()) {
            warnings.add(new ConfigWarning(ConfigWarning.Kind.SUSPICIOUS, member, "resource " + resource.name() + " has a disk-timeout of "
                    + Durations.shown(mostMillis) + ", longer than deadtime " + Durations.shown(timing.deadtimeMillis())
                    + ": a disk that hangs on either node stops the service for as long"));
        }
    }

    /** What of DRBD's fencing is asked for; empty: nothing. */
    private static Optional<DiskConfig.Fencing> fencing(ResourceConfig resource) {
        return resource.hosts().stream().flatMap(host -> host.volumes().stream()).map(volume -> volume.options().fencing())
                .filter(fencing -> fencing != DiskConfig.Fencing.DONT_CARE).findFirst();
    }

    /** The handler belonged to the cluster manager of that time, and would refuse what the proof allows. */
    private static ConfigException asksTwice(ResourceConfig resource, DiskConfig.Fencing fencing, SourcePosition member) {
        return new ConfigException(member, "resource " + resource.name() + " has fencing " + fencing.spelling()
                + ": at each takeover its fence-peer handler would be asked as well, once the proofs of this section have shown that the peer does not act, and without its yes nothing is promoted",
                "'fencing dont-care', or no fencing, in the resource; the proofs stand in its place");
    }

    private ConfigException hangsForEver(ResourceConfig resource, VolumeConfig volume, SourcePosition member) {
        int tenths = Math.ceilDiv(timing.deadtimeMillis(), MILLIS_PER_TENTH);
        return new ConfigException(member, "resource " + resource.name() + " has no disk-timeout for volume " + volume.number()
                + ": one disk that hangs, on either node, would stop the service for ever, while a dead node costs deadtime = "
                + Durations.shown(timing.deadtimeMillis()),
                "'disk { disk-timeout " + tenths + "; }' in the resource (" + tenths + " x 0.1 s = deadtime), or a longer time that you chose, up to 6000");
    }
}
