package org.duett.replicator.nbd;

import org.duett.replicator.machine.Event;

/** Where the front end brings what clients do; called on the resource's event loop only. */
public interface NbdEvents {
    void deliver(Event event);
}
