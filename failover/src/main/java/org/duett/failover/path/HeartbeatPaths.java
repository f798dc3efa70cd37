package org.duett.failover.path;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.duett.failover.config.PathConfig;

/** All paths of this node, on one thread of their own: that the rest of the daemon is busy delays no heartbeat on its way in. */
public final class HeartbeatPaths implements AutoCloseable {
    private static final long RETRY_MILLIS = 1000;

    private final MultiThreadIoEventLoopGroup group;
    private final Map<String, HeartbeatPath> paths = new LinkedHashMap<>();

    private HeartbeatPaths(MultiThreadIoEventLoopGroup group) {
        this.group = group;
    }

    public static HeartbeatPaths open(List<PathConfig> configs, HeartbeatPath.Inbox inbox) {
        return open(configs, inbox, RETRY_MILLIS);
    }

    static HeartbeatPaths open(List<PathConfig> configs, HeartbeatPath.Inbox inbox, long retryMillis) {
        HeartbeatPaths all = new HeartbeatPaths(new MultiThreadIoEventLoopGroup(1,
                new DefaultThreadFactory("heartbeats", true, Thread.MAX_PRIORITY), NioIoHandler.newFactory()));
        for (PathConfig config : configs) {
            UdpPath path = new UdpPath(config, inbox, all.group.next(), retryMillis);
            all.paths.put(config.name(), path);
            path.open();
        }
        return all;
    }

    /** Hands a datagram to the path of this name, or loses it when the path is down. */
    public void send(String path, byte[] datagram) {
        paths.get(path).send(datagram);
    }

    /** What keeps paths from working on this side, a sentence each; empty when nothing does. */
    public List<String> troubles() {
        List<String> troubles = new ArrayList<>();
        for (HeartbeatPath path : paths.values()) {
            if (!path.trouble().isEmpty()) troubles.add("path " + path.name() + " " + path.trouble());
        }
        return troubles;
    }

    @Override
    public void close() {
        paths.values().forEach(HeartbeatPath::close);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
