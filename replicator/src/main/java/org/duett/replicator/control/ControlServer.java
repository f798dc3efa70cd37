package org.duett.replicator.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.transport.PrivateSocketFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on the control socket, which only this user may open. A client has a thread of its own, so a slow one delays nobody; bytes
 * that are no request cost it its connection and nothing else.
 */
public final class ControlServer implements AutoCloseable {
    static final int LONGEST_REQUEST_BYTES = 16 << 10;
    static final int MOST_CLIENTS = 64;
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int BACKLOG = 64;

    private final Path path;
    private final PrivateSocketFile file;
    private final ServerSocketChannel listener;
    private final ControlHandler handler;
    private final Set<SocketChannel> clients = ConcurrentHashMap.newKeySet();

    private ControlServer(Path path, PrivateSocketFile file, ServerSocketChannel listener, ControlHandler handler) {
        this.path = path;
        this.file = file;
        this.listener = listener;
        this.handler = handler;
    }

    /** Fails when another process answers at that path; a socket that nobody answers on is replaced. */
    public static ControlServer listen(Path path, ControlHandler handler) throws IOException {
        PrivateSocketFile file = PrivateSocketFile.prepare("the control socket", path);
        ControlServer server = new ControlServer(path, file, bind(path, file), handler);
        Thread.ofVirtual().name("control-accept").start(server::acceptAll);
        return server;
    }

    private static ServerSocketChannel bind(Path path, PrivateSocketFile file) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(file.bindPath()), BACKLOG);
            file.publish();
            return listener;
        } catch (IOException failed) {
            listener.close();
            throw new IOException("the control socket cannot listen on " + path + ": " + failed.getMessage(), failed);
        } finally {
            file.cleanUp();
        }
    }

    private void acceptAll() {
        while (listener.isOpen()) {
            try {
                admit(listener.accept());
            } catch (IOException failed) {
                if (!listener.isOpen()) return;
                LOG.error("control socket {}: accepting a client failed: {}", path, failed.toString());
                if (!paused()) return;
            }
        }
    }

    /** Out of descriptors, most likely: the clients that are here have to end first. */
    private static boolean paused() {
        try {
            Thread.sleep(100);
            return true;
        } catch (InterruptedException ended) {
            return false;
        }
    }

    private void admit(SocketChannel client) {
        clients.add(client);
        if (clients.size() > MOST_CLIENTS) {
            LOG.warn("control socket {}: a client was turned away: {} are connected", path, MOST_CLIENTS);
            Thread.ofVirtual().start(() -> turnAway(client));
            return;
        }
        Thread.ofVirtual().name("control-client").start(() -> serve(client));
    }

    private void turnAway(SocketChannel client) {
        try (client) {
            refuse(new LineChannel(client, LONGEST_REQUEST_BYTES), "The control socket has " + MOST_CLIENTS + " clients already.",
                    "End some of them (`duett events`, waits), then try again.");
        } catch (IOException gone) {
            // It has its answer: the connection ended.
        } finally {
            clients.remove(client);
        }
    }

    private void serve(SocketChannel client) {
        LineChannel lines = new LineChannel(client, LONGEST_REQUEST_BYTES);
        Thread working = null;
        boolean waits = false;
        try {
            for (int length; (length = lines.readLine()) >= 0;) {
                byte[] line = lines.line(length);
                // One request after the other; the answers come in their order.
                if (working != null) working.join();
                working = null;
                ControlRequest request = ControlCodec.decodeRequest(line, length);
                waits = request.waits();
                working = Thread.ofVirtual().name("control-request").start(() -> answer(request, client, lines));
            }
            settle(working, waits);
        } catch (ControlFormatException | LineChannel.TooLong malformed) {
            LOG.warn("control socket {}: a client was dropped: {}", path, malformed.getMessage());
            settle(working, waits);
            refuseQuietly(lines, "Not a request: " + malformed.getMessage() + ".");
        } catch (IOException gone) {
            LOG.debug("control socket {}: a client is gone: {}", path, gone.toString());
            if (working != null) working.interrupt();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            closeQuietly(client);
            clients.remove(client);
        }
    }

    /** Who closed may only have said that this was all, and still reads; but nobody waits for ever behind a closed door. */
    private static void settle(Thread working, boolean waits) {
        if (working == null) return;
        if (waits) working.interrupt();
        try {
            working.join();
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(ControlRequest request, SocketChannel client, LineChannel lines) {
        try {
            ControlReply reply = handler.handle(request, line -> lines.write(ControlCodec.encode(new ControlReply.Line(line))));
            lines.write(ControlCodec.encode(reply));
        } catch (IOException gone) {
            LOG.debug("control socket {}: a client did not wait for its answer: {}", path, gone.toString());
            closeQuietly(client);
        } catch (InterruptedException ended) {
            closeQuietly(client);
        } catch (RuntimeException | Error ourMistake) {
            LOG.error("control socket {}: request {} failed", path, request, ourMistake);
            refuseQuietly(lines, "The daemon could not answer: " + ourMistake);
        }
    }

    private static void refuseQuietly(LineChannel lines, String whatHappened) {
        try {
            refuse(lines, whatHappened, "See docs/operating/control-protocol.md, and the daemon's log.");
        } catch (IOException gone) {
            // Nobody to tell.
        }
    }

    private static void refuse(LineChannel lines, String whatHappened, String whatToDo) throws IOException {
        lines.write(ControlCodec.encode(new ControlReply.Refused(ExitCode.ERROR,
                new OperatorReport(OperatorReport.Level.WARNING, whatHappened, "Nothing was changed by it.", whatToDo))));
    }

    private static void closeQuietly(SocketChannel client) {
        try {
            client.close();
        } catch (IOException closedAnyway) {
            // There is nothing left to lose.
        }
    }

    /** Stops listening and ends all clients. */
    @Override
    public void close() throws IOException {
        listener.close();
        file.delete();
        clients.forEach(ControlServer::closeQuietly);
    }
}
