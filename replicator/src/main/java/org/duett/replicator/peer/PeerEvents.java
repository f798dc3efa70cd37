package org.duett.replicator.peer;

import org.duett.replicator.machine.Event;

/** Who is told what happened on the link. Called on the owning loop, never from within a call into this package. */
public interface PeerEvents {
    /** The event is valid during this call only. */
    void deliver(Event event);
}
