package org.duett.replicator.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.PromiseCombiner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
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
    private final NbdPayloads payloads;
    private final LongSupplier bootClock;
    private final NbdCounters counters = new NbdCounters();
    private final NbdExports exports;

    private final NbdListeners listeners;
    private final Set<NbdConnection> connections = new LinkedHashSet<>();
    private long connectionsSeen;
    private boolean full;
    private boolean closed;

    private NbdRequest unused;
    private final ArrayDeque<NbdConnection> withReplies = new ArrayDeque<>();
    private final Runnable flushTask = this::flushReplies;
    private boolean flushTaskScheduled;

    /** @param bootClock CLOCK_BOOTTIME in nanoseconds, as {@link HostRequest#notAfterBootNanos} */
    public NbdServer(EventLoop loop, NbdSettings settings, NbdEvents events, PayloadPool pool, LongSupplier bootClock) {
        this.loop = loop;
        this.settings = settings;
        this.events = events;
        this.payloads = new NbdPayloads(loop, pool, settings.limits(), connections);
        this.listeners = new NbdListeners(loop, this::admit);
        this.bootClock = bootClock;
        this.exports = new NbdExports(settings);
    }

    // ---- listening

    /** Listens on a Unix socket that only this user may open; not to be called on the event loop. */
    public void listenUnix(Transport transport, Path path) throws IOException {
        listeners.listenUnix(transport, path);
        LOG.info("resource={} NBD listens on {}", settings.resourceName(), path);
    }

    /**
     * Listens on TCP; not to be called on the event loop. NBD as it is here has neither encryption nor a password: addresses that other
     * machines can reach need {@code beyondLoopback}, which the operator has to have written down. Returns the address with its port.
     */
    public InetSocketAddress listenTcp(Transport transport, InetSocketAddress address, boolean beyondLoopback) throws IOException {
        if (address.isUnresolved()) throw new IOException("NBD cannot listen on " + address.getHostString() + ": no such address");
        if (!address.getAddress().isLoopbackAddress() && !beyondLoopback) {
            throw new IOException("NBD does not listen on " + address + ": whoever reaches this address could read and write the volumes of"
                    + " resource " + settings.resourceName() + ". Use a loopback address or the Unix socket, or allow it explicitly.");
        }
        InetSocketAddress bound = listeners.listenTcp(transport, address);
        LOG.info("resource={} NBD listens on {}", settings.resourceName(), bound);
        return bound;
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
            listeners.close(combiner);
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

    NbdPayloads payloads() {
        return payloads;
    }

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
        payloads.forget(connection);
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
        int heldBytes = request.heldBytes;
        request.heldBytes = 0;
        request.connection = null;
        request.next = unused;
        unused = request;
        if (heldBytes > 0) payloads.giveBack(heldBytes);
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
            connection.flushReplies();
        }
    }
}
