package org.duett.failover.config;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What this cluster takes as proof that the peer does not act any more. The first one that proves it is enough. */
public sealed interface ProofConfig {

    /**
     * We reach the ping nodes, and the peer cannot be found: no ARP or neighbour answer from its addresses or a service address, no TCP
     * answer from its replication port. Circumstantial. {@code quorum}: how many of the targets must answer.
     */
    record Ping(List<InetAddress> targets, int quorum) implements ProofConfig {
        public Ping {
            targets = List.copyOf(targets);
        }
    }

    /**
     * A fence-agents program that switches the peer off. {@code options} go to its standard input, a line each. {@code delayMillis}: how
     * long this node waits before it shoots, so that two nodes do not shoot each other.
     */
    record FenceAgent(String program, Map<String, String> options, int delayMillis, int timeoutMillis) implements ProofConfig {
        public FenceAgent {
            options = Map.copyOf(options);
        }
    }

    /** A lease that only one node can hold, in a file that both see. */
    record Witness(Path leaseFile, int leaseMillis) implements ProofConfig {
    }

    /** The peer resets itself when nobody feeds its watchdog. Only beside another proof. */
    record Watchdog(Path device, int timeoutMillis) implements ProofConfig {
    }

    /** A person says so: {@code duett cluster confirm-peer-down}. Always possible, whether it is named or not. */
    record Manual() implements ProofConfig {
    }
}
