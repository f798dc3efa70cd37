package org.duett.replicator.nbd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.PromiseCombiner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.transport.Transport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The NBD server of one resource: its listening sockets, its exports, its clients. Everything but listening and closing happens on
 * the resource's event loop.
 */
public final class NbdServer {
    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    private final EventLoop loop;
    private final NbdSettings settings;
    private final NbdEvents events;
    private final PayloadPool payloads;
    private final LongSupplier bootClock;
    private final NbdCounters counters = new NbdCounters();
    private final NbdExports exports;

    /** Listening; the files are those of Unix sockets. */
    private final List<Channel> listeners = new ArrayList<>();
    private final List<UnixSocketFile> socketFiles = new ArrayList<>();
    private final Set<NbdConnection> connections = new LinkedHashSet<>();
    private long connectionsSeen;
    private boolean full;
    private boolean closed;

    private NbdRequest unused;
    private long heldBytes;
    /** Connections that wait for a buffer, in order: a long request is not overtaken for ever by short ones. */
    private final ArrayDeque<NbdConnection> waitingForPayload = new ArrayDeque<>();
    private boolean payloadShort;
    private boolean wakeScheduled;
    private final Runnable wakeTask = this::wakeWaiting;
    private final Runnable payloadAvailable = this::payloadAvailable;
    private final ArrayDeque<NbdConnection> withReplies = new ArrayDeque<>();
    private final Runnable flushTask = this::flushReplies;
    private boolean flushTaskScheduled;

    /** @param bootClock CLOCK_BOOTTIME in nanoseconds, as {@link HostRequest#notAfterBootNanos} */
    public NbdServer(EventLoop loop, NbdSettings settings, NbdEvents events, PayloadPool payloads,
            LongSupplier bootClock) {
        this.loop = loop;
        this.settings = settings;
        this.events = events;
        this.payloads = payloads;
        this.bootClock = bootClock;
        this.exports = new NbdExports(settings);
    }

    // ---- listening

    /** Listens on a Unix socket that only this user may open; not to be called on the event loop. */
    public void listenUnix(Transport transport, Path path) throws IOException {
        UnixSocketFile file = UnixSocketFile.prepare(path);
        try {
            remember(bind(bootstrap("unix").channel(transport.domainServerSocketChannel()),
                    transport.domainAddress(file.bindPath())), file);
            file.publish();
        } finally {
            file.cleanUp();
        }
        LOG.info("resource={} NBD listens on {}", settings.resourceName(), path);
    }

