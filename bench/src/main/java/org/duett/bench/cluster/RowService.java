package org.duett.bench.cluster;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Executors;

/** A small service with data: POST /NUMBER stores a number in a file and answers when it is durable, GET / lists them all. */
public final class RowService {

    private final Path file;
    private final FileChannel channel;

    private RowService(Path file) throws IOException {
        this.file = file;
        channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    }

    /** Arguments: the port, the file. Runs until it is killed. */
    public static void main(String[] arguments) throws IOException {
        var service = new RowService(Path.of(arguments[1]));
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 0);
        server.createContext("/", service::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = {};
            if (exchange.getRequestMethod().equals("POST")) {
                store(Long.parseLong(exchange.getRequestURI().getPath().substring(1)));
            } else {
                body = list();
            }
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException e) {
            // The one place that knows what the file system answered; the agent's log of the program keeps it.
            System.err.println(exchange.getRequestMethod() + " failed: " + e);
            throw e;
        }
    }

    private synchronized void store(long row) throws IOException {
        ByteBuffer line = StandardCharsets.US_ASCII.encode(row + "\n");
        while (line.hasRemaining())
            channel.write(line);
        channel.force(true);
    }

    /** Whole lines only: the last one may have been cut off when a node died. */
    private byte[] list() throws IOException {
        String text = Files.readString(file, StandardCharsets.US_ASCII);
        return text.substring(0, text.lastIndexOf('\n') + 1).getBytes(StandardCharsets.US_ASCII);
    }
}
