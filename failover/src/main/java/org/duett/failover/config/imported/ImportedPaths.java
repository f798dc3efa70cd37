package org.duett.failover.config.imported;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.duett.failover.config.OwnAddress;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.replicator.config.HostConfig;

/** Makes paths out of bcast, mcast and ucast. Heartbeat named interfaces there; which addresses the two nodes have on them is found out. */
final class ImportedPaths {
    /** Not Heartbeat's 694: while it still runs on the other node, its datagrams would be taken for rejected heartbeats, which are life. */
    private static final int PORT = 7799;

    private final List<String> nodes;
    private final Surroundings surroundings;
    private final Taken taken;
    private final List<Remark> remarks;
    private int written;

    ImportedPaths(List<String> nodes, Surroundings surroundings, Taken taken, List<Remark> remarks) {
        this.taken = taken;
        this.nodes = nodes;
        this.surroundings = surroundings;
        this.remarks = remarks;
    }

    void write(HaCf haCf, SectionText text) {
        Map<String, SourceLine> interfaces = new LinkedHashMap<>();
        Map<String, Set<InetAddress>> named = new LinkedHashMap<>();
        for (SourceLine line : haCf.lines()) {
            switch (line.keyword()) {
                case "bcast" -> line.arguments().forEach(name -> interfaces.putIfAbsent(name, line));
                case "mcast" -> line.arguments().stream().findFirst().ifPresent(name -> interfaces.putIfAbsent(name, line));
                case "ucast" -> {
                    if (line.arguments().size() < 2) continue;
                    interfaces.putIfAbsent(line.arguments().get(0), line);
                    surroundings.address(line.arguments().get(1)).ifPresent(address -> named.computeIfAbsent(line.arguments().get(0), _ -> new LinkedHashSet<>()).add(address));
                }
                case "serial" -> remarks.add(line.remark("there is no serial path yet; a second cable between two network cards serves as well"));
                case "udpport" -> remarks.add(line.remark("port " + PORT + " is used, so that it can be tried while Heartbeat runs; the firewall has to let it pass"));
                default -> {
                    // not about paths
                }
            }
        }
        interfaces.forEach((name, line) -> writePath(name, line, named.getOrDefault(name, Set.of()), text));
        if (written == 0) writeReplicationLink(text);
        // What is somebody's own address for good neither moves with a group nor answers for the network.
        surroundings.interfaces().values().forEach(addresses -> addresses.forEach(own -> taken.take(own.address())));
        surroundings.replicator().resources().forEach(resource -> resource.hosts().forEach(host -> taken.take(host.address().withoutScope())));
    }

    private void writePath(String name, SourceLine line, Set<InetAddress> named, SectionText text) {
        Optional<InetAddress> local = local(name, named);
        Optional<InetAddress> peer = local.isPresent() ? peer(name, named, local.get()) : Optional.empty();
        String why = peer.isEmpty() ? "the addresses of both nodes on " + name + " could not be found out; write them into a path by hand"
                : written == HeartbeatCodec.MOST_PATHS ? "there are " + written + " paths already"
                : taken.has(local.get()) || taken.has(peer.get()) ? "another path has one of its addresses"
                : local.get().getClass() != peer.get().getClass() ? "one of its addresses is IPv4 and the other IPv6; write two of one kind into a path by hand" : "";
        if (!why.isEmpty()) {
            remarks.add(line.remark(why));
            text.comment("path " + name + " { " + nodes.get(0) + " ADDRESS:" + PORT + "; " + nodes.get(1) + " ADDRESS:" + PORT + "; }   (" + line.where() + ")");
            return;
        }
        write(name, local.get(), peer.get(), text);
    }

    private void write(String name, InetAddress local, InetAddress peer, SectionText text) {
        taken.take(local);
        taken.take(peer);
        boolean localIsFirst = nodes.get(0).equals(localNode());
        text.open("path", SectionText.word(name));
        text.statement(SectionText.word(nodes.get(0)), SectionText.address(localIsFirst ? local : peer) + ":" + PORT);
        text.statement(SectionText.word(nodes.get(1)), SectionText.address(localIsFirst ? peer : local) + ":" + PORT);
        text.close();
        written++;
    }

    /** On a machine that is none of the nodes the first one stands in its place; its addresses are then known from names alone. */
    private String localNode() {
        return nodes.contains(surroundings.localNode()) ? surroundings.localNode() : nodes.getFirst();
    }

    private String peerNode() {
        return nodes.get(0).equals(localNode()) ? nodes.get(1) : nodes.get(0);
    }

    private boolean isHere() {
        return nodes.contains(surroundings.localNode());
    }

    private Optional<InetAddress> local(String name, Set<InetAddress> named) {
        List<InetAddress> others = Stream.concat(named.stream(), candidates().stream()).toList();
        // Heartbeat spoke IPv4: where nothing says which of several it was, an address of that kind.
        Comparator<OwnAddress> likeliest = Comparator.comparingInt(own -> named.contains(own.address()) ? 0
                : others.stream().anyMatch(own::hasInItsNetwork) ? 1
                : own.address() instanceof Inet4Address ? 2 : 3);
        Optional<InetAddress> own = isHere()
                ? surroundings.interfaces().getOrDefault(name, List.of()).stream().filter(each -> named.contains(each.address()) || !each.address().isLinkLocalAddress())
                        .min(likeliest).map(OwnAddress::address)
                : Optional.empty();
        return own.or(() -> surroundings.lookUp().apply(localNode()).filter(named::contains));
    }

    private Optional<InetAddress> peer(String name, Set<InetAddress> named, InetAddress local) {
        Optional<InetAddress> byUcast = named.stream().filter(address -> !address.equals(local) && !(isHere() && surroundings.isOwn(address))).findFirst();
        if (byUcast.isPresent()) return byUcast.filter(address -> !address.isAnyLocalAddress() && !address.isMulticastAddress());
        return candidates().stream().filter(candidate -> !candidate.equals(local) && !surroundings.isOwn(candidate))
                .filter(candidate -> surroundings.interfaces().getOrDefault(name, List.of()).stream().anyMatch(own -> own.hasInItsNetwork(candidate))).findFirst();
    }

    /** Where the peer could be, as far as this machine knows. */
    private List<InetAddress> candidates() {
        List<InetAddress> candidates = new ArrayList<>();
        replicationAddress(peerNode()).ifPresent(candidates::add);
        surroundings.lookUp().apply(peerNode()).ifPresent(candidates::add);
        return candidates;
    }

    private Optional<InetAddress> replicationAddress(String node) {
        return surroundings.replicator().resources().stream().flatMap(resource -> resource.hosts().stream()).filter(host -> host.names().contains(node))
                .map(HostConfig::address).map(address -> address.withoutScope()).findFirst();
    }

    private void writeReplicationLink(SectionText text) {
        Optional<InetAddress> local = replicationAddress(localNode());
        Optional<InetAddress> peer = replicationAddress(peerNode());
        if (local.isEmpty() || peer.isEmpty()) {
            remarks.add(new Remark("ha.cf", "no path", "a cluster needs one, and should have two; write them by hand before the section is accepted"));
            return;
        }
        remarks.add(new Remark("ha.cf", "no path", "none of its paths could be taken over as it was; the addresses of the replication stand in, add a second path"));
        write("replication", local.get(), peer.get(), text);
    }
}
