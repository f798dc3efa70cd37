package org.duett.failover.config.imported;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.duett.failover.config.OwnAddress;
import org.duett.replicator.config.ReplicatorConfig;

/**
 * What the old files leave open, and the machine on which they are read knows: Heartbeat named interfaces where Duett names addresses, and
 * devices where it names volumes.
 *
 * @param localNode what {@code uname -n} says here
 * @param interfaces the addresses of each interface of this machine
 * @param lookUp the address of a host name, from {@code /etc/hosts} or the resolver
 * @param replicator the resources, from drbd.conf; empty when there is none
 * @param fileExists is there a file of this absolute path?
 * @param isSystemdUnit is there a systemd unit of this name, with its suffix?
 */
public record Surroundings(String localNode, Map<String, List<OwnAddress>> interfaces, Function<String, Optional<InetAddress>> lookUp,
        ReplicatorConfig replicator, Predicate<String> fileExists, Predicate<String> isSystemdUnit) {

    /** The interface and the address of this machine in whose network {@code address} is. */
    Optional<Map.Entry<String, OwnAddress>> interfaceOf(InetAddress address) {
        return interfaces.entrySet().stream()
                .flatMap(each -> each.getValue().stream().filter(own -> own.hasInItsNetwork(address)).map(own -> Map.entry(each.getKey(), own))).findFirst();
    }

    /** The same machine, without addresses that are not its own for good. */
    Surroundings without(Set<InetAddress> moving) {
        Map<String, List<OwnAddress>> rest = new LinkedHashMap<>();
        interfaces.forEach((name, addresses) -> rest.put(name, addresses.stream().filter(own -> !moving.contains(own.address())).toList()));
        return new Surroundings(localNode, rest, lookUp, replicator, fileExists, isSystemdUnit);
    }

    /** The same machine; the address of a node is that of the name that the old files have, if nobody knows that of today. */
    Surroundings knowing(NodeNames names) {
        return new Surroundings(localNode, interfaces, host -> lookUp.apply(host).or(() -> lookUp.apply(names.written(host))), replicator, fileExists, isSystemdUnit);
    }

    boolean isOwn(InetAddress address) {
        return interfaces.values().stream().flatMap(List::stream).anyMatch(own -> own.address().equals(address));
    }

    Optional<InetAddress> address(String hostOrLiteral) {
        try {
            return Optional.of(InetAddress.ofLiteral(hostOrLiteral));
        } catch (IllegalArgumentException isAName) {
            return lookUp.apply(hostOrLiteral);
        }
    }
}
