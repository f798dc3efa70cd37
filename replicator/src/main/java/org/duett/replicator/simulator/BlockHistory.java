package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;

/**
 * What was written to a volume, and so what each sector may hold: every write that no acknowledged later one has replaced. Each write
 * fills its sectors with its own number, so that a sector read back tells which write it is of; number 0 stands for zeroes.
 *
 * <p>Order is counted in ticks of this history, not in time: what was answered before something was asked comes before it, also in
 * the same nanosecond.
 */
public final class BlockHistory {
    static final int SECTORS_PER_PAGE = 8;

    /** One write, from its order to its answer. */
    public static final class Write {
        final long number;
        final long firstSector;
        final int sectors;
        final boolean zeroes;
        final long orderedAt;
        long acknowledgedAt = Long.MAX_VALUE;
        /** Answered with an error, or its client is gone: it is in a disk, or in none, and changes no more. */
        long endedAt = Long.MAX_VALUE;
        /** On stable storage on every disk that was UpToDate: a FLUSH or its own FUA was answered (promise 1). */
        boolean firm;
        /** Acknowledged, and lost perhaps by more failures than its acknowledgement promised to survive. */
        boolean doubtful;

        Write(long number, long firstSector, int sectors, boolean zeroes, long orderedAt) {
            this.number = number;
            this.firstSector = firstSector;
            this.sectors = sectors;
            this.zeroes = zeroes;
            this.orderedAt = orderedAt;
        }

        long content() {
            return zeroes ? 0 : number;
        }

        /** A write that was ordered then must be there, unless a later one is: this one cannot be seen any more if it was over before. */
        boolean isReplacedByOneOrderedAt(long order) {
            return order >= 0 && (number == 0 || acknowledgedAt < order || endedAt < order);
        }

        @Override
        public String toString() {
            String fate = acknowledgedAt == Long.MAX_VALUE ? endedAt == Long.MAX_VALUE ? "open" : "not acknowledged, over at " + endedAt
                    : "acknowledged at " + acknowledgedAt + (firm ? ", firm" : "") + (doubtful ? ", doubtful" : "");
            return "write " + number + " sectors " + firstSector + "+" + sectors + (zeroes ? " zeroes" : "") + " ordered at " + orderedAt + " " + fate;
        }
    }

    /** What was written to one sector, in the order of the requests. */
    private static final class Sector {
        private Write[] writes = new Write[2];
        private int count;

        Sector() {
            add(NOTHING);
        }

        Sector(Sector original) {
            writes = original.writes.clone();
            count = original.count;
        }

        /** One write is left, in both the same. */
        boolean isLike(Sector other) {
            return count == 1 && other.count == 1 && writes[0] == other.writes[0];
        }

        void add(Write write) {
            assert count == 0 || writes[count - 1].orderedAt < write.orderedAt;
            insert(count, write);
        }

        private void insert(int at, Write write) {
            if (count == writes.length) writes = Arrays.copyOf(writes, 2 * count);
            System.arraycopy(writes, at, writes, at + 1, count - at);
            writes[at] = write;
            count++;
        }

        void mayBeUnwritten() {
            if (writes[0] != NOTHING) insert(0, NOTHING);
        }

        boolean mayHold(long content, long knownAt) {
            long replaced = newestOrder(knownAt, false);
            // From the end: mostly it is the last write, and of those before it nothing has to be looked at.
            for (int i = count - 1; i >= 0; i--) {
                if (writes[i].content() == content && !writes[i].isReplacedByOneOrderedAt(replaced)) return true;
            }
            return false;
        }

        /** When the last write was ordered that must be there, or a later one: what was over by then cannot be seen any more. -1: none. */
        private long newestOrder(long knownAt, boolean firmOnly) {
            for (int i = count - 1; i >= 0; i--) {
                Write write = writes[i];
                boolean must = !write.doubtful && write.acknowledgedAt <= knownAt && (write.firm || !firmOnly);
                if (must) return write.orderedAt;
            }
            return -1;
        }

