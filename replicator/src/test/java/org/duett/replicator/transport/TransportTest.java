package org.duett.replicator.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransportTest {
    @ParameterizedTest
    @EnumSource(Transport.class)
    void carriesBytesOverTcp(Transport transport) throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport + " is not available here: " + transport.unavailabilityCause());
        echoes(transport, transport.serverSocketChannel(), transport.socketChannel(),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void carriesBytesOverAUnixSocket(Transport transport) throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport + " is not available here: " + transport.unavailabilityCause());
        // Not @TempDir: a Unix socket's path has at most 107 bytes.
        Path folder = Files.createTempDirectory("duett");
        Path path = folder.resolve("echo.sock");
        try {
            echoes(transport, transport.domainServerSocketChannel(), transport.domainSocketChannel(), transport.domainAddress(path));
        } finally {
            Files.deleteIfExists(path);
            Files.delete(folder);
        }
    }

    /** With bytes still unread; of these Netty's io_uring channels lost one in ten. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void learnsOfEachReset(Transport transport) throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport + " is not available here: " + transport.unavailabilityCause());
        int connections = 400;
        var ended = new CountDownLatch(connections);
        EventLoopGroup group = transport.newGroup(1, "transport-test");
        try {
            Channel listening = new ServerBootstrap().group(group).channel(transport.serverSocketChannel())
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.closeFuture().addListener(closed -> ended.countDown());
                            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelRead(ChannelHandlerContext context, Object message) {
                                    ReferenceCountUtil.release(message);
                                }

                                @Override
                                public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                                    context.close();
                                }
                            });
                        }
                    }).bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync().channel();
            var address = (InetSocketAddress) listening.localAddress();
            for (int i = 0; i < connections; i++) {
                try (var client = new Socket(address.getAddress(), address.getPort())) {
                    client.getOutputStream().write(new byte[8]);
                    client.setSoLinger(true, 0);
                }
            }
            ended.await(30, TimeUnit.SECONDS);
            assertThat(ended.getCount()).as("resets not told of").isZero();
            listening.close().sync();
        } finally {
            group.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).sync();
        }
    }

    @Test
    void namesAreThoseOfTheConfiguration() {
        assertThat(Transport.forName("io_uring")).isEqualTo(Transport.IO_URING);
        assertThat(Transport.forName("epoll")).isEqualTo(Transport.EPOLL);
        assertThat(Transport.forName("nio")).isEqualTo(Transport.NIO);
        assertThatThrownBy(() -> Transport.forName("kqueue")).hasMessageContaining("kqueue").hasMessageContaining("io_uring, epoll, nio");
    }

    @Test
    void theBestTransportIsAvailable() {
        assertThat(Transport.best().isAvailable()).isTrue();
    }

    private static void echoes(Transport transport, Class<? extends ServerChannel> server, Class<? extends Channel> client,
            SocketAddress address) throws Exception {
        EventLoopGroup group = transport.newGroup(1, "transport-test");
        try {
            Channel listening = new ServerBootstrap().group(group).channel(server)
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelRead(ChannelHandlerContext context, Object message) {
                                    context.writeAndFlush(message);
                                }
                            });
                        }
                    }).bind(address).sync().channel();
            var answer = new CompletableFuture<String>();
            Channel connected = new Bootstrap().group(group).channel(client).handler(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    var buffer = (ByteBuf) message;
                    answer.complete(buffer.toString(StandardCharsets.US_ASCII));
                    buffer.release();
                }
            }).connect(listening.localAddress()).sync().channel();
            connected.writeAndFlush(Unpooled.copiedBuffer("mirror", StandardCharsets.US_ASCII));
            assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("mirror");
            connected.close().sync();
            listening.close().sync();
        } finally {
            group.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
