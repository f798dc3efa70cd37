package org.duett.failover.config;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.ReplicatorConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.ResourceOptions;
import org.duett.replicator.config.SourcePosition;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;

/**
 * Reads section {@code cluster} (docs/operating/cluster.md). Whatever it contains, the answer is a {@link Result} or a {@link
 * ConfigException} that says where, what stands there and what is allowed. Settings that cannot work together are refused here. The key
 * file is read by {@link KeyFile}.
 */
public final class ClusterConfigReader {
    public static final Path DEFAULT_KEY_FILE = Path.of("/etc/duett/cluster.key");

    private static final List<String> ONCE = Stream.concat(Stream.of("name", "key-file"), TimingReader.KEYWORDS.stream()).toList();
    private static final List<String> REPEATABLE = List.of("path", "proof", "group", "check", "notify");

    /** The section as this node sees it, the rest of the same file, and what their author should know. */
    public record Result(ClusterConfig cluster, ReplicatorConfig replicator, List<ConfigWarning> warnings) {
        public Result {
            warnings = List.copyOf(warnings);
        }

        /** What works as it is, and could be better; for {@code duett cluster check}. */
        public List<String> advice() {
            return cluster.groups().stream().flatMap(group -> group.resources().stream()).flatMap(name -> replicator.resource(name).stream())
                    .filter(resource -> resource.options().onNoDataAccessible() == ResourceOptions.OnNoDataAccessible.IO_ERROR)
                    .map(resource -> "Advice: resource " + resource.name() + ": 'options { on-no-data-accessible suspend-io; }'. Now, when the active node has lost its disk and"
                            + " its peer dies, too, the file system gets errors, and may not be used again before it was checked; with that it waits for the peer.").toList();
        }
    }

    private final Statement cluster;
    private final ReplicatorConfig replicator;
    private final List<ConfigWarning> warnings;
    private final SectionClaims claims = new SectionClaims();

    private ClusterConfigReader(Statement cluster, ReplicatorConfig replicator, List<ConfigWarning> warnings) {
        this.cluster = cluster;
        this.replicator = replicator;
        this.warnings = warnings;
    }

    /** The configuration of the node that this process runs on. */
    public static Result read(Path file) throws ConfigException, IOException {
        ConfigReader.Result whole = ConfigReader.read(file);
        return read(file, whole, ConfigSelection.ofThisNode(whole.config()).nodeName());
    }

    /** The configuration as the node called {@code localNode} reads it. */
    public static Result read(Path file, String localNode) throws ConfigException {
        return read(file, ConfigReader.read(file), localNode);
    }

    private static Result read(Path file, ConfigReader.Result whole, String localNode) throws ConfigException {
        Statement cluster = whole.cluster().orElseThrow(() -> new ConfigException(SourcePosition.wholeFile(file),
                "there is no section cluster, so there is nothing to fail over", "a section 'cluster { ... }' in this file, or in one that it includes"));
        List<ConfigWarning> warnings = new ArrayList<>(whole.warnings());
        ClusterConfig config = new ClusterConfigReader(cluster, whole.config(), warnings).read(localNode);
        return new Result(config, whole.config(), warnings);
    }

    private ClusterConfig read(String localNode) throws ConfigException {
        SectionStatements section = SectionStatements.of("section cluster", cluster, cluster.afterKeyword().expectSection(), ONCE, REPEATABLE);
        Timing timing = new TimingReader(section).read();
        PathReader.Result paths = new PathReader(claims).read(section.all("path"), cluster, localNode);
        PathReader.Nodes nodes = paths.nodes();
        List<ProofConfig> proofs = new ProofReader(nodes, claims).read(section.all("proof"));
        MemberRequirements requirements = new MemberRequirements(nodes, timing, warnings);
        List<GroupConfig> groups = new GroupReader(nodes, replicator, requirements, claims).read(section.all("group"));
        List<CheckConfig> checks = new CheckReader(groups, proofs, claims).read(section.all("check"));
        ClusterConfig config = new ClusterConfig(name(section, nodes), nodes.local(), nodes.peer(), section.path("key-file", "the key file").orElse(DEFAULT_KEY_FILE),
                timing, paths.paths(), proofs, groups, checks, NotifierReader.read(section.all("notify")),
                replicator.node().runDirectory().resolve("control.sock"), replicator.node().runDirectory(), replicator.node().stateDirectory());
        checkAddresses(config, section);
        ReportRoom.check(config, cluster.position());
        warn(config);
        return config;
    }

