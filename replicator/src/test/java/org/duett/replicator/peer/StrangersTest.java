package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.WireSocket;
import org.junit.jupiter.api.Test;

/** Connections that are not the peer's cost only themselves. */
class StrangersTest {
    private static final Transport TRANSPORT = Transport.best();
    /** Nobody is cut off for being slow while a test counts. */
    private static final PeerSettings.Timing PATIENT = new PeerSettings.Timing(500, 3_600_000 / 4, 100);

    @Test
    void wrongFirstBytesEndTheirConnectionAlone() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket data = peer.connect(WireSocket.DATA)) {
                var random = new Random(3);
                for (int i = 0; i < 20; i++) {
                    byte[] bytes = i == 0 ? "GET / HTTP/1.0\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII) : new byte[8];
                    if (i > 0) random.nextBytes(bytes);
                    try (Socket stranger = peer.connect()) {
                        RawPeer.write(stranger, Unpooled.wrappedBuffer(bytes));
                        RawPeer.assertEnded(stranger);
                    }
                }
                try (Socket meta = peer.connect(WireSocket.META)) {
                    node.connected(1);
                    PairingTest.assertCarriesPackets(node, 1, data, meta);
                }
            }
            assertThat(node.ask(node.connections::refusedConnections)).isGreaterThanOrEqualTo(20);
        }
    }

    @Test
    void aPeerThatSaysTooMuchTooEarlyIsRefused() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket data = peer.connect(WireSocket.DATA)) {
                RawPeer.write(data, Unpooled.wrappedBuffer(new byte[5000]));
                RawPeer.assertEnded(data);
            }
            assertThat(node.ask(node.connections::refusedConnections)).isEqualTo(1);
        }
    }

    @Test
    void whoSaysNothingIsCutOff() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket silent = peer.connect(); Socket slow = peer.connect()) {
                RawPeer.write(slow, Unpooled.wrappedBuffer(new byte[] {(byte) 0x83, 0x74, 0x02, 0x67, (byte) 0xff}));
                RawPeer.assertEnded(silent);
                RawPeer.assertEnded(slow);
            }
        }
    }

    @Test
    void onlySoManyMayWaitAndTheOthersAreTurnedAway() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, PairingTest.settings(addresses.low(), addresses.high(), PATIENT), 1);
                var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            List<Socket> waiting = new ArrayList<>();
            for (int i = 0; i < PeerListener.LIMIT; i++) {
                waiting.add(peer.connect());
            }
            for (int i = 0; i < 10; i++) {
                try (Socket turnedAway = peer.connect()) {
                    RawPeer.assertEnded(turnedAway);
                }
            }
            // A place becomes free with the end of one of them; the node hears of that in its own time.
            waiting.removeFirst().close();
            try (Socket data = admitted(peer, WireSocket.DATA); Socket meta = peer.connect(WireSocket.META)) {
                node.connected(1);
                PairingTest.assertCarriesPackets(node, 1, data, meta);
            }
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }

    @Test
    void anAddressThatIsNotThePeersIsTurnedAway() throws Exception {
        Addresses addresses = Addresses.free();
        try (var node = new PeerNode(TRANSPORT, addresses.low(), addresses.high()); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket stranger = peer.connectFrom(Addresses.stranger())) {
                RawPeer.assertEnded(stranger);
            }
            assertThat(node.ask(node.connections::refusedConnections)).isPositive();
        }
    }

    @Test
    void anyAddressIsTakenWhenTheSettingsSaySo() throws Exception {
        Addresses addresses = Addresses.free();
        var settings = new PeerSettings("r0", addresses.low(), addresses.high(), PeerNode.QUICK, PeerSettings.Buffers.AUTOMATIC, true);
        try (var node = new PeerNode(TRANSPORT, settings, 1); var peer = new RawPeer(addresses.high(), addresses.low())) {
            node.connect(1);
            try (Socket data = peer.connectFrom(Addresses.stranger()); Socket meta = peer.connectFrom(Addresses.stranger())) {
                for (WireSocket kind : WireSocket.values()) {
                    var first = Unpooled.buffer();
                    org.duett.replicator.wire.FirstPacket.encode(kind, first);
                    RawPeer.write(kind == WireSocket.DATA ? data : meta, first);
                }
                node.connected(1);
                PairingTest.assertCarriesPackets(node, 1, data, meta);
            }
        }
    }

    /** Knocks until the node has a place. */
    private static Socket admitted(RawPeer peer, WireSocket kind) throws Exception {
        while (true) {
            Socket socket = peer.connect(kind);
            socket.setSoTimeout(300);
            try {
                if (socket.getInputStream().read() < 0) continue;
            } catch (java.net.SocketTimeoutException admitted) {
                socket.setSoTimeout(30_000);
                return socket;
            } catch (java.net.SocketException turnedAway) {
                socket.close();
            }
        }
    }
}
