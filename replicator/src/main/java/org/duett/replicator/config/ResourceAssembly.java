package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Makes a resource out of its section, section common and Duett's additions, and checks what the options say
 * together.
 */
final class ResourceAssembly {
    private final ResourceDraft resource;
    private final Optional<ResourceDraft> common;
    private final Optional<OptionList> additions;
    /** Where a group of section cluster names this resource. */
    private final Optional<ClusterMembership> membership;
    private final Claims claims;
    private final ConfigWarnings warnings;

    ResourceAssembly(ResourceDraft resource, FileDraft file, Optional<ClusterMembership> membership, Claims claims, ConfigWarnings warnings) {
        this.resource = resource;
        this.common = file.common;
        this.additions = Optional.ofNullable(file.additions.get(resource.name)).map(FileDraft.Additions::options);
        this.membership = membership;
        this.claims = claims;
        this.warnings = warnings;
    }

    ResourceConfig assemble() throws ConfigException {
        claims.resource(resource);
        List<HostConfig> hosts = new HostAssembly(resource, common, claims).assemble();
        EffectiveOptions net = effective(OptionSection.NET);
        EffectiveOptions startup = effective(OptionSection.STARTUP);
        var duett = new EffectiveOptions(OptionSection.DUETT_RESOURCE, additions.stream().toList());
        checkAuthentication(net);
        checkTimeouts(net);
        checkNamedHosts(net, startup);
        var config = new ResourceConfig(resource.name, resource.position, hosts, OptionRecords.net(net),
                OptionRecords.options(effective(OptionSection.OPTIONS)), OptionRecords.startup(startup),
                OptionRecords.handlers(effective(OptionSection.HANDLERS)), OptionRecords.duett(duett, isClusterControlled(duett), membership.map(ClusterMembership::group)));
        checkProtocol(config, net, duett);
        checkNbd(config, duett);
        return config;
    }

    private boolean isClusterControlled(EffectiveOptions duett) throws ConfigException {
        Optional<SourcePosition> written = duett.position(ConfigOption.CLUSTER);
        if (membership.isPresent() && written.isPresent() && !duett.isOn(ConfigOption.CLUSTER)) {
            throw new ConfigException(written.get(), "resource " + resource.name + " has 'cluster no', but is a member of a group ("
                    + membership.get().position() + ")", "cluster yes, or nothing: a member of a group is under cluster control");
        }
        return membership.isPresent() || duett.isOn(ConfigOption.CLUSTER);
    }

    private EffectiveOptions effective(OptionSection section) {
        return new EffectiveOptions(section,
                Stream.concat(Stream.of(resource), common.stream()).map(draft -> draft.options(section)).toList());
    }

    private void checkAuthentication(EffectiveOptions net) throws ConfigException {
        boolean hash = net.wordIfAny(ConfigOption.CRAM_HMAC_ALG).isPresent();
        boolean secret = net.wordIfAny(ConfigOption.SHARED_SECRET).isPresent();
        if (hash && !secret) {
            throw new ConfigException(net.position(ConfigOption.CRAM_HMAC_ALG).orElse(resource.position),
                    "resource " + resource.name + " has cram-hmac-alg without shared-secret", "both, or neither");
        }
        if (secret && !hash) {
            warnings.add(ConfigWarning.Kind.SUSPICIOUS,
                    net.position(ConfigOption.SHARED_SECRET).orElse(resource.position),
                    "resource " + resource.name
                            + " has shared-secret without cram-hmac-alg: nodes are not authenticated");
        }
    }

    private void checkTimeouts(EffectiveOptions net) {
        long timeout = net.amount(ConfigOption.TIMEOUT);
        for (ConfigOption interval : List.of(ConfigOption.PING_INT, ConfigOption.CONNECT_INT)) {
            if (timeout >= 10 * net.amount(interval)) {
                warnings.add(ConfigWarning.Kind.SUSPICIOUS,
                        net.position(ConfigOption.TIMEOUT).orElse(resource.position),
                        "resource " + resource.name + ": timeout (" + timeout + " x 0.1 s) should be shorter than "
                                + interval.spelling() + " (" + net.amount(interval) + " s)");
            }
        }
    }

    private void checkNamedHosts(EffectiveOptions net, EffectiveOptions startup) throws ConfigException {
        List<String> known = resource.hosts.stream().flatMap(host -> host.hostNames().stream()).toList();
        // DRBD would take an unknown name for "the other node", on both nodes.
        for (String name : OptionRecords.nodeToDiscard(net).stream().toList()) {
            if (!known.contains(name)) {
                throw unknownHost(name, net, ConfigOption.AFTER_SB_0PRI, known);
            }
        }
        List<String> primaries = startup.names(ConfigOption.BECOME_PRIMARY_ON);
        for (String name : primaries.equals(List.of("both")) ? List.<String>of() : primaries) {
            if (!known.contains(name)) {
                throw unknownHost(name, startup, ConfigOption.BECOME_PRIMARY_ON, known);
            }
        }
    }

    private ConfigException unknownHost(String name, EffectiveOptions options, ConfigOption option,
            List<String> known) {
        return new ConfigException(options.position(option).orElse(resource.position),
                "resource " + resource.name + ": '" + option.spelling() + "' names the host '" + name
                        + "', which it does not have",
                known.isEmpty() ? "another value: this resource has no named hosts" : String.join(", ", known));
    }

    private void checkProtocol(ResourceConfig config, EffectiveOptions net, EffectiveOptions duett)
            throws ConfigException {
        NetConfig.Protocol protocol = config.net().protocol();
        SourcePosition position = net.position(ConfigOption.PROTOCOL).orElse(resource.position);
        boolean stonith = config.hosts().stream().flatMap(host -> host.volumes().stream())
                .anyMatch(volume -> volume.options().fencing() == DiskConfig.Fencing.RESOURCE_AND_STONITH);
        if (stonith && protocol == NetConfig.Protocol.A) {
            throw new ConfigException(position,
                    "resource " + resource.name
                            + " has protocol A and fencing resource-and-stonith, which exclude each other",
                    "protocol B or C, or another fencing");
        }
        if (config.duett().clusterControlled() && protocol != NetConfig.Protocol.C) {
            throw new ConfigException(duett.position(ConfigOption.CLUSTER).or(() -> membership.map(ClusterMembership::position)).orElse(position),
                    "resource " + resource.name + " is under cluster control, but has protocol " + protocol + " ("
                            + position + ")",
                    "protocol C: the failover daemon relies on a second copy of each acknowledged write");
        }
    }

    private void checkNbd(ResourceConfig config, EffectiveOptions duett) throws ConfigException {
        if (config.duett().nbdTcp().isEmpty()) {
            return;
        }
        NodeAddress address = config.duett().nbdTcp().get();
        SourcePosition position = duett.position(ConfigOption.NBD_TCP).orElseThrow();
        claims.nbdEndpoint(address, position);
        if (!address.isLoopback()) {
            warnings.add(ConfigWarning.Kind.SUSPICIOUS, position, "resource " + resource.name + ": whoever reaches "
                    + address
                    + " can read and write the device, NBD has no authentication; 127.0.0.1 keeps it on this host");
        }
    }
}
