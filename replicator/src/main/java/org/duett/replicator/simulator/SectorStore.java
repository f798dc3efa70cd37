package org.duett.replicator.simulator;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeMap;

/** Bytes of a device, sparse by page: what was never written reads as zeroes. */
final class SectorStore {
    static final int PAGE_BYTES = 4096;
    private static final byte[] ZEROES = new byte[PAGE_BYTES];

    private final TreeMap<Long, byte[]> pages = new TreeMap<>();

    SectorStore() {
    }

    SectorStore(SectorStore original) {
        original.pages.forEach((number, page) -> pages.put(number, page == ZEROES ? ZEROES : page.clone()));
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
            put((offset + done) / PAGE_BYTES, inPage, source, sourceIndex + done, part);
            done += part;
        }
    }

    /** Pages of zeroes, of which a resync writes many, share one array until something else is written to them. */
    private void put(long number, int inPage, byte[] source, int sourceIndex, int length) {
        byte[] page = pages.get(number);
        boolean zeroes = Arrays.equals(source, sourceIndex, sourceIndex + length, ZEROES, 0, length);
        if (zeroes && (page == null || page == ZEROES || length == PAGE_BYTES)) {
            pages.put(number, ZEROES);
            return;
        }
        if (page == null || page == ZEROES) {
            page = new byte[PAGE_BYTES];
            pages.put(number, page);
        }
        System.arraycopy(source, sourceIndex, page, inPage, length);
    }

    /** Adds the number of each page that was ever written and is not all zeroes. */
    void collectPages(Set<Long> numbers) {
        pages.forEach((number, page) -> {
            if (page != ZEROES) numbers.add(number);
        });
    }

    boolean isAllocated(long offset, int length) {
        for (long page = offset / PAGE_BYTES; page <= (offset + length - 1) / PAGE_BYTES; page++) {
            if (!pages.containsKey(page)) return false;
        }
        return true;
    }
}
