package org.duett.replicator.simulator;

import java.util.ArrayDeque;

/**
 * Arrays that were given back, for the next one who needs as much. Most of what a life makes are blocks that are over at once: in memory that is still in the
 * processor's cache they cost a fraction of what they cost in fresh one.
 */
final class SpareArrays {
    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;
    private static final int LARGEST_BYTES = 256 << 10;
    /** Of one length; at least one is. */
    private static final int KEPT_BYTES = 256 << 10;

    /** By the number of sectors: of just this length, so that who reaches past the end of a block still meets the end of the array. */
    @SuppressWarnings("unchecked")
    private final ArrayDeque<byte[]>[] spare = new ArrayDeque[LARGEST_BYTES / SECTOR_BYTES + 1];

    private static boolean isKept(int lengthBytes) {
        return lengthBytes <= LARGEST_BYTES && lengthBytes % SECTOR_BYTES == 0;
    }

    /** Of this length, and with anything in it. */
    byte[] take(int lengthBytes) {
        ArrayDeque<byte[]> kept = isKept(lengthBytes) ? spare[lengthBytes / SECTOR_BYTES] : null;
        return kept == null || kept.isEmpty() ? new byte[lengthBytes] : kept.removeLast();
    }

    /** Nobody looks at it any more. */
    void giveBack(byte[] array) {
        if (!isKept(array.length)) return;
        int sectors = array.length / SECTOR_BYTES;
        if (spare[sectors] == null) spare[sectors] = new ArrayDeque<>();
        if (spare[sectors].size() * array.length < KEPT_BYTES) spare[sectors].addLast(array);
    }
}
