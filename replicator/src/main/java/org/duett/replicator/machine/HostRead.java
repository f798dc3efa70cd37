package org.duett.replicator.machine;

import org.duett.replicator.wire.Packet;

/** One part of a host's read, at most 1 MiB. Made once, reused; owned by the read path. */
public final class HostRead extends BlockUser {
    public final int index;
    public HostRequest request;
    public int payloadIndex;
    /** Asked of the peer, on {@link #connection}; else of the local disk. */
    public boolean remote;
    /** What the peer answers is written back (rule 15). */
    public boolean repairs;
    public int connection;
    /** The attach of the own disk that could not read it; 0: none. */
    public int unreadableIn;
    public int uses;
    public long sentAtNanos;
    public HostRead nextFree;

    public final DiskOperation disk = new DiskOperation(DiskOperation.Purpose.HOST_READ, this);
    public final Packet.BlockRequest ask = new Packet.BlockRequest();
    public final Action.SendPacket send = new Action.SendPacket();

    public HostRead(int index) {
        this.index = index;
        ask.kind = Packet.BlockRequest.Kind.DATA;
    }

    public long blockId() {
        return (long) (uses & 0x7fffffff) << 32 | index + 1;
    }
}
