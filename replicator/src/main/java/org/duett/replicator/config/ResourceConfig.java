package org.duett.replicator.config;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One resource with everything that it inherits from section common. */
public record ResourceConfig(String name, SourcePosition definedAt, List<HostConfig> hosts, NetConfig net,
        ResourceOptions options,
        StartupConfig startup, Map<HandlerEvent, String> handlers, DuettOptions duett) {

    public ResourceConfig {
        hosts = List.copyOf(hosts);
        var ordered = new EnumMap<HandlerEvent, String>(HandlerEvent.class);
        ordered.putAll(handlers);
        handlers = Collections.unmodifiableMap(ordered);
    }
}
