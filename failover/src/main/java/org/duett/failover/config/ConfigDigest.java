package org.duett.failover.config;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.config.ReplicatorConfig;

/**
 * What has to be equal in the configurations of both nodes, as one number to a part, so that a difference can be named. It travels in each
 * heartbeat. What may differ (interfaces, notifiers, how a fence agent is called for this peer) and what is secret is not in it.
 */
public record ConfigDigest(List<Integer> parts) {

    /** In the order of the numbers; new ones are added at the end. */
    public enum Part {
        TIMES(true, "deadtime, read-margin or initdead", "each node computes by its own until when the other one waits, so both could act at once"),
        PROOFS(true, "the proofs", "what proves a death to one node proves nothing to the other one"),
        GROUPS(true, "the groups or their members", "a takeover would start something else than what ran before"),
        GROUP_SETTINGS(false, "settings of groups or members", "a takeover starts them in another way"),
        PATHS(false, "the heartbeat paths", "a path of one node is not one of the other"),
        CHECKS(false, "the checks", "the nodes judge the same thing differently"),
        RESOURCES(false, "the resources", "they may not connect, or use other disks than meant");

        private final boolean harmful;
        private final String what;
        private final String consequence;

        Part(boolean harmful, String what, String consequence) {
            this.harmful = harmful;
            this.what = what;
            this.consequence = consequence;
        }

        /** As people call it. */
        public String what() {
            return what;
        }
    }

    /** @param harmful nothing may be taken over while it lasts */
    public record Difference(Part part, boolean harmful, String text) {
    }

    public ConfigDigest {
        parts = List.copyOf(parts);
    }

    public static ConfigDigest of(ClusterConfig cluster, ReplicatorConfig replicator) {
        List<Integer> parts = new ArrayList<>();
        for (Part part : Part.values()) {
            parts.add(digest(switch (part) {
                case TIMES -> EqualParts.times(cluster.timing());
                case PROOFS -> EqualParts.proofs(cluster.proofs());
                case GROUPS -> EqualParts.groups(cluster.groups());
                case GROUP_SETTINGS -> EqualParts.groupSettings(cluster.groups());
                case PATHS -> EqualParts.paths(cluster);
                case CHECKS -> EqualParts.checks(cluster.checks());
                case RESOURCES -> EqualParts.resources(replicator);
            }));
        }
        return new ConfigDigest(parts);
    }

    /** What differs from the other node's, whose Duett may know more parts, or fewer. */
    public List<Difference> differencesTo(ConfigDigest other) {
        List<Difference> differences = new ArrayList<>();
        for (Part part : Part.values()) {
            int index = part.ordinal();
            if (index >= parts.size() || index >= other.parts.size() || parts.get(index).equals(other.parts.get(index))) continue;
            differences.add(new Difference(part, part.harmful, part.what + " differ: " + part.consequence));
        }
        return differences;
    }

    /** One line to a part, to be compared by eye with those of the other node. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Part part : Part.values()) lines.add("%08x  %s".formatted(parts.get(part.ordinal()), part.what));
        return lines;
    }

    private static int digest(List<String> lines) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String line : lines) {
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                // With its length: two lines are never the same as one.
                sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
                sha.update(bytes);
            }
            return ByteBuffer.wrap(sha.digest()).getInt();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
