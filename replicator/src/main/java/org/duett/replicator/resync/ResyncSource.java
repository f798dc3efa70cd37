package org.duett.replicator.resync;

import java.util.Arrays;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;

/**
 * The source of one volume's resync: answers the target's requests. Between the read of a block and the moment its reply is on the data
 * socket no overlapping host write starts, and the read waits for overlapping writes under way, so that the target sees both in the
 * right order (spec wire 5.5).
 */
public final class ResyncSource {
    private final Volume volume;
    private final BufferSource buffers;
    private final IntegrityAlgorithm checksum;
    private int connection;
    private int resync;
    private ResyncBlock free;
    private ResyncBlock justFreed;
    private int inWork;
    /** Replies that were sent in this resync and not acknowledged, in their order. */
    private ResyncBlock firstReplied;
    private ResyncBlock lastReplied;
    private long bitsReplied;
    /** Of the blocks that it was sent the target could not write one: it will not be good at its end. */
    private boolean targetRefusedBlock;
    /** Or a write of our host's in this resync. */
    private boolean targetRefusedWrite;
    private long bytesRead;
    private long bytesSent;
    private boolean targetHasAsked;
    private boolean targetFinished;
    private long targetFinishedNanos;
    private ResyncProgress progress;

    public ResyncSource(Volume volume, BufferSource buffers, IntegrityAlgorithm checksum) {
        this.volume = volume;
        this.buffers = buffers;
        this.checksum = checksum;
    }

    public void start(int newConnection, long nowNanos) {
        connection = newConnection;
        resync++;
        bitsReplied = 0;
        targetRefusedBlock = false;
        targetRefusedWrite = false;
        targetHasAsked = false;
        targetFinished = false;
        forgetReplies();
        progress = new ResyncProgress(volume.bitmap().setBits(), nowNanos);
    }

    /**
     * By its end, or with its connection: what was asked for, and is yet to be read, nobody waits for. The digest in it is of the target's disk as it was then: were it
     * found equal in the next connection, a block would count as equal that has been written since (promise 4, seed 2254976).
     */
    public void end() {
        resync++;
    }

    public ResyncProgress progress() {
        return progress;
    }

    /** P_RS_DATA_REQUEST, P_RS_THIN_REQ or P_CSUM_RS_REQUEST. Each gets exactly one answer. */
    public void requested(Packet.BlockRequest request, int onConnection, ActionQueue out) {
        connection = onConnection;
        ResyncBlock block = free;
        if (block != null) free = block.nextFree;
        else block = new ResyncBlock();
        block.nextFree = null;
        block.connection = onConnection;
        block.resync = resync;
        block.volume = volume.number;
        block.firstSector = request.firstSector;
        block.lengthBytes = request.lengthBytes;
        block.digest = request.digest;
        block.atTarget = false;
        block.writeFailedSince = false;
        inWork++;
        if (volume.state().disk() != DiskState.UP_TO_DATE || !volume.diskUsable()) {
            refuse(block, out);
            recycle(block);
            return;
        }
        if (volume.overlap().enter(block)) nothingOverlaps(block, out);
    }

    public void nothingOverlaps(ResyncBlock block, ActionQueue out) {
        if (!volume.diskUsable() || !isCurrent(block)) {
            if (isCurrent(block)) refuse(block, out);
            leave(block);
            return;
        }
        block.buffer = buffers.allocate(block.lengthBytes);
        DiskOperation read = block.read;
        read.kind = DiskOperation.Kind.READ;
        read.area = DiskOperation.Area.DATA;
        read.offsetBytes = block.firstSector * BlockUser.SECTOR_BYTES;
        read.lengthBytes = block.lengthBytes;
        read.buffer = block.buffer;
        read.bufferIndex = 0;
        volume.order(read, out);
    }

    /** Nobody waits for the answer of a former resync (seed 951118). */
    private boolean isCurrent(ResyncBlock block) {
        return block.connection == connection && block.resync == resync && volume.isConnected();
    }

