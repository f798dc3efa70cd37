package org.duett.failover.agent;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.duett.failover.config.GroupConfig;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.OwnAddress;

/**
 * Does each service address lie in a network of its interface? One that does not may be routed to whoever has it, so nothing is refused; most
 * often it is a slip, and nobody would reach it.
 */
public final class AddressNetworks {
    private AddressNetworks() {
    }

    /** What a person should know of the service addresses, on this machine as it is now. */
    public static List<String> warnings(List<GroupConfig> groups) {
        return warnings(groups, AddressNetworks::ofInterface);
    }

    /** {@code addresses}: those of an interface; none for one that is not there, or to which addresses are given for other reasons. */
    static List<String> warnings(List<GroupConfig> groups, Function<String, List<OwnAddress>> addresses) {
        // What another group has brought to the interface is not its own.
        Set<InetAddress> moving = groups.stream().flatMap(group -> group.members().stream()).filter(MemberConfig.Address.class::isInstance)
                .map(member -> ((MemberConfig.Address) member).address()).collect(Collectors.toSet());
        List<String> warnings = new ArrayList<>();
        for (GroupConfig group : groups) {
            for (MemberConfig member : group.members()) {
                if (!(member instanceof MemberConfig.Address wanted)) continue;
                List<OwnAddress> own = addresses.apply(wanted.networkInterface()).stream().filter(each -> !moving.contains(each.address())).toList();
                warning(wanted, own).ifPresent(text -> warnings.add("group " + group.name() + ", " + text));
            }
        }
        return warnings;
    }

    /** An interface without an address of this kind says nothing: on a standby the service address may be its only one. */
    private static Optional<String> warning(MemberConfig.Address wanted, List<OwnAddress> own) {
        List<OwnAddress> comparable = own.stream().filter(each -> each.prefixLength() > 0 && isOfSameKind(each.address(), wanted.address())).toList();
        if (comparable.isEmpty() || comparable.stream().anyMatch(each -> each.hasInItsNetwork(wanted.address()))) return Optional.empty();
        String networks = comparable.stream().map(each -> text(each.address()) + "/" + each.prefixLength() + " (" + text(each.first()) + " to " + text(each.last()) + ")")
                .collect(Collectors.joining(", "));
        return Optional.of("address " + text(wanted.address()) + "/" + wanted.prefixLength() + ": it lies in no network of " + wanted.networkInterface() + ", which has " + networks
                + ". Nothing is refused for that: it may be routed to the node that has it. If it is a slip, nobody will reach it: mend it in section cluster on both nodes.");
    }

    /** Each interface has a link-local IPv6 address, which says nothing of the others. */
    private static boolean isOfSameKind(InetAddress one, InetAddress other) {
        return one.getAddress().length == other.getAddress().length && one.isLinkLocalAddress() == other.isLinkLocalAddress();
    }

    private static String text(InetAddress address) {
        return address.getHostAddress();
    }

    private static List<OwnAddress> ofInterface(String name) {
        try {
            NetworkInterface found = NetworkInterface.getByName(name);
            // On the loopback interface any address is routed.
            if (found == null || found.isLoopback()) return List.of();
            return found.getInterfaceAddresses().stream().map(OwnAddress::of).toList();
        } catch (SocketException failed) {
            // The rehearsal of the address tells of it.
            return List.of();
        }
    }
}
