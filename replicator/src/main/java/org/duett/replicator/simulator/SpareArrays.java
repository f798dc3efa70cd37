package org.duett.replicator.simulator;

import java.util.ArrayDeque;
import java.util.Arrays;
import org.duett.replicator.wire.WireLimits;

/**
 * Arrays that were given back, for the next one who needs as much. Most of what a life makes are blocks that are over at once: in memory that is still in the
 * processor's cache they cost a fraction of what they cost in fresh one.
 */
final class SpareArrays {
    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;
    /** More than a block has in front of its data on the wire, with a digest, and a sector: so that their memory is used again, too. */
    static final int WIRE_HEADER_BYTES = SECTOR_BYTES;
    /** Beyond this hardly two are of one length, but for those that a resync moves: they are the largest on the wire, there with {@link #WIRE_HEADER_BYTES}. */
    private static final int USUAL_BYTES = 256 << 10;
    private static final int LARGEST_BYTES = WireLimits.MAX_BLOCK_BYTES + WIRE_HEADER_BYTES;
    /** Of one length. */
    private static final int KEPT_BYTES = 16 << 20;
    /** Of all lengths; when there are more all are forgotten: some of those lengths may not be asked for again for many lives. */
    private static final long ALL_KEPT_BYTES = 64 << 20;

    /** Those of all lives that are lived in this thread, one after the other: the first blocks of a life need not be new ones. */
    private static final ThreadLocal<SpareArrays> OF_THREAD = ThreadLocal.withInitial(SpareArrays::new);

    /** By the number of sectors: of just this length, so that who reaches past the end of a block still meets the end of the array. */
    @SuppressWarnings("unchecked")
    private final ArrayDeque<byte[]>[] spare = new ArrayDeque[LARGEST_BYTES / SECTOR_BYTES + 1];

    private long keptBytes;

    static SpareArrays ofThisThread() {
        return OF_THREAD.get();
    }

    private static boolean isKept(int lengthBytes) {
        boolean isLargest = lengthBytes == WireLimits.MAX_BLOCK_BYTES || lengthBytes == LARGEST_BYTES;
        return (lengthBytes <= USUAL_BYTES || isLargest) && lengthBytes % SECTOR_BYTES == 0;
    }

    /** Of this length, and with anything in it. */
    byte[] take(int lengthBytes) {
        ArrayDeque<byte[]> kept = isKept(lengthBytes) ? spare[lengthBytes / SECTOR_BYTES] : null;
        if (kept == null || kept.isEmpty()) return new byte[lengthBytes];
        keptBytes -= lengthBytes;
        return kept.removeLast();
    }

    /** Nobody looks at it any more. */
    void giveBack(byte[] array) {
        if (!isKept(array.length)) return;
        int sectors = array.length / SECTOR_BYTES;
        if (spare[sectors] == null) spare[sectors] = new ArrayDeque<>();
        if (spare[sectors].size() * array.length >= KEPT_BYTES) return;
        spare[sectors].addLast(array);
        keptBytes += array.length;
        if (keptBytes > ALL_KEPT_BYTES) forgetAll();
    }

    private void forgetAll() {
        Arrays.fill(spare, null);
        keptBytes = 0;
    }
}
