package org.duett.replicator.resync;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/**
 * The target of one volume's resync: asks for the blocks that the bitmap names, writes what comes, and clears their bits when they
 * are written. What a host's write has brought meanwhile is not asked for again.
 */
public final class ResyncTarget {
    private static final int MAX_REQUEST_BYTES = 1 << 20;
    private static final int BIT_BYTES = 4096;
    /** Cleared bits reach the disk at least this often, so that an interrupted resync does not start over. */
    private static final long BITMAP_WRITE_NANOS = 5_000_000_000L;

    private final Volume volume;
    private final BufferSource buffers;
    private final ResyncSettings settings;
    private final int maxBuffersPages;
    private final IntegrityAlgorithm checksum;

    private int connection;
    private boolean running;
    private long cursorBit;
    private ResyncPace pace;
    private ResyncProgress progress;
    private final List<ResyncBlock> asked = new ArrayList<>();
    private ResyncBlock free;
    private ResyncBlock justFreed;
    private long inFlightBytes;
    private long failedBits;
    private long nowNanos;
    private long nextTurnNanos = Long.MAX_VALUE;
    private long nextBitmapWriteNanos;
    private boolean bitmapWriteRunning;
    private boolean paused;
    private long requestedBytes;
    private long bytesReceived;
    private long bytesWritten;
    private long bytesRead;

    public ResyncTarget(Volume volume, BufferSource buffers, ResyncSettings settings, int maxBuffersPages, IntegrityAlgorithm checksum) {
        this.volume = volume;
        this.buffers = buffers;
        this.settings = settings;
        this.maxBuffersPages = maxBuffersPages;
        this.checksum = checksum;
    }

    public void start(int newConnection, long newNowNanos, boolean startsPaused, ActionQueue out) {
        connection = newConnection;
        nowNanos = newNowNanos;
        running = true;
        paused = startsPaused;
        cursorBit = 0;
        inFlightBytes = 0;
        failedBits = 0;
        requestedBytes = 0;
        pace = new ResyncPace(settings, maxBuffersPages, newNowNanos);
        progress = new ResyncProgress(volume.bitmap().setBits(), newNowNanos);
        nextBitmapWriteNanos = newNowNanos + BITMAP_WRITE_NANOS;
        askMore(out);
    }

    /** The resync ends or is broken off; requests under way are forgotten, writes under way still answer. */
    public void stop() {
        running = false;
        nextTurnNanos = Long.MAX_VALUE;
        for (ResyncBlock block : asked) {
            if (!block.diskAtWork) giveUp(block);
        }
        asked.removeIf(block -> !block.diskAtWork);
    }

    /** Paused: no new requests, those under way complete (spec wire 5.7). */
    public void pause(boolean newPaused, ActionQueue out) {
        paused = newPaused;
        if (!paused && running) askMore(out);
    }

    public boolean isRunning() {
        return running;
    }

    public ResyncProgress progress() {
        return progress;
    }

    /** A write of the peer's host arrived: the resync makes room. */
    public void applicationWrote() {
        if (running) pace.applicationWrote(nowNanos);
    }

    public void timeIs(long newNowNanos, ActionQueue out) {
        nowNanos = newNowNanos;
        if (!running) return;
        progress.timeIs(newNowNanos, volume.bitmap().setBits());
        if (newNowNanos >= nextTurnNanos) askMore(out);
        if (newNowNanos >= nextBitmapWriteNanos && !bitmapWriteRunning) writeBitmap(out);
    }

    private void writeBitmap(ActionQueue out) {
        bitmapWriteRunning = true;
        volume.metadata().writeBitmap((durable, actions) -> bitmapWriteRunning = false, out);
        nextBitmapWriteNanos = nowNanos + BITMAP_WRITE_NANOS;
    }

    public long deadlineNanos() {
        return running ? Math.min(nextTurnNanos, nextBitmapWriteNanos) : Long.MAX_VALUE;
    }

    // ---- asking

    private void askMore(ActionQueue out) {
        if (paused) {
            nextTurnNanos = Long.MAX_VALUE;
            return;
        }
        pace.refill(nowNanos);
        while (askNext(out)) {
            // Until the pace or the bitmap says stop.
        }
        boolean more = volume.bitmap().nextSetBit(cursorBit) != DirtyBitmap.NONE;
        nextTurnNanos = more ? nowNanos + ResyncPace.TURN_NANOS : Long.MAX_VALUE;
    }

