package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.WireSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two TCP connections become one link, whoever connects first and whatever the other side prefers (spec wire 1.2). */
class PairingTest {
    private static final Transport TRANSPORT = Transport.best();

    static Stream<Transport> available() {
        return Arrays.stream(Transport.values()).filter(Transport::isAvailable);
    }

    @ParameterizedTest
    @MethodSource("available")
    void twoNodesThatStartTogetherArePaired(Transport transport) throws Exception {
        Addresses addresses = Addresses.free();
        try (var low = new PeerNode(transport, addresses.low(), addresses.high());
                var high = new PeerNode(transport, addresses.high(), addresses.low())) {
            low.loop.execute(() -> low.connections.connect(1));
            high.loop.execute(() -> high.connections.connect(7));

            assertLinked(low, 1, high, 7);
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void aNodeThatStartsLaterIsPaired(Transport transport) throws Exception {
        Addresses addresses = Addresses.free();
        try (var low = new PeerNode(transport, addresses.low(), addresses.high());
                var high = new PeerNode(transport, addresses.high(), addresses.low());
                var knocking = new RawPeer(addresses.high(), addresses.low())) {
            low.connect(1);
            knocking.connect().close();
            high.connect(1);

            assertLinked(low, 1, high, 1);
        }
    }

    @Test
    void aPeerThatOnlyConnectsIsPaired() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                assertThat(node.connected(1).resolveConflicts()).isTrue();
                assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(WireSocket.class)
    void aPeerThatOnlyConnectsMayOpenEitherSocketFirst(WireSocket first) throws Exception {
        Addresses addresses = Addresses.free();
        WireSocket second = first == WireSocket.DATA ? WireSocket.META : WireSocket.DATA;
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket one = peer.connect(first); Socket other = peer.connect(second)) {
                assertThat(node.connected(1).resolveConflicts()).isTrue();
                assertCarriesPackets(node, 1, first == WireSocket.DATA ? one : other, first == WireSocket.META ? one : other);
            }
        }
    }

