package org.duett.replicator.bitmap;

import io.netty.buffer.ByteBuf;
import java.nio.ByteOrder;
import java.util.Arrays;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * One bit for each 4 KiB of the device, set where this disk and the peer's may differ: the bytes are those of the metadata
 * area and of the plain exchange (spec metadata 5, wire 5.2). Owned by the resource's thread; off heap until {@link #close}.
 *
 * <p>Ranges in sectors round as the caller's meaning demands; ranges in bits are half open. Whatever may run over the whole
 * bitmap has a variant that does a bounded part of it (rule 19); searching and counting skip whole pages and need none.
 */
public final class DirtyBitmap implements AutoCloseable {
    public static final int SECTORS_PER_BIT = 8;
    public static final int PAGE_BYTES = 4096;
    public static final int BITS_PER_PAGE = PAGE_BYTES * 8;
    public static final int WORDS_PER_PAGE = PAGE_BYTES / 8;
    public static final int BITS_PER_EXTENT = 1024;
    public static final long NONE = -1;
    /** A step over this many words (1 MiB of bitmap, 32 GiB of device) stays well below the 5 ms of rule 19. */
    public static final long WORDS_PER_STEP = 1 << 17;

    private static final int SECTOR_BYTES = 512;
    /** 16 TiB need 512 such stores; allocating and zeroing one takes less than a millisecond. */
    private static final int PAGES_PER_STORE = 256;
    private static final int WORDS_PER_STORE = PAGES_PER_STORE * WORDS_PER_PAGE;
    private static final long BITS_PER_STORE = (long) PAGES_PER_STORE * BITS_PER_PAGE;

    private long deviceSectors;
    private long bits;
    private long setBits;
    private final BitmapPages pages;
    private final ClearedSinceFlush clearedSinceFlush = new ClearedSinceFlush();
    private int[] setBitsOfPage;
    /** Allocated at first use, that is while the bitmap is loaded; a store that is not there reads as zero. */
    private BytesStore<?, ?>[] stores;
    /** Stands for every store of which all bits are set, and is never written to: what grows by terabytes is marked at once (rule 19). Made at first use. */
    private BytesStore<?, ?> ones;
    private boolean closed;

    /** All in sync. */
    public DirtyBitmap(long deviceSectors) {
        assert ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN : "words are stored as the disk has them";
        this.deviceSectors = deviceSectors;
        bits = bitsFor(deviceSectors);
        int pageCount = pagesFor(bits);
        pages = new BitmapPages(pageCount);
        setBitsOfPage = new int[pageCount];
        stores = new BytesStore<?, ?>[storesFor(pageCount)];
    }

    /** The first store takes a third of a second, as the library sets itself up: let that pass before a loop has deadlines to keep. */
    public static void prepareLibrary() {
        BytesStore.nativeStoreWithFixedCapacity(PAGE_BYTES).releaseLast();
    }

    public static long bitsFor(long deviceSectors) {
        assert deviceSectors >= 0;
        return (deviceSectors + SECTORS_PER_BIT - 1) / SECTORS_PER_BIT;
    }

    public static int pagesFor(long bits) {
        return Math.toIntExact((bits + BITS_PER_PAGE - 1) / BITS_PER_PAGE);
    }

    public long deviceSectors() {
        return deviceSectors;
    }

    public long bits() {
        return bits;
    }

    /** Words of 64 bits; the unused bits of the last one are zero and are not counted. */
    public long words() {
        return (bits + 63) >>> 6;
    }

    /** How many bits are out of sync. */
    public long setBits() {
        return setBits;
    }

    public boolean isAllSet() {
        return setBits == bits;
    }

    public boolean isAllClear() {
        return setBits == 0;
    }

    /** Which pages must go to disk; marked by every change, and by {@link #loadPage} where it drops something. */
    public BitmapPages dirtyPages() {
        return pages;
    }

    // In sectors: what reads, writes and resync mean