    private boolean askNext(ActionQueue out) {
        DirtyBitmap bitmap = volume.bitmap();
        long bit = bitmap.nextSetBit(cursorBit);
        if (bit == DirtyBitmap.NONE) return false;
        int bits = bitsFrom(bit);
        long firstSector = bit * DirtyBitmap.SECTORS_PER_BIT;
        int lengthBytes = (int) Math.min((long) bits * BIT_BYTES, (volume.sizeSectors() - firstSector) * BlockUser.SECTOR_BYTES);
        if (!pace.admits(lengthBytes, inFlightBytes, nowNanos)) return false;
        cursorBit = bit + bits;
        ResyncBlock block = takeSlot();
        block.firstSector = firstSector;
        block.lengthBytes = lengthBytes;
        asked.add(block);
        inFlightBytes += lengthBytes;
        pace.spent(lengthBytes);
        requestedBytes += lengthBytes;
        if (!volume.isPrimary() || volume.overlap().enter(block)) ask(block, out);
        else block.waits = true;
        return true;
    }

    private void ask(ResyncBlock block, ActionQueue out) {
        block.waits = false;
        if (checksum != null) readForChecksum(block, out);
        else request(block, null, out);
    }

    /**
     * A Primary's own writes keep away from blocks that were asked for: the reply may be older than such a write (spec wire 5.5, rule 3).
     * As Secondary the block is kept only while it is written: the source orders its host's writes and its replies on one socket, and
     * its read for us may wait for a write that waits for our ack.
     */
    public void roleChanged(ActionQueue out) {
        for (ResyncBlock block : List.copyOf(asked)) {
            if (isWritten(block)) continue;
            if (volume.isPrimary() && !block.present && !block.waits) block.waits = !volume.overlap().enter(block);
            else if (!volume.isPrimary() && block.present) volume.overlap().leave(block);
            else if (!volume.isPrimary() && block.waits) {
                volume.overlap().cancel(block);
                block.waits = false;
                if (!block.requested && !block.diskAtWork) ask(block, out);
            }
        }
    }

    /** Its reply has come. What is read here for its checksum is yet to be asked for, and its reply may be older than a write (seed 1922358). */
    private static boolean isWritten(ResyncBlock block) {
        return block.diskAtWork && block.requested;
    }

    private void giveUp(ResyncBlock block) {
        if (block.present) volume.overlap().leave(block);
        if (block.waits) volume.overlap().cancel(block);
        block.waits = false;
        recycle(block);
    }

    /** Neighbouring set bits, aligned as a kernel's requests are (spec wire 5.4): so they stay inside one resync extent of 16 MiB. */
    private int bitsFrom(long bit) {
        long limit = MAX_REQUEST_BYTES / BIT_BYTES;
        if (bit != 0) limit = Math.min(limit, Long.lowestOneBit(bit));
        long clear = volume.bitmap().nextClearBit(bit);
        return (int) Math.min(limit, clear - bit);
    }

    private ResyncBlock takeSlot() {
        ResyncBlock block = free;
        if (block != null) free = block.nextFree;
        else block = new ResyncBlock();
        block.nextFree = null;
        block.connection = connection;
        block.volume = volume.number;
        block.diskAtWork = false;
        block.atTarget = true;
        block.requested = false;
        block.writeFailedSince = false;
        block.waits = false;
        block.requestedAtNanos = nowNanos;
        return block;
    }

    private void request(ResyncBlock block, byte[] digest, ActionQueue out) {
        Packet.BlockRequest request = block.request;
        request.kind = digest == null ? Packet.BlockRequest.Kind.RESYNC_DATA : Packet.BlockRequest.Kind.RESYNC_CHECKSUM;
        request.volume = volume.number;
        request.firstSector = block.firstSector;
        request.blockId = Packet.SYNCER_BLOCK_ID;
        request.lengthBytes = block.lengthBytes;
        request.digest = digest;
        block.requested = true;
        send(block, request, out);
    }

    private void send(ResyncBlock block, Packet packet, ActionQueue out) {
        block.send.connection = connection;
        block.send.packet = packet;
        out.add(block.send);
    }

    // ---- checksum based: what is equal already need not travel

