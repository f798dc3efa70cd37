package org.duett.replicator.simulator;

import java.util.Arrays;

/** Which pages changed since a checker looked last, so that it need not look at all of a device again. */
final class ChangedPages {
    private long[] bits = new long[64];
    private long[] numbers = new long[64];
    private int count;

    void add(long page) {
        int word = Math.toIntExact(page >> 6);
        if (word >= bits.length) bits = Arrays.copyOf(bits, Math.max(word + 1, 2 * bits.length));
        if ((bits[word] & 1L << page) != 0) return;
        bits[word] |= 1L << page;
        if (count == numbers.length) numbers = Arrays.copyOf(numbers, 2 * count);
        numbers[count++] = page;
    }

    void addAll(ChangedPages others) {
        for (int i = 0; i < others.count; i++) add(others.numbers[i]);
    }

    int count() {
        return count;
    }

    /** In the order in which they changed first. */
    long number(int index) {
        return numbers[index];
    }

    void clear() {
        for (int i = 0; i < count; i++) bits[(int) (numbers[i] >> 6)] = 0;
        count = 0;
    }
}
