package org.duett.replicator.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerPatienceTest {
    @TempDir
    private Path directory;

    /** As the kernel does for a daemon whose process is stopped: it takes the connection, and nobody reads. */
    @Test
    void aDaemonThatTakesTheConnectionAndDoesNotAnswerIsTold() throws IOException {
        Path socket = directory.resolve("control.sock");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            try (ControlClient client = ControlClient.connect(socket)) {
                assertThatThrownBy(() -> client.ask(new ControlRequest.Ping(), line -> {
                }, 1000)).isInstanceOf(SocketTimeoutException.class).hasMessage("it has not answered for 1 s");
            }
        }
    }

    @Test
    void whatFailsByItselfIsToldAsItIs() throws IOException {
        var failed = new IOException("Connection reset by peer");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX); AnswerPatience patience = AnswerPatience.of(channel, 600_000)) {
            assertThat(patience.reason(failed)).isSameAs(failed);
            patience.close();
            assertThat(channel.isOpen()).isTrue();
        }
    }
}
