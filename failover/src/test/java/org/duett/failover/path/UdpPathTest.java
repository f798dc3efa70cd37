package org.duett.failover.path;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.duett.failover.config.PathConfig;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.failover.heartbeat.HeartbeatRejection;
import org.duett.failover.heartbeat.Incarnation;
import org.duett.failover.heartbeat.LivenessEvent;
import org.duett.failover.heartbeat.LivenessTimes;
import org.duett.failover.heartbeat.PeerLiveness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One node on a real socket of the loopback; a plain socket on another address is its peer, or whoever forges one. */
class UdpPathTest {
    private static final byte[] KEY = "the key of this cluster, 32 bytes".getBytes(StandardCharsets.US_ASCII);
    private static final Heartbeat.Sender SELF = new Heartbeat.Sender("shop", "node-a", new Incarnation(1, 1));
    private static final Heartbeat.Sender PEER = new Heartbeat.Sender("shop", "node-b", new Incarnation(2, 1));

    private final BlockingQueue<byte[]> inbox = new LinkedBlockingQueue<>();
    private final HeartbeatCodec codec = new HeartbeatCodec(List.of(KEY));
    private final PeerLiveness liveness = new PeerLiveness(SELF, "node-b", LivenessTimes.ofMillis(200, 1000, 2000, 30_000), List.of("lan"), 0);
    private final List<LivenessEvent> events = new ArrayList<>();
    private DatagramSocket peer;
    private HeartbeatPaths paths;
    private PathConfig path;

    @BeforeEach
    void openBothEnds() throws Exception {
        peer = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.3"), 0));
        peer.setSoTimeout(30_000);
        path = new PathConfig("lan", freeAddress(), (InetSocketAddress) peer.getLocalSocketAddress());
        paths = HeartbeatPaths.open(List.of(path), (_, datagram) -> inbox.add(datagram), 10);
        untilItListens(path.local());
    }

    @AfterEach
    void close() {
        paths.close();
        peer.close();
    }

    @Test
    void aHeartbeatArrivesAndIsAnswered() throws Exception {
        send(peer, codec.encode(ofPeer(1)));
        receive(next());
        assertThat(events).contains(new LivenessEvent.PeerUp(PEER.incarnation()));
        liveness.beginHeartbeat(1);
        paths.send("lan", codec.encode(liveness.heartbeat("lan", List.of(), new byte[] { 5 })));
        DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
        peer.receive(packet);
        assertThat(packet.getSocketAddress()).isEqualTo(path.local());
        var reading = (HeartbeatCodec.Reading.Authentic) codec.decode(Arrays.copyOf(packet.getData(), packet.getLength()));
        assertThat(reading.heartbeat().echo()).isEqualTo(new Heartbeat.Echo(PEER.incarnation(), List.of(new Heartbeat.PathEcho("lan", 1))));
    }

    @Test
    void oneThatIsLostIsMissedByNobody() throws Exception {
        send(peer, codec.encode(ofPeer(1)));
        receive(next());
        send(peer, codec.encode(ofPeer(3))); // the second is lost
        receive(next());
        liveness.beginHeartbeat(1);
        assertThat(liveness.heartbeat("lan", List.of(), new byte[0]).echo().paths()).containsExactly(new Heartbeat.PathEcho("lan", 3));
        assertThat(events).noneMatch(LivenessEvent.Rejected.class::isInstance);
    }

    @Test
    void whatIsSentAgainForgedOrTooLongIsRejectedForWhatItIs() throws Exception {
        byte[] good = codec.encode(ofPeer(1));
        send(peer, good);
        receive(next());
        byte[] forged = new HeartbeatCodec(List.of("another key of as many bytes....".getBytes(StandardCharsets.US_ASCII))).encode(ofPeer(2));
        byte[] bent = codec.encode(ofPeer(2));
        bent[bent.length / 2] ^= 1;
        for (byte[] datagram : List.of(forged, bent, Arrays.copyOf(good, 5000), new byte[0])) {
            send(peer, datagram);
            receive(next());
        }
        send(peer, good);
        receive(next());
        assertThat(events).filteredOn(LivenessEvent.Rejected.class::isInstance).containsExactly(
                new LivenessEvent.Rejected("lan", HeartbeatRejection.NOT_AUTHENTIC, 1),
                new LivenessEvent.Rejected("lan", HeartbeatRejection.MALFORMED, 1),
                new LivenessEvent.Rejected("lan", HeartbeatRejection.REPLAYED, 1));
    }

