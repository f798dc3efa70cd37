package org.duett.replicator.simulator;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;

/**
 * One block device with a volatile cache of its own. It outlives attaches and crashes; {@link SimulatedDisk} is one attach of it.
 * It takes every liberty that a real device has: answers out of order, keeps unflushed sectors or loses them one by one.
 */
public final class SimulatedDevice {
    public static final int SECTOR_BYTES = 512;

    /** How long operations take: uniformly between the two, flushes in the same way. */
    public record Speed(long shortestNanos, long longestNanos, long shortestFlushNanos, long longestFlushNanos) {
        public static final Speed USUAL = new Speed(20_000, 200_000, 50_000, 2_000_000);
        /** Answers before the cable has carried anything. */
        static final Speed FAST = new Speed(1_000, 10_000, 1_000, 30_000);
        /** Much is on the cable, and arrives, while one operation is under way. */
        static final Speed SLOW = new Speed(500_000, 6_000_000, 4_000_000, 30_000_000);
    }

    private final String name;
    private final SimulatedTime time;
    private final SplittableRandom random;
    private Speed usual = Speed.USUAL;
    private Speed speed = usual;
    private long inTroubleNanos = Long.MIN_VALUE / 2;
    /** When it had a fault last, or sectors that it could not read. */
    private long faultyNanos = Long.MIN_VALUE / 2;
    private long sizeBytes;

    private WriteCache cache = new WriteCache();
    private final TreeSet<Long> unreadableSectors = new TreeSet<>();
    private final List<Fault> faults = new ArrayList<>();
    private final EnumSet<Kind> hanging = EnumSet.noneOf(Kind.class);
    private final List<Request> underWay = new ArrayList<>();
    private final List<Request> hung = new ArrayList<>();
    private boolean full;
    private long misdirectedByBytes;
    private boolean keepsItsCache;
    private SimulatedDisk holder;
    private Watch watch = (offset, length, contents) -> null;

    /** Who looks at the moment in which a reader, or a power loss, can see what was written. */
    interface Watch {
        /** Told before it can be seen; what is returned is called right after it. Null: nothing is. */
        Runnable written(long offset, int length, Contents contents);
    }

    /** An operation on its way through the device. */
    private static final class Request {
        final Kind kind;
        final long offset;
        final int length;
        final boolean durable;
        final Answer answer;
        final WriteCache.Write write;
        /** A flush covers what was answered before this. */
        final long orderedAt;
        /** What a READ saw when it reached the medium. */
        SectorStore.Page[] seen;
        boolean applied;
        SimulatedTime.Due due;

        Request(Kind kind, long offset, int length, Contents contents, boolean durable, long orderedAt, Answer answer) {
            this.kind = kind;
            this.offset = offset;
            this.length = length;
            this.durable = durable;
            this.orderedAt = orderedAt;
            this.answer = answer;
            this.write = changes() ? new WriteCache.Write(offset, length, contents) : null;
        }

        boolean changes() {
            return kind != Kind.READ && kind != Kind.FLUSH;
        }

        boolean touches(Fault fault) {
            return fault.kinds.contains(kind) && (kind == Kind.FLUSH
                    || offset < fault.offset + fault.length && fault.offset < offset + length);
        }
    }

    private static final class Fault {
        final EnumSet<Kind> kinds;
        final long offset;
        final long length;
        final int errno;
        int times;

        Fault(EnumSet<Kind> kinds, long offset, long length, int errno, int times) {
            this.kinds = kinds;
            this.offset = offset;
            this.length = length;
            this.errno = errno;
            this.times = times;
        }
    }

    /** Receives 0 or an errno. */
    interface Answer {
        void done(int errno);
    }

    /** What a read saw, from when it reached the medium on; later writes do not change it. */
    final class Reading {
        private final Request request;

        private Reading(long offset, int length, Answer answer) {
            request = new Request(Kind.READ, offset, length, null, false, 0, answer);
        }

