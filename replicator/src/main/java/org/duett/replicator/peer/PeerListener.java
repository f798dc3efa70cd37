package org.duett.replicator.peer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.duett.replicator.transport.Transport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the connections that the peer opens, and hands each on once its first packet is there. A connection that is not the peer's
 * costs only itself: foreign addresses are closed at once, at most {@link #LIMIT} wait for their first packet, each for a short time.
 */
final class PeerListener implements PairingSocket.Watcher {
    static final int LIMIT = 16;

    private static final Logger LOG = LoggerFactory.getLogger(PeerListener.class);
    private static final int BACKLOG = 16;
    private static final long FIRST_RETRY_MILLIS = 20;
    /** So many in a row are worth a line in the log. */
    private static final int TOLD_FAILURES = 5;

    private final EventLoop loop;
    private final PeerSettings settings;
    private final RefusalLog refusals;
    private final Consumer<PairingSocket> arrivals;
    private final ServerBootstrap bootstrap;
    private final List<PairingSocket> unidentified = new ArrayList<>();

    /** Null when not open, or while the address cannot be had. */
    private Channel listening;
    /** The end of an earlier one, which holds the address until it is through. */
    private ChannelFuture closing;
    private boolean open;
    private ScheduledFuture<?> nextBind;
    private int bindFailures;

    PeerListener(Transport transport, EventLoop loop, PeerSettings settings, RefusalLog refusals, Consumer<PairingSocket> arrivals) {
        this.loop = loop;
        this.settings = settings;
        this.refusals = refusals;
        this.arrivals = arrivals;
        bootstrap = new ServerBootstrap().group(loop, loop).channel(transport.serverSocketChannel())
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted(channel);
                    }
                });
        // On the listening socket: accepted ones inherit them in time for the window that TCP negotiates.
        if (settings.buffers().receiveBytes() > 0) {
            bootstrap.option(ChannelOption.SO_RCVBUF, settings.buffers().receiveBytes());
        }
        if (settings.buffers().sendBytes() > 0) {
            bootstrap.childOption(ChannelOption.SO_SNDBUF, settings.buffers().sendBytes());
        }
    }

    void open() {
        if (open) return;
        open = true;
        bindFailures = 0;
        if (closing == null) {
            bind();
        } else {
            closing.addListener(closed -> {
                closing = null;
                if (open && listening == null && nextBind == null) bind();
            });
        }
    }

    void close() {
        open = false;
        if (nextBind != null) nextBind.cancel(false);
        nextBind = null;
        if (listening != null) closing = listening.close();
        listening = null;
        for (PairingSocket socket : unidentified) {
            socket.drop();
        }
        unidentified.clear();
    }

    private void bind() {
        nextBind = null;
        ChannelFuture bound = bootstrap.bind(settings.localAddress());
        Channel candidate = bound.channel();
        bound.addListener(done -> {
            if (!open || listening != null) {
                candidate.close();
            } else if (done.isSuccess()) {
                listening = candidate;
                if (bindFailures >= TOLD_FAILURES) LOG.info("resource={} listens on {} now", settings.resource(), settings.localAddress());
                bindFailures = 0;
            } else {
                bindFailed(done.cause());
            }
        });
    }

    /** Our own former socket may still be closing, the address may come later, another process may have it. */
    private void bindFailed(Throwable cause) {
        bindFailures++;
        if (bindFailures == TOLD_FAILURES) {
            LOG.warn("resource={} cannot listen on {}: {}. It goes on trying to, and to reach the peer by itself meanwhile",
                    settings.resource(), settings.localAddress(), cause.getMessage());
        }
        long quickMillis = FIRST_RETRY_MILLIS << Math.min(bindFailures - 1, 20);
        nextBind = loop.schedule(this::bind, Math.min(quickMillis, settings.timing().connectIntervalMillis()), TimeUnit.MILLISECONDS);
    }

    private void accepted(Channel channel) {
        PairingSocket socket = PairingSocket.accepted(this, refusals);
        channel.pipeline().addLast(socket);
        // No address: it has ended already.
        if (!open || channel.remoteAddress() == null) {
            socket.drop();
            return;
        }
        if (!settings.acceptAnyAddress() && !isThePeers(channel)) {
            socket.watchedBy(null);
            socket.refuse(RefusalLog.Reason.FOREIGN_ADDRESS, "the peer is " + settings.peerAddress().getAddress().getHostAddress());
            return;
        }
        if (unidentified.size() >= LIMIT) {
            socket.watchedBy(null);
            socket.refuse(RefusalLog.Reason.TOO_MANY, LIMIT + " connections already wait for their first packet");
            return;
        }
        unidentified.add(socket);
        long limitMillis = settings.timing().firstPacketMillis();
        var deadline = loop.schedule(() -> {
            if (socket.kind() == null) socket.refuse(RefusalLog.Reason.NO_FIRST_PACKET, "no first packet within " + limitMillis + " ms");
        }, limitMillis, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> deadline.cancel(false));
    }

    private boolean isThePeers(Channel channel) {
        return channel.remoteAddress() instanceof InetSocketAddress remote
                && remote.getAddress().equals(settings.peerAddress().getAddress());
    }

    @Override
    public void opened(PairingSocket socket) {
        unidentified.remove(socket);
        arrivals.accept(socket);
    }

    @Override
    public void spoke(PairingSocket socket) {
        assert false : "the listener hands a connection on before it can speak";
    }

    @Override
    public void closed(PairingSocket socket) {
        unidentified.remove(socket);
    }
}
