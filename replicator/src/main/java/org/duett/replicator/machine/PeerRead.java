package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.wire.Packet;

/** A read that the peer's host needs from us (P_DATA_REQUEST). Made once, reused; owned by {@code PeerReads}. */
public final class PeerRead extends BlockUser {
    public int connection;
    public long blockId;
    public ByteBuf buffer;
    public PeerRead nextFree;

    public final DiskOperation disk = new DiskOperation(DiskOperation.Purpose.PEER_READ, this);
    public final Packet.Data reply = new Packet.Data();
    public final Packet.BlockAck refusal = new Packet.BlockAck();
    public final Action.SendPacket send = new Action.SendPacket();

    public PeerRead() {
        reply.kind = Packet.Data.Kind.READ_REPLY;
        refusal.kind = Packet.BlockAck.Kind.NEGATIVE_DATA_REPLY;
    }
}
