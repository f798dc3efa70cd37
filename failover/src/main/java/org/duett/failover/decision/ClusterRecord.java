package org.duett.failover.decision;

import java.util.List;

/**
 * What a node remembers over a restart of its daemon and of the machine. Kept durably by the shell.
 *
 * @param saidGoodbye it has left in order, and does not know that the peer has heard it since
 */
public record ClusterRecord(boolean standby, boolean single, boolean saidGoodbye, List<GroupRecord> groups) {
    public static final ClusterRecord EMPTY = new ClusterRecord(false, false, false, List.of());

    public record GroupRecord(String name, long startCounter, boolean held, long heldVersion) {
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
