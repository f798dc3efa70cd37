package org.duett.failover.config.imported;

import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.Set;

/** What the section has already: a cluster has each resource, mount point, address, link and program once. */
final class Taken {
    private final Set<String> names = new LinkedHashSet<>();
    private final Set<InetAddress> addresses = new LinkedHashSet<>();

    /** Answers false when it was taken before. */
    boolean take(String what) {
        return names.add(what);
    }

    boolean has(String what) {
        return names.contains(what);
    }

    boolean take(InetAddress address) {
        return addresses.add(address);
    }

    boolean has(InetAddress address) {
        return addresses.contains(address);
    }
}
