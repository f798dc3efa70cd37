package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/**
 * One side of a resource: the node names that share it (none for a floating host), its address and its volumes in
 * order.
 */
public record HostConfig(List<String> names, NodeAddress address, List<VolumeConfig> volumes) {

    public HostConfig {
        names = List.copyOf(names);
        volumes = List.copyOf(volumes);
    }

    /** A floating host is known by its address alone. */
    public boolean isFloating() {
        return names.isEmpty();
    }

    public Optional<VolumeConfig> volume(int number) {
        return volumes.stream().filter(volume -> volume.number() == number).findFirst();
    }

    /** The host as a message shows it. */
    public String displayName() {
        return isFloating() ? address.toString() : String.join(" ", names);
    }
}
