package org.duett.replicator.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * An IP address (IPv6 with its scope, if any) and a port, as the configuration writes them. Never a name to be looked
 * up.
 */
public record NodeAddress(Family family, String ip, int port) {

    public enum Family implements Spelled {
        IPV4("ipv4"),
        IPV6("ipv6");

        private final String spelling;

        Family(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** Fails when the scope of an IPv6 address names an interface that this host does not have. */
    public InetSocketAddress socketAddress() throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(ip), port);
    }

    /** The address without its scope; two spellings of one address are equal here. */
    public InetAddress withoutScope() {
        int percent = ip.indexOf('%');
        return InetAddress.ofLiteral(percent < 0 ? ip : ip.substring(0, percent));
    }

    String scope() {
        int percent = ip.indexOf('%');
        return percent < 0 ? "" : ip.substring(percent);
    }

    public boolean isLoopback() {
        return withoutScope().isLoopbackAddress();
    }

    @Override
    public String toString() {
        return switch (family) {
            case IPV4 -> ip + ":" + port;
            case IPV6 -> "[" + ip + "]:" + port;
        };
    }
}
