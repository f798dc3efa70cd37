package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a link costs on the heap while writes and their acks flow (style 11). */
class SteadyLinkAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int WINDOW = 64;
    private static final int WARM_UP = 60_000;
    private static final int WRITES = 60_000;
    /** One write is two packets sent, or two received, at each end. */
    private static final int LIMIT_BYTES_PER_WRITE = 2 * 20;

    /** NIO, the last resort, makes a ByteBuffer of each piece that it writes (135 to 260 bytes a write); nobody can keep it from that. */
    static Stream<Transport> available() {
        return Stream.of(Transport.IO_URING, Transport.EPOLL).filter(Transport::isAvailable);
    }

    /** Sends writes, a window at a time, or answers each with an ack. */
    private static final class End {
        private final boolean sending;
        private final ByteBuf payload = PooledByteBufAllocator.DEFAULT.directBuffer(4096).writeZero(4096);
        private final Packet.Data write = new Packet.Data();
        private final Packet.BlockAck ack = new Packet.BlockAck();
        private final CountDownLatch warm = new CountDownLatch(1);
        private final CountDownLatch done = new CountDownLatch(1);
        private PeerConnections connections;
        private int acked;
        private int sent;
        private long allocatedBefore;
        private long allocatedBytes;

        End(boolean sending) {
            this.sending = sending;
            write.kind = Packet.Data.Kind.WRITE;
            write.lengthBytes = 4096;
            write.payload = payload;
            ack.kind = Packet.BlockAck.Kind.WRITE_ACK;
            ack.lengthBytes = 4096;
        }

        void deliver(Event event) {
            switch (event) {
                case Event.PeerConnected connected -> {
                    connections.send(1, new Packet.ConnectionFeatures(101, 101, 0x0f));
                    connections.flush();
                }
                case Event.PeerPacketArrived arrived -> arrived(arrived.packet);
                case Event.PeerLost theEnd -> assertThat(done.getCount()).isZero();
                default -> throw new AssertionError(event);
            }
        }

        private void arrived(Packet packet) {
            switch (packet) {
                case Packet.Data data -> {
                    data.payload.release();
                    ack.firstSector = data.firstSector;
                    connections.send(1, ack);
                    connections.flush();
                    count();
                }
                case Packet.BlockAck answer -> {
                    count();
                    send();
                }
                case Packet.ConnectionFeatures features -> {
                    for (int i = 0; sending && i < WINDOW; i++) {
                        send();
                    }
                }
                default -> throw new AssertionError(packet);
            }
        }

        private void send() {
            if (sent == WARM_UP + WRITES) return;
            write.firstSector = sent++;
            connections.send(1, write);
            connections.flush();
        }

        private void count() {
            acked++;
            if (acked == WARM_UP) allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
            if (acked == WARM_UP + WRITES) {
                allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
                done.countDown();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void aWriteAndItsAckCostNextToNothing(Transport transport) throws Exception {
        // Leak records would be most of what is measured.
        ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        Addresses addresses = Addresses.free();
        var primary = new End(true);
        var secondary = new End(false);
        var primaryGroup = transport.newGroup(1, "primary");
        var secondaryGroup = transport.newGroup(1, "secondary");
        try {
            primary.connections = new PeerConnections(transport, primaryGroup.next(),
                    PairingTest.settings(addresses.low(), addresses.high(), PeerNode.QUICK), PooledByteBufAllocator.DEFAULT::directBuffer,
                    primary::deliver, new java.util.Random(1));
            secondary.connections = new PeerConnections(transport, secondaryGroup.next(),
                    PairingTest.settings(addresses.high(), addresses.low(), PeerNode.QUICK), PooledByteBufAllocator.DEFAULT::directBuffer,
                    secondary::deliver, new java.util.Random(2));
            primaryGroup.next().execute(() -> primary.connections.connect(1));
            secondaryGroup.next().execute(() -> secondary.connections.connect(1));
            assertThat(primary.done.await(120, TimeUnit.SECONDS)).isTrue();
            assertThat(secondary.done.await(120, TimeUnit.SECONDS)).isTrue();
        } finally {
            primaryGroup.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).sync();
            secondaryGroup.shutdownGracefully(1, 5000, TimeUnit.MILLISECONDS).sync();
            ResourceLeakDetector.setLevel(before);
            primary.payload.release();
            secondary.payload.release();
        }
        assertThat(primary.allocatedBytes / WRITES).as("heap bytes for each write at the sending end").isLessThan(LIMIT_BYTES_PER_WRITE);
        assertThat(secondary.allocatedBytes / WRITES).as("heap bytes for each write at the receiving end").isLessThan(LIMIT_BYTES_PER_WRITE);
    }
}
