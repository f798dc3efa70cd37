package org.duett.replicator.attach;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.SortedMap;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.metadata.ActivityLogReplay;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.SizeDecision;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.metadata.SuperblockCheck;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.volume.Volume;

/**
 * From the order to attach until the disk may be used (spec metadata 4.1, 7): superblock read and judged, activity log replayed into
 * the bitmap, what that changed made durable, disk state decided. Everything is read anew; nothing of an earlier attach is trusted
 * (rule 14). Until the superblock was judged good, not a byte is written.
 */
public final class AttachSequence {
    private static final int BLOCK_BYTES = 4096;
    private static final int CHUNK_BLOCKS = 256;

    private enum Stage {
        IDLE, OPENING, SUPERBLOCK, LOG, BITMAP, MARKING, WRITING
    }

    /** How it went, once. */
    public sealed interface Result {
        /** The disk may be used; {@code disk} is what it is without a word from the peer. */
        record Attached(DiskState disk, boolean peerWasOutdated) implements Result {
        }

        record Refused(OperatorReport report) implements Result {
        }
    }

    private final String resource;
    private final Volume volume;
    private final BufferSource buffers;
    private final SortedMap<Long, String> madeDisks;
    private final long bitmapStepWords;
    private final DiskOperation read;
    private Stage stage = Stage.IDLE;
    private ByteBuf buffer;
    private MetadataLayout layout;
    private Superblock superblock;
    private ActivityLogReplay replay;
    private DirtyBitmap bitmap;
    private int nextBlock;
    private long nextWord;
    private boolean markAll;
    private Result result;

    public AttachSequence(String resource, Volume volume, BufferSource buffers, SortedMap<Long, String> madeDisks, long bitmapStepWords) {
        this.resource = resource;
        this.madeDisks = madeDisks;
        this.bitmapStepWords = bitmapStepWords;
        this.volume = volume;
        this.buffers = buffers;
        read = new DiskOperation(DiskOperation.Purpose.ATTACH, this);
    }

    public boolean isRunning() {
        return stage != Stage.IDLE;
    }

    public void start(ActionQueue out) {
        assert stage == Stage.IDLE;
        stage = Stage.OPENING;
        result = null;
        markAll = false;
        out.add(new Action.OpenDisk(volume.number, volume.beginAttach()));
    }

    /** The end of the sequence, handed out once; null while it runs. */
    public Result pollResult() {
        Result ended = result;
        result = null;
        return ended;
    }

    // ---- the device

    public void openFailed(OperatorReport report) {
        stage = Stage.IDLE;
        result = new Result.Refused(report);
    }

    public void opened(Geometry geometry, ActionQueue out) {
        volume.diskOpened(geometry);
        buffer = buffers.allocate(CHUNK_BLOCKS * BLOCK_BYTES);
        MetadataKind kind = volume.settings.metadataKind();
        Optional<String> tooSmall = MetadataLayout.whyTooSmall(kind, metadataBytes(), ActivityLogRing.DEFAULT);
        if (tooSmall.isPresent()) {
            refuse(tooSmall.get(), "Check disk and meta-disk of the configuration.", out);
            return;
        }
        stage = Stage.SUPERBLOCK;
        readBlocks(MetadataLayout.superblockByte(kind, metadataBytes()), 1, out);
    }

    private long metadataBytes() {
        return volume.geometry().metadataBytes();
    }

    private void readBlocks(long offsetBytes, int blocks, ActionQueue out) {
        read.kind = DiskOperation.Kind.READ;
        read.area = DiskOperation.Area.METADATA;
        read.offsetBytes = offsetBytes;
        read.lengthBytes = blocks * BLOCK_BYTES;
        read.buffer = buffer;
        read.bufferIndex = 0;
        volume.order(read, out);
    }

    public void readDone(ActionQueue out) {
        if (stage == Stage.IDLE) return;
        if (read.errno != 0) {
            refuse("the metadata cannot be read at byte " + read.offsetBytes + " (errno " + read.errno + ")",
                    "Check the device; if it is broken, replace it and run create-md.", out);
            return;
        }
        switch (stage) {
            case SUPERBLOCK -> superblockRead(out);
            case LOG -> logRead(out);
            case BITMAP -> bitmapRead(out);
            case IDLE, OPENING, MARKING, WRITING -> throw new AssertionError("nothing is read while " + stage);
        }
    }

    // ---- superblock

