package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.wire.Packet;

/**
 * One resync request in work: at the source from the read to the reply, at the target from the request to the ack. Made once,
 * reused; owned by the resync.
 */
public final class ResyncBlock extends BlockUser {
    public int connection;
    /** Of the source: which of its resyncs asked for it; a target that was detached and attached begins another one in the same connection. */
    public int resync;
    public ByteBuf buffer;
    /** Source: the digest that the target sent with a checksum request, else null. */
    public byte[] digest;
    /** This node is the target of the block's resync, else its source. */
    public boolean atTarget;
    /** Target: the request went out. */
    public boolean requested;
    /** Waits in the overlap tracker behind somebody. */
    public boolean waits;
    /** Target: our own data is being read for its digest, before the request goes out; or the reply has come and is being written. */
    public boolean diskAtWork;
    public long requestedAtNanos;
    /** Source: a host's write to these blocks has failed here since the reply was sent, and waits at the target behind it. Target: the peer's has failed here since it was asked for. */
    public boolean writeFailedSince;
    /** Of the free slots, or of the replies that were not acknowledged. */
    public ResyncBlock nextFree;

    public final DiskOperation read = new DiskOperation(DiskOperation.Purpose.RESYNC_READ, this);
    public final DiskOperation write = new DiskOperation(DiskOperation.Purpose.RESYNC_WRITE, this);
    public final Packet.Data reply = new Packet.Data();
    public final Packet.BlockRequest request = new Packet.BlockRequest();
    public final Packet.BlockAck ack = new Packet.BlockAck();
    public final Action.SendPacket send = new Action.SendPacket();

    public ResyncBlock() {
        reply.kind = Packet.Data.Kind.RESYNC_REPLY;
    }

    /** Of the bitmap, set or not. */
    public int bits() {
        return (lengthBytes + 4095) / 4096;
    }
}
