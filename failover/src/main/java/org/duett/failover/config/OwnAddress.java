package org.duett.failover.config;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.UnknownHostException;

/** An address of this machine, and how many bits of it name its network. */
public record OwnAddress(InetAddress address, int prefixLength) {

    /** As the machine has it now; a scope is not a part of the address. */
    public static OwnAddress of(InterfaceAddress found) {
        try {
            return new OwnAddress(InetAddress.getByAddress(found.getAddress().getAddress()), found.getNetworkPrefixLength());
        } catch (UnknownHostException impossible) {
            throw new AssertionError("the bytes of an address are an address", impossible);
        }
    }

    public boolean hasInItsNetwork(InetAddress other) {
        byte[] ours = address.getAddress();
        byte[] theirs = other.getAddress();
        if (ours.length != theirs.length) return false;
        for (int bit = 0; bit < prefixLength; bit++) {
            int mask = 0x80 >> bit % Byte.SIZE;
            if ((ours[bit / Byte.SIZE] & mask) != (theirs[bit / Byte.SIZE] & mask)) return false;
        }
        return true;
    }

    /** The lowest address of its network. */
    public InetAddress first() {
        return edge(false);
    }

    /** The highest address of its network. */
    public InetAddress last() {
        return edge(true);
    }

    private InetAddress edge(boolean ones) {
        byte[] bytes = address.getAddress();
        for (int bit = prefixLength; bit < bytes.length * Byte.SIZE; bit++) {
            int mask = 0x80 >> bit % Byte.SIZE;
            bytes[bit / Byte.SIZE] = (byte) (ones ? bytes[bit / Byte.SIZE] | mask : bytes[bit / Byte.SIZE] & ~mask);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("the bytes of an address are an address", impossible);
        }
    }
}
