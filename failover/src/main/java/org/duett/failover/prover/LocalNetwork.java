package org.duett.failover.prover;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Optional;
import org.duett.failover.config.OwnAddress;

/** This host's own interfaces and addresses, as they are now. */
final class LocalNetwork {

    private LocalNetwork() {
    }

    /** An address that we have ourselves says nothing about the peer. */
    static boolean isOurs(InetAddress address) throws SocketException {
        return NetworkInterface.getByInetAddress(address) != null;
    }

    /** The interface whose network the address belongs to; none for an address behind a router. */
    static Optional<NetworkInterface> leadingTo(InetAddress address) throws SocketException {
        return NetworkInterface.networkInterfaces()
                .filter(each -> each.getInterfaceAddresses().stream().anyMatch(own -> OwnAddress.of(own).hasInItsNetwork(address)))
                .findFirst();
    }
}
