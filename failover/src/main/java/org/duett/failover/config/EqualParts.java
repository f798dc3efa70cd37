package org.duett.failover.config;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.MetaDisk;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.VolumeConfig;

/** Writes down in one fixed form what has to be equal on both nodes, from whichever side it is seen. */
final class EqualParts {
    private EqualParts() {
    }

    static List<String> times(Timing timing) {
        return List.of("deadtime " + timing.deadtimeMillis(), "read-margin " + timing.readMarginMillis(), "initdead " + timing.initdeadMillis());
    }

    static List<String> proofs(List<ProofConfig> proofs) {
        return proofs.stream().map(proof -> switch (proof) {
            case ProofConfig.Ping ping ->
                "ping " + ping.quorum() + " of " + String.join(" ", ping.targets().stream().map(target -> target.getHostAddress()).sorted().toList());
            case ProofConfig.FenceAgent agent -> "fence-agent " + agent.program();
            case ProofConfig.Witness witness -> "witness " + witness.leaseMillis();
            case ProofConfig.Watchdog watchdog -> "watchdog " + watchdog.timeoutMillis();
            case ProofConfig.Manual manual -> "manual";
        }).toList();
    }

    /** Which groups there are, and what is in them in which order. */
    static List<String> groups(List<GroupConfig> groups) {
        List<String> lines = new ArrayList<>();
        for (GroupConfig group : byName(groups)) {
            lines.add("group " + group.name() + " prefers " + group.prefers().orElse("nobody"));
            group.members().forEach(member -> lines.add(identity(member)));
        }
        return lines;
    }

    private static String identity(MemberConfig member) {
        return member.label() + switch (member) {
            case MemberConfig.Resource resource -> "";
            case MemberConfig.Device device -> "";
            case MemberConfig.Filesystem filesystem -> " " + filesystem.resource() + "/" + filesystem.volume() + " " + filesystem.type();
            case MemberConfig.Address address -> "/" + address.prefixLength();
            case MemberConfig.Program program -> " " + identity(program.kind());
            case MemberConfig.Link link -> " to " + link.target();
        };
    }

    private static String identity(MemberConfig.ProgramKind kind) {
        return switch (kind) {
            case MemberConfig.ProgramKind.Systemd systemd -> "systemd " + systemd.unit();
            case MemberConfig.ProgramKind.Ocf ocf -> "ocf " + ocf.provider() + ":" + ocf.type();
            case MemberConfig.ProgramKind.Lsb lsb -> "lsb " + lsb.script();
            case MemberConfig.ProgramKind.Command command -> "start " + command.start();
        };
    }

    static List<String> groupSettings(List<GroupConfig> groups) {
        List<String> lines = new ArrayList<>();
        for (GroupConfig group : byName(groups)) {
            lines.add(group.name() + " attempts " + group.startAttempts() + " monitor " + group.monitorMillis());
            group.members().forEach(member -> lines.add(member.startTimeoutMillis() + " " + member.stopTimeoutMillis() + " " + settings(member)));
        }
        return lines;
    }

    private static String settings(MemberConfig member) {
        return switch (member) {
            case MemberConfig.Resource resource -> "";
            case MemberConfig.Device device -> "";
            case MemberConfig.Filesystem filesystem ->
                filesystem.fsck() + " " + filesystem.onBusy() + " " + String.join(",", filesystem.mountOptions());
            case MemberConfig.Address address -> "lifetime " + address.lifetimeSeconds();
            case MemberConfig.Program program -> switch (program.kind()) {
                case MemberConfig.ProgramKind.Ocf ocf -> parameters(ocf.parameters());
                case MemberConfig.ProgramKind.Command command -> command.stop() + " " + command.monitor();
                case MemberConfig.ProgramKind.Systemd systemd -> "";
                case MemberConfig.ProgramKind.Lsb lsb -> "";
            };
            case MemberConfig.Link link -> "";
        };
    }

    /** Values that are secret by their name are left out: a digest of few bits over known text could be used to guess them. */
    private static String parameters(Map<String, String> parameters) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(parameters).forEach((name, value) -> text.append(name).append('=').append(name.contains("passw") ? "" : value).append(' '));
        return text.toString();
    }

    static List<String> paths(ClusterConfig cluster) {
        boolean localFirst = cluster.localNode().compareTo(cluster.peerNode()) < 0;
        return cluster.paths().stream().sorted(Comparator.comparing(PathConfig::name))
                .map(path -> path.name() + " " + shown(localFirst ? path.local() : path.peer()) + " " + shown(localFirst ? path.peer() : path.local())).toList();
    }

    static List<String> checks(List<CheckConfig> checks) {
        return checks.stream().sorted(Comparator.comparing(CheckConfig::name)).map(check -> check.name() + " " + check.group().orElse("node") + " "
                + check.consequence() + " " + kind(check.kind()) + " " + check.intervalMillis() + " " + check.timeoutMillis() + " " + check.failAfter() + " " + check.recoverAfter()).toList();
    }

    private static String kind(CheckConfig.Kind kind) {
        return switch (kind) {
            case CheckConfig.Kind.Command command -> "command " + command.command();
            case CheckConfig.Kind.DiskSpace space -> "disk-space " + space.path() + " " + space.freePercentAtLeast();
            case CheckConfig.Kind.ServiceNet net -> "service-net";
            case CheckConfig.Kind.TimeOffset offset -> "time-offset " + offset.mostMillis();
            case CheckConfig.Kind.Replication replication -> "replication";
        };
    }

    static List<String> resources(ReplicatorConfig replicator) {
        return replicator.resources().stream().sorted(Comparator.comparing(ResourceConfig::name))
                .flatMap(resource -> Stream.concat(Stream.of(resource.name() + " " + resource.net().protocol()), resource.hosts().stream().flatMap(EqualParts::host)))
                .toList();
    }

    private static Stream<String> host(HostConfig host) {
        return Stream.concat(Stream.of(String.join(" ", host.names()) + " " + host.address()), host.volumes().stream().map(EqualParts::volume));
    }

    private static String volume(VolumeConfig volume) {
        return volume.number() + " " + volume.disk() + " " + switch (volume.metaDisk()) {
            case MetaDisk.Internal internal -> "internal";
            case MetaDisk.FlexExternal flexible -> "at " + flexible.path();
            case MetaDisk.Indexed indexed -> "at " + indexed.path() + " " + indexed.index();
        } + " disk-timeout " + volume.options().diskTimeoutMillis();
    }

    private static List<GroupConfig> byName(List<GroupConfig> groups) {
        return groups.stream().sorted(Comparator.comparing(GroupConfig::name)).toList();
    }

    private static String shown(InetSocketAddress address) {
        return address.getAddress().getHostAddress().replaceFirst("%.*", "") + " " + address.getPort();
    }
}
