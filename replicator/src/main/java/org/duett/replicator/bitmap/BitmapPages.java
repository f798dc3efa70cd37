package org.duett.replicator.bitmap;

import java.util.Arrays;

/**
 * Which 4 KiB pages of a {@link DirtyBitmap} differ from what is on disk (spec metadata 5.1). Owned by its DirtyBitmap,
 * which marks it; whoever writes pages reports here.
 *
 * <p>Two independent marks to a page: <em>need write</em>, a bit was set since the last write, and <em>lazy</em>, a bit was
 * cleared. A page with cleared bits un-names blocks, so rule 12 holds for it whether or not it also needs its write.
 */
public final class BitmapPages {
    public static final int NONE = -1;

    private int pages;
    private long[] needWrite;
    private long[] lazy;
    private long[] beingWritten;
    private int[] generations;

    BitmapPages(int pages) {
        this.pages = pages;
        int words = words(pages);
        needWrite = new long[words];
        lazy = new long[words];
        beingWritten = new long[words];
        generations = new int[pages];
    }

    public int pages() {
        return pages;
    }

    /** A bit of the page was set since its last write: it must be written. */
    public boolean needsWrite(int page) {
        return get(needWrite, page);
    }

    /** A bit of the page was cleared since its last write: see rule 12 before writing it. */
    public boolean hasClearedBits(int page) {
        return get(lazy, page);
    }

    public boolean isDirty(int page) {
        return needsWrite(page) || hasClearedBits(page);
    }

    /** A write of the page was started and has not been answered. Never start a second one: their order is anybody's. */
    public boolean isBeingWritten(int page) {
        return get(beingWritten, page);
    }

    public boolean anyDirty() {
        return nextDirtyPage(0) != NONE;
    }

    public boolean anyNeedsWrite() {
        return nextNeedWrite(0) != NONE;
    }

    public boolean anyBeingWritten() {
        return next(beingWritten, beingWritten, 0) != NONE;
    }

    /** The first page from {@code from} on with either mark, pages being written included, or {@link #NONE}. */
    public int nextDirtyPage(int from) {
        return next(needWrite, lazy, from);
    }

    /** The first page from {@code from} on that needs its write, pages being written included, or {@link #NONE}. */
    public int nextNeedWrite(int from) {
        return next(needWrite, needWrite, from);
    }

    /** The first page from {@code from} on with cleared bits, pages being written included, or {@link #NONE}. */
    public int nextWithClearedBits(int from) {
        return next(lazy, lazy, from);
    }

    /**
     * The page's bytes were copied and its write goes out now. The marks stay until the write is done.
     *
     * @return the generation of those bytes, to be given back to {@link #markWritten}
     */
    public int writeStarted(int page) {
        assert !isBeingWritten(page) : "two writes of one page at a time";
        set(beingWritten, page);
        return generations[page];
    }

    /**
     * The write that {@link #writeStarted} announced is done.
     *
     * @return whether the page is clean now; it stays dirty when it changed while the write was under way
     */
    public boolean markWritten(int page, int generation) {
        assert isBeingWritten(page);
        clear(beingWritten, page);
        if (generations[page] != generation)
            return false;
        clear(needWrite, page);
        clear(lazy, page);
        return true;
    }

    /** The write failed or was given up; the page is as dirty as before. */
    public void writeFailed(int page) {
        assert isBeingWritten(page);
        clear(beingWritten, page);
    }

    /** Every page must be written, as when the metadata area is new or has moved (spec metadata 9.3). */
    public void markAllNeedWrite() {
        for (int page = 0; page < pages; page++)
            bitSet(page);
    }

    void bitSet(int page) {
        set(needWrite, page);
        generations[page]++;
    }

    void bitCleared(int page) {
        set(lazy, page);
        generations[page]++;
    }

    void resize(int newPages) {
        assert !anyBeingWritten() : "resized under a page write";
        for (int page = newPages; page < pages; page++) {
            clear(needWrite, page);
            clear(lazy, page);
        }
        int words = words(newPages);
        needWrite = Arrays.copyOf(needWrite, words);
        lazy = Arrays.copyOf(lazy, words);
        beingWritten = Arrays.copyOf(beingWritten, words);
        generations = Arrays.copyOf(generations, newPages);
        pages = newPages;
    }

    private int next(long[] marks, long[] otherMarks, int from) {
        assert from >= 0;
        if (from >= pages)
            return NONE;
        int word = from >>> 6;
        long candidates = (marks[word] | otherMarks[word]) & (-1L << from);
        while (candidates == 0) {
            if (++word == marks.length)
                return NONE;
            candidates = marks[word] | otherMarks[word];
        }
        return (word << 6) + Long.numberOfTrailingZeros(candidates);
    }

    private boolean get(long[] marks, int page) {
        assert page >= 0;
        assert page < pages;
        return (marks[page >>> 6] & 1L << page) != 0;
    }

    private static void set(long[] marks, int page) {
        marks[page >>> 6] |= 1L << page;
    }

    private static void clear(long[] marks, int page) {
        marks[page >>> 6] &= ~(1L << page);
    }

    private static int words(int pages) {
        return (pages + 63) >>> 6;
    }
}
