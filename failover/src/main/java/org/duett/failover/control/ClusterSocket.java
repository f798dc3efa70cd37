package org.duett.failover.control;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import org.duett.replicator.control.AnswerPatience;
import org.duett.replicator.transport.PrivateSocketFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens for {@code duett cluster}: one request and one answer to a connection. Only this user may open it. */
public final class ClusterSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterSocket.class);
    private static final int LONGEST_REQUEST_CHARACTERS = 4096;
    private static final int MOST_CLIENTS = 32;
    /** Far more than a busy machine needs. */
    private static final long ANSWER_MILLIS = 10_000;
    /** It looks at files, programs and units. */
    private static final long CHECK_MILLIS = 60_000;

    /** Answers; may take its time. */
    public interface Handler {
        ClusterRequest.Answer answer(ClusterRequest request) throws InterruptedException;
    }

    private final ServerSocketChannel listener;
    private final Handler handler;
    private final Semaphore places = new Semaphore(MOST_CLIENTS);

    private ClusterSocket(ServerSocketChannel listener, Handler handler) {
        this.listener = listener;
        this.handler = handler;
    }

    public static Path in(Path runDirectory) {
        return runDirectory.resolve("cluster.sock");
    }

    /** Fails when another daemon answers there. Clients wait until {@link #start}. */
    public static ClusterSocket listen(Path path, Handler handler) throws IOException {
        PrivateSocketFile file = PrivateSocketFile.prepare("the socket of the failover daemon", path);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(file.bindPath()), MOST_CLIENTS);
            file.publish();
        } catch (IOException failed) {
            listener.close();
            throw failed;
        } finally {
            file.cleanUp();
        }
        return new ClusterSocket(listener, handler);
    }

    /** From now on the handler is asked. */
    public void start() {
        Thread.ofVirtual().name("cluster-accept").start(this::acceptAll);
    }

    private void acceptAll() {
        while (listener.isOpen()) {
            try {
                SocketChannel client = listener.accept();
                if (places.tryAcquire()) Thread.ofVirtual().start(() -> serve(client));
                else client.close();
            } catch (IOException failed) {
                if (listener.isOpen()) LOG.error("cluster socket: {}", failed.toString());
                return;
            }
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            ClusterRequest.Answer answer;
            try {
                answer = handler.answer(ClusterRequest.ofLine(readLine(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8))));
            } catch (IllegalArgumentException strange) {
                answer = new ClusterRequest.Answer(false, strange.getMessage());
            }
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(answer.toLine() + "\n");
            while (bytes.hasRemaining()) client.write(bytes);
        } catch (IOException gone) {
            LOG.debug("a client of the cluster socket left: {}", gone.toString());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            places.release();
        }
    }

    private static String readLine(Reader reader) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = reader.read(); next >= 0 && next != '\n'; next = reader.read()) {
            if (line.length() == LONGEST_REQUEST_CHARACTERS) throw new IllegalArgumentException("a request of more than " + LONGEST_REQUEST_CHARACTERS + " characters");
            line.append((char) next);
        }
        return line.toString();
    }

    /** A client's side. Fails when no daemon listens, and when one that hangs, or is stopped, does not answer: whoever asks at night has to hear something. */
    public static ClusterRequest.Answer ask(Path socket, ClusterRequest request) throws IOException {
        return ask(socket, request, request instanceof ClusterRequest.Check ? CHECK_MILLIS : ANSWER_MILLIS);
    }

    static ClusterRequest.Answer ask(Path socket, ClusterRequest request, long patienceMillis) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX); AnswerPatience patience = AnswerPatience.of(channel, patienceMillis)) {
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(request.toLine() + "\n");
                while (bytes.hasRemaining()) channel.write(bytes);
                String line = new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8)).readLine();
                if (line == null) throw new IOException("the daemon closed the connection before it answered");
                return ClusterRequest.Answer.ofLine(line);
            } catch (IOException failed) {
                throw patience.reason(failed);
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