    /** Every block that the range touches; returns how many bits are newly set. */
    public long setOutOfSync(long firstSector, long lengthBytes) {
        return setRange(firstTouchedBit(firstSector), endOfTouchedBits(firstSector, lengthBytes));
    }

    /** The 4 MiB of an activity log extent, as far as the device has them; returns how many bits are newly set. */
    public long setExtentOutOfSync(int extent) {
        assert extent >= 0;
        long fromBit = (long) extent * BITS_PER_EXTENT;
        return fromBit < bits ? setRange(fromBit, Math.min(bits, fromBit + BITS_PER_EXTENT)) : 0;
    }

    /**
     * Only blocks that the range covers whole; the last partial block of the device counts as whole when the range
     * reaches its end. Returns how many bits are newly clear.
     */
    public long setInSync(long firstSector, long lengthBytes) {
        long endSector = endSector(firstSector, lengthBytes);
        long fromBit = (firstSector + SECTORS_PER_BIT - 1) / SECTORS_PER_BIT;
        long toBit = endSector == deviceSectors ? bits : endSector / SECTORS_PER_BIT;
        return fromBit < toBit ? clearRange(fromBit, toBit) : 0;
    }

    /** Is any block that the range touches out of sync? */
    public boolean isOutOfSync(long firstSector, long lengthBytes) {
        long setBit = nextSetBit(firstTouchedBit(firstSector));
        return setBit != NONE && setBit < endOfTouchedBits(firstSector, lengthBytes);
    }

    /** How many of the blocks that the range touches are out of sync. */
    public long countIn(long firstSector, long lengthBytes) {
        return countRange(firstTouchedBit(firstSector), endOfTouchedBits(firstSector, lengthBytes));
    }

    private static long firstTouchedBit(long firstSector) {
        return firstSector / SECTORS_PER_BIT;
    }

    private long endOfTouchedBits(long firstSector, long lengthBytes) {
        return bitsFor(endSector(firstSector, lengthBytes));
    }

    private long endSector(long firstSector, long lengthBytes) {
        assert firstSector >= 0;
        assert lengthBytes > 0;
        assert lengthBytes % SECTOR_BYTES == 0;
        long endSector = firstSector + lengthBytes / SECTOR_BYTES;
        assert endSector <= deviceSectors : "past the end of the device";
        return endSector;
    }

    // In bits

    public boolean isSet(long bit) {
        assert bit >= 0;
        assert bit < bits;
        return (wordAt(bit >>> 6) & 1L << bit) != 0;
    }

    /** Returns how many bits are newly set. */
    public long setRange(long fromBit, long toBit) {
        assertRange(fromBit, toBit);
        long changed = 0;
        long start = fromBit;
        while (start < toBit) {
            boolean wholeStore = start % BITS_PER_STORE == 0 && toBit - start >= BITS_PER_STORE;
            changed += wholeStore ? setStore((int) (start / BITS_PER_STORE)) : setWithinPage(start, Math.min(toBit, endOfPage(start)));
            start = wholeStore ? start + BITS_PER_STORE : endOfPage(start);
        }
        return changed;
    }

    /** Returns how many bits are newly clear. */
    public long clearRange(long fromBit, long toBit) {
        return clearRange(fromBit, toBit, true);
    }

    /** {@code written}: as these blocks were written, and may be in the cache of the disk only. */
    private long clearRange(long fromBit, long toBit, boolean written) {
        assertRange(fromBit, toBit);
        long changed = 0;
        for (long start = fromBit; start < toBit; start = endOfPage(start))
            changed += clearWithinPage(start, Math.min(toBit, endOfPage(start)), written);
        return changed;
    }

    public long countRange(long fromBit, long toBit) {
        assertRange(fromBit, toBit);
        long count = 0;
        for (long start = fromBit; start < toBit; start = endOfPage(start))
            count += countWithinPage(start, Math.min(toBit, endOfPage(start)));
        return count;
    }