        void anythingMayBeLost() {
            for (int i = 0; i < count; i++) {
                writes[i].firm = false;
                writes[i].doubtful |= writes[i].acknowledgedAt != Long.MAX_VALUE;
            }
        }

        List<Write> possible(long knownAt) {
            long replaced = newestOrder(knownAt, false);
            return Arrays.stream(writes, 0, count).filter(write -> !write.isReplacedByOneOrderedAt(replaced)).toList();
        }

        void prune(long knownAt) {
            if (count < 2) return;
            long replaced = newestOrder(knownAt, true);
            int kept = 0;
            for (int i = 0; i < count; i++) {
                if (!writes[i].isReplacedByOneOrderedAt(replaced)) writes[kept++] = writes[i];
            }
            Arrays.fill(writes, kept, count, null);
            count = kept;
        }

        @Override
        public String toString() {
            return Arrays.stream(writes, 0, count).toList().toString();
        }
    }

    /** The sectors of a page of 4 KiB. As long as each write went to all of them they are one. */
    private static final class Page {
        /** Null: {@link #each}. */
        private Sector all;
        /** Null: {@link #all}. Of it those are null that nobody has written to. */
        private Sector[] each = new Sector[SECTORS_PER_PAGE];
        private boolean isNew = true;

        /** Null: nobody has written to it. */
        Sector sector(int inPage) {
            return all != null ? all : each[inPage];
        }

        void add(Write write, int from, int to) {
            boolean whole = from == 0 && to == SECTORS_PER_PAGE;
            if (isNew && whole) join(new Sector());
            isNew = false;
            if (all != null && whole) {
                all.add(write);
                return;
            }
            if (all != null) split();
            for (int inPage = from; inPage < to; inPage++) {
                if (each[inPage] == null) each[inPage] = new Sector();
                each[inPage].add(write);
            }
        }

        private void join(Sector ofAll) {
            all = ofAll;
            each = null;
        }

        private void split() {
            each = new Sector[SECTORS_PER_PAGE];
            for (int inPage = 0; inPage < SECTORS_PER_PAGE; inPage++) each[inPage] = new Sector(all);
            all = null;
        }

        /** Answers whether some sector has more than one write still. */
        boolean prune(long knownAt) {
            if (all != null) {
                all.prune(knownAt);
                return all.count > 1;
            }
            boolean more = false;
            boolean alike = true;
            for (Sector sector : each) {
                if (sector != null) sector.prune(knownAt);
                more |= sector != null && sector.count > 1;
                alike &= sector != null && each[0] != null && sector.isLike(each[0]);
            }
            if (alike) join(each[0]);
            return more;
        }
    }

    /** What a sector holds before its first write. */
    private static final Write NOTHING = new Write(0, 0, 0, true, 0);

    private final SparseTable<Page> pages = new SparseTable<>();
    /** Pages of eight sectors, for each node: what its disk may hold there has changed since it was checked last. */
    private final List<ChangedPages> changedSinceChecked = List.of(new ChangedPages(), new ChangedPages());
    private final SimulatedDevice[] checkedDisks = new SimulatedDevice[2];
    /** Pages that have more than one write in some sector. */
    private ChangedPages prunable = new ChangedPages();
    /** Acknowledged, on no stable storage yet as far as anybody was told. */
    private final List<Write> unflushed = new ArrayList<>();
    private long tick;
    private long lastNumber;
    private long acknowledged;
    /** Two nodes acknowledge, each without the other: nobody can say what will be left. */
    private boolean split;
    private long splitAt;

    boolean isSplit() {
        return split;
    }

    /** The present moment; what happens from here on has a later one. */
    long now() {
        return ++tick;
    }