    private void superblockRead(ActionQueue out) {
        switch (SuperblockCheck.check(volume.settings.metadataKind(), Superblock.decode(buffer, 0), metadataBytes())) {
            case SuperblockCheck.Refused(String reason) -> refuse("the metadata cannot be used: " + reason,
                    "If the device has another size than it had, give it that size back. Only if it is the right one and new, run: duett create-md " + name(), out);
            case SuperblockCheck.Clean(Superblock good, MetadataLayout itsLayout) -> adopt(good, itsLayout, out);
            case SuperblockCheck.Unclean(Superblock good, MetadataLayout itsLayout) -> adopt(good, itsLayout, out);
        }
    }

    private void adopt(Superblock good, MetadataLayout itsLayout, ActionQueue out) {
        superblock = good;
        layout = itsLayout;
        String owner = madeDisks.get(good.deviceUuid());
        if (owner != null && !owner.equals(name())) {
            refuse("this disk was made for " + owner + " (device identifier " + Long.toHexString(good.deviceUuid()) + ")",
                    "Check the disk path in the configuration. If its data is to be given up: duett create-md --force " + name(), out);
            return;
        }
        long mine = layout.usableSectors(volume.geometry().dataBytes() / 512);
        long configured = volume.settings.sizeLimitSectors();
        SizeDecision size = SizeDecision.decide(new SizeDecision.Sizes(mine, 0, good.lastAgreedSectors(), configured));
        if (size instanceof SizeDecision.ConfiguredTooLarge && configured > mine) {
            refuse("the configured size of " + configured + " sectors is more than the " + mine + " that the device has room for",
                    "Lower size in the configuration.", out);
            return;
        }
        if (SizeDecision.shrinksUnasked(good, size.sectors(), configured)) {
            refuse("the device has room for " + size.sectors() + " sectors only; it was used with " + good.lastAgreedSectors()
                    + ", so data at its end is missing", "Restore the device's size, or set size to the smaller one on purpose.", out);
            return;
        }
        // The volume may have grown since this disk last said so: its host goes on writing in the new part meanwhile.
        long served = volume.isPrimary() ? volume.sizeSectors() : 0;
        if (served > mine) {
            refuse("the device has room for " + mine + " sectors only; the host is served " + served, "Attach a device that is at least as large.", out);
            return;
        }
        long sectors = Math.max(size.sectors(), served);
        volume.adopt(layout, superblock);
        volume.marks().markInUse();
        bitmap = new DirtyBitmap(sectors);
        volume.adopt(bitmap, new ActivityLog(layout.ring().clampExtents(volume.settings.activityLogExtents())), sectors);
        replay = new ActivityLogReplay(superblock, layout);
        nextBlock = 0;
        stage = Stage.LOG;
        readLog(out);
    }

    // ---- activity log

    private void readLog(ActionQueue out) {
        readBlocks(layout.activityLogByte() + (long) nextBlock * BLOCK_BYTES, Math.min(CHUNK_BLOCKS, replay.blocks() - nextBlock), out);
    }

    private void logRead(ActionQueue out) {
        for (int block = 0; block < read.lengthBytes / BLOCK_BYTES; block++) replay.feed(nextBlock + block, buffer, block * BLOCK_BYTES);
        nextBlock += read.lengthBytes / BLOCK_BYTES;
        if (nextBlock < replay.blocks()) {
            readLog(out);
            return;
        }
        boolean crashed = superblock.has(Superblock.CRASHED_PRIMARY) || superblock.has(Superblock.PRIMARY_INDICATED);
        volume.setCrashedPrimary(crashed);
        boolean firstAttach = superblock.lastAgreedSectors() == 0;
        markAll = firstAttach || superblock.has(Superblock.FULL_SYNC) || crashed && superblock.has(Superblock.ACTIVITY_LOG_DISABLED);
        if (markAll) volume.setFullSyncNeeded(true);
        nextBlock = 0;
        stage = Stage.BITMAP;
        if (markAll) markExtents(out);
        else readBitmap(out);
    }

    // ---- bitmap

    private void readBitmap(ActionQueue out) {
        readBlocks(layout.bitmapPageByte(nextBlock), Math.min(CHUNK_BLOCKS, bitmap.pages() - nextBlock), out);
    }

    private void bitmapRead(ActionQueue out) {
        for (int page = 0; page < read.lengthBytes / BLOCK_BYTES; page++) bitmap.loadPage(nextBlock + page, buffer, page * BLOCK_BYTES);
        nextBlock += read.lengthBytes / BLOCK_BYTES;
        if (nextBlock < bitmap.pages()) readBitmap(out);
        else markExtents(out);
    }

