package org.duett.replicator.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Future;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.machine.Event;
import org.duett.replicator.transport.Transport;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A peer that builds its pair as kernels do is found, whoever comes first and whatever its coin shows. */
class KernelPairingTest {
    private static final Transport TRANSPORT = Transport.best();

    private enum First {
        KERNEL, NODE, TOGETHER
    }

    @ParameterizedTest
    @CsvSource({"KERNEL, true, 1", "KERNEL, false, 2", "NODE, true, 3", "NODE, false, 4", "TOGETHER, true, 5", "TOGETHER, false, 6",
            "TOGETHER, true, 7", "TOGETHER, false, 8"})
    void aKernelIsFound(First first, boolean nodeIsLow, long seed) throws Exception {
        Addresses addresses = Addresses.free();
        var own = nodeIsLow ? addresses.low() : addresses.high();
        var kernels = nodeIsLow ? addresses.high() : addresses.low();
        var settings = PairingTest.settings(own, kernels, new PeerSettings.Timing(1000, 100, 0));
        var kernel = new KernelLikePeer(kernels, own, seed);
        try (var thread = Executors.newSingleThreadExecutor(); var node = new PeerNode(TRANSPORT, settings, seed)) {
            Future<Boolean> flag;
            if (first == First.NODE) {
                node.connect(1);
                flag = thread.submit(kernel);
            } else {
                flag = thread.submit(kernel);
                if (first == First.KERNEL) knockUntilItListens(kernels, own);
                node.connect(1);
            }
            int connection = 1;
            boolean nodesFlag;
            // As the core does: features at once, and again when the connection is lost over it.
            while (true) {
                nodesFlag = node.connected(connection).resolveConflicts();
                node.send(connection, new Packet.ConnectionFeatures(101, 101, 0x0f));
                Event next = node.events.poll(1, TimeUnit.SECONDS);
                if (next == null && flag.isDone()) break;
                if (next instanceof Event.PeerLost) node.connect(++connection);
            }
            assertThat(flag.get(PeerNode.WAIT_SECONDS, TimeUnit.SECONDS)).isNotEqualTo(nodesFlag);
            assertThat(node.nextPacket().kind()).isEqualTo(Packet.ConnectionFeatures.class);
            thread.shutdownNow();
        } finally {
            kernel.dropBoth();
        }
    }

    private static void knockUntilItListens(java.net.InetSocketAddress kernels, java.net.InetSocketAddress own) throws Exception {
        try (var knocking = new RawPeer(own, kernels)) {
            knocking.connect().close();
        }
    }
}
