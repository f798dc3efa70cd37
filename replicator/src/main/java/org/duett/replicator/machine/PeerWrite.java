package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;
import org.duett.replicator.wire.Packet;

/** One write that the peer sent, until it is acknowledged. Made once, reused; owned by the peer write path (rule 17). */
public final class PeerWrite extends BlockUser {
    public enum Kind {
        DATA, TRIM, WRITE_ZEROES
    }

    public Kind kind;
    public int connection;
    /** The whole of what the peer sent; a zeroing of up to 128 MiB, or what we log for it, is worked off in parts of one extent: {@link #firstSector} on. */
    public long wholeFirstSector;
    public int wholeLengthBytes;
    public long blockId;
    public int flags;
    /** {@code Volume.markEra()} when it came. */
    public int markEra;
    public ByteBuf payload;
    /** Its Primary had no disk when it came: nobody but us can name it. */
    public boolean onlyHere;
    public int errno;
    public PeerWrite nextInEpoch;
    public PeerWrite nextFree;

    public final DiskOperation disk = new DiskOperation(DiskOperation.Purpose.PEER_WRITE, this);
    public final Packet.BlockAck ack = new Packet.BlockAck();
    public final Action.SendPacket sendAck = new Action.SendPacket();
    public final Action.ReleasePayload releasePayload = new Action.ReleasePayload();
}