    private void readForChecksum(ResyncBlock block, ActionQueue out) {
        block.buffer = buffers.allocate(block.lengthBytes);
        DiskOperation read = block.read;
        read.kind = DiskOperation.Kind.READ;
        read.area = DiskOperation.Area.DATA;
        read.offsetBytes = block.firstSector * BlockUser.SECTOR_BYTES;
        read.lengthBytes = block.lengthBytes;
        read.buffer = block.buffer;
        read.bufferIndex = 0;
        block.diskAtWork = true;
        volume.order(read, out);
    }

    public void readDone(ResyncBlock block, ActionQueue out) {
        block.diskAtWork = false;
        if (block.read.errno == 0) bytesRead += block.lengthBytes;
        boolean current = running && block.connection == connection;
        if (current) {
            // What cannot be read is fetched whole, and so repaired.
            byte[] digest = block.read.errno == 0 ? checksum.digest(block.buffer, 0, block.lengthBytes) : null;
            request(block, digest, out);
        }
        out.add(new Action.ReleasePayload(block.buffer));
        block.buffer = null;
        if (!current) forget(block);
    }

    // ---- answers

    /** P_RS_DATA_REPLY. False: not asked for. Takes over the payload. */
    public boolean replied(Packet.Data reply, ActionQueue out) {
        ResyncBlock block = find(reply.firstSector, reply.lengthBytes);
        if (block == null) {
            out.add(new Action.ReleasePayload(reply.payload));
            // An answer to a request of a resync that was broken off meanwhile is no mistake of the peer's.
            return !running;
        }
        block.buffer = reply.payload;
        bytesReceived += reply.lengthBytes;
        write(block, out);
        return true;
    }

    /** P_RS_DEALLOCATED: the range is all zero. */
    public boolean deallocated(Packet.BlockDescription range, ActionQueue out) {
        ResyncBlock block = find(range.firstSector, range.lengthBytes);
        if (block == null) return !running;
        write(block, out);
        return true;
    }

    /** What came is written as soon as nothing overlaps. */
    private void write(ResyncBlock block, ActionQueue out) {
        block.diskAtWork = true;
        boolean kept = block.present || !block.waits && volume.overlap().enter(block);
        if (kept) startWrite(block, out);
        else block.waits = true;
    }

    private ResyncBlock find(long firstSector, int lengthBytes) {
        for (int i = 0; i < asked.size(); i++) {
            ResyncBlock block = asked.get(i);
            boolean open = block.requested && !block.diskAtWork && block.connection == connection;
            if (open && block.firstSector == firstSector && block.lengthBytes == lengthBytes) return block;
        }
        return null;
    }

    /** Nothing overlaps any more: what has come is written, what was not asked for yet is. */
    public void nothingOverlaps(ResyncBlock block, ActionQueue out) {
        block.waits = false;
        if (isWritten(block)) startWrite(block, out);
        else if (!block.requested && !block.diskAtWork) ask(block, out);
    }

    private void startWrite(ResyncBlock block, ActionQueue out) {
        if (!volume.diskUsable()) {
            block.write.errno = Errno.EIO;
            writeDone(block, out);
            return;
        }
        DiskOperation write = block.write;
        write.kind = block.buffer == null ? DiskOperation.Kind.DISCARD : DiskOperation.Kind.WRITE;
        write.area = DiskOperation.Area.DATA;
        write.offsetBytes = block.firstSector * BlockUser.SECTOR_BYTES;
        write.lengthBytes = block.lengthBytes;
        write.buffer = block.buffer;
        write.bufferIndex = 0;
        write.forceUnitAccess = false;
        volume.order(write, out);
    }

    public void writeDone(ResyncBlock block, ActionQueue out) {
        if (block.buffer != null) out.add(new Action.ReleasePayload(block.buffer));
        block.buffer = null;
        boolean current = running && block.connection == connection;
        boolean written = block.write.errno == 0;
        if (written) {
            bytesWritten += block.lengthBytes;
        } else {
            failedBits += block.bits();
            volume.diskFailed(DiskFailure.WRITE, block.write.errno, block.firstSector);
        }
        // Also when the connection is gone: the block is the source's of a moment when the bit was set on both sides, and stays set
        // on the other.
        if (written && current) volume.bitmap().setInSync(block.firstSector, block.lengthBytes);
        if (current) {
            BlockAck ack = block.ack;
            ack.kind = written ? BlockAck.Kind.RESYNC_WRITE_ACK : BlockAck.Kind.NEGATIVE_ACK;
            ack.volume = volume.number;
            ack.firstSector = block.firstSector;
            ack.blockId = Packet.SYNCER_BLOCK_ID;
            ack.lengthBytes = block.lengthBytes;
            ack.sequence = volume.nextSequence();
            send(block, ack, out);
            inFlightBytes -= block.lengthBytes;
        }
        forget(block);
        if (current) askMore(out);
    }

