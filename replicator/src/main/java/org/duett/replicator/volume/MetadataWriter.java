package org.duett.replicator.volume;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.BitmapPages;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Area;
import org.duett.replicator.machine.DiskOperation.Purpose;
import org.duett.replicator.metadata.ActivityLogRing;

/**
 * Everything that a volume writes to its metadata area, one job at a time and in the order of rule 12: data flushed, bitmap pages
 * written, metadata flushed, then the block that relies on them (an activity-log transaction or the superblock).
 */
public final class MetadataWriter {
    private static final int BLOCK_BYTES = 4096;
    private static final int PAGE_RUNS_AT_ONCE = 16;
    private static final int PAGES_IN_A_RUN = 16;

    /** Which bitmap pages a job takes along. */
    private enum Pages {
        NONE, ALL_DIRTY, EVICTED,
        /** None is written; those on the device may be in its cache only. */
        AS_READ
    }

    private enum Stage {
        FLUSH_DATA, PAGES, FLUSH_METADATA, BLOCK
    }

    private enum Block {
        NONE, LOG_TRANSACTION, SUPERBLOCK, EMPTY_RING
    }

    private static final class Job {
        final boolean flushData;
        final Pages pages;
        final Block block;
        final Then then;

        Job(boolean flushData, Pages pages, Block block, Then then) {
            this.flushData = flushData;
            this.pages = pages;
            this.block = block;
            this.then = then;
        }
    }

    /** One run of neighbouring bitmap pages on its way to disk. */
    private static final class PageRun {
        final DiskOperation operation;
        final int[] generations = new int[PAGES_IN_A_RUN];
        int firstPage;
        int pages;

        PageRun() {
            operation = new DiskOperation(Purpose.BITMAP, this);
        }
    }

    private final Volume volume;
    private final Deque<Job> jobs = new ArrayDeque<>();
    private final DiskOperation flush = new DiskOperation(Purpose.SUPERBLOCK, this);
    private final DiskOperation blockWrite = new DiskOperation(Purpose.SUPERBLOCK, this);
    private final PageRun[] runs = new PageRun[PAGE_RUNS_AT_ONCE];
    private ByteBuf blockBuffer;
    private ByteBuf pageBuffer;

    private Job job;
    private Stage stage;
    private int nextPage;
    private int runsInFlight;
    private int ringBlock;
    private int evictedIndex;
    private long logWrites;
    private long bitmapWrites;
    /** A generation was begun whose name is not on disk yet, and no flush of the data was ordered since. */
    private boolean generationAwaitsData;
    private boolean failed;
    private Then lossMark;
    /** It waits for a block that was on its way when the disk was given up. */
    private boolean lossMarkDue;

    MetadataWriter(Volume volume) {
        this.volume = volume;
        for (int i = 0; i < runs.length; i++) runs[i] = new PageRun();
    }

    /** A new attach: nothing is queued, buffers are there. */
    void open(BufferSource buffers) {
        assert jobs.isEmpty();
        assert job == null;
        failed = false;
        generationAwaitsData = false;
        if (blockBuffer == null) {
            blockBuffer = buffers.allocate(BLOCK_BYTES);
            pageBuffer = buffers.allocate(PAGE_RUNS_AT_ONCE * PAGES_IN_A_RUN * BLOCK_BYTES);
        }
    }

    /** Give the buffers back; nothing is outstanding. */
    void releaseBuffers() {
        if (blockBuffer == null) return;
        blockBuffer.release();
        pageBuffer.release();
        blockBuffer = null;
        pageBuffer = null;
    }

    /**
     * From the moment that the disk bears the name of a new generation it is the newest copy, also after a power loss: it has to hold by then what both
     * nodes have answered before (promise 1). The next superblock, whoever asks for it, waits for a flush of the data.
     */
    void generationBegins() {
        generationAwaitsData = true;
    }

    /** The superblock as it is when its turn comes. Two requests that follow one another become one write. */
    public void writeSuperblock(Then then, ActionQueue out) {
        if (refuse(then, out)) return;
        Job last = jobs.peekLast();
        if (last != null && last.block == Block.SUPERBLOCK && last.pages == Pages.NONE && then == null) return;
        add(new Job(false, Pages.NONE, Block.SUPERBLOCK, then), out);
    }

