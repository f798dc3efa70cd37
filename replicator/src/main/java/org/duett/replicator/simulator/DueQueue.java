package org.duett.replicator.simulator;

import java.util.Arrays;

/**
 * What is going to happen, the next first. A heap of four children each, in arrays of numbers: every event of a simulation goes through it, and the comparisons of a
 * heap of objects would each be a memory access of their own.
 */
final class DueQueue {
    private static final int CHILDREN = 4;

    private long[] atNanos = new long[64];
    /** Of those that are due at the same nanosecond the lower one is the next. */
    private long[] sequences = new long[64];
    private SimulatedTime.Due[] dues = new SimulatedTime.Due[64];
    private int size;

    void add(long at, long sequence, SimulatedTime.Due due) {
        if (size == dues.length) grow();
        int place = size++;
        while (place > 0) {
            int parent = (place - 1) / CHILDREN;
            if (!isBefore(at, sequence, parent)) break;
            move(parent, place);
            place = parent;
        }
        put(at, sequence, due, place);
    }

    /** Null: nothing is ahead. */
    SimulatedTime.Due first() {
        return size == 0 ? null : dues[0];
    }

    void removeFirst() {
        assert size > 0;
        size--;
        long at = atNanos[size];
        long sequence = sequences[size];
        SimulatedTime.Due due = dues[size];
        dues[size] = null;
        if (size == 0) return;
        int place = 0;
        while (true) {
            int child = firstChild(place);
            if (child < 0 || isBefore(at, sequence, child)) break;
            move(child, place);
            place = child;
        }
        put(at, sequence, due, place);
    }

    /** The one of its children that is due first, or -1. */
    private int firstChild(int place) {
        int from = place * CHILDREN + 1;
        if (from >= size) return -1;
        int first = from;
        int end = Math.min(from + CHILDREN, size);
        for (int child = from + 1; child < end; child++) {
            if (isBefore(atNanos[child], sequences[child], first)) first = child;
        }
        return first;
    }

    private boolean isBefore(long at, long sequence, int other) {
        return at != atNanos[other] ? at < atNanos[other] : sequence < sequences[other];
    }

    private void move(int from, int to) {
        put(atNanos[from], sequences[from], dues[from], to);
    }

    private void put(long at, long sequence, SimulatedTime.Due due, int place) {
        atNanos[place] = at;
        sequences[place] = sequence;
        dues[place] = due;
    }

    private void grow() {
        atNanos = Arrays.copyOf(atNanos, 2 * size);
        sequences = Arrays.copyOf(sequences, 2 * size);
        dues = Arrays.copyOf(dues, 2 * size);
    }
}
