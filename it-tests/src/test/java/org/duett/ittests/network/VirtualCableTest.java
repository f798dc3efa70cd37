package org.duett.ittests.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.duett.bench.network.LinkFault;
import org.duett.bench.network.Namespace;
import org.duett.bench.network.VirtualCable;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Needs root and iproute2, for the faults nftables: the cable of the integration tests does what its name says. */
class VirtualCableTest {

    private static final int ARRIVAL_LIMIT_MILLIS = 10_000;
    private static final int LOSS_WAIT_MILLIS = 1000;
    private static final int RESEND_MILLIS = 200;

    private Namespace left;
    private Namespace right;
    private VirtualCable cable;
    private DatagramSocket leftSocket;
    private DatagramSocket rightSocket;

    @BeforeEach
    void layCable() throws Exception {
        Requirements.demand(Namespace.requirements());
        left = Namespace.create();
        right = Namespace.create();
        cable = VirtualCable.between(left, right);
        leftSocket = socketIn(left);
        rightSocket = socketIn(right);
    }

    @AfterEach
    void removeNamespaces() {
        if (left != null) {
            leftSocket.close();
            rightSocket.close();
            left.close();
            right.close();
        }
    }

    @Test
    void aNewCableCarriesBothWays() throws Exception {
        assertThat(arrives(leftSocket, rightSocket)).isTrue();
        assertThat(arrives(rightSocket, leftSocket)).isTrue();
    }

    @Test
    void aPulledCableCarriesNothingAndAReplugedOneEverything() throws Exception {
        cable.pull();
        assertThat(isLost(leftSocket, rightSocket)).isTrue();
        assertThat(isLost(rightSocket, leftSocket)).isTrue();

        cable.replug();
        assertThat(arrives(leftSocket, rightSocket)).isTrue();
        assertThat(arrives(rightSocket, leftSocket)).isTrue();
    }

    @Test
    void aCablePulledAtOneEndTakesTheOthersCarrier() throws Exception {
        cable.pullAt(left);

        String carrier = right.run("cat", "/sys/class/net/" + cable.interfaceNameIn(right) + "/carrier").output();
        assertThat(carrier.strip()).isEqualTo("0");
        assertThat(isLost(rightSocket, leftSocket)).isTrue();
    }

    @Test
    void aOneWayCableLosesOnlyWhatTheOneSideSends() throws Exception {
        Requirements.demand(new LinkFault.OneWay(left).requirements());
        cable.apply(new LinkFault.OneWay(left));

        assertThat(isLost(leftSocket, rightSocket)).isTrue();
        // An address that is known already: ARP needs both ways, as on a real cable.
        learnAddress(right, left);
        assertThat(arrives(rightSocket, leftSocket)).isTrue();
    }

    @Test
    void aSilentCableKeepsItsCarrierAndHealsCompletely() throws Exception {
        Requirements.demand(new LinkFault.Silent().requirements());
        cable.apply(new LinkFault.Silent());

        assertThat(isLost(leftSocket, rightSocket)).isTrue();
        assertThat(isLost(rightSocket, leftSocket)).isTrue();
        String carrier = left.run("cat", "/sys/class/net/" + cable.interfaceNameIn(left) + "/carrier").output();
        assertThat(carrier.strip()).isEqualTo("1");

        cable.heal();
        assertThat(arrives(leftSocket, rightSocket)).isTrue();
        assertThat(arrives(rightSocket, leftSocket)).isTrue();
    }

    @Test
    void aSlowCableIsNoFasterThanItsRate() throws Exception {
        var slow = new LinkFault.Slow(1_000_000);
        Requirements.demand(slow.requirements());
        cable.apply(slow);

        long startNanos = System.nanoTime();
        transferOverTcp(600_000);
        long tookMillis = (System.nanoTime() - startNanos) / 1_000_000;

        // 600 kB less the burst of 64 KiB, at 1 MB/s.
        assertThat(tookMillis).isGreaterThan(500);
    }

    @Test
    void aProcessOfANamespaceEndsWithIt() throws Exception {
        Process process = left.start(new ProcessBuilder("tail", "-f", "/dev/null"));
        assertThat(process.isAlive()).isTrue();

        left.close();
        assertThat(process.isAlive()).isFalse();
        assertThat(java.nio.file.Path.of("/run/netns", left.name())).doesNotExist();
    }

    @Test
    void whatFailsInsideANamespaceIsThrownToTheCaller() {
        assertThatThrownBy(() -> left.call(() -> {
            throw new IOException("from inside");
        })).isInstanceOf(IOException.class).hasMessage("from inside");
    }

    private DatagramSocket socketIn(Namespace namespace) throws Exception {
        return namespace.call(() -> new DatagramSocket(
                new InetSocketAddress(InetAddress.getByName(cable.addressOf(namespace)), 7000)));
    }

    /** Sends until something arrives; only a broken cable lets the limit pass. */
    private static boolean arrives(DatagramSocket from, DatagramSocket to) throws IOException {
        return arrivesWithin(ARRIVAL_LIMIT_MILLIS, from, to);
    }

    private static boolean isLost(DatagramSocket from, DatagramSocket to) throws IOException {
        return !arrivesWithin(LOSS_WAIT_MILLIS, from, to);
    }

    private static boolean arrivesWithin(int limitMillis, DatagramSocket from, DatagramSocket to) throws IOException {
        byte[] payload = {42};
        to.setSoTimeout(RESEND_MILLIS);
        for (int waitedMillis = 0; waitedMillis < limitMillis; waitedMillis += RESEND_MILLIS) {
            try {
                from.send(new DatagramPacket(payload, payload.length, to.getLocalSocketAddress()));
            } catch (IOException e) {
                return false; // no carrier: the network is unreachable
            }
            try {
                to.receive(new DatagramPacket(new byte[1], 1));
                return true;
            } catch (SocketTimeoutException e) {
                // Lost, or not resolved by ARP yet: send again.
            }
        }
        return false;
    }

    private void learnAddress(Namespace who, Namespace ofWhom) {
        String hardwareAddress = ofWhom.run("cat", "/sys/class/net/" + cable.interfaceNameIn(ofWhom) + "/address")
                .orThrow().output().strip();
        who.run("ip", "neighbour", "replace", cable.addressOf(ofWhom), "lladdr", hardwareAddress, "dev",
                cable.interfaceNameIn(who)).orThrow();
    }

    private void transferOverTcp(int lengthBytes) throws Exception {
        try (ServerSocketChannel server = right.call(
                () -> ServerSocketChannel.open().bind(new InetSocketAddress(cable.addressOf(right), 7001)));
                SocketChannel sender = left.call(
                        () -> SocketChannel.open(new InetSocketAddress(cable.addressOf(right), 7001)));
                SocketChannel receiver = server.accept()) {
            Thread writer = Thread.ofVirtual().start(() -> writeFully(sender, lengthBytes));
            ByteBuffer received = ByteBuffer.allocate(lengthBytes);
            int lengthRead = 0;
            while (received.hasRemaining() && lengthRead >= 0) {
                lengthRead = receiver.read(received);
            }
            writer.join();
            assertThat(received.hasRemaining()).isFalse();
        }
    }

    private static void writeFully(SocketChannel channel, int lengthBytes) {
        ByteBuffer payload = ByteBuffer.allocate(lengthBytes);
        try {
            while (payload.hasRemaining()) {
                channel.write(payload);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
