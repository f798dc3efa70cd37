package org.duett.replicator.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ControlServerTest {
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final CountDownLatch givenUp = new CountDownLatch(1);
    @TempDir
    private Path directory;
    private Path socket;
    private ControlServer server;

    @BeforeEach
    void listen() throws IOException {
        socket = directory.resolve("control.sock");
        server = ControlServer.listen(socket, this::answer);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private ControlReply answer(ControlRequest request, ControlHandler.Lines lines) throws IOException, InterruptedException {
        return switch (request) {
            case ControlRequest.Events events -> {
                lines.send("first");
                lines.send("second");
                waiting.countDown();
                if (events.onlyNow()) yield new ControlReply.Done("");
                try {
                    new CountDownLatch(1).await();
                } finally {
                    givenUp.countDown();
                }
                throw new AssertionError("interrupted only");
            }
            case ControlRequest.Up up -> throw new IllegalStateException("planted");
            case ControlRequest.Ping ping -> new ControlReply.Done("here\n");
            default -> new ControlReply.Done(request + "\n");
        };
    }

    @Test
    void requestsOfOneClientAreAnsweredInTheirOrder() throws Exception {
        try (ControlClient client = ControlClient.connect(socket)) {
            assertThat(client.ask(new ControlRequest.Ping(), line -> {
            })).isEqualTo(new ControlReply.Done("here\n"));
            List<String> lines = new ArrayList<>();
            assertThat(client.ask(new ControlRequest.Events(Optional.empty(), true), lines::add)).isEqualTo(new ControlReply.Done(""));
            assertThat(lines).containsExactly("first", "second");
        }
        String twoAtOnce = ControlCodec.encode(new ControlRequest.Down("a", false)) + ControlCodec.encode(new ControlRequest.Ping());
        assertThat(replyTo(twoAtOnce.getBytes(UTF_8))).contains("Down[resource=a").endsWith("here\\n\"}\n");
    }

    @Test
    void onlyThisUserMayConnect() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
        try (var files = Files.list(directory)) {
            assertThat(files.toList()).containsExactly(socket);
        }
    }

    @Test
    void bytesThatAreNoRequestCostTheirSenderTheConnectionAndNobodyElse() throws Exception {
        try (ControlClient other = ControlClient.connect(socket)) {
            assertThat(replyTo("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8))).contains("\"refused\":\"ERROR\"").contains("Not a request");
            assertThat(replyTo(new byte[100_000])).contains("longer than " + ControlServer.LONGEST_REQUEST_BYTES);
            assertThat(other.ask(new ControlRequest.Ping(), line -> {
            })).isEqualTo(new ControlReply.Done("here\n"));
        }
    }

    @Test
    void anUnfinishedLineIsNotObeyed() throws Exception {
        assertThat(replyTo("{\"request\":\"ping\"}".getBytes(UTF_8))).isEmpty();
    }

    @Test
    void aRequestThatFailsIsAnsweredAndTheConnectionGoesOn() throws Exception {
        try (ControlClient client = ControlClient.connect(socket)) {
            assertThat(client.ask(new ControlRequest.Up("r0"), line -> {
            }).toString()).contains("planted");
            assertThat(client.ask(new ControlRequest.Ping(), line -> {
            })).isEqualTo(new ControlReply.Done("here\n"));
        }
    }

    @Test
    void aWaitIsGivenUpWhenItsClientIsGone() throws Exception {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            client.write(ByteBuffer.wrap(ControlCodec.encode(new ControlRequest.Events(Optional.empty(), false)).getBytes(UTF_8)));
            waiting.await();
        }
        assertThat(givenUp.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void oneClientTooManyIsToldSo() throws Exception {
        List<ControlClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < ControlServer.MOST_CLIENTS; i++) {
                clients.add(ControlClient.connect(socket));
                clients.getLast().ask(new ControlRequest.Ping(), line -> {
                });
            }
            assertThat(replyTo(new byte[0])).contains("has 64 clients already");
        } finally {
            for (ControlClient client : clients) client.close();
        }
    }

    @Test
    void aSocketThatNobodyAnswersOnIsReplacedAndALiveOneIsNot() throws Exception {
        assertThatThrownBy(() -> ControlServer.listen(socket, this::answer)).hasMessageContaining("another process answers");
        Path stale = directory.resolve("stale.sock");
        try (var listener = java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(stale));
        }
        assertThat(stale).exists();
        ControlServer.listen(stale, this::answer).close();
        assertThat(stale).doesNotExist();
        Path file = Files.writeString(directory.resolve("file"), "precious");
        assertThatThrownBy(() -> ControlServer.listen(file, this::answer)).hasMessageContaining("left alone");
        assertThat(file).hasContent("precious");
    }

    /** Sends, says that this was all, and reads to the end. */
    private String replyTo(byte[] bytes) throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteArrayOutputStream reply = new ByteArrayOutputStream();
            try {
                ByteBuffer out = ByteBuffer.wrap(bytes);
                while (out.hasRemaining()) client.write(out);
                client.shutdownOutput();
            } catch (IOException droppedAlready) {
                // What the server said before it closed is still to be read.
            }
            ByteBuffer in = ByteBuffer.allocate(4096);
            try {
                while (client.read(in) >= 0) {
                    reply.write(in.array(), 0, in.position());
                    in.clear();
                }
            } catch (IOException reset) {
                // The server closed with bytes of ours unread.
            }
            return reply.toString(UTF_8);
        }
    }
}