    @Test
    void whoeverElseSendsHereIsNotHeard() throws Exception {
        try (DatagramSocket otherPort = new DatagramSocket(new InetSocketAddress(peer.getLocalAddress(), 0));
                DatagramSocket otherAddress = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.4"), peer.getLocalPort()))) {
            send(otherPort, codec.encode(ofPeer(2)));
            send(otherAddress, codec.encode(ofPeer(3)));
        }
        send(peer, codec.encode(ofPeer(4)));
        assertThat(codec.decode(next())).isEqualTo(new HeartbeatCodec.Reading.Authentic(ofPeer(4)));
        assertThat(inbox).isEmpty();
    }

    @Test
    void anAddressThatIsNotThereAtTheStartIsTriedUntilItIs() throws Exception {
        InetSocketAddress local = freeAddress();
        PathConfig later = new PathConfig("crossover", local, path.peer());
        try (DatagramSocket inTheWay = new DatagramSocket(local)) {
            try (HeartbeatPaths waiting = HeartbeatPaths.open(List.of(later), (_, datagram) -> inbox.add(datagram), 10)) {
                while (waiting.troubles().isEmpty()) Thread.onSpinWait();
                assertThat(waiting.troubles().getFirst()).startsWith("path crossover cannot listen on 127.0.0.2 port " + local.getPort() + ": ");
                waiting.send("crossover", new byte[] { 1 }); // lost, and nothing else
                inTheWay.close();
                untilItListens(local);
                assertThat(waiting.troubles()).isEmpty();
            }
        }
    }

    /** Two nodes with one name: the kernel's word for it does not name what to mend. */
    @Test
    void anAddressThatNoInterfaceHasIsToldWithTheNameThatMayBeWrong() throws Exception {
        PathConfig ofTheOther = new PathConfig("lan", new InetSocketAddress(InetAddress.ofLiteral("192.0.2.77"), 7799), path.peer());
        try (HeartbeatPaths waiting = HeartbeatPaths.open(List.of(ofTheOther), (_, datagram) -> inbox.add(datagram), 10)) {
            while (waiting.troubles().isEmpty()) Thread.onSpinWait();
            assertThat(waiting.troubles().getFirst()).doesNotContain("127.0.0.3").contains("no interface of this machine has that address").contains("'uname -n'").contains("node-name");
        }
    }

    @Test
    void aFloodFromThePeersAddressIsCutShort() throws Exception {
        byte[] datagram = codec.encode(ofPeer(1));
        long began = System.nanoTime();
        for (int count = 0; count < 150_000; count++) send(peer, datagram);
        paths.close();
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began) + 2;
        assertThat(inbox.size()).isLessThanOrEqualTo(Math.toIntExact(seconds) * 8000);
    }

    private Heartbeat ofPeer(long sequence) {
        return new Heartbeat(PEER, "lan", sequence, Heartbeat.Echo.NONE, List.of(), new byte[] { 1, 2 });
    }

    private void receive(byte[] datagram) {
        switch (codec.decode(datagram)) {
            case HeartbeatCodec.Reading.Authentic(Heartbeat heartbeat) -> liveness.received("lan", heartbeat, events);
            case HeartbeatCodec.Reading.Unreadable(HeartbeatRejection reason) -> liveness.rejected("lan", reason, events);
        }
    }

    /** What is sent before the socket is bound is lost; what is sent later comes in order, so nothing is under way when the last one is here. */
    private void untilItListens(InetSocketAddress local) throws Exception {
        byte lastSent = 0;
        byte[] arrived = null;
        while (arrived == null) {
            peer.send(new DatagramPacket(new byte[] { ++lastSent }, 1, local));
            arrived = inbox.poll(20, TimeUnit.MILLISECONDS);
        }
        while (arrived[0] != lastSent) arrived = next();
    }

    private byte[] next() throws InterruptedException {
        byte[] datagram = inbox.poll(30, TimeUnit.SECONDS);
        assertThat(datagram).as("a datagram").isNotNull();
        return datagram;
    }

    private void send(DatagramSocket from, byte[] datagram) throws IOException {
        from.send(new DatagramPacket(datagram, datagram.length, path.local()));
    }

    private static InetSocketAddress freeAddress() throws IOException {
        try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.2"), 0))) {
            return (InetSocketAddress) probe.getLocalSocketAddress();
        }
    }
}
