package org.duett.replicator.simulator;

import java.util.Arrays;

/** One thing for each number from 0 on, of which most have none: an array in leaves, so that a page or sector is found in two steps however large the device. */
final class SparseTable<T> {
    private static final int LEAF = 1024;

    private Object[][] leaves = new Object[0][];
    /** Leaves that belong to this one alone: a copy and its original share all others until one of them changes something there. */
    private boolean[] own = new boolean[0];

    SparseTable() {
    }

    SparseTable(SparseTable<T> original) {
        leaves = original.leaves.clone();
        own = new boolean[leaves.length];
        original.own = new boolean[leaves.length];
    }

    @SuppressWarnings("unchecked")
    T get(long number) {
        int leaf = (int) (number / LEAF);
        return leaf >= leaves.length || leaves[leaf] == null ? null : (T) leaves[leaf][(int) (number % LEAF)];
    }

    void put(long number, T thing) {
        assert number >= 0;
        int leaf = Math.toIntExact(number / LEAF);
        if (leaf >= leaves.length) {
            leaves = Arrays.copyOf(leaves, Math.max(leaf + 1, leaves.length * 2));
            own = Arrays.copyOf(own, leaves.length);
        }
        if (!own[leaf]) leaves[leaf] = leaves[leaf] == null ? new Object[LEAF] : leaves[leaf].clone();
        own[leaf] = true;
        leaves[leaf][(int) (number % LEAF)] = thing;
    }

    /** The first number from this one on that has something, or -1. */
    long next(long number) {
        return next(number, (long) leaves.length * LEAF);
    }

    /** The same of those before {@code end}. */
    long next(long number, long end) {
        for (int leaf = (int) (number / LEAF); leaf < leaves.length && (long) leaf * LEAF < end; leaf++) {
            if (leaves[leaf] == null) continue;
            int from = leaf == number / LEAF ? (int) (number % LEAF) : 0;
            int to = (int) Math.min(LEAF, end - (long) leaf * LEAF);
            for (int index = from; index < to; index++) {
                if (leaves[leaf][index] != null) return (long) leaf * LEAF + index;
            }
        }
        return -1;
    }
}
