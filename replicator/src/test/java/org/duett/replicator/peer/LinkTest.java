package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.PacketEncoder;
import org.duett.replicator.wire.WireSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A paired link: what goes in at one end comes out at the other, until one of them ends it. */
class LinkTest {
    private static final Transport TRANSPORT = Transport.best();

    static Stream<Transport> available() {
        return Arrays.stream(Transport.values()).filter(Transport::isAvailable);
    }

    private record Linked(PeerNode one, PeerNode other) implements AutoCloseable {
        static Linked pair(Transport transport) throws Exception {
            Addresses addresses = Addresses.free();
            var linked = new Linked(new PeerNode(transport, addresses.low(), addresses.high()),
                    new PeerNode(transport, addresses.high(), addresses.low()));
            linked.one.connect(1);
            linked.other.connect(1);
            linked.one.connected(1);
            linked.other.connected(1);
            linked.one.send(1, new Packet.ConnectionFeatures(101, 101, 0x0f));
            linked.other.exchangeFeatures(1);
            linked.one.nextPacket();
            return linked;
        }

        @Override
        public void close() throws Exception {
            one.close();
            other.close();
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void writesOfAllSizesArriveInOrderAndUnchanged(Transport transport) throws Exception {
        try (Linked linked = Linked.pair(transport)) {
            var random = new Random(4711);
            var expected = new String[300];
            for (int i = 0; i < expected.length; i++) {
                int lengthBytes = 512 * (1 + random.nextInt(i % 20 == 0 ? 2048 : 16));
                expected[i] = sendWrite(linked.one, 1, i, lengthBytes);
            }
            linked.one.onLoop(linked.one.connections::flush);
            for (String content : expected) {
                assertThat(linked.other.nextPacket().content()).isEqualTo(content);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void everyPausedPacketWaitsForTheResumption(Transport transport) throws Exception {
        try (Linked linked = Linked.pair(transport)) {
            linked.other.whenArrived = (node, packet) -> {
                if (packet instanceof Packet.Data) node.connections.pauseReading(1);
            };
            for (int i = 0; i < 50; i++) {
                sendWrite(linked.one, 1, i, 512 * (1 + i));
            }
            linked.one.onLoop(linked.one.connections::flush);
            for (int i = 0; i < 50; i++) {
                assertThat(linked.other.nextPacket().content()).startsWith(i + " ");
                // The meta socket is read meanwhile; its packets cannot overtake a delivered one unseen.
                linked.one.send(1, new Packet.Ping());
                assertThat(linked.other.nextPacket().kind()).isEqualTo(Packet.Ping.class);
                assertThat(linked.other.packets).isEmpty();
                linked.other.onLoop(() -> linked.other.connections.resumeReading(1));
            }
        }
    }

    @Test
    void pauseAndResumeWithinOneDeliveryLoseNothing() throws Exception {
        try (Linked linked = Linked.pair(TRANSPORT)) {
            linked.other.whenArrived = (node, packet) -> {
                node.connections.pauseReading(1);
                node.connections.resumeReading(1);
            };
            for (int i = 0; i < 200; i++) {
                sendWrite(linked.one, 1, i, 4096);
            }
            linked.one.onLoop(linked.one.connections::flush);
            for (int i = 0; i < 200; i++) {
                assertThat(linked.other.nextPacket().content()).startsWith(i + " ");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void whatWasSentBeforeADisconnectArrives(Transport transport) throws Exception {
        try (Linked linked = Linked.pair(transport)) {
            linked.one.onLoop(() -> {
                for (int i = 0; i < 30; i++) {
                    write(linked.one, 1, i, 64 << 10);
                }
                linked.one.connections.send(1, new Packet.StateChangeReply(true, 0, 1));
                linked.one.connections.disconnect(1);
            });
            // It reads a little late: an abortive close would have thrown the reply away.
            List<String> contents = new java.util.ArrayList<>();
            for (int i = 0; i < 31; i++) {
                contents.add(linked.other.nextPacket().content());
            }
            assertThat(contents).contains(new Packet.StateChangeReply(true, 0, 1).toString());
            assertThat(contents.stream().filter(content -> content.contains(" 65536 ")).count()).isEqualTo(30);
            assertThat(linked.other.lost(1).reason()).isEqualTo(Event.PeerLost.Reason.BROKEN_PIPE);
            assertThat(linked.one.events).isEmpty();
        }
    }

    @Test
    void nothingIsDeliveredAfterADisconnect() throws Exception {
        try (Linked linked = Linked.pair(TRANSPORT)) {
            linked.other.whenArrived = (node, packet) -> node.connections.disconnect(1);
            for (int i = 0; i < 20; i++) {
                sendWrite(linked.one, 1, i, 4096);
            }
            linked.one.onLoop(linked.one.connections::flush);
            linked.one.lost(1);
            assertThat(linked.other.packets).hasSize(1);
            assertThat(linked.other.events).isEmpty();
        }
    }

    @Test
    void aLossIsDeliveredOnceAndLaterActionsDoNothing() throws Exception {
        try (Linked linked = Linked.pair(TRANSPORT)) {
            linked.other.kill();
            assertThat(linked.one.lost(1).detail()).contains("socket: ");
            linked.one.onLoop(() -> {
                write(linked.one, 1, 1, 4096);
                linked.one.connections.flush();
                linked.one.connections.pauseReading(1);
                linked.one.connections.resumeReading(1);
                linked.one.connections.disconnect(1);
            });
            assertThat(linked.one.events).isEmpty();
        }
    }

    @Test
    void sendingIntoAConnectionThatThePeerHasResetIsALossAndNoMore() throws Exception {
        try (var scripted = Scripted.linked()) {
            // Nothing is read meanwhile, so that the write finds out.
            scripted.node.onLoop(() -> {
                reset(scripted);
                for (int i = 0; i < 6; i++) {
                    write(scripted.node, 1, i, 1 << 20);
                    scripted.node.connections.flush();
                }
            });
            assertThat(scripted.node.lost(1).reason()).isEqualTo(Event.PeerLost.Reason.BROKEN_PIPE);
            assertThat(scripted.node.events).isEmpty();
        }
    }

    @Test
    void aNodeThatWasKilledIsFoundAgain() throws Exception {
        Addresses addresses = Addresses.free();
        try (var survivor = new PeerNode(TRANSPORT, addresses.low(), addresses.high())) {
            survivor.connect(0);
            for (int life = 0; life < 5; life++) {
                var mortal = new PeerNode(TRANSPORT, addresses.high(), addresses.low());
                mortal.connect(life);
                PairingTest.assertLinked(survivor, life, mortal, life);
                mortal.kill();
                survivor.lost(life);
                survivor.connect(life + 1);
            }
        }
    }

    @Test
    void nodesThatDropTheLinkAtRandomFindEachOtherAgain() throws Exception {
        try (Linked linked = Linked.pair(TRANSPORT)) {
            var random = new Random(815);
            for (int connection = 2; connection < 8; connection++) {
                PeerNode dropping = random.nextBoolean() ? linked.one : linked.other;
                PeerNode losing = dropping == linked.one ? linked.other : linked.one;
                dropping.disconnect(connection - 1);
                losing.lost(connection - 1);
                losing.connect(connection);
                dropping.connect(connection);
                PairingTest.assertLinked(linked.one, connection, linked.other, connection);
            }
        }
    }

    // ---- a scripted peer at the other end

    private record Scripted(PeerNode node, RawPeer peer, Socket data, Socket meta) implements AutoCloseable {
        static Scripted linked() throws Exception {
            Addresses addresses = Addresses.free();
            var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high());
            var peer = new RawPeer(addresses.high(), addresses.low());
            node.connect(1);
            Socket data = peer.connect(WireSocket.DATA);
            Socket meta = peer.connect(WireSocket.META);
            node.connected(1);
            PairingTest.assertCarriesPackets(node, 1, data, meta);
            return new Scripted(node, peer, data, meta);
        }

        @Override
        public void close() throws Exception {
            data.close();
            meta.close();
            peer.close();
            node.close();
        }
    }

    @Test
    void aPacketThatIsCutOffIsNotDeliveredAndLeavesNothing() throws Exception {
        try (var scripted = Scripted.linked()) {
            ByteBuf bytes = encodedWrite(8, 1 << 20);
            RawPeer.write(scripted.data, bytes.slice(0, 300_000));
            scripted.data.close();
            assertThat(scripted.node.lost(1).reason()).isEqualTo(Event.PeerLost.Reason.BROKEN_PIPE);
            assertThat(scripted.node.packets).isEmpty();
            RawPeer.assertEnded(scripted.meta);
        }
        // Closing the node has counted its payloads; this one never left the decoder.
    }

    @Test
    void bytesThatAreNoPacketEndBothSocketsWithTheReason() throws Exception {
        try (var scripted = Scripted.linked()) {
            RawPeer.write(scripted.meta, Unpooled.wrappedBuffer(new byte[] {(byte) 0x83, 0x74, 2, 0x67, 0, 0x13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
            Event.PeerLost lost = scripted.node.lost(1);
            assertThat(lost.reason()).isEqualTo(Event.PeerLost.Reason.PROTOCOL_ERROR);
            assertThat(lost.detail()).isEqualTo("meta socket: magic 0x83740267, due is 0x8620ec20");
            RawPeer.assertEnded(scripted.meta);
            RawPeer.assertEnded(scripted.data);
        }
    }

    @Test
    void aSecondAttemptWhileConnectedLeavesTheLinkAloneAndIsUsedAfterItsLoss() throws Exception {
        try (var scripted = Scripted.linked()) {
            // The peer came back after a crash that we have not noticed: a half-open link.
            try (Socket data = scripted.peer.connect(WireSocket.DATA); Socket meta = scripted.peer.connect(WireSocket.META)) {
                RawPeer.send(scripted.meta, new Packet.Ping());
                assertThat(scripted.node.nextPacket().kind()).isEqualTo(Packet.Ping.class);
                RawPeer.send(data, new Packet.ConnectionFeatures(86, 101, 0x0f));

                // The core's keepalive has decided.
                scripted.node.onLoop(() -> reset(scripted));
                scripted.node.lost(1);
                scripted.node.disconnect(1);
                scripted.node.connect(2);
                scripted.node.connected(2);
                assertThat(scripted.node.nextPacket()).extracting(PeerNode.Arrived::connection, PeerNode.Arrived::kind)
                        .containsExactly(2, Packet.ConnectionFeatures.class);
                scripted.node.send(2, new Packet.PingAck());
                assertThat(RawPeer.read(meta, 16)[7]).isEqualTo((byte) 0x14);
            }
        }
    }

    @Test
    void piecesOfAnySizeMakePackets() throws Exception {
        try (var scripted = Scripted.linked()) {
            var random = new Random(99);
            for (int i = 0; i < 20; i++) {
                ByteBuf bytes = encodedWrite(i, 512 * (1 + random.nextInt(20)));
                while (bytes.isReadable()) {
                    RawPeer.write(scripted.data, bytes.readSlice(Math.min(bytes.readableBytes(), 1 + random.nextInt(2000))));
                }
            }
            for (int i = 0; i < 20; i++) {
                assertThat(scripted.node.nextPacket().content()).startsWith(i + " ");
            }
        }
    }

    private static void reset(Scripted scripted) {
        try {
            RawPeer.reset(scripted.data);
            RawPeer.reset(scripted.meta);
        } catch (java.io.IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private static ByteBuf encodedWrite(int firstSector, int lengthBytes) {
        var write = newWrite(firstSector, lengthBytes);
        ByteBuf bytes = Unpooled.buffer();
        new PacketEncoder().encode(write, bytes);
        return bytes.writeZero(lengthBytes);
    }

    private static Packet.Data newWrite(int firstSector, int lengthBytes) {
        var write = new Packet.Data();
        write.kind = Packet.Data.Kind.WRITE;
        write.firstSector = firstSector;
        write.lengthBytes = lengthBytes;
        return write;
    }

    /** Orders a write on the loop; the answer is what its arrival must look like. */
    private static String sendWrite(PeerNode node, int connection, int firstSector, int lengthBytes) {
        return node.ask(() -> write(node, connection, firstSector, lengthBytes));
    }

    private static String write(PeerNode node, int connection, int firstSector, int lengthBytes) {
        var write = newWrite(firstSector, lengthBytes);
        write.payloadIndex = 16;
        write.payload = PooledByteBufAllocator.DEFAULT.directBuffer(16 + lengthBytes);
        write.payload.writeZero(16);
        for (int at = 0; at < lengthBytes; at += 8) {
            write.payload.writeInt(firstSector).writeInt(at);
        }
        node.connections.send(connection, write);
        // The link has a reference of its own.
        write.payload.release();
        return firstSector + " " + lengthBytes + " " + String.format("%08x00000000", firstSector);
    }
}
