package org.duett.replicator.node;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.node.status.EventLines;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what happens to a resource: to the log, one line to a state change (style 13), and to those who listen to events. */
final class ResourceEvents {
    private static final Logger LOG = LoggerFactory.getLogger(ResourceEvents.class);

    private final String resource;
    private final EventLines lines;
    private final EventHub hub;
    private long term;
    /** Read by clients' threads: why there is nothing to attach to here. */
    private volatile VolumeState last = VolumeState.UNCONFIGURED;

    ResourceEvents(String resource, EventLines lines, EventHub hub) {
        this.resource = resource;
        this.lines = lines;
        this.hub = hub;
    }

    void created() {
        hub.created(resource, lines.created());
    }

    void destroyed() {
        hub.publish(resource, lines.destroyed());
    }

    void introduceTo(EventHub.Subscription subscription) {
        subscription.introduce(resource, lines.existing());
    }

    void termIs(long newTerm) {
        term = newTerm;
    }

    VolumeState lastState() {
        return last;
    }

    void changed(Action.StateChanged change) {
        last = change.after();
        LOG.info("resource={} volume={}{} {}: {}", resource, change.volume(), term == 0 ? "" : " term=" + HexFormat.of().toHexDigits(term),
                differences(change.before(), change.after()), change.cause());
        hub.publish(resource, lines.changed(change.volume(), change.after()));
    }

    /** {@code connection Connected -> NetworkFailure, peer disk UpToDate -> DUnknown; now Primary/Unknown ...}. */
    static String differences(VolumeState before, VolumeState after) {
        List<String> parts = new ArrayList<>();
        difference(parts, "role", before.role().displayName(), after.role().displayName());
        difference(parts, "peer", before.peer().displayName(), after.peer().displayName());
        difference(parts, "connection", before.connection().displayName(), after.connection().displayName());
        difference(parts, "disk", before.disk().displayName(), after.disk().displayName());
        difference(parts, "peer disk", before.peerDisk().displayName(), after.peerDisk().displayName());
        difference(parts, "suspended by user", before.suspendedByUser(), after.suspendedByUser());
        difference(parts, "suspended for want of data", before.suspendedNoData(), after.suspendedNoData());
        difference(parts, "suspended for fencing", before.suspendedFencing(), after.suspendedFencing());
        difference(parts, "resync paused by user", before.syncPausedByUser(), after.syncPausedByUser());
        difference(parts, "resync paused by peer", before.syncPausedByPeer(), after.syncPausedByPeer());
        difference(parts, "resync paused by dependency", before.syncPausedByDependency(), after.syncPausedByDependency());
        return String.join(", ", parts);
    }

    private static void difference(List<String> parts, String what, Object before, Object after) {
        if (!before.equals(after)) parts.add(what + " " + before + " -> " + after);
    }

    void reported(OperatorReport report) {
        String text = "resource={} {}";
        switch (report.level()) {
            case ERROR -> LOG.error(text, resource, report);
            case WARNING -> LOG.warn(text, resource, report);
            case INFO -> LOG.info(text, resource, report);
        }
        hub.publish(resource, lines.reported(report));
    }

    void handlerCalled(String handler, int volume) {
        hub.publish(resource, lines.handlerCalled(handler, volume));
    }

    void handlerEnded(String handler, int volume, int exitCode) {
        hub.publish(resource, lines.handlerEnded(handler, volume, exitCode));
    }

    /** What a client hears that comes while this node does not serve the resource. */
    String whyNotServed(String peerNode, Optional<String> group) {
        VolumeState state = last;
        if (state.role() == Role.PRIMARY) return "Resource " + resource + " is not served just now; its disks are " + state.disk().displayName() + ".";
        String here = "Resource " + resource + " is " + state.role().displayName() + " on this node";
        return state.peer() == Role.PRIMARY ? here + "; attach on " + peerNode + ", which is Primary."
                : here + ", and nothing is known of a Primary; " + group.map(each -> "its group, " + each + ", starts it (duett cluster status)").orElse("to serve it here: duett primary " + resource);
    }
}
