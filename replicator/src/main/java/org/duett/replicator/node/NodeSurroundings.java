package org.duett.replicator.node;

import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import org.duett.replicator.transport.Transport;

/** What all resources of a daemon share. */
record NodeSurroundings(Transport transport, EventLoopGroup loops, Path runDirectory, Path stateDirectory, Path configuration, long bootId, EventHub hub,
        FailStop failStop, PeerFailStops peerFailStops) {
}
