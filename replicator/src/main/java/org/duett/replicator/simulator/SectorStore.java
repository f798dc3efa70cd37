package org.duett.replicator.simulator;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Bytes of a device, sparse by page: what was never written reads as zeroes. */
final class SectorStore {
    static final int PAGE_BYTES = 4096;
    private static final byte[] ZEROES = new byte[PAGE_BYTES];

    private final TreeMap<Long, byte[]> pages = new TreeMap<>();

    SectorStore() {
    }

    SectorStore(SectorStore original) {
        original.pages.forEach((number, page) -> pages.put(number, page.clone()));
    }

    void read(long offset, byte[] target, int targetIndex, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            byte[] page = pages.getOrDefault((offset + done) / PAGE_BYTES, ZEROES);
            System.arraycopy(page, inPage, target, targetIndex + done, part);
            done += part;
        }
    }

    void write(long offset, byte[] source, int sourceIndex, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            byte[] page = pages.computeIfAbsent((offset + done) / PAGE_BYTES, number -> new byte[PAGE_BYTES]);
            System.arraycopy(source, sourceIndex + done, page, inPage, part);
            done += part;
        }
    }

    boolean isAllocated(long offset, int length) {
        for (long page = offset / PAGE_BYTES; page <= (offset + length - 1) / PAGE_BYTES; page++) {
            if (!pages.containsKey(page)) return false;
        }
        return true;
    }

    /** The first byte below {@code endBytes} that differs, or -1. */
    long firstDifference(SectorStore other, long endBytes) {
        long found = Math.min(firstDifferenceInPagesOf(this, other, endBytes), firstDifferenceInPagesOf(other, this, endBytes));
        return found == Long.MAX_VALUE ? -1 : found;
    }

    private static long firstDifferenceInPagesOf(SectorStore one, SectorStore other, long endBytes) {
        for (Map.Entry<Long, byte[]> entry : one.pages.entrySet()) {
            long start = entry.getKey() * PAGE_BYTES;
            if (start >= endBytes) break;
            int at = Arrays.mismatch(entry.getValue(), other.pages.getOrDefault(entry.getKey(), ZEROES));
            if (at >= 0 && start + at < endBytes) return start + at;
        }
        return Long.MAX_VALUE;
    }
}
