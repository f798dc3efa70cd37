package org.duett.replicator.simulator;

import java.util.Arrays;

/** Bytes of a device, sparse by page: what was never written reads as zeroes. */
final class SectorStore {
    static final int PAGE_BYTES = 4096;
    /** Pages of zeroes, of which a resync writes many, share one array until something else is written to them. */
    private static final byte[] ZEROES = new byte[PAGE_BYTES];

    private final SparseTable<byte[]> pages = new SparseTable<>();

    SectorStore() {
    }

    SectorStore(SectorStore original) {
        for (long number = original.pages.next(0); number >= 0; number = original.pages.next(number + 1)) {
            byte[] page = original.pages.get(number);
            pages.put(number, page == ZEROES ? ZEROES : page.clone());
        }
    }

    /** For reading only. */
    byte[] page(long number) {
        byte[] page = pages.get(number);
        return page == null ? ZEROES : page;
    }

    void read(long offset, byte[] target, int targetIndex, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            System.arraycopy(page((offset + done) / PAGE_BYTES), inPage, target, targetIndex + done, part);
            done += part;
        }
    }

    /** {@code source}: null for zeroes. */
    void write(long offset, byte[] source, int sourceIndex, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            put((offset + done) / PAGE_BYTES, inPage, source, sourceIndex + done, part);
            done += part;
        }
    }

    private void put(long number, int inPage, byte[] source, int sourceIndex, int length) {
        byte[] page = pages.get(number);
        if (page == null || page == ZEROES) {
            boolean zeroes = source == null || Arrays.equals(source, sourceIndex, sourceIndex + length, ZEROES, 0, length);
            page = zeroes ? ZEROES : new byte[PAGE_BYTES];
            pages.put(number, page);
            if (zeroes) return;
        }
        if (source == null) Arrays.fill(page, inPage, inPage + length, (byte) 0);
        else System.arraycopy(source, sourceIndex, page, inPage, length);
    }

    /** The first page from this one on that was ever written, or -1. */
    long nextPage(long number) {
        return pages.next(number);
    }

    boolean isAllocated(long offset, int length) {
        for (long page = offset / PAGE_BYTES; page <= (offset + length - 1) / PAGE_BYTES; page++) {
            if (pages.get(page) == null) return false;
        }
        return true;
    }
}
