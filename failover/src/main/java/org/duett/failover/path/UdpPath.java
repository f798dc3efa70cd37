package org.duett.failover.path;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import org.duett.failover.config.PathConfig;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heartbeats as UDP datagrams between an address of ours and one of the peer's. An address that is not there yet, or not any more, is tried
 * again until it is; the other paths notice nothing of that.
 */
final class UdpPath implements HeartbeatPath {
    private static final Logger LOG = LoggerFactory.getLogger(UdpPath.class);
    /** Class selector 6, network control: switches and the queues of this host let it pass before bulk data. */
    private static final int TRAFFIC_CLASS = 0xC0;
    /** More come only from somebody who wants to keep the daemon busy; ours are a few dozen, each in up to so many parts. */
    private static final int MOST_DATAGRAMS_PER_SECOND = 1000 * HeartbeatCodec.MOST_PARTS;
    private static final int RECEIVE_BUFFER_BYTES = 256 * 1024;
    private static final int FAILED_SENDS_UNTIL_REBIND = 10;

    private final PathConfig config;
    private final Inbox inbox;
    private final EventLoop loop;
    private final long retryMillis;
    private volatile Channel channel;
    private volatile String trouble = "";
    private volatile boolean closed;
    // Owned by the loop.
    private int failedSends;
    private int takenInThisSecond;
    private long secondBeganNanos = System.nanoTime();

    UdpPath(PathConfig config, Inbox inbox, EventLoop loop, long retryMillis) {
        this.config = config;
        this.inbox = inbox;
        this.loop = loop;
        this.retryMillis = retryMillis;
    }

    void open() {
        loop.execute(this::bind);
    }

    private void bind() {
        if (closed) return;
        boolean isIpv6 = config.local().getAddress() instanceof Inet6Address;
        new Bootstrap().group(loop).channelFactory(() -> new NioDatagramChannel(isIpv6 ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET))
                .option(ChannelOption.IP_TOS, TRAFFIC_CLASS)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                // One byte more than a heartbeat can have: a longer datagram is cut there, and seen to be too long.
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(HeartbeatCodec.MOST_BYTES + 1))
                .handler(new Receiver())
                // Connected, so that the kernel tells of answers by ICMP.
                .localAddress(config.local()).remoteAddress(config.peer()).connect().addListener((ChannelFuture bound) -> bound(bound));
    }

    private void bound(ChannelFuture bound) {
        if (!bound.isSuccess()) {
            inTrouble("cannot listen on " + shown(config.local()) + ": " + saidOfOurs(bound.cause()) + whoseItIs());
            bindLater();
            return;
        }
        channel = bound.channel();
        failedSends = 0;
        if (closed) channel.close();
        else outOfTrouble();
    }

    /** Netty adds the address of the peer, though it is ours that cannot be had. */
    private static String saidOfOurs(Throwable cause) {
        return cause.getCause() == null ? cause.getMessage() : cause.getCause().getMessage();
    }

    /** Of two nodes with one name each has the address of the other one in its section: the kernel says only that it cannot be assigned. */
    private String whoseItIs() {
        try {
            if (config.local().getAddress().isLoopbackAddress() || NetworkInterface.getByInetAddress(config.local().getAddress()) != null) return "";
        } catch (SocketException unreadable) {
            return "";
        }
        return "; no interface of this machine has that address. If it is the other node's, this one has its name: 'uname -n' and 'node-name' in section duett say what it is called";
    }

    private void bindLater() {
        if (!closed && !loop.isShuttingDown()) loop.schedule(this::bind, retryMillis, TimeUnit.MILLISECONDS);
    }

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public void send(byte[] datagram) {
        Channel open = channel;
        if (open == null || !open.isActive()) return;
        open.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(datagram), config.peer())).addListener((ChannelFuture sent) -> sent(sent));
    }

    private void sent(ChannelFuture sent) {
        if (closed) return;
        if (sent.isSuccess()) {
            failedSends = 0;
            outOfTrouble();
            return;
        }
        if (sent.cause() instanceof PortUnreachableException) {
            inbox.refused(config.name());
            return;
        }
        inTrouble("cannot send to " + shown(config.peer()) + ": " + sent.cause().getMessage());
        if (++failedSends >= FAILED_SENDS_UNTIL_REBIND && sent.channel() == channel) {
            channel = null;
            sent.channel().close();
            bindLater();
        }
    }

    /** Only from the peer's address and port: whoever else sends here is not heard at all. */
    private final class Receiver extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            if (!isPeer(packet.sender()) || isTooMany()) return;
            byte[] datagram = new byte[packet.content().readableBytes()];
            packet.content().readBytes(datagram);
            inbox.received(config.name(), datagram);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof PortUnreachableException) {
                inbox.refused(config.name());
                return;
            }
            // Another ICMP answer, or an interface that went away; the channel stays, and sending says when it is of no use.
            inTrouble("cannot receive on " + shown(config.local()) + ": " + cause.getMessage());
        }

        private boolean isPeer(InetSocketAddress sender) {
            return sender.getPort() == config.peer().getPort() && sender.getAddress().equals(config.peer().getAddress());
        }
    }

    private boolean isTooMany() {
        long now = System.nanoTime();
        if (now - secondBeganNanos >= TimeUnit.SECONDS.toNanos(1)) {
            secondBeganNanos = now;
            takenInThisSecond = 0;
        }
        return ++takenInThisSecond > MOST_DATAGRAMS_PER_SECOND;
    }

    private void inTrouble(String what) {
        if (trouble.isEmpty()) LOG.warn("path={} {}; tried again until it works", config.name(), what);
        trouble = what;
    }

    private void outOfTrouble() {
        if (!trouble.isEmpty()) LOG.info("path={} works again on this side", config.name());
        trouble = "";
    }

    @Override
    public String trouble() {
        return trouble;
    }

    private static String shown(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + " port " + address.getPort();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        Channel open = channel;
        if (open != null) open.close().syncUninterruptibly();
    }
}