    Write begin(long firstSector, int count, boolean zeroes) {
        Write write = new Write(++lastNumber, firstSector, count, zeroes, now());
        long end = firstSector + count;
        for (long number = firstSector / SECTORS_PER_PAGE; number * SECTORS_PER_PAGE < end; number++) {
            Page page = pages.get(number);
            if (page == null) pages.put(number, page = new Page());
            page.add(write, (int) Math.max(0, firstSector - number * SECTORS_PER_PAGE), (int) Math.min(SECTORS_PER_PAGE, end - number * SECTORS_PER_PAGE));
        }
        changed(write);
        return write;
    }

    private void changed(Write write) {
        for (long page = write.firstSector / SECTORS_PER_PAGE; page * SECTORS_PER_PAGE < write.firstSector + write.sectors; page++) {
            changedSinceChecked.get(0).add(page);
            changedSinceChecked.get(1).add(page);
            prunable.add(page);
        }
    }

    /** Null: nobody has written to it. */
    private Sector sector(long number) {
        Page page = pages.get(number / SECTORS_PER_PAGE);
        return page == null ? null : page.sector((int) (number % SECTORS_PER_PAGE));
    }

    /** What nobody wrote is found in these sectors: what a device held before it became part of the volume. Answers how it is told. */
    long appears(long firstSector, int count) {
        Write found = begin(firstSector, count, false);
        ended(found);
        return found.number;
    }

    /** The write was answered with success. {@code forced}: with FUA. */
    void acknowledged(Write write, boolean forced) {
        write.acknowledgedAt = now();
        acknowledged++;
        changed(write);
        if (split) write.doubtful = true;
        else if (forced) write.firm = true;
        else unflushed.add(write);
    }

    /** The write was answered with an error, or nobody is left who could be answered. */
    void ended(Write write) {
        if (write.endedAt == Long.MAX_VALUE) write.endedAt = now();
    }

    /** A FLUSH that was asked for at this moment was answered: what had been answered by then is on stable storage. */
    void flushed(long orderedAt) {
        unflushed.removeIf(write -> {
            if (write.acknowledgedAt >= orderedAt) return false;
            write.firm = true;
            return true;
        });
    }

    /** Acknowledged before this moment, and firm at the next flush at the latest. */
    List<Write> unflushedBefore(long orderedAt) {
        return unflushed.stream().filter(write -> write.acknowledgedAt < orderedAt).toList();
    }

    /** Is that what the sector held before this write? No, where an overlapping one was under way at the same time and may have come after it. */
    boolean isOlder(long number, long content, Write write) {
        if (content == write.content()) return false;
        Sector sector = sector(number);
        for (int i = 0; i < sector.count; i++) {
            Write other = sector.writes[i];
            boolean over = other.number == 0 || other.acknowledgedAt < write.orderedAt || other.endedAt < write.orderedAt;
            if (other.content() == content && !over) return false;
        }
        return true;
    }

    /** More has failed than an acknowledgement without flush survives: each of those writes may be there or not. */
    public void unflushedMayBeLost() {
        unflushed.forEach(write -> write.doubtful = true);
        unflushed.clear();
    }

    /** The same for a write that was on its way to its answer. */
    void mayBeLostUnlessFirm(Write write) {
        if (write.firm) return;
        write.doubtful = true;
        unflushed.remove(write);
    }

    /** The last good copy failed: nothing that was acknowledged is promised any more, flushed or not. */
    void anythingMayBeLost() {
        unflushed.clear();
        forEachSector(Sector::anythingMayBeLost);
    }

    /** A disk that was made anew counts, whatever was copied to it: nothing that was acknowledged is promised, and no sector need ever have been written there. */
    void freshDiskCounts() {
        anythingMayBeLost();
        forEachSector(Sector::mayBeUnwritten);
    }

    /** One that is the same in a whole page is met for each of its sectors. */
    private void forEachSector(Consumer<Sector> action) {
        for (long number = pages.next(0); number >= 0; number = pages.next(number + 1)) {
            Page page = pages.get(number);
            for (int inPage = 0; inPage < SECTORS_PER_PAGE; inPage++) {
                if (page.sector(inPage) != null) action.accept(page.sector(inPage));
            }
        }
    }

