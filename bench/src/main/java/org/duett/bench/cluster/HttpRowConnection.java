package org.duett.bench.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/** A client of {@link RowService}: one request to a connection, which is what makes every one of them find the service's new place. */
public final class HttpRowConnection implements RowStore {

    private final InetSocketAddress address;
    private final int connectMillis;
    private final int answerMillis;

    public HttpRowConnection(InetSocketAddress address, int connectMillis, int answerMillis) {
        this.address = address;
        this.connectMillis = connectMillis;
        this.answerMillis = answerMillis;
    }

    @Override
    public void insert(long row) throws IOException {
        ask("POST /" + row);
    }

    @Override
    public Set<Long> rows() throws IOException {
        return ask("GET /").lines().filter(line -> !line.isEmpty()).map(Long::parseLong).collect(Collectors.toSet());
    }

    private String ask(String request) throws IOException {
        try (var socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.connect(address, connectMillis);
            socket.setSoTimeout(answerMillis);
            socket.getOutputStream().write((request + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String status = in.readLine();
            if (status == null || !status.startsWith("HTTP/1.") || !status.contains(" 200"))
                throw new IOException("the service answered " + status);
            for (String header = in.readLine(); header != null && !header.isEmpty(); header = in.readLine()) {
                // Of no use to us.
            }
            return in.lines().collect(Collectors.joining("\n"));
        } catch (UncheckedIOException cutOff) {
            throw cutOff.getCause();
        }
    }

    @Override
    public void close() {
        // Nothing is open between two requests.
    }
}
