package org.duett.ittests.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.bench.network.Namespace;
import org.duett.ittests.node.ReplicatorProcess;
import org.junit.jupiter.api.Test;

/** Needs root: bytes of strangers on every socket of both nodes (promise 5). Their connections go, with a reason; the pair goes on. */
class HostileBytesTest extends PairScenario {

    private static final long SEED = 4711;
    private static final int ROUNDS = 12;
    private static final int REPLICATION_PORT = 7788;
    /** How streams begin that are taken seriously for a while: DRBD's three magics, and those of the first packets. */
    private static final List<String> BEGINNINGS = List.of("", "83740267", "835a", "8620ec20", "8374026700210000", "8374026700220000",
            "8620ec200000000a7fffffff00000000", "7b22", "7b2272657175657374223a22737461747573222c", "4e42444d41474943", "00000003");

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void thePairGoesOnWhateverIsSentToItsSockets() throws Exception {
        start();
        load.startOn(pair.export(alpha));
        load.awaitMore(100);
        for (int i = 0; i < ROUNDS; i++) {
            for (ReplicatorProcess target : List.of(alpha, beta)) {
                var port = new InetSocketAddress(pair.addressOf(target), REPLICATION_PORT);
                for (ReplicatorProcess from : List.of(alpha, beta)) {
                    offend(pair.namespaceOf(from), port);
                }
                offend(pair.namespaceOf(target), UnixDomainSocketAddress.of(target.controlSocket()));
            }
            offend(pair.namespaceOf(alpha), pair.export(alpha).socket());
        }
        load.awaitMore(100);
        load.stop();
        for (ReplicatorProcess node : List.of(alpha, beta)) {
            assertThat(node.log()).as("the connection was never lost").doesNotContain("connection Connected -> BrokenPipe")
                    .doesNotContain("Connected -> ProtocolError").doesNotContain("Connected -> Timeout").doesNotContain("FAIL-STOP");
            assertThat(node.log()).contains("refused a connection from ").contains("a client was dropped: ");
        }
        verifyOnBoth(alpha);
    }

    /** Whether it is heard to the end or cut off does not matter here. */
    private void offend(Namespace from, SocketAddress target) throws Exception {
        ByteBuffer bytes = noise();
        from.call(() -> {
            try (SocketChannel channel = SocketChannel.open(target)) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (IOException e) {
                // Cut off in the middle: as it should be.
            }
            return null;
        });
    }

    private ByteBuffer noise() {
        String beginning = BEGINNINGS.get(random.nextInt(BEGINNINGS.size()));
        byte[] rest = new byte[random.nextInt(4) == 0 ? random.nextInt(1 << 17) : random.nextInt(64)];
        random.nextBytes(rest);
        ByteBuffer bytes = ByteBuffer.allocate(beginning.length() / 2 + rest.length);
        return bytes.put(HexFormat.of().parseHex(beginning)).put(rest).flip();
    }
}
