package org.duett.failover.prover;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.PathConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.config.Timing;
import org.duett.failover.proof.Prover;
import org.junit.jupiter.api.Test;

class ProversTest {

    private static final InetSocketAddress REPLICATION = new InetSocketAddress("10.99.0.2", 7788);

    @Test
    void provesComeInTheOrderOfTheConfigurationAndTheWatchdogIsNone() throws Exception {
        List<Prover> provers = Provers.of(cluster(), List.of(REPLICATION), Map::of, () -> System::nanoTime);

        assertThat(provers).extracting(Prover::name).containsExactly("fence-agent", "ping", "witness");
        assertThat(provers).noneMatch(prover -> prover.notCovered().isEmpty());
    }

    @Test
    void thePeerIsLookedForOnEachPathAtEachServiceAddressAndAtItsReplicationPorts() throws Exception {
        assertThat(PeerTrace.of(cluster(), List.of(REPLICATION))).containsExactly(
                new PeerTrace.Address(InetAddress.getByName("10.99.0.2"), Optional.empty()),
                new PeerTrace.Address(InetAddress.getByName("192.0.2.12"), Optional.empty()),
                new PeerTrace.Address(InetAddress.getByName("192.0.2.100"), Optional.of("eth0")), new PeerTrace.Port(REPLICATION));
    }

    /** The message of a look that took too long showed "Address[address=/192.0.2.100, networkInterface=Optional[eth0]]". */
    @Test
    void aTraceIsToldInWords() throws Exception {
        assertThat(PeerTrace.of(cluster(), List.of(REPLICATION))).extracting(PeerTrace::toString).containsExactly("10.99.0.2", "192.0.2.12", "192.0.2.100 on eth0", "TCP port 10.99.0.2:7788");
    }

    private static ClusterConfig cluster() throws Exception {
        var group = new GroupConfig("web", Optional.empty(),
                List.of(new MemberConfig.Resource("mirror", 1, 1), new MemberConfig.Address(InetAddress.getByName("192.0.2.100"), 24, "eth0", 5, 1, 1)), 2, 5000);
        return new ClusterConfig("shop", "alpha", "beta", Path.of("/key"), Timing.DEFAULT,
                List.of(path("crossover", "10.99.0.1", "10.99.0.2"), path("lan", "192.0.2.11", "192.0.2.12")),
                List.of(new ProofConfig.FenceAgent("fence_virsh", Map.of(), 0, 1000), new ProofConfig.Watchdog(Path.of("/dev/watchdog"), 1000),
                        new ProofConfig.Ping(List.of(InetAddress.getByName("192.0.2.1")), 1), new ProofConfig.Witness(Path.of("/mnt/lease"), 5000),
                        new ProofConfig.Manual()),
                List.of(group), List.of(), List.of(), Path.of("/run/c"), Path.of("/run"), Path.of("/state"));
    }

    private static PathConfig path(String name, String local, String peer) {
        return new PathConfig(name, new InetSocketAddress(local, 7799), new InetSocketAddress(peer, 7799));
    }
}