    public void readDone(ResyncBlock block, ActionQueue out) {
        if (block.read.errno != 0) volume.readFailed(block.read.errno, block.firstSector);
        else bytesRead += block.lengthBytes;
        boolean replies = false;
        if (isCurrent(block)) {
            if (block.read.errno != 0) refuse(block, out);
            else if (isEqualThere(block)) inSync(block, out);
            else replies = true;
        }
        if (replies) reply(block, out);
        out.add(new Action.ReleasePayload(block.buffer));
        block.buffer = null;
        if (replies) awaitAck(block);
        else leave(block);
    }

    /** A write that failed here may have changed what the target has since it made its digest, and we have what was there before (promise 3, seed 1610209). */
    private boolean isEqualThere(ResyncBlock block) {
        if (block.digest == null || volume.failedHere().touches(block)) return false;
        return Arrays.equals(checksum.digest(block.buffer, 0, block.lengthBytes), block.digest);
    }

    private void reply(ResyncBlock block, ActionQueue out) {
        Packet.Data reply = block.reply;
        reply.volume = volume.number;
        reply.firstSector = block.firstSector;
        reply.blockId = Packet.SYNCER_BLOCK_ID;
        reply.sequence = 0;
        reply.flags = 0;
        reply.lengthBytes = block.lengthBytes;
        reply.payload = block.buffer;
        reply.payloadIndex = 0;
        bitsReplied += block.bits();
        bytesSent += block.lengthBytes;
        send(block, reply, out);
    }

    private void inSync(ResyncBlock block, ActionQueue out) {
        volume.bitmap().setInSync(block.firstSector, block.lengthBytes);
        send(block, fill(block, BlockAck.Kind.IN_SYNC), out);
    }

    private void refuse(ResyncBlock block, ActionQueue out) {
        send(block, fill(block, BlockAck.Kind.NEGATIVE_RESYNC_REPLY), out);
    }

    private BlockAck fill(ResyncBlock block, BlockAck.Kind kind) {
        BlockAck ack = block.ack;
        ack.kind = kind;
        ack.volume = volume.number;
        ack.firstSector = block.firstSector;
        ack.blockId = Packet.SYNCER_BLOCK_ID;
        ack.lengthBytes = block.lengthBytes;
        ack.sequence = volume.nextSequence();
        return ack;
    }

    private static void send(ResyncBlock block, Packet packet, ActionQueue out) {
        block.send.connection = block.connection;
        block.send.packet = packet;
        out.add(block.send);
    }

    private void leave(ResyncBlock block) {
        volume.overlap().leave(block);
        recycle(block);
    }

    private void recycle(ResyncBlock block) {
        inWork--;
        giveBack(block);
    }

    private void giveBack(ResyncBlock block) {
        block.nextFree = justFreed;
        justFreed = block;
    }

    private void awaitAck(ResyncBlock block) {
        volume.overlap().leave(block);
        inWork--;
        if (lastReplied == null) firstReplied = block;
        else lastReplied.nextFree = block;
        lastReplied = block;
    }

    /** The first reply of just this range leaves the list; null: there is none. */
    private ResyncBlock takeReplied(long firstSector, int lengthBytes) {
        ResyncBlock before = null;
        for (ResyncBlock block = firstReplied; block != null; before = block, block = block.nextFree) {
            if (block.firstSector != firstSector || block.lengthBytes != lengthBytes) continue;
            if (before == null) firstReplied = block.nextFree;
            else before.nextFree = block.nextFree;
            if (block == lastReplied) lastReplied = before;
            block.nextFree = null;
            return block;
        }
        return null;
    }

    private void forgetReplies() {
        if (firstReplied == null) return;
        lastReplied.nextFree = justFreed;
        justFreed = firstReplied;
        firstReplied = null;
        lastReplied = null;
    }