    /** Data flushed, all dirty bitmap pages written, metadata flushed (rule 12). */
    public void writeBitmap(Then then, ActionQueue out) {
        if (refuse(then, out)) return;
        add(new Job(true, Pages.ALL_DIRTY, Block.NONE, then), out);
    }

    /** Only the flush of the data. */
    public void flushData(Then then, ActionQueue out) {
        if (refuse(then, out)) return;
        add(new Job(true, Pages.NONE, Block.NONE, then), out);
    }

    /** What was read of the metadata may be in the device's cache only, of a process that ended before its flush. */
    public void flushMetadata(ActionQueue out) {
        if (failed) return;
        add(new Job(false, Pages.AS_READ, Block.NONE, null), out);
    }

    /** All blocks of the activity-log ring, as {@code apply-al} leaves them (spec metadata 6.1). */
    public void writeEmptyRing(Then then, ActionQueue out) {
        if (refuse(then, out)) return;
        add(new Job(false, Pages.NONE, Block.EMPTY_RING, then), out);
    }

    /** Puts the prepared changes of the activity log on disk, when there are any and none are on their way. */
    public void writeLogTransaction(ActionQueue out) {
        if (failed || !volume.log().wantsTransaction()) return;
        volume.log().beginTransaction();
        boolean evicts = false;
        boolean dirtyPages = false;
        for (int change = 0; change < volume.log().changes(); change++) {
            int extent = volume.log().evictedExtent(change);
            if (extent == ActivityLog.FREE) continue;
            evicts = true;
            int page = pageOfExtent(extent);
            if (page < volume.bitmap().pages() && volume.bitmap().dirtyPages().isDirty(page)) dirtyPages = true;
        }
        // An evicted extent is un-named: what was written in it must be on stable storage here first (rule 12).
        add(new Job(evicts, dirtyPages ? Pages.EVICTED : Pages.NONE, Block.LOG_TRANSACTION, null), out);
    }

    private boolean refuse(Then then, ActionQueue out) {
        if (!failed) return false;
        if (then != null) then.run(false, out);
        return true;
    }

    private void add(Job newJob, ActionQueue out) {
        jobs.add(newJob);
        if (job == null) startNext(out);
    }

    private void startNext(ActionQueue out) {
        job = jobs.poll();
        if (job == null) return;
        nextPage = 0;
        evictedIndex = 0;
        ringBlock = 0;
        boolean flushes = job.flushData && volume.settings.diskFlushes();
        if (flushes && job.pages != Pages.NONE) volume.bitmap().dataFlushBegins();
        enter(flushes ? Stage.FLUSH_DATA : Stage.PAGES, out);
    }

    private void enter(Stage newStage, ActionQueue out) {
        stage = newStage;
        switch (newStage) {
            case FLUSH_DATA -> {
                generationAwaitsData = false;
                startFlush(Area.DATA, out);
            }
            case PAGES -> {
                boolean writes = job.pages == Pages.ALL_DIRTY || job.pages == Pages.EVICTED;
                if (writes) startPages(out);
                if (job.pages == Pages.AS_READ && volume.settings.metadataFlushes()) enter(Stage.FLUSH_METADATA, out);
                else if (runsInFlight == 0) enter(Stage.BLOCK, out);
            }
            case FLUSH_METADATA -> startFlush(Area.METADATA, out);
            case BLOCK -> {
                if (job.block == Block.NONE) finish(out);
                else if (job.block == Block.SUPERBLOCK && generationAwaitsData && volume.settings.diskFlushes()) enter(Stage.FLUSH_DATA, out);
                else startBlock(out);
            }
        }
    }

    private void startFlush(Area area, ActionQueue out) {
        flush.kind = DiskOperation.Kind.FLUSH;
        flush.area = area;
        flush.lengthBytes = 0;
        order(flush, out);
    }

    private void order(DiskOperation operation, ActionQueue out) {
        volume.order(operation, out);
    }

    // ---- bitmap pages

