package org.duett.replicator.nbd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.util.concurrent.PromiseCombiner;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.duett.replicator.transport.PrivateSocketFile;
import org.duett.replicator.transport.Transport;

/** The listening sockets of one {@link NbdServer}; opened by any thread but the loop's, which they serve. */
final class NbdListeners {
    private final EventLoop loop;
    /** Told of each new channel and how it came, on the loop. */
    private final BiConsumer<Channel, String> newcomer;
    private final List<Channel> listening = new ArrayList<>();
    private final List<PrivateSocketFile> socketFiles = new ArrayList<>();

    NbdListeners(EventLoop loop, BiConsumer<Channel, String> newcomer) {
        this.loop = loop;
        this.newcomer = newcomer;
    }

    synchronized void listenUnix(Transport transport, Path path) throws IOException {
        PrivateSocketFile file = PrivateSocketFile.prepare("NBD", path);
        try {
            Channel channel = bind(bootstrap("unix").channel(transport.domainServerSocketChannel()), transport.domainAddress(file.bindPath()));
            listening.add(channel);
            file.publish();
            socketFiles.add(file);
        } finally {
            file.cleanUp();
        }
    }

    synchronized InetSocketAddress listenTcp(Transport transport, InetSocketAddress address) throws IOException {
        ServerBootstrap bootstrap = bootstrap("tcp").channel(transport.serverSocketChannel())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true);
        Channel channel = bind(bootstrap, address);
        listening.add(channel);
        return (InetSocketAddress) channel.localAddress();
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
                        newcomer.accept(channel, kind);
                    }
                });
    }

    private static Channel bind(ServerBootstrap bootstrap, SocketAddress address) throws IOException {
        ChannelFuture future = bootstrap.bind(address).awaitUninterruptibly();
        if (future.isSuccess()) return future.channel();
        throw new IOException("NBD cannot listen on " + address + ": " + future.cause().getMessage(), future.cause());
    }

    synchronized void close(PromiseCombiner closed) {
        for (Channel channel : listening) closed.add(channel.close());
        for (PrivateSocketFile file : socketFiles) file.delete();
        listening.clear();
        socketFiles.clear();
    }
}
