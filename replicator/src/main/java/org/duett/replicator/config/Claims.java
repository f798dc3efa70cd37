package org.duett.replicator.config;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What may be used only once in a configuration, and by whom it is used (spec config 3). */
final class Claims {
    private sealed interface Thing {
        record Resource(String name) implements Thing {
        }

        /** {@code host} is empty except for loopback addresses, which each host has. */
        record Address(InetAddress address, String scope, int port, String host) implements Thing {
        }

        record Minor(String host, int minor) implements Thing {
        }

        record DeviceName(String host, String name) implements Thing {
        }

        record WholeDisk(String host, Path path) implements Thing {
        }

        record MetadataSlot(String host, Path path, int index) implements Thing {
        }

        record NbdEndpoint(InetAddress address, String scope, int port) implements Thing {
        }
    }

    private final Map<Thing, SourcePosition> claims = new LinkedHashMap<>();
    /** Disks of which some host uses slots, with the first use: such a disk cannot be used as a whole. */
    private final Map<Thing.WholeDisk, SourcePosition> slotted = new LinkedHashMap<>();

    void resource(ResourceDraft resource) throws ConfigException {
        claim(new Thing.Resource(resource.name), "resource " + resource.name, resource.position);
    }

    void address(HostDraft host, NodeAddress address, SourcePosition position) throws ConfigException {
        for (String name : namesOf(host)) {
            String owner = address.isLoopback() ? name : "";
            claim(new Thing.Address(address.withoutScope(), address.scope(), address.port(), owner),
                    "address " + address, position);
            if (owner.isEmpty()) {
                return;
            }
        }
    }

    void nbdEndpoint(NodeAddress address, SourcePosition position) throws ConfigException {
        claim(new Thing.NbdEndpoint(address.withoutScope(), address.scope(), address.port()), "nbd-tcp " + address,
                position);
    }

    void volume(HostDraft host, VolumeDraft.Device device, VolumeDraft.Disk disk, VolumeDraft.Metadata metadata)
            throws ConfigException {
        for (String name : namesOf(host)) {
            String onHost = " on " + name;
            claim(new Thing.Minor(name, device.minor()), "minor " + device.minor() + onHost, device.position());
            claim(new Thing.DeviceName(name, device.name()), "device " + device.name() + onHost, device.position());
            wholeDisk(name, disk.path(), disk.position());
            switch (metadata.place()) {
                case MetaDisk.Internal internal -> {
                    // part of the disk
                }
                case MetaDisk.FlexExternal flexible -> wholeDisk(name, flexible.path(), metadata.position());
                case MetaDisk.Indexed indexed -> slot(name, indexed.path(), indexed.index(), metadata.position());
            }
        }
    }

    private void wholeDisk(String host, Path path, SourcePosition position) throws ConfigException {
        var whole = new Thing.WholeDisk(host, path.normalize());
        String what = "the disk " + path + " on " + host;
        if (slotted.containsKey(whole)) {
            throw usedTwice(what, slotted.get(whole), position);
        }
        claim(whole, what, position);
    }

    private void slot(String host, Path path, int index, SourcePosition position) throws ConfigException {
        var whole = new Thing.WholeDisk(host, path.normalize());
        if (claims.containsKey(whole)) {
            throw usedTwice("the disk " + path + " on " + host, claims.get(whole), position);
        }
        slotted.putIfAbsent(whole, position);
        claim(new Thing.MetadataSlot(host, path.normalize(), index),
                "meta-disk " + path + " [" + index + "] on " + host, position);
    }

    private void claim(Thing thing, String what, SourcePosition position) throws ConfigException {
        SourcePosition first = claims.putIfAbsent(thing, position);
        if (first != null) {
            throw usedTwice(what, first, position);
        }
    }

    private static ConfigException usedTwice(String what, SourcePosition first, SourcePosition second) {
        // Values inherited from the resource are used by several hosts from one place in the file.
        String where = first.equals(second) ? " by two sections that share this line" : ", first at " + first;
        return new ConfigException(second, what + " is used twice" + where, "each one once");
    }

    private static Iterable<String> namesOf(HostDraft host) {
        return host.kind == HostDraft.Kind.FLOATING
                ? List.of(host.address.map(NodeAddress::ip).orElse("?"))
                : host.hostNames();
    }
}
