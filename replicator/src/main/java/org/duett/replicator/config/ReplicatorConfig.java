package org.duett.replicator.config;

import java.util.List;
import java.util.Optional;

/** The whole configuration: this node's settings and all resources, in the order of the files. */
public record ReplicatorConfig(NodeConfig node, List<ResourceConfig> resources) {

    public ReplicatorConfig {
        resources = List.copyOf(resources);
    }

    public Optional<ResourceConfig> resource(String name) {
        return resources.stream().filter(resource -> resource.name().equals(name)).findFirst();
    }
}
