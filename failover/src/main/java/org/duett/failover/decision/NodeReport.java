package org.duett.failover.decision;

import java.util.List;
import java.util.Optional;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/**
 * What a node tells the other one in every heartbeat: all that it is, never a change, so that a lost one costs nothing.
 *
 * @param pausedForNanos automatic takeover is off for so long; 0: it is on
 * @param wallClockMillis for the comparison of the two clocks
 */
public record NodeReport(NodeMode mode, long pausedForNanos, long wallClockMillis, List<GroupReport> groups, List<ResourceReport> resources,
        List<FailStop> failStops) {

    public NodeReport {
        groups = List.copyOf(groups);
        resources = List.copyOf(resources);
        failStops = List.copyOf(failStops);
    }

    /**
     * @param startCounter how often the group was started, in the whole cluster, when this node started it last; who has the higher one
     *        was active last
     * @param willing this node would run it
     * @param offered this node has stopped it for the other one to start
     * @param asksForIt the operator wants it moved to this node
     * @param held stopped on purpose in the whole cluster, as of {@code heldVersion}
     * @param troubled a failover check of it fails here
     * @param frozen it runs here, and a resource of it has stopped itself: a person has to decide (rule 25)
     * @param detail why, for people
     */
    public record GroupReport(String name, GroupPhase phase, long startCounter, boolean willing, boolean offered, boolean asksForIt, boolean held,
            long heldVersion, boolean troubled, boolean frozen, String detail) {
        GroupReport withoutDetail() {
            return new GroupReport(name, phase, startCounter, willing, offered, asksForIt, held, heldVersion, troubled, frozen, "");
        }
    }

    /**
     * @param alone this node acknowledges, or may acknowledge, without the other one, or did so until its replicator ended
     * @param ask the number under which this node asks the other one to give up its eyewitness; 0: it does not
     * @param answered the number of the other node's question that was granted last; 0: none
     */
    public record ResourceReport(String name, Role role, DiskState disk, boolean connected, long current, long term, boolean alone,
            boolean eyewitness, long ask, long answered) {
    }

    /** This node's replicator has halted itself at an event of this kind, so long ago (rule 25). */
    public record FailStop(String resource, String event, long agoMillis) {
    }

    public Optional<GroupReport> group(String name) {
        for (GroupReport group : groups) {
            if (group.name().equals(name)) return Optional.of(group);
        }
        return Optional.empty();
    }

    public Optional<ResourceReport> resource(String name) {
        for (ResourceReport resource : resources) {
            if (resource.name().equals(name)) return Optional.of(resource);
        }
        return Optional.empty();
    }
}
