package org.duett.failover.config;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;

/** What may be used only once in a section cluster: names, resources, addresses, mount points. */
final class SectionClaims {
    private final Map<String, SourcePosition> claims = new LinkedHashMap<>();

    void claim(String what, SourcePosition position) throws ConfigException {
        Optional<SourcePosition> first = Optional.ofNullable(claims.putIfAbsent(what, position));
        if (first.isPresent()) throw new ConfigException(position, what + " is used twice, first at " + first.get(), "each one once in the whole cluster");
    }
}
