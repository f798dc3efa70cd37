package org.duett.replicator.peer;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.duett.replicator.transport.Transport;

/** Opens TCP connections to the peer, one at a time, from our configured address. */
final class PeerConnector {
    private final PeerSettings settings;
    private final RefusalLog refusals;
    private final Bootstrap bootstrap;

    /** The attempt under way, or null. */
    private PairingSocket attempt;

    PeerConnector(Transport transport, EventLoop loop, PeerSettings settings, RefusalLog refusals) {
        this.settings = settings;
        this.refusals = refusals;
        int connectMillis = (int) Math.min(Integer.MAX_VALUE, settings.timing().connectIntervalMillis());
        bootstrap = new Bootstrap().group(loop).channel(transport.socketChannel())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis);
        if (settings.buffers().sendBytes() > 0) bootstrap.option(ChannelOption.SO_SNDBUF, settings.buffers().sendBytes());
        if (settings.buffers().receiveBytes() > 0) bootstrap.option(ChannelOption.SO_RCVBUF, settings.buffers().receiveBytes());
    }

    boolean isConnecting() {
        return attempt != null;
    }

    /** One attempt. Exactly one of the two is called, unless it is abandoned; never from within this call. */
    void connect(PairingSocket.Watcher watcher, Consumer<PairingSocket> connected, Consumer<Throwable> failed) {
        assert attempt == null;
        PairingSocket socket = PairingSocket.ours(watcher, refusals);
        attempt = socket;
        var local = new InetSocketAddress(settings.localAddress().getAddress(), 0);
        var future = bootstrap.clone().handler(socket).connect(settings.peerAddress(), local);
        // A failure may be known at once; the caller is still in the middle of its step then.
        future.channel().eventLoop().execute(() -> future.addListener(done -> {
            if (attempt != socket) return;
            attempt = null;
            if (done.isSuccess()) {
                connected.accept(socket);
            } else {
                failed.accept(done.cause());
            }
        }));
    }

    void abandon() {
        PairingSocket abandoned = attempt;
        attempt = null;
        if (abandoned != null) abandoned.drop();
    }
}
