package org.duett.replicator.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.netty.channel.EventLoopGroup;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The heap that one request costs on the event loop, by the JVM's own counter, with a core that answers at once. */
@Timeout(120)
class NbdAllocationTest {
    private static final int DEPTH = 32;
    private static final int WARM_UP_ROUNDS = 3000;
    private static final int ROUNDS = 1000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(Transport.class)
    void writesAndReadsOf4KiBAllocateNextToNothing(Transport transport) throws Exception {
        assumeTrue(transport.isAvailable(), () -> transport.configName() + " is not available here");
        // Paranoid leak detection remembers every buffer, on the heap.
        ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        EventLoopGroup group = transport.newGroup(1, "nbd-allocation");
        try {
            var loop = group.next();
            AlignedPayloads payloads = new AlignedPayloads(loop, 64 << 20);
            NbdServer[] server = new NbdServer[1];
            NbdEvents core = event -> {
                if (event instanceof Event.HostRequestArrived arrived) server[0].complete(arrived.request);
            };
            server[0] = new NbdServer(loop, new NbdSettings("r0", 1, () -> "", NbdLimits.DEFAULTS), core, payloads,
                    () -> 0);
            Path socket = directory.resolve("s");
            server[0].listenUnix(transport, socket);
            long thread = loop.submit(() -> {
                server[0].openExport(0, 1, 1 << 30, 512);
                return Thread.currentThread().threadId();
            }).get();
            try (NbdTestClient client = NbdTestClient.unix(socket).go("r0")) {
                for (int command : new int[]{NbdProtocol.CMD_WRITE, NbdProtocol.CMD_READ}) {
                    rounds(client, command, WARM_UP_ROUNDS);
                    long allocatedBefore = THREADS.getThreadAllocatedBytes(thread);
                    rounds(client, command, ROUNDS);
                    long bytes = THREADS.getThreadAllocatedBytes(thread) - allocatedBefore;
                    // NIO, the last resort, makes an object for each reply with data.
                    assertThat(bytes / (double) (ROUNDS * DEPTH)).as("bytes for each request of kind %d on %s", command, transport)
                .isLessThan(transport == Transport.NIO ? 64 : 40);
                }
            }
            server[0].close().get(20, TimeUnit.SECONDS);
            loop.submit(payloads::close).get();
        } finally {
            group.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).get();
            ResourceLeakDetector.setLevel(before);
        }
        assertThat(Files.list(directory)).isEmpty();
    }

    private static void rounds(NbdTestClient client, int command, int rounds) throws Exception {
        int dataSent = command == NbdProtocol.CMD_WRITE ? 4096 : 0;
        int dataReceived = command == NbdProtocol.CMD_READ ? 4096 : 0;
        ByteBuffer requests = ByteBuffer.allocateDirect(DEPTH * (28 + dataSent));
        for (int i = 0; i < DEPTH; i++) {
            requests.put(NbdTestClient.header(command, 0, i, i * 4096L, 4096)).position(requests.position() + dataSent);
        }
        requests.flip();
        ByteBuffer replies = ByteBuffer.allocateDirect(DEPTH * (16 + dataReceived));
        for (int round = 0; round < rounds; round++) {
            client.send(requests.rewind());
            replies.clear();
            while (replies.hasRemaining()) client.channel.read(replies);
        }
    }
}