    void splitBegins() {
        anythingMayBeLost();
        split = true;
        splitAt = tick;
    }

    /** It was under way as the two parted: both may have it, and the other one's host may have replaced it there since. */
    boolean isFromBeforeSplit(Write write) {
        return split && write.orderedAt <= splitAt;
    }

    void splitIsOver() {
        split = false;
    }

    /** In every sector that it went to is the write, or what may have replaced it there: one that was ordered after it, or was under way with it (seed 2949409). */
    boolean holds(SimulatedDevice device, Write write) {
        return holds(write, device::currentLong);
    }

    /** The same through a loss of power. */
    boolean holdsDurably(SimulatedDevice device, Write write) {
        return holds(write, device::durableLong);
    }

    private boolean holds(Write write, LongUnaryOperator contentAtByte) {
        for (long sector = write.firstSector; sector < write.firstSector + write.sectors; sector++) {
            long content = contentAtByte.applyAsLong(sector * 512);
            if (content <= write.number && isOlder(sector, content, write)) return false;
        }
        return true;
    }

    /** Forgets what can never be seen again. Only while no read is under way. */
    void prune() {
        ChangedPages left = new ChangedPages();
        for (int i = 0; i < prunable.count(); i++) {
            long number = prunable.number(i);
            if (pages.get(number).prune(tick)) left.add(number);
        }
        prunable = left;
    }

    /** Was nobody who writes this into the sector still at it then, or later? */
    boolean wasOver(long number, long content, long at) {
        Sector sector = sector(number);
        for (int i = 0; sector != null && i < sector.count; i++) {
            Write write = sector.writes[i];
            boolean over = write.number == 0 || write.acknowledgedAt < at || write.endedAt < at;
            if (write.content() == content && !over) return false;
        }
        return true;
    }

    /** Null when the sector may hold this now, else what it should hold. */
    String complaint(long sector, long content) {
        return complaint(sector, content, Long.MAX_VALUE - 1);
    }

    /** The same for a reader who asked at this moment: what was replaced later may still have been there. */
    String complaint(long number, long content, long askedAt) {
        Sector sector = sector(number);
        if (sector == null) return content == 0 ? null : "sector " + number + " was never written and holds write " + content;
        if (sector.mayHold(content, askedAt)) return null;
        return "sector " + number + " holds write " + content + " where one of " + sector.possible(askedAt) + " must be; all: " + sector;
    }

    public long acknowledgedWrites() {
        return acknowledged;
    }

    /** Where the node's disk has to be looked at because of what became of writes; all of it when it is another disk than the last time. */
    ChangedPages toCheck(SimulatedNode node, SimulatedDevice disk) {
        ChangedPages changed = changedSinceChecked.get(node.index());
        if (checkedDisks[node.index()] == disk) return changed;
        checkedDisks[node.index()] = disk;
        for (long number = pages.next(0); number >= 0; number = pages.next(number + 1)) changed.add(number);
        return changed;
    }

    /** The same as {@link #complaint(long, long)} of each sector of a page, as far as it is known what is in it. */
    String complaint(long number, long[] contents) {
        Page page = pages.get(number);
        if (page == null) return null;
        for (int inPage = 0; inPage < SECTORS_PER_PAGE; inPage++) {
            // What one sector may hold, those may too that were written together with it.
            boolean isLikeTheLast = page.all != null && inPage > 0 && contents[inPage] == contents[inPage - 1];
            boolean isUnknown = page.sector(inPage) == null;
            if (isLikeTheLast || isUnknown || page.sector(inPage).mayHold(contents[inPage], Long.MAX_VALUE - 1)) continue;
            return complaint(number * SECTORS_PER_PAGE + inPage, contents[inPage]);
        }
        return null;
    }
}
