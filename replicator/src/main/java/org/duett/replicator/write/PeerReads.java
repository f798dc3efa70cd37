package org.duett.replicator.write;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.BufferSource;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.PeerRead;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/**
 * Serves the reads of a peer's host that lost its disk, or whose block is not in sync yet (spec wire 4.6). What the peer sent before it asked is written before
 * it is read: in A and B a kernel has answered its host by then, and asks without waiting for our ack.
 */
public final class PeerReads {
    /** {@code epoch}: the last one of which a write came before it. */
    private record Waiting(PeerRead read, PeerEpoch epoch) {
    }

    private final BufferSource buffers;
    private final PeerWritePath writes;
    /** Writes that came before them wait for a barrier, and the overlap tracker does not know of those. */
    private final Deque<Waiting> afterBarriers = new ArrayDeque<>();
    private PeerRead free;
    private PeerRead justFreed;
    private int connection;
    private int inFlight;

    public PeerReads(BufferSource buffers, PeerWritePath writes) {
        this.buffers = buffers;
        this.writes = writes;
    }

    public void connected(int newConnection) {
        connection = newConnection;
    }

    public void arrived(Volume volume, Packet.BlockRequest request, ActionQueue out) {
        PeerRead read = free;
        if (read != null) free = read.nextFree;
        else read = new PeerRead();
        inFlight++;
        read.nextFree = null;
        read.connection = connection;
        read.volume = request.volume;
        read.firstSector = request.firstSector;
        read.lengthBytes = request.lengthBytes;
        read.blockId = request.blockId;
        PeerEpoch epoch = writes.latestEpoch();
        if (!isGood(volume)) {
            refuse(volume, read, out);
            recycle(read);
        } else if (writes.hasBegun(epoch)) {
            writesBeforeHaveBegun(volume, read, out);
        } else {
            afterBarriers.add(new Waiting(read, epoch));
        }
    }

    private static boolean isGood(Volume volume) {
        return volume.state().disk() == DiskState.UP_TO_DATE && volume.diskUsable();
    }

    /** Called after each event: the writes that came before them may have begun. */
    public void checkBarriers(List<Volume> volumes, ActionQueue out) {
        while (!afterBarriers.isEmpty() && writes.hasBegun(afterBarriers.peek().epoch())) {
            PeerRead read = afterBarriers.poll().read();
            writesBeforeHaveBegun(Volume.numbered(volumes, read.volume), read, out);
        }
    }

    private void writesBeforeHaveBegun(Volume volume, PeerRead read, ActionQueue out) {
        if (volume.overlap().enter(read)) nothingOverlaps(volume, read, out);
    }

    public void nothingOverlaps(Volume volume, PeerRead read, ActionQueue out) {
        boolean isWanted = isCurrent(volume, read);
        if (!isWanted || !isGood(volume)) {
            if (isWanted) refuse(volume, read, out);
            volume.overlap().leave(read);
            recycle(read);
            return;
        }
        read.buffer = buffers.allocate(read.lengthBytes);
        DiskOperation disk = read.disk;
        disk.kind = DiskOperation.Kind.READ;
        disk.area = DiskOperation.Area.DATA;
        disk.offsetBytes = read.firstSector * BlockUser.SECTOR_BYTES;
        disk.lengthBytes = read.lengthBytes;
        disk.buffer = read.buffer;
        disk.bufferIndex = 0;
        volume.order(disk, out);
    }

    public void done(Volume volume, PeerRead read, ActionQueue out) {
        boolean current = isCurrent(volume, read);
        volume.overlap().leave(read);
        if (read.disk.errno != 0) volume.readFailed(read.disk.errno, read.firstSector);
        if (current && read.disk.errno == 0) reply(read, out);
        else if (current) refuse(volume, read, out);
        out.add(new Action.ReleasePayload(read.buffer));
        read.buffer = null;
        recycle(read);
    }

    private boolean isCurrent(Volume volume, PeerRead read) {
        return read.connection == connection && volume.isConnected();
    }

    /** What waits for a barrier waits for one that does not come. */
    public void connectionLost() {
        for (Waiting waiting = afterBarriers.poll(); waiting != null; waiting = afterBarriers.poll()) recycle(waiting.read());
    }

    private static void reply(PeerRead read, ActionQueue out) {
        Packet.Data reply = read.reply;
        reply.volume = read.volume;
        reply.firstSector = read.firstSector;
        reply.blockId = read.blockId;
        reply.sequence = 0;
        reply.flags = 0;
        reply.lengthBytes = read.lengthBytes;
        reply.payload = read.buffer;
        reply.payloadIndex = 0;
        read.send.connection = read.connection;
        read.send.packet = reply;
        out.add(read.send);
    }

    private static void refuse(Volume volume, PeerRead read, ActionQueue out) {
        Packet.BlockAck refusal = read.refusal;
        refusal.volume = read.volume;
        refusal.firstSector = read.firstSector;
        refusal.blockId = read.blockId;
        refusal.lengthBytes = read.lengthBytes;
        refusal.sequence = volume.nextSequence();
        read.send.connection = read.connection;
        read.send.packet = refusal;
        out.add(read.send);
    }

    private void recycle(PeerRead read) {
        inFlight--;
        read.nextFree = justFreed;
        justFreed = read;
    }

    /** The actions of the last event are performed: slots that were given back in it may be used. */
    public void eventIsOver() {
        while (justFreed != null) {
            PeerRead read = justFreed;
            justFreed = read.nextFree;
            read.nextFree = free;
            free = read;
        }
    }

    public int inFlight() {
        return inFlight;
    }
}
