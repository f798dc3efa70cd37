package org.duett.replicator.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;

/** Loopback addresses that stand for machines, with one port that is free on all of them, as two nodes would be configured. */
record Addresses(InetSocketAddress low, InetSocketAddress high) {
    static Addresses free() throws IOException {
        try (var probe = new ServerSocket(0)) {
            return new Addresses(on("127.0.0.1", probe.getLocalPort()), on("127.0.0.2", probe.getLocalPort()));
        }
    }

    static InetAddress stranger() throws UnknownHostException {
        return InetAddress.getByName("127.0.0.77");
    }

    private static InetSocketAddress on(String host, int port) throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(host), port);
    }
}
