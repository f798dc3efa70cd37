package org.duett.replicator.metadata;

import java.util.Arrays;

/**
 * What the slots of an activity log hold as transactions are read: of each slot the newest word counts. Newest by number and not by the
 * order in which the blocks lie, so that a ring may be read from any block on.
 */
final class ActivitySlots {
    // As long as the log turns out to be: most are far from the largest one.
    private int[] extents = new int[ActivityLogTransaction.CONTEXT_ENTRIES];
    private int[] numbers = new int[ActivityLogTransaction.CONTEXT_ENTRIES];
    private boolean[] said = new boolean[ActivityLogTransaction.CONTEXT_ENTRIES];

    /** Slots that no log can have are passed over. Of two words of one transaction the later call counts. */
    void set(int slot, int extent, int transactionNumber) {
        if (slot < 0 || slot >= ActivityLogRing.MAXIMUM_EXTENTS)
            return;
        if (slot >= extents.length)
            growTo(Math.min(ActivityLogRing.MAXIMUM_EXTENTS, Math.max(slot + 1, 2 * extents.length)));
        if (said[slot] && transactionNumber - numbers[slot] < 0)
            return;
        said[slot] = true;
        numbers[slot] = transactionNumber;
        extents[slot] = extent;
    }

    private void growTo(int slots) {
        extents = Arrays.copyOf(extents, slots);
        numbers = Arrays.copyOf(numbers, slots);
        said = Arrays.copyOf(said, slots);
    }

    /** Ascending, each once. An extent number of more than 31 bits lies beyond every device. */
    int[] extents() {
        int[] found = new int[extents.length];
        int count = 0;
        for (int slot = 0; slot < extents.length; slot++)
            if (said[slot] && extents[slot] >= 0)
                found[count++] = extents[slot];
        Arrays.sort(found, 0, count);
        int distinct = 0;
        for (int i = 0; i < count; i++)
            if (i == 0 || found[i] != found[i - 1])
                found[distinct++] = found[i];
        return Arrays.copyOf(found, distinct);
    }
}