    private void startPages(ActionQueue out) {
        for (int i = 0; i < runs.length; i++) {
            if (!runs[i].operation.inFlight && !startRun(runs[i], i, out)) return;
        }
    }

    private boolean startRun(PageRun run, int index, ActionQueue out) {
        BitmapPages dirty = volume.bitmap().dirtyPages();
        int page = nextPageToWrite(dirty);
        if (page == BitmapPages.NONE) return false;
        int base = index * PAGES_IN_A_RUN * BLOCK_BYTES;
        run.firstPage = page;
        run.pages = 0;
        do {
            run.generations[run.pages] = dirty.writeStarted(page);
            volume.bitmap().copyPageForDisk(page, pageBuffer, base + run.pages * BLOCK_BYTES);
            run.pages++;
            page++;
        } while (job.pages == Pages.ALL_DIRTY && run.pages < PAGES_IN_A_RUN && page < dirty.pages() && dirty.isDirty(page)
                && !dirty.isBeingWritten(page));
        if (job.pages == Pages.ALL_DIRTY) nextPage = page;
        DiskOperation operation = run.operation;
        operation.kind = DiskOperation.Kind.WRITE;
        operation.area = Area.METADATA;
        operation.offsetBytes = volume.layout().bitmapPageByte(run.firstPage);
        operation.lengthBytes = run.pages * BLOCK_BYTES;
        operation.buffer = pageBuffer;
        operation.bufferIndex = base;
        operation.forceUnitAccess = false;
        runsInFlight++;
        bitmapWrites++;
        order(operation, out);
        return true;
    }

    private int nextPageToWrite(BitmapPages dirty) {
        if (job.pages == Pages.ALL_DIRTY) return nextPage >= dirty.pages() ? BitmapPages.NONE : dirty.nextDirtyPage(nextPage);
        ActivityLog log = volume.log();
        while (evictedIndex < log.changes()) {
            int extent = log.evictedExtent(evictedIndex++);
            if (extent == ActivityLog.FREE) continue;
            int page = pageOfExtent(extent);
            if (page < dirty.pages() && dirty.isDirty(page) && !dirty.isBeingWritten(page)) return page;
        }
        return BitmapPages.NONE;
    }

    private static int pageOfExtent(int extent) {
        return DirtyBitmap.pageOfSector((long) extent * ActivityLog.EXTENT_SECTORS);
    }

    private void pageRunDone(PageRun run, ActionQueue out) {
        runsInFlight--;
        BitmapPages dirty = volume.bitmap().dirtyPages();
        for (int i = 0; i < run.pages; i++) {
            if (run.operation.errno == 0) dirty.markWritten(run.firstPage + i, run.generations[i]);
            else dirty.writeFailed(run.firstPage + i);
        }
        if (failed) return;
        if (run.operation.errno != 0) {
            fail(run.operation, out);
            return;
        }
        startPages(out);
        if (runsInFlight == 0) enter(volume.settings.metadataFlushes() ? Stage.FLUSH_METADATA : Stage.BLOCK, out);
    }

    // ---- the block at the end of a job

    private void startBlock(ActionQueue out) {
        blockBuffer.setZero(0, BLOCK_BYTES);
        blockWrite.offsetBytes = switch (job.block) {
            case LOG_TRANSACTION -> encodeTransaction();
            case EMPTY_RING -> {
                blockBuffer.setBytes(0, ActivityLogRing.initialisedBlock());
                yield volume.layout().activityLogByte() + (long) ringBlock * BLOCK_BYTES;
            }
            case SUPERBLOCK -> {
                volume.marks().encode(blockBuffer);
                yield volume.layout().superblockByte();
            }
            case NONE -> throw new AssertionError("no block to write");
        };
        blockWrite.kind = DiskOperation.Kind.WRITE;
        blockWrite.area = Area.METADATA;
        blockWrite.lengthBytes = BLOCK_BYTES;
        blockWrite.buffer = blockBuffer;
        blockWrite.bufferIndex = 0;
        blockWrite.forceUnitAccess = volume.settings.metadataFlushes();
        order(blockWrite, out);
    }

    private long encodeTransaction() {
        ActivityLog log = volume.log();
        logWrites++;
        long offset = volume.encodeLogTransaction(blockBuffer);
        assert log.changes() > 0;
        return offset;
    }

