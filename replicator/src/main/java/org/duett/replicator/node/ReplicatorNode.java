package org.duett.replicator.node;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.ConfigReader;
import org.duett.replicator.config.ConfigSelection;
import org.duett.replicator.config.ConfigWarning;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.resource.ResourceStatus;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The resources of this daemon: brought up from the configuration, and taken down again. */
public final class ReplicatorNode {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicatorNode.class);
    private static final long SHUTDOWN_SECONDS = 15;

    private final NodeSurroundings surroundings;
    private final Path configuration;
    private final Map<String, ResourceNode> resources = new ConcurrentSkipListMap<>();
    /** One change to the set of resources at a time. */
    private final ReentrantLock changing = new ReentrantLock();

    ReplicatorNode(NodeSurroundings surroundings) {
        this.surroundings = surroundings;
        this.configuration = surroundings.configuration();
    }

    EventHub hub() {
        return surroundings.hub();
    }

    Collection<ResourceNode> resources() {
        return resources.values();
    }

    ResourceNode resource(String name) throws NodeException {
        ResourceNode found = resources.get(name);
        if (found != null) return found;
        String known = resources.isEmpty() ? "none is" : "up are " + String.join(", ", resources.keySet());
        throw new NodeException(ExitCode.CONFIGURATION, "Resource " + name + " is not up on this node; " + known + ".", "Nothing was changed.",
                "If the configuration has it: duett up " + name);
    }

    /** All resources of the configuration that this node has a part in. */
    List<String> configured() throws NodeException {
        ConfigReader.Result read = readConfiguration();
        try {
            ConfigSelection selection = ConfigSelection.ofThisNode(read.config());
            selection.nothingHere(read.config()).ifPresent(why -> LOG.warn("{}: {}", configuration, why));
            return selection.resourcesHere(read.config()).stream().map(ResourceConfig::name).toList();
        } catch (IOException failed) {
            throw unreadable(failed);
        }
    }

    // ---- up

    /** Configured where it is not, attached and connected where it is not; the answer for the operator. */
    String up(String name) throws NodeException, InterruptedException {
        changing.lockInterruptibly();
        try {
            ConfigReader.Result read = readConfiguration();
            ResourceConfig config = read.config().resource(name).orElseThrow(() -> unknown(name, read));
            ResourceNode running = resources.get(name);
            String note = "";
            if (running == null) {
                running = start(config, read);
                resources.put(name, running);
            } else if (!isSame(running.config(), config)) {
                note = "; the configuration was changed since: to use it, duett down " + name + ", then duett up " + name;
            }
            attachAll(running);
            done(order(running, new Command.Connect(false)));
            return "is up" + note;
        } finally {
            changing.unlock();
        }
    }

    /** Where it stands in the file is of no interest. */
    private static boolean isSame(ResourceConfig one, ResourceConfig other) {
        return new ResourceConfig(one.name(), other.definedAt(), one.hosts(), one.net(), one.options(), one.startup(), one.handlers(),
                one.duett()).equals(other);
    }

    private ConfigReader.Result readConfiguration() throws NodeException {
        try {
            ConfigReader.Result read = ConfigReader.read(configuration);
            for (ConfigWarning warning : read.warnings()) LOG.debug("configuration: {}", warning);
            return read;
        } catch (ConfigException wrong) {
            throw refused(wrong);
        }
    }

    static NodeException refused(ConfigException wrong) {
        return new NodeException(ExitCode.CONFIGURATION, wrong.position() + ": " + wrong.found() + ".", "Nothing was changed.",
                "Allowed: " + wrong.allowed() + ".");
    }

    private static NodeException unreadable(IOException failed) {
        return new NodeException(ExitCode.CONFIGURATION, "The names and addresses of this node cannot be read: " + failed + ".",
                "Nothing was changed.", "See the daemon's log.");
    }

    private NodeException unknown(String name, ConfigReader.Result read) {
        List<String> known = read.config().resources().stream().map(ResourceConfig::name).toList();
        return new NodeException(ExitCode.CONFIGURATION, "The configuration " + configuration + " has no resource " + name + ".",
                "Nothing was changed.", known.isEmpty() ? "It has none at all; is an include missing?" : "It has: " + String.join(", ", known) + ".");
    }

    private ResourceNode start(ResourceConfig config, ConfigReader.Result read) throws NodeException {
        try {
            ConfigSelection selection = ConfigSelection.ofThisNode(read.config());
            HostConfig peer = selection.peerHost(config);
            HostConfig local = selection.localHost(config).orElseThrow();
            return ResourceNode.start(config, local, peer, surroundings);
        } catch (ConfigException wrong) {
            throw refused(wrong);
        } catch (IOException failed) {
            throw new NodeException(ExitCode.ERROR, "Resource " + config.name() + " cannot be started: " + failed.getMessage() + ".",
                    "Nothing was attached or connected.", "Remove what is in the way, then: duett up " + config.name());
        }
    }

    private void attachAll(ResourceNode resource) throws NodeException, InterruptedException {
        ResourceStatus status = resource.view().status();
        for (ResourceStatus.VolumeStatus volume : status.volumes()) {
            if (volume.state().disk() == DiskState.DISKLESS) done(order(resource, new Command.Attach(volume.number())));
        }
    }

    /** Of a resource that is not up, too: it may come up with that event ahead of it. */
    void peerFailStopped(String name, String event, long untilBootNanos) {
        surroundings.peerFailStops().told(name, event, untilBootNanos);
    }

    // ---- commands

    /** Performed volume by volume where the core knows only one at a time; the first refusal ends it. */
    List<String> perform(String name, Command command) throws NodeException, InterruptedException {
        ResourceNode resource = resource(name);
        List<String> answers = new ArrayList<>();
        for (Command each : byVolume(command, resource.local())) {
            answers.add(done(order(resource, each)));
        }
        return answers;
    }

    private static List<Command> byVolume(Command command, HostConfig local) {
        List<Command> commands = new ArrayList<>();
        for (VolumeConfig volume : local.volumes()) {
            commands.add(switch (command) {
                case Command.Attach(int number) when number < 0 -> new Command.Attach(volume.number());
                case Command.Detach(int number, boolean force) when number < 0 -> new Command.Detach(volume.number(), force);
                case Command.Invalidate(int number) when number < 0 -> new Command.Invalidate(volume.number());
                case Command.InvalidateRemote(int number) when number < 0 -> new Command.InvalidateRemote(volume.number());
                case Command.NewCurrentUuid(int number, boolean clear) when number < 0 -> new Command.NewCurrentUuid(volume.number(), clear);
                case Command.Resize(int number, long sectors, boolean clean) when number < 0 -> new Command.Resize(volume.number(), sectors, clean);
                default -> command;
            });
        }
        // Those that are not of a volume came out the same each time.
        return commands.stream().distinct().toList();
    }

    private static CommandResult order(ResourceNode resource, Command command) throws InterruptedException, NodeException {
        try {
            return resource.order(command).get();
        } catch (ExecutionException gone) {
            throw new NodeException(ExitCode.ERROR, gone.getCause().getMessage() + " before the command was done.", "See duett status.",
                    "Bring it up again: duett up " + resource.name());
        }
    }

    private static String done(CommandResult result) throws NodeException {
        return switch (result) {
            case CommandResult.Done(String text) -> text;
            case CommandResult.Refused(var code, var report) -> {
                ExitCode exitCode = ExitCode.of(code);
                // Whatever the code says, this was refused.
                throw new NodeException(exitCode == ExitCode.OK ? ExitCode.REFUSED : exitCode, report);
            }
        };
    }

    // ---- down

    String down(String name, boolean force) throws NodeException, InterruptedException {
        changing.lockInterruptibly();
        try {
            if (!resources.containsKey(name) && readConfiguration().config().resource(name).isPresent()) return "is down already";
            ResourceNode resource = resource(name);
            done(order(resource, new Command.Demote(force)));
            done(order(resource, new Command.Disconnect(force)));
            detachAll(resource, force);
            resources.remove(name);
            resource.close();
            return "is down";
        } catch (IOException stuck) {
            throw new NodeException(ExitCode.ERROR, "Resource " + name + ": " + stuck.getMessage() + ".", "Its disks were given up.",
                    "See the daemon's log.");
        } finally {
            changing.unlock();
        }
    }

    private static void detachAll(ResourceNode resource, boolean force) throws NodeException, InterruptedException {
        for (VolumeConfig volume : resource.local().volumes()) {
            done(order(resource, new Command.Detach(volume.number(), force)));
        }
    }

    // ---- the end of the daemon

    /**
     * A Secondary, and a Primary that nobody uses, is detached cleanly. A Primary in use is not demoted: its clients are cut off, and it ends as in
     * a crash, which loses nothing that was acknowledged.
     */
    public void shutDown() {
        List<Thread> endings = new ArrayList<>();
        for (ResourceNode resource : resources.values()) {
            endings.add(Thread.ofVirtual().start(() -> shutDown(resource)));
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SHUTDOWN_SECONDS);
        for (Thread ending : endings) {
            try {
                ending.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            } catch (InterruptedException ended) {
                return;
            }
        }
    }

    private void shutDown(ResourceNode resource) {
        try {
            boolean primary = staysPrimary(resource);
            resource.stopServing();
            if (primary) {
                // Its disks stay attached to the end, and are closed with the process: the clients wait, and nothing else does.
                resource.endAsInACrash();
                LOG.info("resource={} ends as in a crash; its clients wait, and it is Primary again in this term when its daemon is back", resource.name());
                return;
            }
            detachInOrder(resource);
            resource.close();
        } catch (ExecutionException | TimeoutException | IOException | NodeException failed) {
            LOG.warn("resource={} could not be closed cleanly: {}", resource.name(), failed.toString());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * A Primary in use keeps its role and its term, for the daemon that comes next. Its disk is not given back: the other node's would be the
     * only good one from then on, and nobody could go on here. A device that is attached is in use also while its proxy is just connecting again.
     */
    private boolean staysPrimary(ResourceNode resource) throws InterruptedException, ExecutionException, TimeoutException, NodeException {
        boolean attached = !new BlockDevices(surroundings.runDirectory()).of(resource.name()).isEmpty();
        if (attached) return resource.view().status().role() == Role.PRIMARY;
        return resource.order(new Command.Demote(false)).get(SHUTDOWN_SECONDS, TimeUnit.SECONDS) instanceof CommandResult.Refused;
    }

    private static void detachInOrder(ResourceNode resource) throws InterruptedException, ExecutionException, TimeoutException {
        resource.order(new Command.Disconnect(false)).get(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
        for (VolumeConfig volume : resource.local().volumes()) {
            CommandResult detached = resource.order(new Command.Detach(volume.number(), false)).get(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
            switch (detached) {
                case CommandResult.Done done -> LOG.info("resource={} volume={} {}", resource.name(), volume.number(), done.text());
                case CommandResult.Refused refused -> LOG.warn("resource={} volume={} ends attached, as in a crash: {}", resource.name(),
                        volume.number(), refused.report());
            }
        }
    }
}