        void copyTo(ByteBuf target, int index) {
            if (SimulatedBuffers.isAllOf(target, index, request.length)) {
                int firstSector = (int) (request.offset % SectorStore.PAGE_BYTES) / SECTOR_BYTES;
                SectorStore.Page first = request.seen[0];
                if (isOneWrite(request.seen)) {
                    ((BlockBuffer) target).describe(first.contents(), first.sector() + firstSector);
                    return;
                }
                long[] words = words(request.seen, firstSector, request.length / SECTOR_BYTES);
                if (words != null) {
                    ((BlockBuffer) target).describe(Contents.repeating(words), 0);
                    return;
                }
            }
            if (target instanceof BlockBuffer block) {
                copyTo(block.change(index, request.length), index);
                return;
            }
            byte[] bytes = new byte[request.length];
            copyTo(bytes, 0);
            target.setBytes(index, bytes);
        }

        /** Do the pages hold one after the other what one write has brought? */
        private static boolean isOneWrite(SectorStore.Page[] pages) {
            SectorStore.Page first = pages[0];
            for (int i = 1; i < pages.length; i++) {
                boolean follows = pages[i].contents() == first.contents() && pages[i].sector() == first.sector() + i * SectorStore.SECTORS_PER_PAGE;
                if (!follows) return false;
            }
            return true;
        }

        /** What each sector repeats; null when some repeat nothing. */
        private static long[] words(SectorStore.Page[] pages, int firstSector, int sectors) {
            for (SectorStore.Page page : pages) {
                if (!page.contents().isRepeating()) return null;
            }
            long[] words = new long[sectors];
            for (int i = 0; i < sectors; i++) words[i] = pages[(firstSector + i) / SectorStore.SECTORS_PER_PAGE].word((firstSector + i) % SectorStore.SECTORS_PER_PAGE);
            return words;
        }

        private void copyTo(byte[] target, int index) {
            int done = 0;
            for (SectorStore.Page page : request.seen) {
                int inPage = (int) ((request.offset + done) % SectorStore.PAGE_BYTES);
                int part = Math.min(SectorStore.PAGE_BYTES - inPage, request.length - done);
                page.copyTo(inPage, target, index + done, part);
                done += part;
            }
        }
    }

