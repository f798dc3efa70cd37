package org.duett.replicator.simulator;

import java.util.Map;
import java.util.Set;
import org.duett.replicator.machine.Command;

/** A command, and how it found the node: its role, of which volumes the disk was in use, and the limits that had been ordered for their sizes, of those that were not being resized. */
record AskedCommand(Command command, boolean wasPrimary, Set<Integer> inUse, Map<Integer, Long> limits, long atNanos) {
    AskedCommand(Command command, boolean wasPrimary, Set<Integer> inUse) {
        this(command, wasPrimary, inUse, Map.of(), 0);
    }
}
