package org.duett.replicator.volume;

import org.duett.replicator.machine.DiskOperation;

/**
 * What a volume's disk owes answers to, from the oldest on. Operations are used again at once, also by another volume: who has been answered is nowhere in here any more (seed 1714780).
 */
final class OperationsInFlight {
    private DiskOperation oldest;
    private DiskOperation newest;
    private int count;

    void add(DiskOperation operation) {
        operation.orderedBefore = newest;
        operation.orderedAfter = null;
        if (newest == null) oldest = operation;
        else newest.orderedAfter = operation;
        newest = operation;
        count++;
    }

    void remove(DiskOperation operation) {
        DiskOperation before = operation.orderedBefore;
        DiskOperation after = operation.orderedAfter;
        if (before == null) oldest = after;
        else before.orderedAfter = after;
        if (after == null) newest = before;
        else after.orderedBefore = before;
        operation.orderedBefore = null;
        operation.orderedAfter = null;
        count--;
    }

    /** Null: nothing is in flight. */
    DiskOperation oldest() {
        return oldest;
    }

    int count() {
        return count;
    }
}
