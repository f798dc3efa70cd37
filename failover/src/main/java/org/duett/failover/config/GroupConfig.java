package org.duett.failover.config;

import java.util.List;
import java.util.Optional;

/**
 * Members that move together, in the order in which they are started.
 *
 * @param prefers the node that starts the group when nothing else decides; a group does not move back to it by itself
 * @param startAttempts how often its start is tried on one node before it moves
 * @param monitorMillis between two looks at each running member
 */
public record GroupConfig(String name, Optional<String> prefers, List<MemberConfig> members, int startAttempts, int monitorMillis) {
    public GroupConfig {
        members = List.copyOf(members);
    }

    /** The names of those that are mirrored devices. */
    public List<String> resources() {
        return members.stream().filter(MemberConfig.Resource.class::isInstance).map(member -> ((MemberConfig.Resource) member).name()).toList();
    }
}
