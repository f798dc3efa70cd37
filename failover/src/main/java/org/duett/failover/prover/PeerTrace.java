package org.duett.failover.prover;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.duett.failover.config.ClusterConfig;
import org.duett.failover.config.MemberConfig;

/** Something by which a living peer gives itself away. */
public sealed interface PeerTrace {

    /** An address that answers ARP, neighbour solicitation or an echo. {@code networkInterface}: where it has to be, when that is known. */
    record Address(InetAddress address, Optional<String> networkInterface) implements PeerTrace {
        /** As messages have it. */
        @Override
        public String toString() {
            return address.getHostAddress() + networkInterface.map(name -> " on " + name).orElse("");
        }
    }

    /** A TCP port whose host answers: that it refuses is an answer, too. */
    record Port(InetSocketAddress address) implements PeerTrace {
        /** As messages have it. */
        @Override
        public String toString() {
            return "TCP port " + address.getAddress().getHostAddress() + ":" + address.getPort();
        }
    }

    /** Its addresses on the heartbeat paths, the service addresses of all groups, its replication ports. */
    static List<PeerTrace> of(ClusterConfig cluster, List<InetSocketAddress> replicationPorts) {
        var traces = new ArrayList<PeerTrace>();
        cluster.paths().forEach(path -> traces.add(new Address(path.peer().getAddress(), Optional.empty())));
        cluster.groups().stream().flatMap(group -> group.members().stream()).forEach(member -> {
            if (member instanceof MemberConfig.Address service)
                traces.add(new Address(service.address(), Optional.of(service.networkInterface())));
        });
        replicationPorts.forEach(port -> traces.add(new Port(port)));
        return traces.stream().distinct().toList();
    }
}
