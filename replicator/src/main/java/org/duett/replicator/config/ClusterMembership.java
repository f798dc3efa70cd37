package org.duett.replicator.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which resources the section cluster puts under the failover daemon's control. It is all that the replicator takes from
 * that section: a mirror that moves with a group must not go on alone by itself, whether or not anybody remembered to
 * write {@code cluster yes} as well (rule 8).
 */
record ClusterMembership(String group, SourcePosition position) {

    /** The members of all groups, and where each stands first. What is malformed, the failover daemon refuses. */
    static Map<String, ClusterMembership> of(Optional<Statement> cluster) {
        var members = new LinkedHashMap<String, ClusterMembership>();
        for (Statement inCluster : cluster.flatMap(Statement::section).orElse(List.of())) {
            if (!inCluster.keyword().isKeyword("group")) continue;
            String group = inCluster.words().size() > 1 ? inCluster.words().get(1).text() : "";
            for (Statement member : inCluster.section().orElse(List.of())) {
                if (member.keyword().isKeyword("resource") && member.words().size() > 1) {
                    Token name = member.words().get(1);
                    members.putIfAbsent(name.text(), new ClusterMembership(group, name.position()));
                }
            }
        }
        return Collections.unmodifiableMap(members);
    }
}
