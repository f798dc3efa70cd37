package org.duett.replicator.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class NbdListeningTest {
    private NbdBench bench;

    @BeforeEach
    void start() throws Exception {
        bench = new NbdBench(Transport.best()).promoted();
    }

    @AfterEach
    void stop() throws Exception {
        bench.close();
    }

    @Test
    void theSocketIsForThisUserOnly() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(bench.socket))).isEqualTo("rw-------");
        try (var files = Files.list(bench.directory)) {
            assertThat(files).containsExactly(bench.socket);
        }
    }

    @Test
    void aSocketLeftBehindIsReplacedAndOneThatIsAnsweredIsNot() throws Exception {
        Path stale = bench.directory.resolve("stale");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(stale)).close();
        assertThat(stale).exists();
        bench.server.listenUnix(Transport.best(), stale);
        NbdTestClient.unix(stale).go("r0").close();

        assertThatThrownBy(() -> bench.server.listenUnix(Transport.best(), bench.socket))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("another process answers");
        bench.client().go("r0").close();
    }

    @Test
    void aFileThatIsNoSocketIsLeftAlone() throws Exception {
        Path file = Files.writeString(bench.directory.resolve("precious"), "data");
        assertThatThrownBy(() -> bench.server.listenUnix(Transport.best(), file)).isInstanceOf(IOException.class)
                .hasMessageContaining("no socket");
        assertThat(Files.readString(file)).isEqualTo("data");
        Files.delete(file);
    }

    @Test
    void aPathTooLongForASocketIsRefusedWithItsReason() {
        Path path = bench.directory.resolve("x".repeat(120));
        assertThatThrownBy(() -> bench.server.listenUnix(Transport.best(), path)).isInstanceOf(IOException.class)
                .hasMessageContaining("107");
    }

    @Test
    void theSocketOfASuccessorIsNotRemoved() throws Exception {
        Files.delete(bench.socket);
        try (ServerSocketChannel successor = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            successor.bind(UnixDomainSocketAddress.of(bench.socket));
            bench.server.close().get(20, TimeUnit.SECONDS);
            assertThat(bench.socket).exists();
        }
        Files.delete(bench.socket);
    }

    @Test
    void addressesBeyondThisMachineNeedTheOperatorsWord() throws Exception {
        InetSocketAddress everywhere = new InetSocketAddress("0.0.0.0", 0);
        assertThatThrownBy(() -> bench.server.listenTcp(Transport.best(), everywhere, false))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("allow it explicitly");
        int port = bench.server.listenTcp(Transport.best(), everywhere, true).getPort();
        NbdTestClient.tcp(new InetSocketAddress("127.0.0.1", port)).go("r0").close();
    }

    @Test
    void aClosedServerEndsItsClientsAndLeavesNoFile() throws Exception {
        try (NbdTestClient client = bench.client().go("r0")) {
            bench.server.close().get(20, TimeUnit.SECONDS);
            client.untilClosed();
            assertThat(bench.socket).doesNotExist();
            assertThatThrownBy(bench::client).isInstanceOf(IOException.class);
        }
    }
}
