package org.duett.replicator.simulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongPredicate;

/**
 * What a device stores: the durable contents, and over them each sector's unflushed versions. The newest is what a reader sees; any
 * of them, or none, may be what a power loss leaves.
 */
final class WriteCache {
    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;
    private static final int PAGE_BYTES = SectorStore.PAGE_BYTES;
    private static final int SECTORS_PER_PAGE = PAGE_BYTES / SECTOR_BYTES;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final SectorStore durable;
    private final SparseTable<UnflushedPage> unflushed = new SparseTable<>();
    /** The same pages, in no order. */
    private final List<UnflushedPage> unflushedPages = new ArrayList<>();
    /** Which version of each sector of a page is about to be settled. */
    private final Version[] over = new Version[SECTORS_PER_PAGE];
    private long answeredCount;
    /** What is known of how this differs from the one that it is compared with. */
    private PageDifferences differences;
    /** Of a copy: what was known of the original, when it had been looked at so often, and what has changed in the copy since. */
    private PageDifferences copied;
    private int copiedAtLook;
    private final BitSet changedSinceCopied = new BitSet();
    /** What a reader sees differently since it was held against its history. */
    private final ChangedPages changedSinceChecked = new ChangedPages();

    /** One write that reached the cache, whole or in part. */
    static final class Write {
        final long offset;
        final int length;
        /** Null: zeroes. */
        final byte[] bytes;
        /** Its place in the order of answers; not answered yet: past all of them. */
        long answeredAt = Long.MAX_VALUE;

        Write(long offset, int length, byte[] bytes) {
            assert bytes == null || bytes.length == length;
            this.offset = offset;
            this.length = length;
            this.bytes = bytes;
        }

        Write(Write original) {
            this(original.offset, original.length, original.bytes);
            answeredAt = original.answeredAt;
        }
    }

    /** One write of a sector, before the next one. */
    private static final class Version {
        final Write write;
        Version older;

        Version(Write write, Version older) {
            this.write = write;
            this.older = older;
        }

        /** The sector at {@code start + index} of the device into the target. */
        void copyTo(byte[] target, long start, int index) {
            if (write.bytes == null) Arrays.fill(target, index, index + SECTOR_BYTES, (byte) 0);
            else System.arraycopy(write.bytes, (int) (start + index - write.offset), target, index, SECTOR_BYTES);
        }
    }

    /** A page with unflushed versions of some sectors, the newest first. */
    private static final class UnflushedPage {
        final long number;
        /** Where it stands in the list. */
        int place;
        final Version[] newest = new Version[SECTORS_PER_PAGE];

        UnflushedPage(long number) {
            this.number = number;
        }

        /** Is this write the newest one of every sector? */
        boolean isAllOf(Write write) {
            for (Version version : newest) {
                if (version == null || version.write != write) return false;
            }
            return true;
        }

        boolean isEmpty() {
            for (Version version : newest) {
                if (version != null) return false;
            }
            return true;
        }
    }

    WriteCache() {
        durable = new SectorStore();
    }

