package org.duett.failover.prover;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Optional;

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
                .filter(each -> each.getInterfaceAddresses().stream().anyMatch(own -> isNeighbour(own, address)))
                .findFirst();
    }

    private static boolean isNeighbour(InterfaceAddress own, InetAddress other) {
        byte[] ours = own.getAddress().getAddress();
        byte[] theirs = other.getAddress();
        if (ours.length != theirs.length) return false;
        for (int bit = 0; bit < own.getNetworkPrefixLength(); bit++) {
            int mask = 0x80 >> bit % 8;
            if ((ours[bit / 8] & mask) != (theirs[bit / 8] & mask)) return false;
        }
        return true;
    }
}
