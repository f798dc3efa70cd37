package org.duett.replicator.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.duett.replicator.config.StartupConfig;
import org.duett.replicator.control.ControlHandler;
import org.duett.replicator.control.ControlReply;
import org.duett.replicator.control.ControlRequest;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.node.status.EventLines;
import org.duett.replicator.node.status.ResourceView;
import org.duett.replicator.node.status.StateWords;
import org.duett.replicator.node.status.StatusJson;
import org.duett.replicator.node.status.StatusProcDrbd;
import org.duett.replicator.node.status.StatusText;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.VolumeState;

/** Answers the requests of the control socket. */
public final class NodeRequests implements ControlHandler {
    private final ReplicatorNode node;
    private final String nodeName;
    private final String version;

    NodeRequests(ReplicatorNode node, String nodeName, String version) {
        this.node = node;
        this.nodeName = nodeName;
        this.version = version;
    }

    @Override
    public ControlReply handle(ControlRequest request, Lines lines) throws IOException, InterruptedException {
        try {
            return new ControlReply.Done(answer(request, lines));
        } catch (NodeException refused) {
            return new ControlReply.Refused(refused.code(), refused.report());
        }
    }

    private String answer(ControlRequest request, Lines lines) throws IOException, InterruptedException, NodeException {
        return switch (request) {
            case ControlRequest.Order(var name, var command) -> {
                StringBuilder text = new StringBuilder();
                for (String each : node.perform(name, command)) text.append(name).append(' ').append(each).append('\n');
                yield text.toString();
            }
            case ControlRequest.Up(var name) -> name + " " + node.up(name) + "\n";
            case ControlRequest.Down(var name, var force) -> name + " " + node.down(name, force) + "\n";
            case ControlRequest.Status(var name, var form) -> status(views(name), form);
            case ControlRequest.Show(var name, var volume, var word) -> show(node.resource(name), volume, word);
            case ControlRequest.Events(var name, var onlyNow) -> events(name, onlyNow, lines);
            case ControlRequest.WaitConnect(var name, var timeout) -> waitConnect(node.resource(name), timeout);
            case ControlRequest.WaitSync(var name, var timeout) -> waitSync(node.resource(name), timeout);
            case ControlRequest.PeerFailStopped(var name, var event, var untilBootNanos) -> {
                node.peerFailStopped(name, event, untilBootNanos);
                yield name + " stops alone at " + event + "\n";
            }
            case ControlRequest.Ping() -> nodeName + " " + ProcessHandle.current().pid() + "\n";
        };
    }

    // ---- status

    private List<ResourceView> views(Optional<String> name) throws NodeException {
        List<ResourceView> views = new ArrayList<>();
        if (name.isPresent()) {
            views.add(node.resource(name.get()).view());
        } else {
            for (ResourceNode resource : node.resources()) views.add(resource.view());
        }
        return views;
    }

    private String status(List<ResourceView> views, ControlRequest.StatusForm form) {
        return switch (form) {
            case ControlRequest.StatusForm.Text(boolean colour, int columns) -> StatusText.of(views, colour, columns);
            case ControlRequest.StatusForm.Json() -> StatusJson.of(nodeName, views);
            case ControlRequest.StatusForm.ProcDrbd() -> StatusProcDrbd.of(version, views);
        };
    }

    private static String show(ResourceNode resource, int volume, ControlRequest.StateWord word) throws NodeException {
        StringBuilder text = new StringBuilder();
        for (ResourceStatus.VolumeStatus each : resource.view().status().volumes()) {
            if (volume >= 0 && each.number() != volume) continue;
            VolumeState state = each.state();
            text.append(switch (word) {
                case CONNECTION -> StateWords.connectionWord(state);
                case ROLES -> StateWords.rolesWord(state);
                case DISKS -> StateWords.disksWord(state);
            }).append('\n');
        }
        if (!text.isEmpty()) return text.toString();
        throw new NodeException(ExitCode.CONFIGURATION, "Resource " + resource.name() + " has no volume " + volume + ".", "Nothing was changed.",
                "See duett status " + resource.name() + ".");
    }

