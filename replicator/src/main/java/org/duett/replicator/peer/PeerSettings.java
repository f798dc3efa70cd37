package org.duett.replicator.peer;

import java.net.InetSocketAddress;

/**
 * How one resource reaches its peer. {@code acceptAnyAddress}: take connections whatever address they come from, for peers behind
 * address translation; otherwise only those from {@code peerAddress}'s host.
 */
public record PeerSettings(String resource, InetSocketAddress localAddress, InetSocketAddress peerAddress, Timing timing, Buffers buffers,
        boolean acceptAnyAddress) {

    public PeerSettings {
        if (localAddress.isUnresolved()) throw new IllegalArgumentException("local address " + localAddress + " is not resolved");
        if (peerAddress.isUnresolved()) throw new IllegalArgumentException("peer address " + peerAddress + " is not resolved");
    }

    /** Spec wire 1.4. {@code socketCheckMillis} 0: as {@code pingTimeoutMillis}. */
    public record Timing(long connectIntervalMillis, long pingTimeoutMillis, long socketCheckMillis) {
        private static final long MOST_SETTLE_MILLIS = 500;

        public Timing {
            if (connectIntervalMillis <= 0) throw new IllegalArgumentException("connect-int " + connectIntervalMillis + " ms");
            if (pingTimeoutMillis <= 0) throw new IllegalArgumentException("ping-timeout " + pingTimeoutMillis + " ms");
            if (socketCheckMillis < 0) throw new IllegalArgumentException("sock-check-timeo " + socketCheckMillis + " ms");
        }

        /** The first packet of a connection must be there within this; the same time bounds every wait of the pairing. */
        long firstPacketMillis() {
            return 4 * pingTimeoutMillis;
        }

        /** How long a pair must stay alive before it is taken for one. A ping-timeout for a slow peer makes no reconnect slow. */
        long settleMillis() {
            return socketCheckMillis == 0 ? Math.min(pingTimeoutMillis, MOST_SETTLE_MILLIS) : socketCheckMillis;
        }
    }

    /** sndbuf-size and rcvbuf-size; 0 leaves them to TCP. */
    public record Buffers(int sendBytes, int receiveBytes) {
        public static final Buffers AUTOMATIC = new Buffers(0, 0);
    }
}
