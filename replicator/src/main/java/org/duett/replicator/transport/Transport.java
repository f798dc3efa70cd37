package org.duett.replicator.transport;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How event loops reach the operating system, and the channel classes that belong to each way. Only {@link #IO_URING} loops can
 * serve files, too (design 3, "Backing device"); containers and hardened kernels often forbid it.
 */
public enum Transport {
    IO_URING("io_uring", IoUringSocketChannel.class, IoUringServerSocketChannel.class, IoUringDomainSocketChannel.class,
            IoUringServerDomainSocketChannel.class) {
        @Override
        public Throwable unavailabilityCause() {
            return IoUring.unavailabilityCause();
        }

        @Override
        IoHandlerFactory newHandlers() {
            return IoUringIoHandler.newFactory(new IoUringIoHandlerConfig().setRingSize(RING_ENTRIES));
        }
    },
    EPOLL("epoll", EpollSocketChannel.class, EpollServerSocketChannel.class, EpollDomainSocketChannel.class,
            EpollServerDomainSocketChannel.class) {
        @Override
        public Throwable unavailabilityCause() {
            return Epoll.unavailabilityCause();
        }

        @Override
        IoHandlerFactory newHandlers() {
            return EpollIoHandler.newFactory();
        }
    },
    NIO("nio", NioSocketChannel.class, NioServerSocketChannel.class, NioDomainSocketChannel.class, NioServerDomainSocketChannel.class) {
        @Override
        public Throwable unavailabilityCause() {
            return null;
        }

        @Override
        IoHandlerFactory newHandlers() {
            return NioIoHandler.newFactory();
        }
    };

    /** Room for a full queue of disk operations in one submission; a full ring costs one more system call, no error. */
    private static final int RING_ENTRIES = 1024;

    private static final String MULTISHOT_POLL = "io.netty.iouring.pollAddMultishotEnabled";

    static {
        // With it, a reset that comes while bytes are still unread is never told: the channel stays open for ever (one in ten of those in
        // TransportTest; Netty 4.2.18). A poll for each read is told of it at once. Read once, by the first use of io_uring.
        if (System.getProperty(MULTISHOT_POLL) == null) System.setProperty(MULTISHOT_POLL, "false");
    }

    private final String configName;
    private final Class<? extends SocketChannel> socketChannel;
    private final Class<? extends ServerSocketChannel> serverSocketChannel;
    private final Class<? extends Channel> domainSocketChannel;
    private final Class<? extends ServerChannel> domainServerSocketChannel;

    Transport(String configName, Class<? extends SocketChannel> socketChannel, Class<? extends ServerSocketChannel> serverSocketChannel,
            Class<? extends Channel> domainSocketChannel, Class<? extends ServerChannel> domainServerSocketChannel) {
        this.configName = configName;
        this.socketChannel = socketChannel;
        this.serverSocketChannel = serverSocketChannel;
        this.domainSocketChannel = domainSocketChannel;
        this.domainServerSocketChannel = domainServerSocketChannel;
    }

    /** The first of io_uring, epoll, NIO that this machine allows. */
    public static Transport best() {
        for (Transport transport : values()) {
            if (transport.isAvailable()) return transport;
        }
        throw new AssertionError("NIO is part of the JDK");
    }

    /** {@code io_uring}, {@code epoll} or {@code nio}; the caller asks {@link #isAvailable} before it makes loops of it. */
    public static Transport forName(String configName) {
        for (Transport transport : values()) {
            if (transport.configName.equals(configName)) return transport;
        }
        throw new IllegalArgumentException("unknown transport '" + configName + "'; allowed are "
                + Arrays.stream(values()).map(Transport::configName).collect(Collectors.joining(", ")));
    }

    public String configName() {
        return configName;
    }

    public boolean isAvailable() {
        return unavailabilityCause() == null;
    }

    /** Why it cannot be used here, or null when it can. */
    public abstract Throwable unavailabilityCause();

    abstract IoHandlerFactory newHandlers();

    /** Loops with threads {@code NAME-1-1}, {@code NAME-1-2}, ...; they keep the process alive until the group is shut down. */
    public EventLoopGroup newGroup(int threads, String name) {
        if (!isAvailable()) throw new IllegalStateException("transport " + configName + " is not available here", unavailabilityCause());
        return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name), newHandlers());
    }

    public Class<? extends SocketChannel> socketChannel() {
        return socketChannel;
    }

    public Class<? extends ServerSocketChannel> serverSocketChannel() {
        return serverSocketChannel;
    }

    public Class<? extends Channel> domainSocketChannel() {
        return domainSocketChannel;
    }

    public Class<? extends ServerChannel> domainServerSocketChannel() {
        return domainServerSocketChannel;
    }

    /** A Unix socket's address in the class that this transport's channels understand. */
    public SocketAddress domainAddress(Path path) {
        return switch (this) {
            case IO_URING, EPOLL -> new DomainSocketAddress(path.toFile());
            case NIO -> UnixDomainSocketAddress.of(path);
        };
    }
}