    public SimulatedDevice(String name, long sizeBytes, SimulatedTime time, long seed) {
        assert sizeBytes > 0;
        assert sizeBytes % SECTOR_BYTES == 0;
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.time = time;
        this.random = new SplittableRandom(seed);
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** A device that became larger; an attach that is under way does not notice. */
    public void grow(long newSizeBytes) {
        assert newSizeBytes >= sizeBytes;
        sizeBytes = newSizeBytes;
    }

    public void speed(Speed newSpeed) {
        noteTrouble();
        speed = newSpeed;
    }

    /** As long as nothing is wrong with it. */
    void usually(Speed newUsual) {
        usual = newUsual;
        speed = usual;
    }

    void atUsualSpeed() {
        speed(usual);
    }

    /** When it was slow, or hung, last; {@link Long#MIN_VALUE}{@code / 2}: never. */
    long inTroubleNanos() {
        noteTrouble();
        return inTroubleNanos;
    }

    /** It was neither slow nor hung since then, nor was there any fault in wait. */
    boolean isWellSince(long nanos) {
        noteFaults();
        return inTroubleNanos() < nanos && faultyNanos < nanos;
    }

    private void noteFaults() {
        if (full || !faults.isEmpty() || !unreadableSectors.isEmpty()) faultyNanos = time.nowNanos();
    }

    private void noteTrouble() {
        if (speed != usual || !hanging.isEmpty()) inTroubleNanos = time.nowNanos();
    }

    void watch(Watch newWatch) {
        watch = newWatch;
    }

    /** Its cache has a battery: a power loss takes nothing that it has taken (disk-flushes no, md-flushes no). */
    void keepsItsCache() {
        keepsItsCache = true;
    }

    // ---- what goes wrong

    /** Operations of these kinds that touch the range (flushes: all) fail, the next {@code times} times. */
    public void fail(EnumSet<Kind> kinds, long offset, long length, int errno, int times) {
        assert errno > 0;
        faults.add(new Fault(kinds.clone(), offset, length, errno, times));
    }

    public void fail(EnumSet<Kind> kinds, int errno) {
        fail(kinds, 0, Long.MAX_VALUE / 2, errno, Integer.MAX_VALUE);
    }

    /** Operations of these kinds get stuck, also those under way, until {@link #resume}. */
    public void hang(EnumSet<Kind> kinds) {
        hanging.addAll(kinds);
    }

    /** What was stuck goes on, and answers late. */
    public void resume() {
        noteTrouble();
        hanging.clear();
        List<Request> late = List.copyOf(hung);
        hung.clear();
        late.forEach(this::schedule);
    }

    /** Writes that need new space fail with ENOSPC. */
    public void full(boolean newFull) {
        full = newFull;
    }

    /** Reading the sectors fails until they are written again. */
    public void unreadable(long offset, int length) {
        for (long sector = offset / SECTOR_BYTES; sector < (offset + length) / SECTOR_BYTES; sector++) {
            unreadableSectors.add(sector);
        }
    }

    /** They can be read again, as if it had been a passing trouble. */
    void readableAgain() {
        noteFaults();
        unreadableSectors.clear();
    }

    boolean hasUnreadableSectors() {
        return !unreadableSectors.isEmpty();
    }

    /** A bit on the medium turns over, and nobody is told. */
    public void rot(long offset, int bit) {
        cache.rot(offset, bit);
    }

    /** The next write lands elsewhere and is answered as if it had not. */
    public void misdirectNextWrite(long byBytes) {
        assert byBytes % SECTOR_BYTES == 0;
        misdirectedByBytes = byBytes;
    }

    /** No more faults from now on; what is stored, and what is unreadable, stays as it is. */
    public void heal() {
        noteFaults();
        faults.clear();
        full = false;
        misdirectedByBytes = 0;
        resume();
    }

    /** The machine lost power: nothing is answered any more, and of what was not flushed anything may be left, sector by sector. */
    public void crash() {
        dropRequests();
        cache.loseUnflushed(random);
    }

    /** A power loss would take nothing of what was answered. */
    boolean isFlushed() {
        return cache.isFlushed();
    }

    /** What a power loss at this moment could leave. This device goes on. */
    SimulatedDevice afterPowerLoss(SplittableRandom chance) {
        SimulatedDevice left = new SimulatedDevice(name, sizeBytes, time, chance.nextLong());
        left.cache = WriteCache.toLosePower(cache);
        left.keepsItsCache = keepsItsCache;
        for (List<Request> requests : List.of(underWay, hung)) {
            for (Request request : requests) {
                if (request.changes() && !request.applied) left.applyInPart(request.write);
            }
        }
        left.cache.loseUnflushed(chance);
        return left;
    }

    /** The process died, the machine did not: nothing is answered any more, what was answered is all there. */
    public void processCrash() {
        dropRequests();
    }

    private void dropRequests() {
        List<Request> dropped = new ArrayList<>(underWay);
        dropped.addAll(hung);
        underWay.clear();
        hung.clear();
        holder = null;
        for (Request request : dropped) {
            if (request.due != null) request.due.cancel();
            if (request.changes() && !request.applied) applyInPart(request.write);
            // Whatever of it is in the cache, the machine's next flush takes along.
            if (request.changes()) cache.answered(request.write);
        }
    }

    /** A write that nobody waited for: not done, done, or any part of its sectors. */
    private void applyInPart(WriteCache.Write write) {
        switch (random.nextInt(3)) {
            case 0 -> {
            }
            case 1 -> cache.apply(write);
            default -> cache.apply(write, sector -> random.nextBoolean());
        }
        if (keepsItsCache) cache.makeDurable(write);
    }

    // ---- what is stored

    /** As a reader sees it now. */
    public byte[] current(long offset, int length) {
        byte[] bytes = new byte[length];
        readCurrent(offset, bytes);
        return bytes;
    }

    /** The same, into all of the target. */
    void readCurrent(long offset, byte[] target) {
        cache.readCurrent(offset, target);
    }

    /** The first eight bytes of what a reader sees there now. */
    long currentLong(long offset) {
        return cache.currentLong(offset);
    }

    /** The same of each sector of a page of 4 KiB. */
    void currentLongs(long page, long[] target) {
        cache.currentLongs(page, target);
    }

    /** The same of what is certainly there after a power loss. */
    long durableLong(long offset) {
        return cache.durableLong(offset);
    }

    /** As it would certainly be after a power loss now; unflushed sectors may be newer. */
    public byte[] durable(long offset, int length) {
        byte[] bytes = new byte[length];
        cache.readDurable(offset, bytes);
        return bytes;
    }

    /** The 4 KiB that begin there, as {@link #current} or {@link #durable} has them; not to be changed. For those who look often: mostly it is no copy. */
    byte[] look(long offset, boolean durably) {
        assert offset % SectorStore.PAGE_BYTES == 0;
        return cache.look(offset / SectorStore.PAGE_BYTES, durably);
    }

    /** Writes past cache, faults and time: to prepare a device. */
    public void store(long offset, byte[] bytes) {
        cache.store(offset, bytes);
    }

    /** The first byte below {@code endBytes} in which the current contents differ, or -1. */
    public long firstDifference(SimulatedDevice other, long endBytes) {
        return cache.firstDifference(other.cache, endBytes);
    }

    List<Long> differingPages(SimulatedDevice other, long endBytes) {
        return cache.differingPages(other.cache, endBytes);
    }

    /** The 4 KiB page {@code number}, as far as it lies below {@code endBytes}, as a power loss would leave it at the least and as a reader sees it in the other device: are they equal? */
    boolean isEqualWithoutUnflushed(SimulatedDevice other, boolean otherWithoutUnflushed, long number, long endBytes) {
        return cache.isEqualWithoutUnflushed(other.cache, otherWithoutUnflushed, number, endBytes);
    }

    /** Adds those from {@code from} up to {@code to} that are not flushed here or there, or differ now: the others are equal whatever a power loss takes. */
    void addDoubtfulPages(SimulatedDevice other, long from, long to, BitSet pages) {
        cache.addDoubtfulPages(other.cache, from, to, pages);
    }

    /** For the one checker that holds the device against its history. */
    ChangedPages changedSinceChecked() {
        return cache.changedSinceChecked();
    }

    /** The contents, durable and cached, to come back to. */
    public Snapshot snapshot() {
        return new Snapshot(sizeBytes, new WriteCache(cache));
    }

    public void restore(Snapshot snapshot) {
        assert underWay.isEmpty() && hung.isEmpty() : "operations are under way";
        sizeBytes = snapshot.sizeBytes;
        WriteCache former = cache;
        cache = new WriteCache(snapshot.cache);
        cache.replaces(former);
    }

    /** What a device held at some moment. */
    public static final class Snapshot {
        private final long sizeBytes;
        private final WriteCache cache;

        private Snapshot(long sizeBytes, WriteCache cache) {
            this.sizeBytes = sizeBytes;
            this.cache = cache;
        }
    }

    // ---- operations, from SimulatedDisk

    boolean isFree() {
        return holder == null;
    }

    void lock(SimulatedDisk newHolder) {
        assert holder == null || holder == newHolder : name + " is in use";
        holder = newHolder;
    }

    void unlock(SimulatedDisk formerHolder) {
        if (holder == formerHolder) holder = null;
    }

    Reading read(long offset, int length, Answer answer) {
        Reading reading = new Reading(offset, length, answer);
        schedule(reading.request);
        return reading;
    }

    void write(long offset, int length, Contents contents, boolean durable, Answer answer) {
        schedule(new Request(Kind.WRITE, offset, length, contents, durable, 0, answer));
    }

    void zero(Kind kind, long offset, int length, boolean durable, Answer answer) {
        schedule(new Request(kind, offset, length, Contents.ZEROES, durable, 0, answer));
    }

    void flush(Answer answer) {
        schedule(new Request(Kind.FLUSH, 0, 0, null, false, cache.answeredSoFar(), answer));
    }

    private void schedule(Request request) {
        underWay.add(request);
        boolean flushes = request.kind == Kind.FLUSH || request.durable;
        long delay = flushes
                ? random.nextLong(speed.shortestFlushNanos, speed.longestFlushNanos + 1)
                : random.nextLong(speed.shortestNanos, speed.longestNanos + 1);
        // Reaching the medium and telling so are two moments, and others happen in between.
        long reaches = random.nextLong(1, delay + 1);
        request.due = time.after(reaches, () -> apply(request, delay - reaches + 1));
    }

    private void apply(Request request, long answersAfterNanos) {
        if (hanging.contains(request.kind)) {
            underWay.remove(request);
            hung.add(request);
            return;
        }
        int errno = fault(request);
        if (errno == 0) {
            perform(request);
        } else if (request.changes()) {
            applyInPart(request.write);
        }
        request.applied = true;
        request.due = time.after(answersAfterNanos, () -> answer(request, errno));
    }

    private int fault(Request request) {
        for (Fault fault : faults) {
            if (fault.times > 0 && request.touches(fault)) {
                fault.times--;
                return fault.errno;
            }
        }
        if (request.kind == Kind.READ && isUnreadable(request.offset, request.length)) return Errno.EIO;
        boolean needsSpace = full && (request.kind == Kind.WRITE || request.kind == Kind.WRITE_ZEROES)
                && !cache.isAllocated(request.offset, request.length);
        return needsSpace ? Errno.ENOSPC : 0;
    }

    private boolean isUnreadable(long offset, int length) {
        if (unreadableSectors.isEmpty()) return false;
        Long sector = unreadableSectors.ceiling(offset / SECTOR_BYTES);
        return sector != null && sector < (offset + length) / SECTOR_BYTES;
    }

    private void perform(Request request) {
        switch (request.kind) {
            case READ -> request.seen = cache.currentPages(request.offset, request.length);
            case WRITE, DISCARD, WRITE_ZEROES -> {
                if (misdirectedByBytes != 0) {
                    var elsewhere = new WriteCache.Write(request.offset + misdirectedByBytes, request.length, request.write.contents);
                    cache.apply(elsewhere);
                    if (keepsItsCache) cache.makeDurable(elsewhere);
                    misdirectedByBytes = 0;
                    return;
                }
                Runnable look = request.kind == Kind.WRITE ? watch.written(request.offset, request.length, request.write.contents) : null;
                cache.apply(request.write);
                if (keepsItsCache) cache.makeDurable(request.write);
                if (look != null) look.run();
                long end = (request.offset + request.length) / SECTOR_BYTES;
                if (!unreadableSectors.isEmpty()) {
                    noteFaults();
                    unreadableSectors.subSet(request.offset / SECTOR_BYTES, end).clear();
                }
            }
            case FLUSH -> {
            }
        }
    }

    private void answer(Request request, int errno) {
        underWay.remove(request);
        if (errno == 0 && request.kind == Kind.FLUSH) cache.flushed(request.orderedAt);
        if (request.changes()) {
            // Also what a failed write has left in the cache: the next flush that succeeds takes it along.
            cache.answered(request.write);
            if (errno == 0 && request.durable) cache.makeDurable(request.write);
        }
        request.answer.done(errno);
    }

    @Override
    public String toString() {
        return name;
    }
}