    private void markExtents(ActionQueue out) {
        switch (replay.outcome()) {
            case ActivityLogReplay.Outcome.NothingToMark() -> {
            }
            case ActivityLogReplay.Outcome.MarkExtents(int[] extents) -> {
                for (int extent : extents) markExtent(extent);
            }
            case ActivityLogReplay.Outcome.Unusable(String reason) -> {
                out.add(new Action.Report(new OperatorReport(OperatorReport.Level.WARNING,
                        name() + " was in use when it stopped, and its activity log is damaged: " + reason + ".",
                        "Nobody knows which blocks may differ, so all of them count as out of sync.",
                        "Connect the peer; the whole device will be resynced. Check the device for errors.")));
                markAll = true;
            }
        }
        // Whatever stands in the bitmap behind the recorded size, nobody has kept it up.
        long recorded = superblock.lastAgreedSectors();
        if (!markAll && recorded < bitmap.deviceSectors()) bitmap.setRange(recorded / DirtyBitmap.SECTORS_PER_BIT, bitmap.bits());
        stage = Stage.MARKING;
        nextWord = 0;
        markAllStep(out);
    }

    private void markExtent(int extent) {
        long first = (long) extent * ActivityLog.EXTENT_SECTORS;
        long sectors = Math.min(ActivityLog.EXTENT_SECTORS, bitmap.deviceSectors() - first);
        if (first >= 0 && sectors > 0) bitmap.setOutOfSync(first, sectors * 512);
    }

    public boolean wantsStep() {
        return stage == Stage.MARKING;
    }

    /** Some milliseconds of marking at most (rule 19). */
    public void markAllStep(ActionQueue out) {
        if (markAll) nextWord = bitmap.setAllStep(nextWord, bitmapStepWords);
        if (!markAll || nextWord == bitmap.words()) writeWhatChanged(out);
    }

    // ---- making it durable

    private void writeWhatChanged(ActionQueue out) {
        stage = Stage.WRITING;
        releaseBuffer(out);
        // The bitmap has what the log named before the log forgets it (rule 12); bits that were read need not be durable.
        volume.metadata().flushMetadata(out);
        if (bitmap.dirtyPages().anyNeedsWrite()) volume.metadata().writeBitmap(null, out);
        if (replay.ringMustBeRewritten()) volume.metadata().writeEmptyRing(null, out);
        volume.metadata().flushData((durable, actions) -> written(durable, actions), out);
    }

    private void written(boolean durable, ActionQueue out) {
        if (stage == Stage.IDLE) return;
        if (!durable) {
            refuse("the metadata cannot be written", "Check the device.", out);
            return;
        }
        stage = Stage.IDLE;
        volume.setFullSyncNeeded(false);
        volume.sizeIsInBitmap();
        result = new Result.Attached(initialDiskState(), superblock.knowsPeerOutdated());
    }

    /** The table of spec metadata 4.1, step 6. */
    private DiskState initialDiskState() {
        if (!superblock.has(Superblock.CONSISTENT)) return DiskState.INCONSISTENT;
        if (!superblock.has(Superblock.WAS_UP_TO_DATE)) return DiskState.OUTDATED;
        boolean nobodyElse = superblock.knowsPeerOutdated() || volume.settings.fencing() == Fencing.DONT_CARE;
        return nobodyElse ? DiskState.UP_TO_DATE : DiskState.CONSISTENT;
    }

    /** The disk failed or is given up meanwhile. */
    public void abort(ActionQueue out) {
        if (stage == Stage.IDLE) return;
        refuse("the device failed while it was being attached (errno " + volume.failureErrno() + ")", "Check the device.", out);
    }

    private void refuse(String what, String whatToDo, ActionQueue out) {
        boolean untouched = stage != Stage.WRITING;
        stage = Stage.IDLE;
        releaseBuffer(out);
        result = new Result.Refused(new OperatorReport(OperatorReport.Level.ERROR, name() + ": cannot attach: " + what + ".",
                untouched ? "Nothing was written to the device." : "No data block was changed.", whatToDo));
    }

    private void releaseBuffer(ActionQueue out) {
        if (buffer != null) out.add(new Action.ReleasePayload(buffer));
        buffer = null;
    }

    private String name() {
        return resource + "/" + volume.number;
    }
}
