package org.duett.failover.status;

import java.util.ArrayList;
import java.util.List;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.decision.GroupPhase;
import org.duett.failover.decision.GroupStatus;

/** What a failover daemon says when it ends: which groups go on running without it, and what of them does not for long. */
public final class LastWords {

    private LastWords() {
    }

    /** {@code groups}: as they were a moment ago; empty while nothing is known of them. */
    public static String of(ClusterConfig config, List<GroupStatus> groups, boolean hasLeft) {
        if (hasLeft) return "it has left the cluster: its groups are stopped here, and " + config.peerNode() + " may run them";
        if (groups.isEmpty()) return "it has not looked at what runs here, and all is as it was";
        List<String> said = new ArrayList<>();
        for (GroupStatus group : groups) said.add("group " + group.name() + ofGroup(group.phase(), group.word()));
        List<String> lapsing = addressesThatLapse(config, groups);
        if (!lapsing.isEmpty()) {
            said.add("if no daemon runs here by then, " + String.join(", ", lapsing) + ", and reads wait from "
                    + (config.timing().deadtimeMillis() - config.timing().readMarginMillis()) + " ms after the last word of " + config.peerNode() + " on");
        }
        return String.join("; ", said);
    }

    private static String ofGroup(GroupPhase phase, String word) {
        return switch (phase) {
            case UP -> " goes on running here";
            case DOWN -> " does not run here";
            case PROBING, CLAIMING, CHECKING, STARTING, STOPPING, UNCLEAN -> " was " + word + ": what of it is here stays, and the next daemon goes on with it";
        };
    }

    private static List<String> addressesThatLapse(ClusterConfig config, List<GroupStatus> groups) {
        List<String> lapsing = new ArrayList<>();
        for (GroupConfig group : config.groups()) {
            boolean runs = groups.stream().anyMatch(each -> each.name().equals(group.name()) && each.phase() == GroupPhase.UP);
            if (!runs) continue;
            for (MemberConfig member : group.members()) {
                if (member instanceof MemberConfig.Address address)
                    lapsing.add(address.address().getHostAddress() + " lapses in " + address.lifetimeSeconds() + " s");
            }
        }
        return lapsing;
    }
}