    /** The first set bit from {@code from} on, or {@link #NONE}. */
    public long nextSetBit(long from) {
        assert from >= 0;
        if (from >= bits)
            return NONE;
        int page = pageOf(from);
        if (setBitsOfPage[page] > 0) {
            long found = nextSetWithinPage(from, page);
            if (found != NONE)
                return found;
        }
        for (page++; page < setBitsOfPage.length; page++)
            if (setBitsOfPage[page] > 0)
                return nextSetWithinPage((long) page * BITS_PER_PAGE, page);
        return NONE;
    }

    /** The first clear bit from {@code from} on, or {@link #bits()} when there is none. */
    public long nextClearBit(long from) {
        assert from >= 0;
        if (from >= bits)
            return bits;
        int page = pageOf(from);
        if (setBitsOfPage[page] < bitsOf(page)) {
            long found = nextClearWithinPage(from, page);
            if (found != NONE)
                return found;
        }
        for (page++; page < setBitsOfPage.length; page++)
            if (setBitsOfPage[page] < bitsOf(page))
                return nextClearWithinPage((long) page * BITS_PER_PAGE, page);
        return bits;
    }

    // Over everything

    /** For devices up to a few hundred GiB, and tests; else {@link #setAllStep}. */
    public void setAll() {
        setRange(0, bits);
    }

    /** For devices up to a few hundred GiB, and tests; else {@link #clearAllStep}. */
    public void clearAll() {
        clearRange(0, bits);
    }

    /** Sets the bits of up to {@code maxWords} words; returns the word to go on with, {@link #words()} at the end. */
    public long setAllStep(long fromWord, long maxWords) {
        long endWord = endOfStep(fromWord, maxWords);
        setRange(fromWord << 6, Math.min(bits, endWord << 6));
        return endWord;
    }

    /** Clears the bits of up to {@code maxWords} words, as both copies are declared equal; returns the word to go on with, {@link #words()} at the end. */
    public long clearAllStep(long fromWord, long maxWords) {
        long endWord = endOfStep(fromWord, maxWords);
        clearRange(fromWord << 6, Math.min(bits, endWord << 6), false);
        return endWord;
    }

    private long endOfStep(long fromWord, long maxWords) {
        assert fromWord >= 0;
        assert fromWord <= words();
        assert maxWords > 0;
        return fromWord + Math.min(maxWords, words() - fromWord);
    }

    // In words: the plain exchange

    /** Bits {@code 64 * index} to {@code 64 * index + 63}, the lowest first; up to the end of the last page, 0 beyond the device. */
    public long wordAt(long index) {
        assert !closed;
        assert index >= 0;
        assert index < (long) pages() * WORDS_PER_PAGE;
        return readWord(index);
    }

    /** Merges a word of the peer's bitmap; bits beyond the device are ignored. Returns how many bits are newly set. */
    public int orWord(long index, long peerWord) {
        assert !closed;
        long old = wordAt(index);
        long merged = old | peerWord & usedBits(index);
        if (merged == old)
            return 0;
        int page = (int) (index / WORDS_PER_PAGE);
        storeOf(page).writeLong(offsetInStore(index), merged);
        int changed = Long.bitCount(merged ^ old);
        countSet(page, changed);
        return changed;
    }

    /** Merges words of the peer's bitmap, read off {@code source}; returns how many bits are newly set. */
    public long orWords(long firstWord, ByteBuf source, int count) {
        long changed = 0;
        for (int i = 0; i < count; i++)
            changed += orWord(firstWord + i, source.readLongLE());
        return changed;
    }

    /** Appends words as the plain exchange and the disk have them. */
    public void writeWordsTo(long firstWord, int count, ByteBuf destination) {
        for (int i = 0; i < count; i++)
            destination.writeLongLE(wordAt(firstWord + i));
    }

    // In pages: the disk

