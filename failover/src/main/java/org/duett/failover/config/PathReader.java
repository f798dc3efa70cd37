package org.duett.failover.config;

import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.Statement;
import org.duett.replicator.config.Token;
import org.duett.replicator.config.WordCursor;

/** Reads {@code path NAME { NODE ADDRESS:PORT; NODE ADDRESS:PORT; }}. The paths say which two nodes this cluster has. */
final class PathReader {
    static final String EXAMPLE = "path crossover { node-a 10.99.0.1:7799; node-b 10.99.0.2:7799; }";

    /** Both ends of a path by the names of their nodes, as the file has them. */
    private record Ends(String name, Statement statement, Map<String, InetSocketAddress> byNode) {
    }

    private final SectionClaims claims;

    PathReader(SectionClaims claims) {
        this.claims = claims;
    }

    /** The two nodes, this one first. */
    record Nodes(String local, String peer) {
        List<String> both() {
            return List.of(local, peer);
        }
    }

    record Result(Nodes nodes, List<PathConfig> paths) {
    }

    Result read(List<Statement> statements, Statement cluster, String localNode) throws ConfigException {
        List<Ends> all = new ArrayList<>();
        for (Statement statement : statements) all.add(ends(statement));
        if (all.isEmpty()) throw new ConfigException(cluster.position(), "section cluster has no 'path'", EXAMPLE);
        if (all.size() > HeartbeatCodec.MOST_PATHS) {
            throw new ConfigException(all.getLast().statement.position(), "there are " + all.size() + " paths", "up to " + HeartbeatCodec.MOST_PATHS + " paths");
        }
        Ends first = all.getFirst();
        for (Ends ends : all) {
            if (!ends.byNode.keySet().equals(first.byNode.keySet())) {
                throw new ConfigException(ends.statement.position(), "path " + ends.name + " joins " + names(ends) + ", but path " + first.name
                        + " joins " + names(first), "the same two nodes in each path");
            }
        }
        if (!first.byNode.containsKey(localNode)) {
            throw new ConfigException(cluster.position(), "the paths of this cluster join " + names(first) + ", but this node is called " + localNode,
                    "the names that the nodes have; section duett with node-name NAME sets what this node is called");
        }
        String peer = first.byNode.keySet().stream().filter(node -> !node.equals(localNode)).findFirst().orElseThrow();
        return new Result(new Nodes(localNode, peer),
                all.stream().map(ends -> new PathConfig(ends.name, ends.byNode.get(localNode), ends.byNode.get(peer))).toList());
    }

    private Ends ends(Statement statement) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token name = nameOfBytes(words.takeWord("the name of a path"), HeartbeatCodec.MOST_PATH_NAME_BYTES);
        claims.claim("path " + name.text(), name.position());
        Map<String, InetSocketAddress> byNode = new LinkedHashMap<>();
        for (Statement end : words.expectSection()) {
            nameOfBytes(end.keyword(), HeartbeatCodec.MOST_NAME_BYTES);
            InetSocketAddress address = address(end);
            claims.claim("the heartbeat address " + shown(address), end.position());
            if (byNode.putIfAbsent(end.keyword().text(), address) != null) {
                throw new ConfigException(end.position(), "path " + name.text() + " has the node " + end.keyword().text() + " twice", EXAMPLE);
            }
        }
        if (byNode.size() != 2) {
            throw new ConfigException(name.position(), "path " + name.text() + " has " + byNode.size() + " ends", "exactly two: " + EXAMPLE);
        }
        List<InetSocketAddress> both = List.copyOf(byNode.values());
        if (both.getFirst().getAddress().getClass() != both.getLast().getAddress().getClass()) {
            throw new ConfigException(name.position(), "path " + name.text() + " joins an IPv4 and an IPv6 address", "two of one family");
        }
        return new Ends(name.text(), statement, byNode);
    }

    /** Names travel in each heartbeat, which has to fit into one frame. */
    static Token nameOfBytes(Token name, int most) throws ConfigException {
        int length = name.text().getBytes(StandardCharsets.UTF_8).length;
        if (length > 0 && length <= most) return name;
        throw new ConfigException(name.position(), "this name has " + length + " bytes", "1 to " + most + " bytes");
    }

    private static InetSocketAddress address(Statement end) throws ConfigException {
        WordCursor words = end.afterKeyword();
        try {
            InetSocketAddress address = words.takeAddress().socketAddress();
            words.expectSemicolon();
            AddressLiterals.ofOneHost(address.getAddress(), end.position());
            return address;
        } catch (UnknownHostException e) {
            throw new ConfigException(end.position(), "the address of " + end.keyword().shown() + " names an interface that this host does not have",
                    "addresses without a scope, or with an interface of this host");
        }
    }

    static String shown(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + " port " + address.getPort();
    }

    private static String names(Ends ends) {
        return String.join(" and ", ends.byNode.keySet());
    }
}
