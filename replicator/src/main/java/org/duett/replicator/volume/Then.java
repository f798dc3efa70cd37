package org.duett.replicator.volume;

import org.duett.replicator.machine.ActionQueue;

/** What goes on when something stands on stable storage, or cannot any more because the disk was lost. Cold paths only. */
@FunctionalInterface
public interface Then {
    void run(boolean durable, ActionQueue out);
}
