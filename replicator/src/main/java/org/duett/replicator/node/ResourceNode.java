package org.duett.replicator.node;

import org.duett.replicator.clock.BootClock;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.config.HostConfig;
import org.duett.replicator.config.NodeAddress;
import org.duett.replicator.config.ResourceConfig;
import org.duett.replicator.config.VolumeConfig;
import org.duett.replicator.control.ExitCode;
import org.duett.replicator.device.BlockDevices;
import org.duett.replicator.disk.AlignedBuffers;
import org.duett.replicator.disk.DiskRequest;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.nbd.NbdLimits;
import org.duett.replicator.nbd.NbdServer;
import org.duett.replicator.nbd.NbdSettings;
import org.duett.replicator.nbd.PayloadPool;
import org.duett.replicator.node.status.EventLines;
import org.duett.replicator.node.status.ResourceView;
import org.duett.replicator.peer.PeerConnections;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.resource.ResourceStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running resource: its core, its shells and the loop that owns them all. Its methods may be called from any thread. */
final class ResourceNode {
    private static final Logger LOG = LoggerFactory.getLogger(ResourceNode.class);
    /** For payloads of clients and of the peer; above what the front end hands out, so that the peer's never wait for it. */
    private static final long BUFFER_BYTES = 256L << 20;
    private static final long ANSWER_SECONDS = 10;
    /** It has nothing yet that could hang, and a machine that boots is busy: given up, the resource would stay down until somebody sees that. */
    private static final long START_SECONDS = 120;

    private final ResourceConfig config;
    private final HostConfig local;
    private final Path nbdSocket;
    private final EventLoop eventLoop;
    private final AlignedBuffers buffers;
    private final ResourceLoop loop;
    private final ResourceEvents events;
    private final ResourceTickets tickets;
    private final ResourceErrands errands;
    private final RunFile terms;
    private final VolumeDisks disks;
    private final PeerConnections peers;
    private final NbdServer nbd;
    private final ActionDispatch dispatch;

    /** Not yet configured for the core: nothing is attached, nothing connected. Fails when it cannot listen for its host. */
    static ResourceNode start(ResourceConfig config, HostConfig local, HostConfig peer, NodeSurroundings node) throws IOException {
        EventLoop eventLoop = node.loops().next();
        ResourceNode started = onLoop(eventLoop, START_SECONDS, () -> new ResourceNode(config, local, peer, node, eventLoop));
        try {
            started.listen(node);
        } catch (IOException failed) {
            started.close();
            throw failed;
        }
        OptionalLong formerTerm = started.terms.read();
        List<Integer> intact = new ArrayList<>();
        for (VolumeConfig volume : local.volumes()) {
            if (cacheIntact(node, config.name(), volume.number()).read().isPresent()) intact.add(volume.number());
        }
        onLoop(eventLoop, START_SECONDS, () -> {
            started.events.created();
            for (int volume : intact) started.loop.deliver(new Event.CacheIntactFound(volume));
            if (formerTerm.isPresent()) started.termFound(formerTerm.getAsLong(), peer.displayName());
            return null;
        });
        return started;
    }

    private static RunFile cacheIntact(NodeSurroundings node, String resource, int volume) {
        return RunFile.ofCacheIntact(node.runDirectory(), resource, volume, node.bootId());
    }

    /** Rule 22: clients of that term wait; the core decides whether it goes on. */
    private void termFound(long term, String peer) {
        events.reported(new OperatorReport(OperatorReport.Level.WARNING, "Resource " + name() + ": its daemon ended while this node was Primary, term "
                + HexFormat.of().toHexDigits(term) + ", in this boot of the machine.",
                "It starts as Secondary, and serves nobody before " + peer + " has said that it is Secondary, too, and has the same data.",
                "Connect it to " + peer + ". If " + peer + " is down for certain: " + config.duett().group().map(_ -> "duett cluster confirm-peer-down, and its group starts.").orElse("duett primary " + name() + ", then attach the clients anew.")));
        loop.deliver(new Event.TermFound(term));
    }

    private ResourceNode(ResourceConfig config, HostConfig local, HostConfig peer, NodeSurroundings node, EventLoop eventLoop)
            throws IOException {
        this.config = config;
        this.local = local;
        this.eventLoop = eventLoop;
        String name = config.name();
        nbdSocket = FileNames.nbdSocket(node.runDirectory(), name);
        BootClock clock = new BootClock();
        ResourceSettings settings = SettingsFromConfig.settings(config, local, peer, MadeDisks.read(node.stateDirectory()));
        buffers = new AlignedBuffers(eventLoop, BUFFER_BYTES);
        loop = new ResourceLoop(name, eventLoop, clock, new ResourceMachine(settings, buffers), node.failStop());
        events = new ResourceEvents(name, new EventLines(name, minors(local)), node.hub());
        tickets = new ResourceTickets(loop);
        terms = RunFile.ofTerm(node.runDirectory(), name, node.bootId());
        errands = new ResourceErrands(loop, events, name, config.handlers(),
                new HandlerEnvironment(name, node.configuration(), local, peer), terms, volume -> cacheIntact(node, name, volume), new BlockDevices(node.runDirectory()));
        disks = new VolumeDisks(loop, buffers, diskRequests(config, local));
        peers = new PeerConnections(node.transport(), eventLoop, SettingsFromConfig.peer(config, local, peer), buffers::allocate,
                loop::deliver, RandomGenerator.getDefault());
        nbd = new NbdServer(eventLoop, new NbdSettings(name, local.volumes().size(), () -> events.whyNotServed(peer.displayName(), config.duett().group()),
                NbdLimits.DEFAULTS), loop::deliver, payloads(buffers), clock);
        dispatch = new ActionDispatch(eventLoop, disks, peers, nbd, events, errands, tickets);
        loop.performedBy(dispatch);
    }