    /**
     * Listens on TCP; not to be called on the event loop. NBD as it is here has neither encryption nor a password: addresses that other
     * machines can reach need {@code beyondLoopback}, which the operator has to have written down. Returns the address with its port.
     */
    public InetSocketAddress listenTcp(Transport transport, InetSocketAddress address, boolean beyondLoopback)
            throws IOException {
        if (address.isUnresolved()) throw new IOException("NBD cannot listen on " + address.getHostString() + ": no such address");
        if (!address.getAddress().isLoopbackAddress() && !beyondLoopback) {
            throw new IOException("NBD does not listen on " + address
                    + ": whoever reaches this address could read and write the volumes of"
                    + " resource " + settings.resourceName()
                    + ". Use a loopback address or the Unix socket, or allow it explicitly.");
        }
        ServerBootstrap bootstrap = bootstrap("tcp").channel(transport.serverSocketChannel())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true);
        Channel listener = bind(bootstrap, address);
        remember(listener, null);
        InetSocketAddress bound = (InetSocketAddress) listener.localAddress();
        LOG.info("resource={} NBD listens on {}", settings.resourceName(), bound);
        return bound;
    }

    private ServerBootstrap bootstrap(String kind) {
        return new ServerBootstrap().group(loop)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                // "Writable" is to mean that the last batch has left: NbdReplies says why.
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(1, 1))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        admit(channel, kind);
                    }
                });
    }

    private static Channel bind(ServerBootstrap bootstrap, SocketAddress address) throws IOException {
        ChannelFuture future = bootstrap.bind(address).awaitUninterruptibly();
        if (future.isSuccess()) return future.channel();
        throw new IOException("NBD cannot listen on " + address + ": " + future.cause().getMessage(), future.cause());
    }

    private void remember(Channel listener, UnixSocketFile file) {
        synchronized (listeners) {
            listeners.add(listener);
            if (file != null) socketFiles.add(file);
        }
    }

    private void admit(Channel channel, String kind) {
        assert loop.inEventLoop();
        if (closed) {
            channel.close();
            return;
        }
        if (connections.size() >= settings.limits().connections()) {
            counters.clientsTurnedAway.increment();
            if (!full)
                LOG.warn("resource={} NBD turns clients away: {} are connected", settings.resourceName(),
                        connections.size());
            full = true;
            channel.close();
            return;
        }
        full = false;
        connectionsSeen++;
        NbdConnection connection = new NbdConnection(this,
                "resource=" + settings.resourceName() + " NBD client " + connectionsSeen + " (" + kind + ")");
        connections.add(connection);
        channel.pipeline().addLast(connection);
    }

    /** Stops listening and ends all connections. Requests that the core has must still be completed. */
    public Future<Void> close() {
        var done = loop.<Void>newPromise();
        loop.execute(() -> {
            closed = true;
            for (NbdConnection connection : List.copyOf(connections)) connection.cut("the server is closed");
            PromiseCombiner combiner = new PromiseCombiner(loop);
            synchronized (listeners) {
                for (Channel listener : listeners) combiner.add(listener.close());
                for (UnixSocketFile file : socketFiles) file.delete();
                listeners.clear();
                socketFiles.clear();
            }
            combiner.finish(done);
        });
        return done;
    }

    // ---- ordered by the core

    /** Serves a volume. With another term than before it is another export: the clients of the earlier one are cut (rule 22). */
    public void openExport(int volume, long term, long sizeBytes, int logicalBlockBytes) {
        assert loop.inEventLoop();
        NbdExport before = exports.get(volume);
        // Clients send whole blocks; a rest at the end of the device is out of their reach.
        long servedBytes = sizeBytes - sizeBytes % logicalBlockBytes;
        if (before != null && before.term.equals(NbdExport.termText(term))
                && before.logicalBlockBytes == logicalBlockBytes) {
            before.sizeBytes = servedBytes;
            return;
        }
        if (before != null) closeExport(volume);
        NbdExport export = new NbdExport(settings.resourceName(), volume, term, servedBytes, logicalBlockBytes);
        exports.put(export);
        LOG.info("resource={} NBD export {} opened, {} bytes", settings.resourceName(), export.name, servedBytes);
    }

    /** Ends the export and its connections; unknown volumes have none. Requests that the core has are completed into the void. */
    public void closeExport(int volume) {
        assert loop.inEventLoop();
        NbdExport export = exports.remove(volume);
        if (export == null) return;
        LOG.info("resource={} NBD export {} closed, {} connections end", settings.resourceName(), export.name,
                export.connections.size());
        if (export.connections.isEmpty()) return;
        for (NbdConnection connection : List.copyOf(export.connections)) connection.cut("the export was closed");
    }

    /** The core is through with it: answers the client, or drops the answer when the client is gone. */
    public void complete(HostRequest host) {
        assert loop.inEventLoop();
        NbdRequest request = (NbdRequest) host.origin;
        assert request.inCore : "completed twice: " + host;
        request.inCore = false;
        NbdConnection connection = request.connection;
        if (connection.isClosed()) {
            release(request);
            return;
        }
        connection.replies().add(request);
        scheduleFlush(connection);
    }

    public NbdCounters counters() {
        return counters;
    }

    // ---- used by the connections

    NbdExports exports() {
        return exports;
    }

    NbdLimits limits() {
        return settings.limits();
    }

    long bootNanos() {
        return bootClock.getAsLong();
    }

    String describe(NbdExport export) {
        return "Duett resource " + settings.resourceName() + ", volume " + export.volume + ", term " + export.term;
    }

    /** The connection uses its export from now on. */
    void attach(NbdConnection connection) {
        NbdExport export = connection.export();
        export.connections.add(connection);
        events.deliver(new Event.ExportUsersChanged(export.volume, export.connections.size()));
    }

    void detach(NbdConnection connection) {
        connections.remove(connection);
        if (waitingForPayload.remove(connection)) scheduleWake();
        NbdExport export = connection.export();
        if (export == null) return;
        export.connections.remove(connection);
        // Later, and once for many: the core itself may have ordered the end, and is not to be told while it orders.
        if (export.usersEventScheduled) return;
        export.usersEventScheduled = true;
        loop.execute(() -> {
            export.usersEventScheduled = false;
            NbdExport now = exports.get(export.volume);
            events.deliver(new Event.ExportUsersChanged(export.volume, now == null ? 0 : now.connections.size()));
        });
    }

    NbdRequest newRequest(NbdConnection connection, long cookie) {
        NbdRequest request = unused;
        if (request == null) {
            request = new NbdRequest();
        } else {
            unused = request.next;
            request.next = null;
        }
        request.begin(connection, cookie);
        return request;
    }

    void deliver(NbdRequest request) {
        assert request.host.payload != null == request.needsPayload();
        request.inCore = true;
        events.deliver(request.host.arrived);
    }

    /** Takes back a request that was answered or never will be, with all that it still holds. */
    void release(NbdRequest request) {
        assert !request.inCore;
        ByteBuf payload = request.takePayload();
        if (payload != null) payload.release();
        heldBytes -= request.heldBytes;
        assert heldBytes >= 0;
        request.heldBytes = 0;
        request.connection = null;
        request.next = unused;
        unused = request;
        if (!waitingForPayload.isEmpty()) scheduleWake();
    }

    /** A buffer for data, or null: then the connection is resumed as soon as there may be one. */
    ByteBuf takePayload(NbdConnection connection, int lengthBytes) {
        boolean first = waitingForPayload.isEmpty() || waitingForPayload.peek() == connection;
        ByteBuf payload = null;
        if (first && (heldBytes == 0 || heldBytes + lengthBytes <= settings.limits().bytesPerResource())) {
            payload = payloads.tryAllocate(lengthBytes);
            if (payload == null) payloads.whenAvailable(payloadAvailable);
        }
        if (payload == null) {
            payloadShort = true;
            if (!waitingForPayload.contains(connection)) waitingForPayload.add(connection);
            return null;
        }
        if (!waitingForPayload.isEmpty()) waitingForPayload.poll();
        heldBytes += lengthBytes;
        return payload;
    }

    private void payloadAvailable() {
        // Not at once: whoever gave a buffer back is in the middle of something.
        loop.execute(wakeTask);
    }

    private void scheduleWake() {
        if (wakeScheduled) return;
        wakeScheduled = true;
        loop.execute(wakeTask);
    }

    private void wakeWaiting() {
        wakeScheduled = false;
        payloadShort = false;
        for (int rounds = waitingForPayload.size(); rounds > 0 && !payloadShort; rounds--) {
            NbdConnection connection = waitingForPayload.peek();
            if (connection == null) return;
            if (connection.isClosed() || !connection.isStalled()) waitingForPayload.poll();
            else connection.resume();
        }
    }

    /** Replies are sent when this turn of the loop is over: many completions, one system call. */
    void scheduleFlush(NbdConnection connection) {
        if (!connection.flushScheduled) {
            connection.flushScheduled = true;
            withReplies.add(connection);
        }
        if (flushTaskScheduled) return;
        flushTaskScheduled = true;
        loop.execute(flushTask);
    }

    private void flushReplies() {
        flushTaskScheduled = false;
        for (int count = withReplies.size(); count > 0; count--) {
            NbdConnection connection = withReplies.poll();
            connection.flushScheduled = false;
            connection.replies().flush();
        }
    }
}
