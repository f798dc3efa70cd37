package org.duett.replicator.simulator;

/** Contents of a device, sparse by page: what was never written reads as zeroes. What a page holds is never changed in place, so that others may keep it. */
final class SectorStore {
    static final int PAGE_BYTES = 4096;
    static final int SECTORS_PER_PAGE = PAGE_BYTES / SimulatedDevice.SECTOR_BYTES;
    /** Pages of zeroes, of which a resync writes many, are all the same one. */
    private static final Page ZEROES = new Page(Contents.ZEROES, 0);

    private final SparseTable<Page> pages;

    /** A page's worth of what was written, from that sector of it on. */
    record Page(Contents contents, int sector) {
        /** The first eight bytes of a sector of the page. */
        long word(int inPage) {
            return contents.word(sector + inPage);
        }

        void copyTo(int inPage, byte[] target, int index, int length) {
            contents.copyTo(sector * SimulatedDevice.SECTOR_BYTES + inPage, target, index, length);
        }

        /** All of its bytes, not to be changed. */
        byte[] look() {
            return contents.look(sector, PAGE_BYTES);
        }

        /** The first byte in which the two differ, or -1. */
        int mismatch(Page other) {
            return contents.mismatch(sector, other.contents, other.sector, SECTORS_PER_PAGE);
        }
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

    void read(long offset, byte[] target) {
        int done = 0;
        while (done < target.length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, target.length - done);
            page((offset + done) / PAGE_BYTES).copyTo(inPage, target, done, part);
            done += part;
        }
    }

    void put(long number, Page page) {
        boolean isZero = page.contents.isZero(page.sector, SECTORS_PER_PAGE);
        pages.put(number, isZero ? ZEROES : page);
    }

    /** Any bytes anywhere. */
    void write(long offset, byte[] source) {
        int done = 0;
        while (done < source.length) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, source.length - done);
            long number = (offset + done) / PAGE_BYTES;
            byte[] bytes = new byte[PAGE_BYTES];
            page(number).copyTo(0, bytes, 0, PAGE_BYTES);
            System.arraycopy(source, done, bytes, inPage, part);
            put(number, new Page(Contents.of(bytes, 0, PAGE_BYTES), 0));
            done += part;
        }
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
