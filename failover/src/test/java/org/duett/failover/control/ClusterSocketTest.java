package org.duett.failover.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ClusterSocketTest {
    @TempDir
    Path directory;

    @Test
    void aQuestionIsAnswered() throws Exception {
        Path path = ClusterSocket.in(directory);
        try (ClusterSocket socket = ClusterSocket.listen(path, request -> new ClusterRequest.Answer(true, request.toString()))) {
            socket.start();
            assertThat(ClusterSocket.ask(path, new ClusterRequest.Status(true)).text()).contains("Status");
        }
    }

    /** Found with a node whose processes were stopped: 'duett cluster status' said nothing at all, for ever. */
    @Test
    @Timeout(60)
    void aDaemonThatDoesNotAnswerIsNotWaitedForForEver() throws Exception {
        Path path = ClusterSocket.in(directory);
        var never = new CountDownLatch(1);
        try (ClusterSocket socket = ClusterSocket.listen(path, _ -> {
            never.await();
            return new ClusterRequest.Answer(true, "");
        })) {
            // Stopped: it takes the connection, and nothing of it runs.
            assertThatThrownBy(() -> ClusterSocket.ask(path, new ClusterRequest.Status(false), 100)).isInstanceOf(SocketTimeoutException.class);
            socket.start();
            assertThatThrownBy(() -> ClusterSocket.ask(path, new ClusterRequest.Status(false), 100)).isInstanceOf(SocketTimeoutException.class);
            never.countDown();
        }
    }
}