    private void blockDone(ActionQueue out) {
        switch (job.block) {
            case LOG_TRANSACTION -> {
                volume.log().transactionWritten();
                volume.logTransactionWritten();
                finish(out);
            }
            case EMPTY_RING -> {
                if (++ringBlock < volume.layout().ring().blocks()) startBlock(out);
                else {
                    volume.ringEmptied();
                    finish(out);
                }
            }
            case SUPERBLOCK -> {
                volume.marks().written();
                finish(out);
            }
            case NONE -> finish(out);
        }
    }

    private void finish(ActionQueue out) {
        Then then = job.then;
        boolean transaction = job.block == Block.LOG_TRANSACTION;
        if (job.pages != Pages.NONE) volume.bitmap().dataFlushIsUsed();
        job = null;
        if (then != null) then.run(true, out);
        // The continuation may have lost the disk, or added the next job and so started it.
        if (failed) return;
        if (transaction) writeLogTransaction(out);
        if (job == null) startNext(out);
    }

    // ---- answers

    /** The answer to one of this writer's operations. */
    public void diskDone(DiskOperation operation, ActionQueue out) {
        if (operation.owner instanceof PageRun run) {
            pageRunDone(run, out);
            return;
        }
        if (failed) {
            if (operation != blockWrite || lossMark == null) return;
            if (lossMarkDue) {
                startLossMark(out);
                return;
            }
            Then marked = lossMark;
            lossMark = null;
            marked.run(operation.errno == 0, out);
            return;
        }
        if (operation.errno != 0) {
            fail(operation, out);
            return;
        }
        switch (stage) {
            case FLUSH_DATA -> enter(Stage.PAGES, out);
            case FLUSH_METADATA -> enter(Stage.BLOCK, out);
            case BLOCK -> blockDone(out);
            case PAGES -> throw new AssertionError("page runs answer by themselves");
        }
    }

    private void fail(DiskOperation operation, ActionQueue out) {
        volume.diskFailed(operation.area == Area.METADATA ? DiskFailure.METADATA : DiskFailure.FLUSH, operation.errno,
                operation.offsetBytes / 512);
        abandon(out);
    }

    /** The disk is lost: nothing more is written in this attach; who waits is told so. */
    public void abandon(ActionQueue out) {
        if (failed) return;
        failed = true;
        Job current = job;
        job = null;
        if (current != null && current.pages != Pages.NONE) volume.bitmap().dataFlushIsUsed();
        if (current != null && current.then != null) current.then.run(false, out);
        for (Job waiting = jobs.poll(); waiting != null; waiting = jobs.poll()) {
            if (waiting.then != null) waiting.then.run(false, out);
        }
    }

    /**
     * One last try to say on this disk that it is not consistent, after everything else was given up (rule 14). Nothing waits for it but
     * {@code then}, which may never come.
     */
    public void writeLossMark(Then then, ActionQueue out) {
        assert failed;
        if (volume.layout() == null) return;
        lossMark = then;
        lossMarkDue = blockWrite.inFlight;
        if (!lossMarkDue) startLossMark(out);
    }

    /** The device is needed for one more write: what was on its way when the disk was given up has not come back. */
    public boolean lossMarkIsDue() {
        return lossMarkDue;
    }

    private void startLossMark(ActionQueue out) {
        lossMarkDue = false;
        volume.marks().markLoss();
        blockBuffer.setZero(0, BLOCK_BYTES);
        volume.marks().encode(blockBuffer);
        blockWrite.kind = DiskOperation.Kind.WRITE;
        blockWrite.area = Area.METADATA;
        blockWrite.offsetBytes = volume.layout().superblockByte();
        blockWrite.lengthBytes = BLOCK_BYTES;
        blockWrite.buffer = blockBuffer;
        blockWrite.bufferIndex = 0;
        blockWrite.forceUnitAccess = true;
        order(blockWrite, out);
    }

    public boolean isIdle() {
        return job == null && jobs.isEmpty();
    }

    public long logWrites() {
        return logWrites;
    }

    public long bitmapWrites() {
        return bitmapWrites;
    }
}
