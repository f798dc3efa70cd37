package org.duett.failover.prover;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.Prover;

/** The provers of a configuration, in the order in which it names them. */
public final class Provers {

    private Provers() {
    }

    /**
     * {@code replicationPorts}: the peer's; {@code generations}: the current identifier of each volume ("r0/0") as it is now, for a witness;
     * {@code bootNanos}: makes a clock for one thread that counts while the machine sleeps.
     */
    public static List<Prover> of(ClusterConfig cluster, List<InetSocketAddress> replicationPorts, Supplier<Map<String, Long>> generations,
            Supplier<LongSupplier> bootNanos) {
        int timeoutMillis = cluster.timing().proofTimeoutMillis();
        return cluster.proofs().stream().<Prover>flatMap(proof -> switch (proof) {
            case ProofConfig.Ping ping -> Stream.of(new PingProver(ping, PeerTrace.of(cluster, replicationPorts), timeoutMillis));
            case ProofConfig.FenceAgent agent -> Stream.of(new FenceAgentProver(agent));
            case ProofConfig.Witness witness -> Stream.of(new WitnessProver(new FileWitness(witness.leaseFile(), timeoutMillis),
                    cluster.localNode(), witness.leaseMillis(), generations, bootNanos.get()));
            // The first proves nothing by itself, the second is no program's to ask.
            case ProofConfig.Watchdog _,ProofConfig.Manual _ -> Stream.empty();
        }).toList();
    }
}