    private static Map<Integer, Integer> minors(HostConfig local) {
        Map<Integer, Integer> minors = new TreeMap<>();
        for (VolumeConfig volume : local.volumes()) minors.put(volume.number(), volume.minor());
        return minors;
    }

    private static Map<Integer, DiskRequest> diskRequests(ResourceConfig config, HostConfig local) {
        Map<Integer, DiskRequest> requests = new LinkedHashMap<>();
        for (VolumeConfig volume : local.volumes()) {
            requests.put(volume.number(), SettingsFromConfig.diskRequest(config.name(), volume, config.duett()));
        }
        return requests;
    }

    private static PayloadPool payloads(AlignedBuffers buffers) {
        return new PayloadPool() {
            @Override
            public ByteBuf tryAllocate(int lengthBytes) {
                return buffers.tryAllocate(lengthBytes);
            }

            @Override
            public void whenAvailable(Runnable then) {
                buffers.whenAvailable(then);
            }
        };
    }

    private void listen(NodeSurroundings node) throws IOException {
        nbd.listenUnix(node.transport(), nbdSocket);
        Optional<NodeAddress> tcp = config.duett().nbdTcp();
        // Who writes an address into the configuration has chosen who can reach it.
        if (tcp.isPresent()) nbd.listenTcp(node.transport(), tcp.get().socketAddress(), true);
    }

    ResourceConfig config() {
        return config;
    }

    HostConfig local() {
        return local;
    }

    String name() {
        return config.name();
    }

    // ---- what is asked of it

    CompletableFuture<CommandResult> order(Command command) {
        CompletableFuture<CommandResult> future = new CompletableFuture<>();
        eventLoop.execute(() -> tickets.order(command, future));
        return future;
    }

    /** The first status that fulfils the condition; give it up with {@link CompletableFuture#cancel}. */
    CompletableFuture<ResourceStatus> await(Predicate<ResourceStatus> condition) {
        CompletableFuture<ResourceStatus> future = new CompletableFuture<>();
        eventLoop.execute(() -> tickets.await(condition, future));
        return future;
    }

    ResourceView view() throws NodeException {
        return ask(this::viewNow);
    }

    private ResourceView viewNow() {
        ResourceStatus status = loop.status();
        List<ResourceView.VolumePlace> places = new ArrayList<>();
        for (VolumeConfig volume : local.volumes()) {
            int number = volume.number();
            places.add(new ResourceView.VolumePlace(number, volume.minor(), volume.disk(), disks.engine(number), disks.isThin(number),
                    dispatch.servedTerm(number).map(term -> nbdUri(number, term))));
        }
        return new ResourceView(status, places, loop.stopReport().map(report -> new ResourceView.Stopped(loop.stoppedAt(), report)));
    }

    /** As the NBD URI specification has it; tools take it as it is. */
    private String nbdUri(int volume, long term) {
        return "nbd+unix:///" + FileNames.escaped(name()) + "/" + volume + "@" + HexFormat.of().toHexDigits(term) + "?socket=" + nbdSocket;
    }

    void introduceTo(EventHub.Subscription subscription) throws NodeException {
        ask(() -> {
            events.introduceTo(subscription);
            return null;
        });
    }

    private <T> T ask(Callable<T> question) throws NodeException {
        try {
            return onLoop(eventLoop, question);
        } catch (IOException stuck) {
            throw new NodeException(ExitCode.ERROR, "Resource " + name() + ": " + stuck.getMessage() + ".", "Nothing was changed.",
                    "See the daemon's log.");
        }
    }

    // ---- the end

    /** The front end stops serving: clients are cut off, what they had asked for is still worked off. */
    void stopServing() throws InterruptedException {
        nbd.close().await(ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    /** What the end of the process does to disks and sockets is no failure of theirs: nothing is decided on it, and nothing said. */
    void endAsInACrash() throws IOException {
        onLoop(eventLoop, () -> {
            loop.end();
            errands.close();
            return null;
        });
    }

    /** Everything was detached, or what is still held is let go by the end of the process. */
    void close() throws IOException {
        CompletableFuture<Void> disksClosed = new CompletableFuture<>();
        eventLoop.execute(() -> disks.whenAllClosed(() -> disksClosed.complete(null)));
        try {
            disksClosed.get(ANSWER_SECONDS, TimeUnit.SECONDS);
            nbd.close().await(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException stuck) {
            LOG.warn("resource={} a disk operation has not come back; its device stays locked by this process", name());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException impossible) {
            throw new AssertionError(impossible);
        }
        onLoop(eventLoop, () -> {
            peers.close();
            events.destroyed();
            loop.end();
            tickets.failAll("resource " + name() + " went down");
            errands.close();
            // What a peer's socket or a hanging disk still holds must not be unmapped under it.
            if (disks.allClosed() && buffers.outstanding() == 0) buffers.close();
            return null;
        });
    }

    private static <T> T onLoop(EventLoop eventLoop, Callable<T> work) throws IOException {
        return onLoop(eventLoop, ANSWER_SECONDS, work);
    }

    private static <T> T onLoop(EventLoop eventLoop, long seconds, Callable<T> work) throws IOException {
        try {
            return eventLoop.submit(work).get(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new IOException("given up", ended);
        } catch (TimeoutException stuck) {
            throw new IOException("the event loop of the resource has not answered for " + seconds + " s", stuck);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof IOException io) throw io;
            throw new IllegalStateException(failed.getCause());
        }
    }
}
