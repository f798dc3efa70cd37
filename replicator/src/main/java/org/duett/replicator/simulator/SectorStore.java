package org.duett.replicator.simulator;

import java.util.Arrays;

/** Bytes of a device, sparse by page: what was never written reads as zeroes. What a page holds is never changed in place, so that others may keep it. */
final class SectorStore {
    static final int PAGE_BYTES = 4096;
    /** Pages of zeroes, of which a resync writes many, are all the same one. */
    private static final Page ZEROES = new Page(new byte[PAGE_BYTES], 0);

    private final SparseTable<Page> pages;

    /** A page's worth of an array, often of that with which it was written. */
    record Page(byte[] bytes, int at) {
    }

    SectorStore() {
        pages = new SparseTable<>();
    }

    SectorStore(SectorStore original) {
        pages = new SparseTable<>(original.pages);
    }

    Page page(long number) {
        Page page = pages.get(number);
        return page == null ? ZEROES : page;
    }

    byte[] copy(long number) {
        Page page = page(number);
        return Arrays.copyOfRange(page.bytes, page.at, page.at + PAGE_BYTES);
    }

    void read(long offset, byte[] target, int targetIndex, int length) {
        int done = 0;
        while (done < length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, length - done);
            Page page = page((offset + done) / PAGE_BYTES);
            System.arraycopy(page.bytes, page.at + inPage, target, targetIndex + done, part);
            done += part;
        }
    }

    /** {@code source}: null for zeroes; it does not change any more. */
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
        Page page = pages.get(number);
        boolean whole = length == PAGE_BYTES;
        boolean overZeroes = page == null || page == ZEROES;
        boolean zeroes = source == null || overZeroes && isZero(source, sourceIndex, length);
        if (zeroes && (whole || overZeroes)) {
            if (page != ZEROES) pages.put(number, ZEROES);
            return;
        }
        pages.put(number, whole ? new Page(source, sourceIndex) : changed(number, inPage, source, sourceIndex, length));
    }

    private static boolean isZero(byte[] bytes, int index, int length) {
        return Arrays.equals(bytes, index, index + length, ZEROES.bytes, 0, length);
    }

    private Page changed(long number, int inPage, byte[] source, int sourceIndex, int length) {
        byte[] bytes = copy(number);
        if (source == null) Arrays.fill(bytes, inPage, inPage + length, (byte) 0);
        else System.arraycopy(source, sourceIndex, bytes, inPage, length);
        return new Page(bytes, 0);
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
