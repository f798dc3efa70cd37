package org.duett.replicator.node;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * At which events the other node's replicator has halted itself, as the failover daemon told (rule 25). A "write of death" that follows a
 * group from node to node must not end both replicators in turn. Any thread.
 */
final class PeerFailStops {
    private record Told(String event, long untilBootNanos) {
    }

    private final Map<String, Told> last = new ConcurrentHashMap<>();

    void told(String resource, String event, long untilBootNanos) {
        last.put(resource, new Told(event, untilBootNanos));
    }

    /** Has an event of this kind, of this resource, ended the other node's replicator, not long ago? */
    boolean wasFelledBy(String resource, String event, long bootNanos) {
        Told told = last.get(resource);
        return told != null && told.event().equals(event) && bootNanos < told.untilBootNanos();
    }
}