    /** Our disk has refused a write of the peer's: what it overwrites is not equal, whatever the source has found. */
    public void writeFailedHere(BlockUser write) {
        for (int i = 0; i < asked.size(); i++) asked.get(i).writeFailedSince |= asked.get(i).overlaps(write);
    }

    /** P_RS_IS_IN_SYNC: equal on both sides. */
    public boolean inSync(BlockAck ack, ActionQueue out) {
        ResyncBlock block = find(ack.firstSector, ack.lengthBytes);
        if (block == null) return !running;
        // The source has compared before that write; what it says of it comes over another socket than the write (seed 8714353).
        if (block.writeFailedSince) return cancelled(ack, out);
        volume.bitmap().setInSync(ack.firstSector, ack.lengthBytes);
        answeredWithoutData(block, out);
        return true;
    }

    /** P_NEG_RS_DREPLY: the source cannot read it. The bits stay. */
    public boolean refused(BlockAck ack, ActionQueue out) {
        ResyncBlock block = find(ack.firstSector, ack.lengthBytes);
        if (block == null) return !running;
        failedBits += block.bits();
        answeredWithoutData(block, out);
        return true;
    }

    /** P_RS_CANCEL: dropped, to be asked for again later. */
    public boolean cancelled(BlockAck ack, ActionQueue out) {
        ResyncBlock block = find(ack.firstSector, ack.lengthBytes);
        if (block == null) return !running;
        cursorBit = Math.min(cursorBit, block.firstSector / DirtyBitmap.SECTORS_PER_BIT);
        answeredWithoutData(block, out);
        return true;
    }

    private void answeredWithoutData(ResyncBlock block, ActionQueue out) {
        inFlightBytes -= block.lengthBytes;
        forget(block);
        askMore(out);
    }

    private void forget(ResyncBlock block) {
        asked.remove(block);
        giveUp(block);
    }

    private void recycle(ResyncBlock block) {
        assert !block.present;
        block.nextFree = justFreed;
        justFreed = block;
    }

    /** The actions of the last event are performed: slots that were given back in it may be used. */
    public void eventIsOver() {
        while (justFreed != null) {
            ResyncBlock block = justFreed;
            justFreed = block.nextFree;
            block.nextFree = free;
            free = block;
        }
    }

    // ---- the end

    /**
     * Nothing is left to do but what the source could not read. A bit that a host's write set behind the cursor, because it failed,
     * makes another round.
     */
    public boolean isThrough() {
        if (!running || !asked.isEmpty()) return false;
        return volume.bitmap().setBits() <= failedBits;
    }

    /** Bits are left behind the cursor, or were set before it when there were none: go round once more. */
    public void roundAgain(ActionQueue out) {
        if (!running || paused || !asked.isEmpty() || volume.bitmap().setBits() <= failedBits) return;
        boolean isBefore = volume.bitmap().nextSetBit(cursorBit) != DirtyBitmap.NONE;
        // They are asked for when the pace says so.
        if (isBefore && nextTurnNanos != Long.MAX_VALUE) return;
        if (!isBefore) {
            cursorBit = 0;
            failedBits = 0;
        }
        askMore(out);
    }

    public long failedBits() {
        return failedBits;
    }

    public long requestedBytes() {
        return requestedBytes;
    }

    /** When the oldest request without an answer went out; {@link Long#MAX_VALUE}: none is. */
    public long oldestUnansweredNanos() {
        for (int i = 0; i < asked.size(); i++) {
            if (asked.get(i).requested && !asked.get(i).diskAtWork) return asked.get(i).requestedAtNanos;
        }
        return Long.MAX_VALUE;
    }

    public int inWork() {
        return asked.size();
    }

    /** Of all resyncs since the resource was configured; digests and acks do not count. */
    public long kibReceived() {
        return bytesReceived >> 10;
    }

    public long kibWritten() {
        return bytesWritten >> 10;
    }

    public long kibRead() {
        return bytesRead >> 10;
    }
}