    /** A write of our host failed on our disk; the target has it, after what it was sent of these blocks before. */
    public void writeFailedHere(BlockUser write) {
        for (ResyncBlock block = firstReplied; block != null; block = block.nextFree) block.writeFailedSince |= block.overlaps(write);
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

    /** An ack with the syncer's block_id: the target has the range, or could not write it. */
    public void acknowledged(BlockAck ack) {
        ResyncBlock replied = takeReplied(ack.firstSector, ack.lengthBytes);
        boolean differsAgain = replied != null && replied.writeFailedSince;
        if (replied != null) giveBack(replied);
        if (ack.kind == BlockAck.Kind.NEGATIVE_ACK) {
            targetRefusedBlock = true;
            // It does not have it. Were it counted on, each write that it refuses from here on, and the end of the connection, would begin a generation (seed 1603893).
            if (replied != null) bitsReplied = Math.max(0, bitsReplied - replied.bits());
            return;
        }
        // Only we can name what it lacks of ours since.
        if (differsAgain) return;
        long bits = volume.bitmap().setInSync(ack.firstSector, ack.lengthBytes);
        bitsReplied = Math.max(0, bitsReplied - bits);
    }

    /** The target said that it is through; it counts when our last bit is cleared (spec wire 5.7). */
    public void targetHasAsked() {
        targetHasAsked = true;
    }

    /**
     * What it reported before it has asked for anything is of the time before this resync, of which it had not heard yet. Unless there is nothing to ask
     * for: what failed on our disk alone it does not name, nor what hosts have written meanwhile.
     *
     * @param writtenThere how many marked blocks the target has by such writes, with which our own disk is not through
     */
    public boolean mayTargetReportEnd(long writtenThere) {
        return targetHasAsked || volume.bitmap().setBits() <= volume.failedHere().blocks() + writtenThere;
    }

    /** Those are blocks that it has asked for. */
    public boolean mayTargetReportFailedBlocks() {
        return targetHasAsked || volume.bitmap().isAllClear();
    }

    public void targetFinished(long nowNanos) {
        targetFinished = true;
        targetFinishedNanos = nowNanos;
    }

    public boolean hasTargetFinished() {
        return targetFinished;
    }

    public long targetFinishedNanos() {
        return targetFinishedNanos;
    }

    public boolean isThrough() {
        return targetFinished && volume.bitmap().isAllClear();
    }

    /**
     * Every remaining bit is covered by a reply already sent, by a write that failed on our disk alone and of which the target names nothing, or by one that it
     * may have written already ({@code writtenThere} blocks): it may have finished before we hear of it (rule 3). One that told of its end has, whatever is
     * left here (seed 11076).
     */
    public boolean targetMayHaveFinished(long writtenThere) {
        return targetFinished || volume.bitmap() != null && targetHasWhatIsLeft(writtenThere);
    }

    /** It told of its end, and has refused nothing since that would be marked here: it has everything, whoever took it down (seed 8602561). */
    public boolean hasTargetAll(long writtenThere) {
        return targetFinished && targetHasWhatIsLeft(writtenThere);
    }

    private boolean targetHasWhatIsLeft(long writtenThere) {
        return volume.bitmap().setBits() <= bitsReplied + volume.failedHere().blocks() + writtenThere;
    }

    /** A write of our host's, which it marks as we do. */
    public void writeRefused() {
        targetRefusedWrite = true;
    }

    /** What it is sent it may refuse as well. */
    public boolean hasTargetRefused() {
        return targetRefusedBlock || targetRefusedWrite;
    }

    /** It says that its disk is not good, and no block of the resync is why: it was through, and has refused a write since. */
    public boolean targetWasThrough(long writtenThere) {
        return !targetRefusedBlock && targetMayHaveFinished(writtenThere);
    }

    public int inWork() {
        return inWork;
    }

    /** Of all resyncs since the resource was configured; digests and acks do not count. */
    public long kibSent() {
        return bytesSent >> 10;
    }

    public long kibRead() {
        return bytesRead >> 10;
    }
}