    WriteCache(WriteCache original) {
        durable = new SectorStore(original.durable);
        answeredCount = original.answeredCount;
        copied = original.differences;
        copiedAtLook = copied == null ? 0 : copied.looks();
        // Writes are copied, too: one that is still under way may be answered in the original only.
        Map<Write, Write> copies = new IdentityHashMap<>();
        for (UnflushedPage page : original.unflushedPages) {
            UnflushedPage copy = unflushedPage(page.number);
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) copy.newest[sector] = copy(page.newest[sector], copies);
        }
    }

    private static Version copy(Version version, Map<Write, Write> copies) {
        return version == null ? null : new Version(copies.computeIfAbsent(version.write, Write::new), copy(version.older, copies));
    }

    private UnflushedPage unflushedPage(long number) {
        UnflushedPage page = unflushed.get(number);
        if (page != null) return page;
        page = new UnflushedPage(number);
        unflushed.put(number, page);
        page.place = unflushedPages.size();
        unflushedPages.add(page);
        return page;
    }

    private void forgetIfEmpty(UnflushedPage page) {
        if (!page.isEmpty()) return;
        unflushed.put(page.number, null);
        UnflushedPage last = unflushedPages.removeLast();
        if (last == page) return;
        unflushedPages.set(page.place, last);
        last.place = page.place;
    }

    // ---- reading

    void readDurable(long offset, byte[] target) {
        durable.read(offset, target, 0, target.length);
    }

    void readCurrent(long offset, byte[] target) {
        readDurable(offset, target);
        if (unflushedPages.isEmpty()) return;
        long end = offset + target.length;
        for (long number = offset / PAGE_BYTES; number * PAGE_BYTES < end; number++) {
            UnflushedPage page = unflushed.get(number);
            if (page == null) continue;
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
                if (page.newest[sector] != null) overlay(page.newest[sector].write, number * PAGE_BYTES + sector * SECTOR_BYTES, offset, target);
            }
        }
    }

    boolean isFlushed() {
        return unflushedPages.isEmpty();
    }

    long durableLong(long offset) {
        SectorStore.Page page = durable.page(offset / PAGE_BYTES);
        return (long) LONGS.get(page.bytes(), page.at() + (int) (offset % PAGE_BYTES));
    }

    /** Eight bytes at the start of a sector. */
    long currentLong(long offset) {
        UnflushedPage page = unflushed.get(offset / PAGE_BYTES);
        Version version = page == null ? null : page.newest[(int) (offset % PAGE_BYTES / SECTOR_BYTES)];
        if (version == null) return durableLong(offset);
        return version.write.bytes == null ? 0 : (long) LONGS.get(version.write.bytes, (int) (offset - version.write.offset));
    }

    /** Copies what of the sector at {@code start} belongs into the target, which begins at {@code offset}. */
    private static void overlay(Write write, long start, long offset, byte[] target) {
        long from = Math.max(start, offset);
        long to = Math.min(start + SECTOR_BYTES, offset + target.length);
        if (from >= to) return;
        if (write.bytes == null) Arrays.fill(target, (int) (from - offset), (int) (to - offset), (byte) 0);
        else System.arraycopy(write.bytes, (int) (from - write.offset), target, (int) (from - offset), (int) (to - from));
    }

    /** The first byte below {@code endBytes} in which a reader sees different contents, or -1. */
    long firstDifference(WriteCache other, long endBytes) {
        BitSet pages = differences(other);
        for (int page = pages.nextSetBit(0); page >= 0; page = pages.nextSetBit(page + 1)) {
            long difference = (long) page * PAGE_BYTES + differs(other, page);
            if (difference < endBytes) return difference;
        }
        return -1;
    }

    /** The pages below {@code endBytes} in which a reader sees different contents now. */
    List<Long> differingPages(WriteCache other, long endBytes) {
        BitSet pages = differences(other);
        List<Long> differing = new ArrayList<>();
        for (int page = pages.nextSetBit(0); page >= 0 && (long) page * PAGE_BYTES < endBytes; page = pages.nextSetBit(page + 1)) {
            // A volume may end in the midst of a page.
            if ((long) page * PAGE_BYTES + differs(other, page) < endBytes) differing.add((long) page);
        }
        return differing;
    }

    BitSet doubtfulPages(WriteCache other, long from, long to) {
        BitSet pages = new BitSet();
        BitSet differing = differences(other);
        for (int page = differing.nextSetBit((int) from); page >= 0 && page < to; page = differing.nextSetBit(page + 1)) pages.set(page);
        for (WriteCache cache : new WriteCache[]{this, other}) {
            for (long page = from; page < to; page++) {
                if (cache.unflushed.get(page) != null) pages.set((int) page);
            }
        }
        return pages;
    }

    boolean isEqualWithoutUnflushed(WriteCache other, boolean otherWithoutUnflushed, long number, long endBytes) {
        int length = (int) Math.clamp(endBytes - number * PAGE_BYTES, 0, PAGE_BYTES);
        return areEqual(durable.page(number), otherWithoutUnflushed ? other.durable.page(number) : other.currentPage(number), length);
    }

    private static boolean areEqual(SectorStore.Page here, SectorStore.Page there, int length) {
        if (here.bytes() == there.bytes() && here.at() == there.at()) return true;
        return Arrays.equals(here.bytes(), here.at(), here.at() + length, there.bytes(), there.at(), there.at() + length);
    }

    private BitSet differences(WriteCache other) {
        if (copied != null || other.copied != null) return differencesOfCopies(other);
        if (differences == null || differences != other.differences || !differences.isOf(this, other)) {
            differences = new PageDifferences(this, other);
            other.differences = differences;
        }
        return differences.look();
    }

    /** What was equal in the originals, and has not changed in a copy, need not be looked at. */
    private BitSet differencesOfCopies(WriteCache other) {
        BitSet pages = new BitSet();
        PageDifferences known = known();
        if (known != null && known == other.known()) {
            known.addTo(pages);
            pages.or(changedSinceCopied);
            pages.or(other.changedSinceCopied);
        } else {
            addAllPages(pages);
            other.addAllPages(pages);
        }
        for (int page = pages.nextSetBit(0); page >= 0; page = pages.nextSetBit(page + 1)) {
            if (differs(other, page) < 0) pages.clear(page);
        }
        return pages;
    }

    private PageDifferences known() {
        if (copied == null) return differences;
        return copied.looks() == copiedAtLook ? copied : null;
    }

    /** The first byte of the page that differs, or -1. */
    int differs(WriteCache other, long page) {
        SectorStore.Page here = currentPage(page);
        SectorStore.Page there = other.currentPage(page);
        if (here.bytes() == there.bytes() && here.at() == there.at()) return -1;
        return Arrays.mismatch(here.bytes(), here.at(), here.at() + PAGE_BYTES, there.bytes(), there.at(), there.at() + PAGE_BYTES);
    }

    void addAllPages(BitSet pages) {
        for (long page = durable.nextPage(0); page >= 0; page = durable.nextPage(page + 1)) pages.set(Math.toIntExact(page));
        for (UnflushedPage page : unflushedPages) pages.set(Math.toIntExact(page.number));
    }

    private void changed(long page) {
        if (differences != null) differences.changed(page);
        if (copied != null) changedSinceCopied.set(Math.toIntExact(page));
        changedSinceChecked.add(page);
    }

    /** The pages in which a reader sees something else since the checker cleared this. */
    ChangedPages changedSinceChecked() {
        return changedSinceChecked;
    }

    /** This one stands where another one stood. */
    void replaces(WriteCache former) {
        copied = null;
        BitSet pages = new BitSet();
        addAllPages(pages);
        former.addAllPages(pages);
        pages.stream().forEach(changedSinceChecked::add);
    }

    /** A page as a reader sees it. */
    private SectorStore.Page currentPage(long number) {
        UnflushedPage page = unflushed.get(number);
        if (page == null) return durable.page(number);
        Write first = page.newest[0] == null ? null : page.newest[0].write;
        boolean oneWrite = first != null && first.bytes != null && page.isAllOf(first);
        if (oneWrite) return new SectorStore.Page(first.bytes, (int) (number * PAGE_BYTES - first.offset));
        byte[] bytes = new byte[PAGE_BYTES];
        readCurrent(number * PAGE_BYTES, bytes);
        return new SectorStore.Page(bytes, 0);
    }

    /** What a reader sees at this moment, to be copied later: the page of each 4 KiB that it touches. */
    SectorStore.Page[] currentPages(long offset, int length) {
        long first = offset / PAGE_BYTES;
        SectorStore.Page[] pages = new SectorStore.Page[(int) ((offset + length - 1) / PAGE_BYTES - first) + 1];
        for (int i = 0; i < pages.length; i++) pages[i] = currentPage(first + i);
        return pages;
    }

    boolean isAllocated(long offset, int length) {
        for (long sector = offset / SECTOR_BYTES; sector < (offset + length) / SECTOR_BYTES; sector++) {
            UnflushedPage page = unflushed.get(sector / SECTORS_PER_PAGE);
            boolean inCache = page != null && page.newest[(int) (sector % SECTORS_PER_PAGE)] != null;
            if (!inCache && !durable.isAllocated(sector * SECTOR_BYTES, SECTOR_BYTES)) return false;
        }
        return true;
    }

    // ---- writing

    void store(long offset, byte[] bytes) {
        for (long sector = offset / SECTOR_BYTES; sector < (offset + bytes.length) / SECTOR_BYTES; sector++) {
            UnflushedPage page = unflushed.get(sector / SECTORS_PER_PAGE);
            changed(sector / SECTORS_PER_PAGE);
            if (page == null) continue;
            page.newest[(int) (sector % SECTORS_PER_PAGE)] = null;
            forgetIfEmpty(page);
        }
        durable.write(offset, bytes, 0, bytes.length);
    }

    /** On the medium: an unflushed version of the sector hides it. */
    void rot(long offset, int bit) {
        byte[] one = new byte[1];
        durable.read(offset, one, 0, 1);
        one[0] ^= (byte) (1 << bit);
        changed(offset / PAGE_BYTES);
        durable.write(offset, one, 0, 1);
    }

    /** The write's sectors, or those that the predicate picks, are what a reader sees from now on. */
    void apply(Write write, LongPredicate picked) {
        UnflushedPage page = null;
        for (long sector = write.offset / SECTOR_BYTES; sector < (write.offset + write.length) / SECTOR_BYTES; sector++) {
            if (!picked.test(sector)) continue;
            if (page == null || page.number != sector / SECTORS_PER_PAGE) page = unflushedPage(sector / SECTORS_PER_PAGE);
            changed(page.number);
            int index = (int) (sector % SECTORS_PER_PAGE);
            page.newest[index] = new Version(write, page.newest[index]);
        }
    }

    /** Everything answered until now has a number up to this. */
    long answeredSoFar() {
        return answeredCount;
    }

    void answered(Write write) {
        write.answeredAt = ++answeredCount;
    }

    /** A flush ended that was ordered when {@code orderedAt} answers had been given: it covers those, and no more. */
    void flushed(long orderedAt) {
        // From the end, because a page that is through is replaced by the last one.
        for (int place = unflushedPages.size() - 1; place >= 0; place--) {
            UnflushedPage page = unflushedPages.get(place);
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) over[sector] = covered(page.newest[sector], orderedAt);
            settle(page);
            forgetIfEmpty(page);
        }
    }

    private static Version covered(Version newest, long orderedAt) {
        Version covered = newest;
        while (covered != null && covered.write.answeredAt > orderedAt) covered = covered.older;
        return covered;
    }

    /** A write to stable storage was answered: its sectors are durable, newer versions of them are not. */
    void makeDurable(Write write) {
        long end = write.offset + write.length;
        for (long number = write.offset / PAGE_BYTES; number * PAGE_BYTES < end; number++) {
            UnflushedPage page = unflushed.get(number);
            if (page == null) continue; // a flush that was ordered after it has settled it already
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) over[sector] = versionOf(write, page.newest[sector]);
            settle(page);
            forgetIfEmpty(page);
        }
    }

    private static Version versionOf(Write write, Version newest) {
        Version version = newest;
        while (version != null && version.write != write) version = version.older;
        return version;
    }

    /** For each sector: the version in {@link #over} and those before it are over; it is durable. Null: nothing is. */
    private void settle(UnflushedPage page) {
        Write whole = over[0] == null ? null : over[0].write;
        byte[] bytes = null;
        for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
            if (over[sector] == null || over[sector].write != whole) whole = null;
        }
        long start = page.number * PAGE_BYTES;
        if (whole != null) durable.write(start, whole.bytes, (int) (start - whole.offset), PAGE_BYTES);
        for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
            Version version = over[sector];
            if (version == null) continue;
            if (whole == null) {
                if (bytes == null) bytes = durable.copy(page.number);
                version.copyTo(bytes, start, sector * SECTOR_BYTES);
            }
            cut(page, sector, version);
        }
        if (bytes != null) durable.write(start, bytes, 0, PAGE_BYTES);
    }

    private static void cut(UnflushedPage page, int sector, Version version) {
        Version newer = page.newest[sector];
        if (newer == version) {
            page.newest[sector] = null;
            return;
        }
        while (newer.older != version) newer = newer.older;
        newer.older = null;
    }

    /** Power is lost: each sector keeps any of its versions or none. Often all or nothing, as a device does that was idle or busy. */
    void loseUnflushed(SplittableRandom random) {
        int mood = random.nextInt(4);
        unflushedPages.sort(Comparator.comparingLong(page -> page.number));
        for (UnflushedPage page : unflushedPages) {
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
                over[sector] = page.newest[sector] == null ? null : survivor(page.newest[sector], mood, random);
            }
            settle(page);
            unflushed.put(page.number, null);
            changed(page.number);
        }
        unflushedPages.clear();
    }

    /** Null: what was durable before. */
    private static Version survivor(Version newest, int mood, SplittableRandom random) {
        if (mood == 0) return null;
        if (mood == 1) return newest;
        int versions = 0;
        for (Version version = newest; version != null; version = version.older) versions++;
        int kept = random.nextInt(-1, versions);
        if (kept < 0) return null;
        Version version = newest;
        for (int newer = versions - 1; newer > kept; newer--) version = version.older;
        return version;
    }
}
