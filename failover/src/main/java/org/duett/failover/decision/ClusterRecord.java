package org.duett.failover.decision;

import java.util.List;

/**
 * What a node remembers over a restart of its daemon and of the machine. Kept durably by the shell.
 *
 * @param saidGoodbye it has left in order, and does not know that the peer has heard it since
 */
public record ClusterRecord(boolean standby, boolean single, boolean saidGoodbye, List<GroupRecord> groups) {
    public static final ClusterRecord EMPTY = new ClusterRecord(false, false, false, List.of());

    /** @param heardCounter the highest start-counter that the other node has told: a start here is to be known as the later one, also by a node that has not heard it since it booted */
    public record GroupRecord(String name, long startCounter, boolean held, long heldVersion, long heardCounter) {
        public GroupRecord(String name, long startCounter, boolean held, long heldVersion) {
            this(name, startCounter, held, heldVersion, 0);
        }
    }

    public ClusterRecord {
        groups = List.copyOf(groups);
    }

    GroupRecord of(String group) {
        for (GroupRecord each : groups) {
            if (each.name().equals(group)) return each;
        }
        return new GroupRecord(group, 0, false, 0);
    }
}