    /** Pages of 4096 bytes that mean something on disk. */
    public int pages() {
        return setBitsOfPage.length;
    }

    public int setBitsOfPage(int page) {
        return setBitsOfPage[page];
    }

    /** The page that holds the bit of a sector. */
    public static int pageOfSector(long sector) {
        return pageOf(sector / SECTORS_PER_BIT);
    }

    /** Sets 4096 bytes from {@code index} on; the indices of the buffer stay. */
    public void copyPageTo(int page, ByteBuf destination, int index) {
        assert !closed;
        long firstWord = (long) page * WORDS_PER_PAGE;
        BytesStore<?, ?> store = stores[page / PAGES_PER_STORE];
        if (store == null) {
            destination.setZero(index, PAGE_BYTES);
            return;
        }
        long offset = offsetInStore(firstWord);
        for (int i = 0; i < PAGE_BYTES; i += Long.BYTES)
            destination.setLongLE(index + i, store.readLong(offset + i));
    }

    /** A flush of the data is ordered, for pages that are written after it: it does not cover the blocks that are cleared from now on. */
    public void dataFlushBegins() {
        clearedSinceFlush.begin();
    }

    /** The pages for which the data was flushed have been copied, or are not written. */
    public void dataFlushIsUsed() {
        clearedSinceFlush.end();
    }

    /**
     * As {@link #copyPageTo}, for the disk: with the bits that were cleared since {@link #dataFlushBegins}, as their blocks need not be on stable
     * storage (rule 12). A page that has such bits stays dirty. Called after {@link BitmapPages#writeStarted}.
     */
    public void copyPageForDisk(int page, ByteBuf destination, int index) {
        copyPageTo(page, destination, index);
        if (clearedSinceFlush.putBack(page, destination, index)) pages.bitCleared(page);
    }

    /**
     * The page becomes what the disk has, 4096 bytes from {@code index} on; its marks stay as they are. Bits beyond the
     * device, of a larger size that was given up, are dropped; then the page has to be written without them.
     */
    public void loadPage(int page, ByteBuf source, int index) {
        assert !closed;
        long firstWord = (long) page * WORDS_PER_PAGE;
        BytesStore<?, ?> store = storeOf(page);
        long offset = offsetInStore(firstWord);
        int count = 0;
        for (int i = 0; i < WORDS_PER_PAGE; i++) {
            long onDisk = source.getLongLE(index + i * Long.BYTES);
            long word = onDisk & usedBits(firstWord + i);
            if (word != onDisk) pages.bitSet(page);
            store.writeLong(offset + (long) i * Long.BYTES, word);
            count += Long.bitCount(word);
        }
        setBits += count - setBitsOfPage[page];
        setBitsOfPage[page] = count;
    }

    // Growing, shrinking, giving back

    /**
     * The device has another size. New blocks are out of sync or in sync as {@code newBitsSet} says; a last block that was
     * partial and became larger counts as new when they are set.
     */
    public void resize(long newSectors, boolean newBitsSet) {
        assert !closed;
        long oldSectors = deviceSectors;
        long oldBits = bits;
        if (bitsFor(newSectors) < bits)
            clearRange(bitsFor(newSectors), bits, false);
        int newPages = pagesFor(bitsFor(newSectors));
        resizeStores(newPages);
        pages.resize(newPages);
        setBitsOfPage = Arrays.copyOf(setBitsOfPage, newPages);
        deviceSectors = newSectors;
        bits = bitsFor(newSectors);
        if (newBitsSet && newSectors > oldSectors)
            setRange(Math.min(oldBits, oldSectors / SECTORS_PER_BIT), bits);
    }

