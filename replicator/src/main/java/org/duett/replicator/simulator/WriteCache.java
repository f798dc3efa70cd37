package org.duett.replicator.simulator;

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
    private static final int SECTORS_PER_PAGE = SectorStore.SECTORS_PER_PAGE;
    private static final int ALL_SECTORS = (1 << SECTORS_PER_PAGE) - 1;

    private final SectorStore durable;
    private final SparseTable<UnflushedPage> unflushed = new SparseTable<>();
    /** The same pages, in no order. */
    private final ArrayList<UnflushedPage> unflushedPages = new ArrayList<>();
    /** Of the page that is just being looked at: one version of each sector. */
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
        final Contents contents;
        /** Its place in the order of answers; not answered yet: past all of them. */
        long answeredAt = Long.MAX_VALUE;

        Write(long offset, int length, Contents contents) {
            this.offset = offset;
            this.length = length;
            this.contents = contents;
        }

        Write(Write original) {
            this(original.offset, original.length, original.contents);
            answeredAt = original.answeredAt;
        }
    }

    /** One write of some sectors of a page, before the next one. */
    private static final class Version {
        final Write write;
        /** A bit for each that has this version; of a page that is written as a whole there is one only. */
        int sectors;
        Version older;

        Version(Write write, int sectors, Version older) {
            this.write = write;
            this.sectors = sectors;
            this.older = older;
        }

        /** Where this sector of the device stands in what was written. */
        int place(long sector) {
            return (int) (sector - write.offset / SECTOR_BYTES);
        }

        /** As it brought this page, all of whose sectors have it. */
        SectorStore.Page page(long number) {
            return new SectorStore.Page(write.contents, place(number * SECTORS_PER_PAGE));
        }

        boolean isOf(int sector) {
            return (sectors >> sector & 1) != 0;
        }
    }

    /** A page with unflushed versions of some sectors, the newest first. */
    private static final class UnflushedPage {
        final long number;
        /** Where it stands in the list. */
        int place;
        Version newest;

        UnflushedPage(long number) {
            this.number = number;
        }

        /** Null: none that is not flushed. */
        Version newestOf(int sector) {
            Version version = newest;
            while (version != null && !version.isOf(sector)) version = version.older;
            return version;
        }
    }

    WriteCache() {
        durable = new SectorStore();
    }

    private WriteCache(SectorStore durable, WriteCache original) {
        this.durable = durable;
        answeredCount = original.answeredCount;
        copied = original.differences;
        copiedAtLook = copied == null ? 0 : copied.looks();
        unflushedPages.ensureCapacity(original.unflushedPages.size());
    }

    WriteCache(WriteCache original) {
        this(new SectorStore(original.durable), original);
        // Writes are copied, too: one that is still under way may be answered in the original only.
        Map<Write, Write> copies = new IdentityHashMap<>();
        for (UnflushedPage page : original.unflushedPages) {
            unflushedPage(page.number).newest = copy(page.newest, copies);
        }
    }

    /** What is left of the original's if power is lost now, before {@link #loseUnflushed}: until that it shares the original's versions, and may get more over them. */
    static WriteCache toLosePower(WriteCache original) {
        var copy = new WriteCache(new SectorStore(original.durable), original);
        for (UnflushedPage page : original.unflushedPages) copy.unflushedPage(page.number).newest = page.newest;
        return copy;
    }

    private static Version copy(Version version, Map<Write, Write> copies) {
        return version == null ? null : new Version(copies.computeIfAbsent(version.write, Write::new), version.sectors, copy(version.older, copies));
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
        if (page.newest != null) return;
        unflushed.put(page.number, null);
        UnflushedPage last = unflushedPages.removeLast();
        if (last == page) return;
        unflushedPages.set(page.place, last);
        last.place = page.place;
    }

    // ---- reading

    void readDurable(long offset, byte[] target) {
        durable.read(offset, target);
    }

    void readCurrent(long offset, byte[] target) {
        for (int done = 0; done < target.length; ) {
            int inPage = (int) ((offset + done) % PAGE_BYTES);
            int part = Math.min(PAGE_BYTES - inPage, target.length - done);
            currentPage((offset + done) / PAGE_BYTES).copyTo(inPage, target, done, part);
            done += part;
        }
    }

    /** A page as a reader sees it, or as a power loss would leave it at the least; not to be changed. */
    byte[] look(long number, boolean durably) {
        return (durably ? durable.page(number) : currentPage(number)).look();
    }

    boolean isFlushed() {
        return unflushedPages.isEmpty();
    }

    /** Eight bytes at the start of a sector. */
    long durableLong(long offset) {
        assert offset % SECTOR_BYTES == 0;
        return durable.page(offset / PAGE_BYTES).word((int) (offset % PAGE_BYTES / SECTOR_BYTES));
    }

    /** The same of what a reader sees. */
    long currentLong(long offset) {
        UnflushedPage page = unflushed.get(offset / PAGE_BYTES);
        Version version = page == null ? null : page.newestOf((int) (offset % PAGE_BYTES / SECTOR_BYTES));
        return version == null ? durableLong(offset) : version.write.contents.word(version.place(offset / SECTOR_BYTES));
    }

    /** The same of each sector of a page. */
    void currentLongs(long number, long[] target) {
        UnflushedPage page = unflushed.get(number);
        if (page != null && page.newest.sectors == ALL_SECTORS) {
            page.newest.write.contents.words(page.newest.place(number * SECTORS_PER_PAGE), target);
            return;
        }
        SectorStore.Page below = durable.page(number);
        below.contents().words(below.sector(), target);
        for (int sector = 0; page != null && sector < SECTORS_PER_PAGE; sector++) {
            Version version = page.newestOf(sector);
            if (version != null) target[sector] = version.write.contents.word(version.place(number * SECTORS_PER_PAGE + sector));
        }
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
            boolean isWithin = (page + 1L) * PAGE_BYTES <= endBytes || (long) page * PAGE_BYTES + differs(other, page) < endBytes;
            if (isWithin) differing.add((long) page);
        }
        return differing;
    }

    void addDoubtfulPages(WriteCache other, long from, long to, BitSet pages) {
        BitSet differing = differences(other);
        for (int page = differing.nextSetBit((int) from); page >= 0 && page < to; page = differing.nextSetBit(page + 1)) pages.set(page);
        addUnflushedPages(from, to, pages);
        other.addUnflushedPages(from, to, pages);
    }

    private void addUnflushedPages(long from, long to, BitSet pages) {
        for (long page = unflushed.next(from, to); page >= 0; page = unflushed.next(page + 1, to)) pages.set((int) page);
    }

    boolean isEqualWithoutUnflushed(WriteCache other, boolean otherWithoutUnflushed, long number, long endBytes) {
        int length = (int) Math.clamp(endBytes - number * PAGE_BYTES, 0, PAGE_BYTES);
        return areEqual(durable.page(number), otherWithoutUnflushed ? other.durable.page(number) : other.currentPage(number), length);
    }

    private static boolean areEqual(SectorStore.Page here, SectorStore.Page there, int length) {
        int difference = here.mismatch(there);
        return difference < 0 || difference >= length;
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
        return currentPage(page).mismatch(other.currentPage(page));
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
        if (page.newest.sectors == ALL_SECTORS) return page.newest.page(number);
        int seen = 0;
        Arrays.fill(over, null);
        for (Version version = page.newest; version != null && seen != ALL_SECTORS; version = version.older) {
            put(version, version.sectors & ~seen);
            seen |= version.sectors;
        }
        return withVersions(page);
    }

    /** That is the version of these sectors. */
    private void put(Version version, int sectors) {
        for (int left = sectors; left != 0; left &= left - 1) over[Integer.numberOfTrailingZeros(left)] = version;
    }

    /** The durable page, and over it what is in {@link #over}. */
    private SectorStore.Page withVersions(UnflushedPage page) {
        long first = page.number * SECTORS_PER_PAGE;
        if (isOneWrite(over)) return new SectorStore.Page(over[0].write.contents, over[0].place(first));
        SectorStore.Page below = durable.page(page.number);
        boolean repeats = below.contents().isRepeating();
        for (Version version : over) repeats &= version == null || version.write.contents.isRepeating();
        if (repeats) {
            long[] words = new long[SECTORS_PER_PAGE];
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
                Version version = over[sector];
                words[sector] = version == null ? below.word(sector) : version.write.contents.word(version.place(first + sector));
            }
            return new SectorStore.Page(Contents.repeating(words), 0);
        }
        byte[] bytes = new byte[PAGE_BYTES];
        below.copyTo(0, bytes, 0, PAGE_BYTES);
        for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
            Version version = over[sector];
            if (version != null) version.write.contents.copyTo(version.place(first + sector) * SECTOR_BYTES, bytes, sector * SECTOR_BYTES, SECTOR_BYTES);
        }
        return new SectorStore.Page(Contents.of(bytes, 0, PAGE_BYTES), 0);
    }

    private static boolean isOneWrite(Version[] versions) {
        for (Version version : versions) {
            if (version == null || version.write != versions[0].write) return false;
        }
        return true;
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
            boolean inCache = page != null && page.newestOf((int) (sector % SECTORS_PER_PAGE)) != null;
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
            remove(page, 1 << sector % SECTORS_PER_PAGE);
            forgetIfEmpty(page);
        }
        durable.write(offset, bytes);
    }

    /** On the medium: an unflushed version of the sector hides it. */
    void rot(long offset, int bit) {
        byte[] one = new byte[1];
        durable.read(offset, one);
        one[0] ^= (byte) (1 << bit);
        changed(offset / PAGE_BYTES);
        durable.write(offset, one);
    }

    /** The write's sectors are what a reader sees from now on. */
    void apply(Write write) {
        long first = write.offset / SECTOR_BYTES;
        long end = first + write.length / SECTOR_BYTES;
        for (long number = first / SECTORS_PER_PAGE; number * SECTORS_PER_PAGE < end; number++) {
            int from = (int) Math.max(0, first - number * SECTORS_PER_PAGE);
            int to = (int) Math.min(SECTORS_PER_PAGE, end - number * SECTORS_PER_PAGE);
            apply(write, number, (1 << to) - (1 << from));
        }
    }

    /** The same of those that the predicate picks. */
    void apply(Write write, LongPredicate picked) {
        long end = (write.offset + write.length) / SECTOR_BYTES;
        for (long sector = write.offset / SECTOR_BYTES; sector < end; ) {
            long number = sector / SECTORS_PER_PAGE;
            int sectors = 0;
            for (; sector < end && sector / SECTORS_PER_PAGE == number; sector++) {
                if (picked.test(sector)) sectors |= 1 << sector % SECTORS_PER_PAGE;
            }
            if (sectors != 0) apply(write, number, sectors);
        }
    }

    private void apply(Write write, long number, int sectors) {
        UnflushedPage page = unflushedPage(number);
        changed(number);
        page.newest = new Version(write, sectors, page.newest);
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
            settle(page, null, orderedAt);
            forgetIfEmpty(page);
        }
    }

    /** A write to stable storage was answered: its sectors are durable, newer versions of them are not. */
    void makeDurable(Write write) {
        long end = write.offset + write.length;
        for (long number = write.offset / PAGE_BYTES; number * PAGE_BYTES < end; number++) {
            UnflushedPage page = unflushed.get(number);
            if (page == null) continue; // a flush that was ordered after it has settled it already
            settle(page, write, 0);
            forgetIfEmpty(page);
        }
    }

    /** This write, or null: what was answered up to then, is over in each sector of the page, and what came before it; it is durable. */
    private void settle(UnflushedPage page, Write only, long answeredUpTo) {
        if (page.newest.sectors == ALL_SECTORS && isOver(page.newest, only, answeredUpTo)) {
            // Nothing of what came before it is seen any more.
            durable.put(page.number, page.newest.page(page.number));
            page.newest = null;
            return;
        }
        int settled = 0;
        Arrays.fill(over, null);
        Version newer = null;
        for (Version version = page.newest; version != null; version = version.older) {
            if (isOver(version, only, answeredUpTo)) {
                put(version, version.sectors & ~settled);
                settled |= version.sectors;
            }
            version.sectors &= ~settled;
            newer = keepIfAny(page, newer, version);
        }
        if (settled != 0) durable.put(page.number, withVersions(page));
    }

    /** No version of these sectors is left. */
    private static void remove(UnflushedPage page, int sectors) {
        Version newer = null;
        for (Version version = page.newest; version != null; version = version.older) {
            version.sectors &= ~sectors;
            newer = keepIfAny(page, newer, version);
        }
    }

    private static boolean isOver(Version version, Write only, long answeredUpTo) {
        return only == null ? version.write.answeredAt <= answeredUpTo : version.write == only;
    }

    /** A version that no sector has any more leaves the page. Answers the last one that has not. */
    private static Version keepIfAny(UnflushedPage page, Version newer, Version version) {
        if (version.sectors != 0) return version;
        if (newer == null) page.newest = version.older;
        else newer.older = version.older;
        return newer;
    }

    /** Power is lost: each sector keeps any of its versions or none. Often all or nothing, as a device does that was idle or busy. */
    void loseUnflushed(SplittableRandom random) {
        int mood = random.nextInt(4);
        unflushedPages.sort(Comparator.comparingLong(page -> page.number));
        for (UnflushedPage page : unflushedPages) {
            boolean any = false;
            for (int sector = 0; sector < SECTORS_PER_PAGE; sector++) {
                over[sector] = survivor(page.newestOf(sector), sector, mood, random);
                any |= over[sector] != null;
            }
            // The versions themselves stay as they are: those of a copy are the original's.
            if (any) durable.put(page.number, withVersions(page));
            unflushed.put(page.number, null);
            changed(page.number);
        }
        unflushedPages.clear();
    }

    /** Null: what was durable before. */
    private static Version survivor(Version newest, int sector, int mood, SplittableRandom random) {
        if (newest == null) return null;
        if (mood == 0) return null;
        if (mood == 1) return newest;
        int versions = 0;
        for (Version version = newest; version != null; version = version.older) versions += version.sectors >> sector & 1;
        int kept = random.nextInt(-1, versions);
        if (kept < 0) return null;
        Version version = newest;
        for (int newer = versions - 1; newer > kept; newer--) {
            do version = version.older;
            while (!version.isOf(sector));
        }
        return version;
    }
}