    private static String name(SectionStatements section, PathReader.Nodes nodes) throws ConfigException {
        Optional<Token> written = section.word("name", "1 to " + HeartbeatCodec.MOST_NAME_BYTES + " bytes");
        if (written.isPresent()) return PathReader.nameOfBytes(written.get(), HeartbeatCodec.MOST_NAME_BYTES).text();
        // Both names together may be longer than a name may be.
        String derived = String.join("+", nodes.both().stream().sorted().toList());
        return derived.length() <= HeartbeatCodec.MOST_NAME_BYTES ? derived : derived.substring(0, HeartbeatCodec.MOST_NAME_BYTES);
    }

    /** A service address that a node or a ping target has as its own would answer when nobody serves. */
    private void checkAddresses(ClusterConfig config, SectionStatements section) throws ConfigException {
        Map<InetAddress, String> owners = new LinkedHashMap<>();
        for (ResourceConfig resource : replicator.resources()) {
            resource.hosts().forEach(host -> owners.putIfAbsent(host.address().withoutScope(), "resource " + resource.name() + " on " + host.displayName()));
        }
        for (PathConfig path : config.paths()) {
            owners.putIfAbsent(path.local().getAddress(), "path " + path.name() + " on " + config.localNode());
            owners.putIfAbsent(path.peer().getAddress(), "path " + path.name() + " on " + config.peerNode());
        }
        for (ProofConfig proof : config.proofs()) {
            if (!(proof instanceof ProofConfig.Ping ping)) continue;
            for (InetAddress target : ping.targets()) {
                if (owners.containsKey(target) && !target.isLoopbackAddress()) {
                    throw new ConfigException(section.positionOf("proof"), "the ping target " + target.getHostAddress() + " belongs to this cluster ("
                            + owners.get(target) + "): that it answers proves nothing", "hosts outside of the cluster, such as the router");
                }
                owners.putIfAbsent(target, "ping target");
            }
        }
        for (GroupConfig group : config.groups()) {
            for (MemberConfig member : group.members()) {
                if (member instanceof MemberConfig.Address it && owners.containsKey(it.address())) {
                    throw new ConfigException(section.positionOf("group"), "group " + group.name() + ": the service address " + it.address().getHostAddress()
                            + " is in use as an address that does not move (" + owners.get(it.address()) + ")", "an address that no host has as its own");
                }
            }
        }
    }

    private void warn(ClusterConfig config) {
        if (config.paths().size() == 1) {
            warn(cluster.position(), "there is one heartbeat path: when it fails, each node takes the other one for dead; a second one on another cable is wanted");
        }
        if (config.proofs().stream().allMatch(ProofConfig.Manual.class::isInstance)) {
            warn(cluster.position(), "there is no proof that works by itself: after the death of a node the other one waits for 'duett cluster confirm-peer-down'");
        }
        if (config.groups().isEmpty()) warn(cluster.position(), "there is no group: nothing moves");
        for (ResourceConfig resource : replicator.resources()) {
            boolean isMember = config.groups().stream().flatMap(group -> group.members().stream())
                    .anyMatch(member -> member instanceof MemberConfig.Resource it && it.name().equals(resource.name()));
            if (resource.duett().clusterControlled() && !isMember) {
                warn(resource.definedAt(), "resource " + resource.name() + " is under cluster control, but in no group: when it loses its peer it waits, and nobody decides for it");
            }
        }
    }

    private void warn(SourcePosition position, String text) {
        warnings.add(new ConfigWarning(ConfigWarning.Kind.SUSPICIOUS, position, text));
    }
}