    private void resizeStores(int newPages) {
        int lastKept = Math.min(storesFor(newPages), stores.length) - 1;
        for (int i = lastKept + 1; i < stores.length; i++)
            release(i);
        BytesStore<?, ?> last = lastKept >= 0 ? stores[lastKept] : null;
        stores = Arrays.copyOf(stores, storesFor(newPages));
        if (last == null || last.capacity() == storeBytes(lastKept, newPages))
            return;
        BytesStore<?, ?> replacement = BytesStore.nativeStoreWithFixedCapacity(storeBytes(lastKept, newPages));
        for (long offset = 0; offset < Math.min(last.capacity(), replacement.capacity()); offset += Long.BYTES)
            replacement.writeLong(offset, last.readLong(offset));
        release(lastKept);
        stores[lastKept] = replacement;
    }

    /** Gives the memory back; nothing may be called after it. */
    @Override
    public void close() {
        if (closed)
            return;
        closed = true;
        for (int i = 0; i < stores.length; i++)
            release(i);
        if (ones != null)
            ones.releaseLast();
    }

    private void release(int storeIndex) {
        if (stores[storeIndex] != null && stores[storeIndex] != ones)
            stores[storeIndex].releaseLast();
        stores[storeIndex] = null;
    }

    // One page

    private long setWithinPage(long fromBit, long toBit) {
        int page = pageOf(fromBit);
        if (setBitsOfPage[page] == bitsOf(page))
            return 0;
        BytesStore<?, ?> store = storeOf(page);
        int changed = 0;
        for (long index = fromBit >>> 6; index <= (toBit - 1) >>> 6; index++) {
            long old = store.readLong(offsetInStore(index));
            long changes = ~old & bitsInRange(index, fromBit, toBit);
            if (changes == 0)
                continue;
            store.writeLong(offsetInStore(index), old | changes);
            changed += Long.bitCount(changes);
        }
        if (changed > 0)
            countSet(page, changed);
        return changed;
    }

    private long setStore(int storeIndex) {
        long changed = 0;
        for (int page = storeIndex * PAGES_PER_STORE; page < (storeIndex + 1) * PAGES_PER_STORE; page++) {
            int clear = BITS_PER_PAGE - setBitsOfPage[page];
            if (clear > 0)
                countSet(page, clear);
            changed += clear;
        }
        if (ones == null) {
            ones = BytesStore.nativeStoreWithFixedCapacity(PAGES_PER_STORE * PAGE_BYTES);
            fillWithSetBits(ones);
        }
        release(storeIndex);
        stores[storeIndex] = ones;
        return changed;
    }

    private static void fillWithSetBits(BytesStore<?, ?> store) {
        for (long offset = 0; offset < store.capacity(); offset += Long.BYTES)
            store.writeLong(offset, -1L);
    }

    private long clearWithinPage(long fromBit, long toBit, boolean written) {
        int page = pageOf(fromBit);
        if (setBitsOfPage[page] == 0)
            return 0;
        BytesStore<?, ?> store = storeOf(page);
        int changed = 0;
        for (long index = fromBit >>> 6; index <= (toBit - 1) >>> 6; index++) {
            long old = store.readLong(offsetInStore(index));
            long changes = old & bitsInRange(index, fromBit, toBit);
            if (changes == 0)
                continue;
            store.writeLong(offsetInStore(index), old & ~changes);
            if (written)
                clearedSinceFlush.add(page, (int) (index % WORDS_PER_PAGE), changes);
            changed += Long.bitCount(changes);
        }
        if (changed > 0)
            countCleared(page, changed);
        return changed;
    }

    private int countWithinPage(long fromBit, long toBit) {
        int page = pageOf(fromBit);
        if (setBitsOfPage[page] == 0)
            return 0;
        if (setBitsOfPage[page] == bitsOf(page))
            return (int) (toBit - fromBit);
        if (toBit - fromBit == bitsOf(page))
            return setBitsOfPage[page];
        int count = 0;
        for (long index = fromBit >>> 6; index <= (toBit - 1) >>> 6; index++)
            count += Long.bitCount(readWord(index) & bitsInRange(index, fromBit, toBit));
        return count;
    }

