package org.duett.failover.config;

import java.net.InetSocketAddress;

/** One way on which heartbeats travel: an address of ours and one of the peer's, UDP. */
public record PathConfig(String name, InetSocketAddress local, InetSocketAddress peer) {
}
