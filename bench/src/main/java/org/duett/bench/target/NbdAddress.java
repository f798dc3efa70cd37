package org.duett.bench.target;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;

/** Where an export is: a Unix socket or a TCP address, and the export's name (empty: the server's only one). */
public record NbdAddress(SocketAddress socket, String exportName) {

    private static final int DEFAULT_PORT = 10809;

    /** Reads {@code nbd://HOST[:PORT]/NAME} and {@code nbd+unix:///NAME?socket=PATH}, as the NBD URI specification has them. */
    public static NbdAddress parse(String text) {
        URI uri = URI.create(text);
        String name = uri.getPath() == null || uri.getPath().isEmpty() ? "" : uri.getPath().substring(1);
        return switch (uri.getScheme()) {
            case "nbd" -> new NbdAddress(
                    new InetSocketAddress(uri.getHost(), uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort()), name);
            case "nbd+unix" -> new NbdAddress(UnixDomainSocketAddress.of(socketPath(uri)), name);
            case null, default -> throw new IllegalArgumentException("no NBD URI: " + text);
        };
    }

    private static String socketPath(URI uri) {
        String query = uri.getQuery();
        if (query == null || !query.startsWith("socket=")) {
            throw new IllegalArgumentException("no socket=PATH in the NBD URI " + uri);
        }
        return query.substring("socket=".length());
    }

    /** As other NBD tools take it. */
    public String uri() {
        return switch (socket) {
            case UnixDomainSocketAddress unix -> "nbd+unix:///" + exportName + "?socket=" + unix.getPath();
            case InetSocketAddress tcp -> "nbd://" + tcp.getHostString() + ":" + tcp.getPort() + "/" + exportName;
            default -> throw new IllegalStateException("no NBD URI for " + socket);
        };
    }
}
