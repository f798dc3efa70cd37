package org.duett.failover.config;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;

/**
 * What a node tells of its groups and resources has to fit into the heartbeats that one report may take. The reader of the configuration
 * refuses what would not: the daemons of both nodes would end with their first one. The figures are those of {@code NodeReportCodec}, whose test compares them.
 */
public final class ReportRoom {
    /** The number of groups, and that of resources, stands in a report. */
    public static final int MOST_ENTRIES = 64;
    private static final int REPORT_BYTES = 1 + 1 + 8 + 8 + 3;
    private static final int GROUP_BYTES = 1 + 1 + 8 + 1 + 8 + 1;
    private static final int RESOURCE_BYTES = 1 + 3 + 4 * 8;
    /** A halt of the replicator (rule 25), with the longest name of a resource and of an event. */
    private static final int FAIL_STOP_BYTES = 1 + 1 + HeartbeatCodec.MOST_NAME_BYTES + 8;

    private ReportRoom() {
    }

    static void check(ClusterConfig config, SourcePosition position) throws ConfigException {
        List<String> groups = config.groups().stream().map(GroupConfig::name).toList();
        List<String> resources = config.groups().stream().flatMap(group -> group.resources().stream()).toList();
        if (Math.max(groups.size(), resources.size()) > MOST_ENTRIES) {
            throw new ConfigException(position, "there are " + groups.size() + " groups with " + resources.size() + " resources", "up to " + MOST_ENTRIES + " of each");
        }
        List<String> paths = config.paths().stream().map(PathConfig::name).toList();
        // Both nodes come to the same answer.
        int room = HeartbeatCodec.MOST_PARTS * Stream.of(config.localNode(), config.peerNode()).mapToInt(node -> HeartbeatCodec.mostBodyBytes(config.name(), node, paths)).min().orElseThrow();
        int needed = bytesFor(groups, resources);
        if (needed > room) {
            throw new ConfigException(position, "what a node tells of " + groups.size() + " groups with " + resources.size() + " resources takes up to " + needed
                    + " bytes, and " + HeartbeatCodec.MOST_PARTS + " heartbeats have room for " + room, "fewer groups (a group may have several resources), fewer resources, or shorter names of groups, resources, nodes and paths");
        }
    }

    /** Without details for people, and with one halt of the replicator: the least that a report has to carry. */
    public static int bytesFor(List<String> groups, List<String> resources) {
        int longestResource = resources.stream().mapToInt(ReportRoom::bytes).max().orElse(0);
        return REPORT_BYTES + groups.stream().mapToInt(name -> GROUP_BYTES + bytes(name)).sum()
                + resources.stream().mapToInt(name -> RESOURCE_BYTES + bytes(name)).sum() + FAIL_STOP_BYTES + longestResource;
    }

    private static int bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length;
    }
}