    private long nextSetWithinPage(long fromBit, int page) {
        long endWord = (Math.min(bits, ((long) page + 1) * BITS_PER_PAGE) + 63) >>> 6;
        long index = fromBit >>> 6;
        long candidates = readWord(index) & -1L << fromBit;
        while (candidates == 0) {
            if (++index == endWord)
                return NONE;
            candidates = readWord(index);
        }
        return (index << 6) + Long.numberOfTrailingZeros(candidates);
    }

    private long nextClearWithinPage(long fromBit, int page) {
        long endBit = Math.min(bits, ((long) page + 1) * BITS_PER_PAGE);
        long endWord = (endBit + 63) >>> 6;
        long index = fromBit >>> 6;
        long candidates = ~readWord(index) & -1L << fromBit;
        while (candidates == 0) {
            if (++index == endWord)
                return NONE;
            candidates = ~readWord(index);
        }
        long found = (index << 6) + Long.numberOfTrailingZeros(candidates);
        return found < endBit ? found : NONE;
    }

    private void countSet(int page, int changed) {
        setBitsOfPage[page] += changed;
        setBits += changed;
        pages.bitSet(page);
        assert setBitsOfPage[page] <= bitsOf(page);
        assert setBits <= bits;
    }

    private void countCleared(int page, int changed) {
        setBitsOfPage[page] -= changed;
        setBits -= changed;
        pages.bitCleared(page);
        assert setBitsOfPage[page] >= 0;
        assert setBits >= 0;
    }

    // Where a word lies

    private long readWord(long index) {
        BytesStore<?, ?> store = stores[(int) (index / WORDS_PER_STORE)];
        return store == null ? 0 : store.readLong(offsetInStore(index));
    }

    private static long offsetInStore(long wordIndex) {
        return wordIndex % WORDS_PER_STORE * Long.BYTES;
    }

    /** To write to. */
    private BytesStore<?, ?> storeOf(int page) {
        int storeIndex = page / PAGES_PER_STORE;
        BytesStore<?, ?> store = stores[storeIndex];
        if (store != null && store != ones)
            return store;
        stores[storeIndex] = BytesStore.nativeStoreWithFixedCapacity(storeBytes(storeIndex, setBitsOfPage.length));
        if (store != null)
            fillWithSetBits(stores[storeIndex]);
        return stores[storeIndex];
    }

    private static long storeBytes(int storeIndex, int pageCount) {
        return Math.min(PAGES_PER_STORE, pageCount - storeIndex * PAGES_PER_STORE) * (long) PAGE_BYTES;
    }

    private static int storesFor(int pageCount) {
        return (pageCount + PAGES_PER_STORE - 1) / PAGES_PER_STORE;
    }

    private static int pageOf(long bit) {
        return (int) (bit / BITS_PER_PAGE);
    }

    private static long endOfPage(long bit) {
        return (bit / BITS_PER_PAGE + 1) * BITS_PER_PAGE;
    }

    private int bitsOf(int page) {
        return (int) Math.min(BITS_PER_PAGE, bits - (long) page * BITS_PER_PAGE);
    }

    /** The bits of a word that stand for blocks of the device. */
    private long usedBits(long wordIndex) {
        long used = bits - (wordIndex << 6);
        if (used >= 64)
            return -1;
        return used <= 0 ? 0 : -1L >>> -used;
    }

    private static long bitsInRange(long wordIndex, long fromBit, long toBit) {
        long mask = -1;
        if (wordIndex == fromBit >>> 6)
            mask &= -1L << fromBit;
        if (wordIndex == (toBit - 1) >>> 6)
            mask &= -1L >>> -toBit;
        return mask;
    }

    private void assertRange(long fromBit, long toBit) {
        assert !closed;
        assert fromBit >= 0;
        assert fromBit <= toBit;
        assert toBit <= bits : "past the end of the device";
    }
}