    @Test
    void aPeerThatOnlyAcceptsIsPaired() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high());
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            try (Socket data = peer.accept(WireSocket.DATA); Socket meta = peer.accept(WireSocket.META)) {
                assertThat(node.connected(1).resolveConflicts()).isFalse();
                assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    @Test
    void whoAcceptedTheDataSocketOpensTheMetaSocketAtOnce() throws Exception {
        Addresses addresses = Addresses.free();
        // After a loss the next turn is due within eight minutes by chance; this test is not that patient.
        var patient = new PeerSettings.Timing(480_000, 120_000, 100);
        try (var node = new PeerNode(TRANSPORT, settings(addresses.low(), addresses.high(), patient), 1);
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            RawPeer.reset(peer.accept(WireSocket.DATA));
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.accept(WireSocket.META)) {
                assertThat(node.connected(1).resolveConflicts()).isFalse();
                assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    // ---- crossing

    /** The rule of a kernel: the accepted one stays. It holds on both sides of the order of addresses. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofCrossedDataSocketsTheOneThatThePeerKeepsIsUsed(boolean nodeIsLow) throws Exception {
        Addresses addresses = Addresses.free();
        var own = nodeIsLow ? addresses.low() : addresses.high();
        var peers = nodeIsLow ? addresses.high() : addresses.low();
        // Time enough for the slowest scripted kernel.
        var slow = new PeerSettings.Timing(500, 4000, 100);
        try (var node = new PeerNode(TRANSPORT, settings(own, peers, slow), 1); var peer = new RawPeer(peers, own).listen()) {
            node.connect(1);
            try (Socket kept = peer.accept(WireSocket.DATA)) {
                peer.connect(WireSocket.DATA).close();
                try (Socket meta = peer.connect(WireSocket.META)) {
                    assertThat(node.connected(1).resolveConflicts()).isTrue();
                    assertCarriesPackets(node, 1, kept, meta);
                }
            }
        }
    }

    @Test
    void ofCrossedDataSocketsTheHigherAddressClosesItsOwn() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.high(), addresses.low());
                var peer = new RawPeer(addresses.low(), addresses.high()).listen()) {
            node.connect(1);
            try (Socket nodes = peer.accept(WireSocket.DATA); Socket ours = peer.connect(WireSocket.DATA)) {
                RawPeer.assertEnded(nodes);
                try (Socket meta = peer.accept(WireSocket.META)) {
                    assertThat(node.connected(1).resolveConflicts()).isFalse();
                    assertCarriesPackets(node, 1, ours, meta);
                }
            }
        }
    }

    @Test
    void ofCrossedDataSocketsTheLowerAddressGivesUpItsOwnWhenThePeerDoesNot() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high());
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            try (Socket nodes = peer.accept(WireSocket.DATA); Socket ours = peer.connect(WireSocket.DATA)) {
                RawPeer.assertEnded(nodes);
                try (Socket meta = peer.accept(WireSocket.META)) {
                    node.connected(1);
                    assertCarriesPackets(node, 1, ours, meta);
                }
            }
        }
    }

    @Test
    void whenBothCrossedSocketsDieItTriesAgain() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high());
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            Socket first = peer.accept(WireSocket.DATA);
            RawPeer.reset(peer.connect(WireSocket.DATA));
            RawPeer.reset(first);
            // It may have opened its meta socket already when it learns that the data socket is dead.
            try (Socket data = peer.acceptPastOthers(WireSocket.DATA); Socket meta = peer.accept(WireSocket.META)) {
                node.connected(1);
                assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    @Test
    void aPeerThatEndsTheMetaSocketHasGivenUpTheDataSocketWithIt() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high());
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            RawPeer.reset(peer.accept(WireSocket.DATA));
            // It stays open, as if the end of it had never been told.
            try (Socket forgotten = peer.connect(WireSocket.DATA)) {
                RawPeer.reset(peer.acceptPastOthers(WireSocket.META));
                try (Socket data = peer.acceptPastOthers(WireSocket.DATA); Socket meta = peer.accept(WireSocket.META)) {
                    node.connected(1);
                    assertCarriesPackets(node, 1, data, meta);
                }
                RawPeer.assertEnded(forgotten);
            }
        }
    }

    @Test
    void ofCrossedMetaSocketsTheOneThatThePeerKeepsIsUsed() throws Exception {
        Addresses addresses = Addresses.free();
        var slow = new PeerSettings.Timing(500, 1000, 1000);
        try (var node = new PeerNode(TRANSPORT, settings(addresses.low(), addresses.high(), slow), 1);
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            try (Socket data = peer.accept(WireSocket.DATA); Socket kept = peer.accept(WireSocket.META)) {
                peer.connect(WireSocket.META).close();
                assertThat(node.connected(1).resolveConflicts()).isFalse();
                assertCarriesPackets(node, 1, data, kept);
            }
        }
    }

    @Test
    void aSecondDataSocketOfThePeerReplacesItsFirst() throws Exception {
        Addresses addresses = Addresses.free();
        var patient = new PeerSettings.Timing(480_000, 120_000, 1000);
        try (var node = new PeerNode(TRANSPORT, settings(addresses.low(), addresses.high(), patient), 1);
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            RawPeer.reset(peer.accept(WireSocket.DATA));
            try (Socket old = peer.connect(WireSocket.DATA);
                    // The node has seen the old one.
                    Socket meta = peer.accept(WireSocket.META);
                    Socket data = peer.connect(WireSocket.DATA)) {
                RawPeer.assertEnded(old);
                node.connected(1);
                assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    @Test
    void whoOpensAConnectionBesideALinkIsHeard() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(4);
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                node.connected(4);
                try (Socket again = peer.connect(WireSocket.DATA)) {
                    assertThat(node.knocks.poll(PeerNode.WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(new Event.PeerKnocked(4));
                    assertCarriesPackets(node, 4, data, meta);
                }
            }
        }
    }

    @Test
    void aPatientPingTimeoutMakesNoReconnectSlow() {
        assertThat(new PeerSettings.Timing(10_000, 3000, 0).settleMillis()).isEqualTo(500);
        assertThat(new PeerSettings.Timing(10_000, 300, 0).settleMillis()).isEqualTo(300);
        assertThat(new PeerSettings.Timing(10_000, 3000, 1000).settleMillis()).isEqualTo(1000);
    }

    @Test
    void aSocketThatClosesWhileThePairSettlesIsNotUsed() throws Exception {
        Addresses addresses = Addresses.free();
        // A pair must live for an hour, or speak.
        var endless = new PeerSettings.Timing(500, 100, 3_600_000);
        try (var node = new PeerNode(TRANSPORT, settings(addresses.low(), addresses.high(), endless), 1);
                var peer = new RawPeer(addresses.high(), addresses.low()).listen()) {
            node.connect(1);
            try (Socket data = peer.accept(WireSocket.DATA)) {
                peer.connect(WireSocket.META).close();
                try (Socket meta = peer.accept(WireSocket.META)) {
                    RawPeer.send(data, new Packet.ConnectionFeatures(86, 101, 0x0f));
                    node.connected(1);
                    assertThat(node.nextPacket().kind()).isEqualTo(Packet.ConnectionFeatures.class);
                    RawPeer.send(meta, new Packet.Ping());
                    assertThat(node.nextPacket().kind()).isEqualTo(Packet.Ping.class);
                }
            }
        }
    }

    // ---- stopping

    @Test
    void afterDisconnectThePeerIsRefusedUntilTheNextConnect() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket data = peer.connect(WireSocket.DATA)) {
                node.disconnect(1);
                RawPeer.assertEnded(data);
            }
            node.connect(2);
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                node.connected(2);
                assertCarriesPackets(node, 2, data, meta);
                // When the sockets are closed, it hears of that.
                assertThat(node.events).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("available")
    void itListensAgainWhoeverHadTheAddressMeanwhile(Transport transport) throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(transport, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            try (var occupied = new RawPeer(addresses.low(), addresses.high()).listen()) {
                node.connect(1);
                node.disconnect(1);
                node.connect(2);
            }
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                node.connected(2);
                assertCarriesPackets(node, 2, data, meta);
            }
        }
    }

    @Test
    void aDisconnectOfAnEarlierIncarnationDoesNothing() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(2);
            node.disconnect(1);
            try (Socket data = peer.connect(WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                node.connected(2);
                assertCarriesPackets(node, 2, data, meta);
            }
        }
    }

    static PeerSettings settings(java.net.InetSocketAddress local, java.net.InetSocketAddress peer, PeerSettings.Timing timing) {
        return new PeerSettings("r0", local, peer, timing, PeerSettings.Buffers.AUTOMATIC, false);
    }

    /** Both are connected, exactly one has the flag, and packets go both ways on both sockets. */
    static void assertLinked(PeerNode one, int onesConnection, PeerNode other, int othersConnection) throws InterruptedException {
        boolean onesFlag = one.connected(onesConnection).resolveConflicts();
        boolean othersFlag = other.connected(othersConnection).resolveConflicts();
        assertThat(onesFlag).isNotEqualTo(othersFlag);
        one.send(onesConnection, new Packet.ConnectionFeatures(101, 101, 0x0f));
        other.send(othersConnection, new Packet.ConnectionFeatures(101, 101, 0x0f));
        one.send(onesConnection, new Packet.Ping());
        other.send(othersConnection, new Packet.PingAck());
        assertThat(new PeerNode.Arrived[] {one.nextPacket(), one.nextPacket()}).extracting(PeerNode.Arrived::kind)
                .containsExactlyInAnyOrder(Packet.ConnectionFeatures.class, Packet.PingAck.class);
        assertThat(new PeerNode.Arrived[] {other.nextPacket(), other.nextPacket()}).extracting(PeerNode.Arrived::kind)
                .containsExactlyInAnyOrder(Packet.ConnectionFeatures.class, Packet.Ping.class);
        assertThat(one.events).doesNotHaveAnyElementsOfTypes(Event.PeerLost.class);
        assertThat(other.events).doesNotHaveAnyElementsOfTypes(Event.PeerLost.class);
    }

    static void assertCarriesPackets(PeerNode node, int connection, Socket data, Socket meta) throws Exception {
        node.send(connection, new Packet.ConnectionFeatures(101, 101, 0x0f));
        assertThat(RawPeer.read(data, 80)).startsWith(0x83, 0x74, 0x02, 0x67, 0xff, 0xfe);
        RawPeer.send(data, new Packet.ConnectionFeatures(86, 101, 0x0f));
        assertThat(node.nextPacket().kind()).isEqualTo(Packet.ConnectionFeatures.class);
        RawPeer.send(meta, new Packet.Ping());
        assertThat(node.nextPacket().kind()).isEqualTo(Packet.Ping.class);
        node.send(connection, new Packet.PingAck());
        assertThat(RawPeer.read(meta, 16)).startsWith(0x86, 0x20, 0xec, 0x20, 0, 0, 0, 0x14);
    }
}
