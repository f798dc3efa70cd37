package org.duett.replicator.machine;

import org.duett.replicator.wire.Packet;

/**
 * One part of a host's write: at most 1 MiB of data, or a zeroing, inside one 4 MiB extent. Made once, reused; owned by the write
 * path. It lives on after its completion until the barrier of its epoch is acknowledged: the peer's disk may hold the block in a
 * volatile cache until then, so its extent stays hot and its slot taken (layout, "One 4 KiB write").
 */
public final class HostWrite extends BlockUser {
    public enum Kind {
        DATA, TRIM, WRITE_ZEROES
    }

    public final int index;
    public Kind kind;
    public Leg local = Leg.NOT_NEEDED;
    public Leg peer = Leg.NOT_NEEDED;
    /** The loss of a leg, made durable (rule 1). */
    public Leg record = Leg.NOT_NEEDED;
    /** What the client asked; several writes may be parts of it. Null once this part has answered. */
    public HostRequest request;
    public int payloadIndex;
    public boolean forceUnitAccess;
    /** Replicated in an open epoch: the slot is free only when its barrier is acknowledged or the connection is lost. */
    public boolean inEpoch;
    public HostWrite nextInEpoch;
    /** The peer's disk has it; stricter than {@link #peer} in protocols A and B. */
    public boolean peerDiskConfirmed;
    /** A write ack was asked for and has not come; it comes before the barrier ack (spec wire 4.5). */
    public boolean awaitsWriteAck;
    /** No ack of its own was asked for, and the own disk is lost: only the barrier ack says that the peer's disk has it. */
    public boolean awaitsBarrier;
    /** The peer has it in sync: its bits are cleared once the local disk has it, too (spec wire 5.5). */
    public boolean clearsBits;
    /** {@code Volume.markEra()} when it went to the peer. */
    public int markEra;
    /** When it went to the peer, for timeout x ko-count; core time. */
    public long sentAtNanos;
    public HostWrite nextFree;
    /** Counts the uses of this slot, so that a block_id is never used twice in a row. */
    public int uses;

    public final DiskOperation disk = new DiskOperation(DiskOperation.Purpose.HOST_WRITE, this);
    public final Packet.Data data = new Packet.Data();
    public final Packet.Zeroing zeroing = new Packet.Zeroing();
    public final Action.SendPacket send = new Action.SendPacket();

    public HostWrite(int index) {
        this.index = index;
        data.kind = Packet.Data.Kind.WRITE;
    }

    /** A disk has the data, and each copy that lacks it is on record (rule 5). */
    public boolean mayComplete() {
        return local != Leg.PENDING && peer != Leg.PENDING && (record == Leg.NOT_NEEDED || record == Leg.DONE)
                && (local == Leg.DONE || peer == Leg.DONE);
    }

    /** Nothing can make it complete any more (rule 5). */
    public boolean mustFail() {
        return local != Leg.PENDING && peer != Leg.PENDING && record != Leg.PENDING && !mayComplete();
    }

    /** Sent with a wish for an ack that has not come. */
    public boolean awaitsAck() {
        return peer == Leg.PENDING;
    }

    /** Unique among outstanding writes, and never all ones (spec wire 4.1). */
    public long blockId() {
        return (long) (uses & 0x7fffffff) << 32 | index + 1;
    }

    @Override
    public String toString() {
        return "HostWrite " + index + " " + kind + " volume=" + volume + " sector=" + firstSector + " length=" + lengthBytes + " local="
                + local + " peer=" + peer + " record=" + record;
    }
}