    // ---- events

    private String events(Optional<String> name, boolean onlyNow, Lines lines) throws IOException, InterruptedException, NodeException {
        if (name.isPresent() && onlyNow) node.resource(name.get());
        EventHub.Subscription subscription = node.hub().subscribe(name);
        try {
            for (ResourceNode resource : node.resources()) {
                if (subscription.wants(resource.name())) resource.introduceTo(subscription);
            }
            subscription.add(List.of(EventLines.END_OF_EXISTING));
            while (true) {
                String line = subscription.take();
                lines.send(line);
                if (onlyNow && line.equals(EventLines.END_OF_EXISTING)) return "";
            }
        } finally {
            node.hub().end(subscription);
        }
    }

    // ---- waits

    private static String waitConnect(ResourceNode resource, OptionalInt timeout) throws InterruptedException, NodeException {
        boolean afterSplitBrain = resource.config().startup().waitAfterSplitBrain();
        ResourceStatus status = await(resource, timeout, "connected", each -> isConnected(each) || !afterSplitBrain && isStandAlone(each));
        if (!isStandAlone(status)) return resource.name() + " is connected\n";
        throw standAlone(resource);
    }

    private static String waitSync(ResourceNode resource, OptionalInt timeout) throws InterruptedException, NodeException {
        boolean afterSplitBrain = resource.config().startup().waitAfterSplitBrain();
        ResourceStatus status = await(resource, timeout, "in sync", each -> isInSync(each) || !afterSplitBrain && isStandAlone(each));
        if (!isStandAlone(status)) return resource.name() + " is in sync\n";
        throw standAlone(resource);
    }

    private static boolean isConnected(ResourceStatus status) {
        return status.volumes().stream().allMatch(volume -> volume.state().connection().isAtLeast(ConnectionState.CONNECTED));
    }

    private static boolean isInSync(ResourceStatus status) {
        return status.volumes().stream().allMatch(volume -> volume.state().connection() == ConnectionState.CONNECTED);
    }

    private static boolean isStandAlone(ResourceStatus status) {
        return status.volumes().stream().anyMatch(volume -> volume.state().connection().isBelow(ConnectionState.UNCONNECTED));
    }

    private static NodeException standAlone(ResourceNode resource) {
        return new NodeException(ExitCode.REFUSED, "Resource " + resource.name() + " is StandAlone: it does not connect by itself.",
                "Nothing was changed.", "Find out why (duett status " + resource.name() + "), then: duett connect " + resource.name());
    }

    private static ResourceStatus await(ResourceNode resource, OptionalInt timeout, String what, Predicate<ResourceStatus> condition)
            throws InterruptedException, NodeException {
        int seconds = timeout.isPresent() ? timeout.getAsInt() : configuredSeconds(resource);
        CompletableFuture<ResourceStatus> future = resource.await(condition);
        try {
            return seconds == 0 ? future.get() : future.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            throw new NodeException(ExitCode.TIMED_OUT, "Resource " + resource.name() + " is not " + what + " after " + seconds + " s.",
                    "It goes on trying.", "See duett status " + resource.name() + ", here and on the other node.");
        } catch (ExecutionException gone) {
            throw new NodeException(ExitCode.ERROR, gone.getCause().getMessage() + " meanwhile.", "Nothing was changed.",
                    "Bring it up again: duett up " + resource.name());
        } finally {
            future.cancel(false);
        }
    }

    /** Spec states 6.5. */
    private static int configuredSeconds(ResourceNode resource) throws NodeException {
        StartupConfig startup = resource.config().startup().corrected();
        boolean peerOutdated = resource.view().status().volumes().stream()
                .anyMatch(volume -> volume.state().peerDisk() == DiskState.OUTDATED);
        return peerOutdated ? startup.outdatedWaitSeconds() : startup.waitSeconds();
    }
}
