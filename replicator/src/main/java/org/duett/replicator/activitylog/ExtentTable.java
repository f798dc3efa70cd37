package org.duett.replicator.activitylog;

import java.util.Arrays;

/** Extent number to slot, without boxing: open addressing with linear probing, at most half full. */
final class ExtentTable {
    private static final int EMPTY = -1;

    private final int[] keys;
    private final int[] values;
    private final int mask;

    ExtentTable(int capacity) {
        int size = Integer.highestOneBit(Math.max(8, capacity * 2 - 1)) * 2;
        keys = new int[size];
        values = new int[size];
        mask = size - 1;
        Arrays.fill(keys, EMPTY);
    }

    /** The slot, or -1. */
    int get(int extent) {
        for (int at = home(extent); keys[at] != EMPTY; at = at + 1 & mask) {
            if (keys[at] == extent) return values[at];
        }
        return -1;
    }

    void put(int extent, int slot) {
        int at = home(extent);
        while (keys[at] != EMPTY) {
            assert keys[at] != extent;
            at = at + 1 & mask;
        }
        keys[at] = extent;
        values[at] = slot;
    }

    void remove(int extent) {
        int at = home(extent);
        while (keys[at] != extent) {
            assert keys[at] != EMPTY;
            at = at + 1 & mask;
        }
        // Close the gap, so that no later entry becomes unreachable.
        int gap = at;
        for (int probe = gap + 1 & mask; keys[probe] != EMPTY; probe = probe + 1 & mask) {
            int distance = probe - home(keys[probe]) & mask;
            if (distance >= (probe - gap & mask)) {
                keys[gap] = keys[probe];
                values[gap] = values[probe];
                gap = probe;
            }
        }
        keys[gap] = EMPTY;
    }

    private int home(int extent) {
        return (extent * 0x9E3779B9 >>> 7) & mask;
    }
}
