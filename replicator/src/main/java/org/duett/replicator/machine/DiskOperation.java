package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;

/**
 * One operation on a volume's backing device: the order to the shell and its answer in one reusable object, owned by the slot
 * that it works for. While it is outstanding ({@link #inFlight}) neither it nor its buffer is used for anything else (rule 18).
 */
public final class DiskOperation {
    public enum Kind {
        READ, WRITE,
        /** Everything completed on this area before the order is on stable storage when it answers. */
        FLUSH,
        /** The range reads back as zeroes; the allocation may be given back where the volume is set to punch holes. */
        DISCARD,
        /** The range reads back as zeroes and stays allocated. */
        WRITE_ZEROES
    }

    /** Data and metadata may be two devices with caches of their own (rule 12). */
    public enum Area {
        DATA, METADATA
    }

    /** Whom the answer is for: the front door hands it to that concept. */
    public enum Purpose {
        HOST_WRITE, HOST_READ, HOST_FLUSH, PEER_WRITE, PEER_READ, PEER_FLUSH, RESYNC_READ, RESYNC_WRITE, ACTIVITY_LOG, BITMAP, SUPERBLOCK, ATTACH
    }

    public final Purpose purpose;
    /** The slot or concept that it works for. */
    public final Object owner;

    public Kind kind;
    public Area area = Area.DATA;
    /** Which volume, and which attach of it the order belongs to (rule 18). */
    public int volume;
    public int attach;
    /** On the area's own device, in bytes. */
    public long offsetBytes;
    public int lengthBytes;
    /** Data from index {@code bufferIndex} on, for READ and WRITE; the shell retains it while the operation is outstanding. */
    public ByteBuf buffer;
    public int bufferIndex;
    /** WRITE and the two zeroing kinds: on stable storage when it answers. */
    public boolean forceUnitAccess;

    /** The answer: 0 or a positive errno. A short transfer is an error (EIO). */
    public int errno;
    public boolean inFlight;
    /** When it was ordered, for disk-timeout; core time without that in which the loop did not run. */
    public long orderedAtNanos;
    /** Its neighbours among what is in flight on its volume's disk, in the order in which it was ordered. */
    public DiskOperation orderedBefore;
    public DiskOperation orderedAfter;

    public final Action.StartDiskOperation start = new Action.StartDiskOperation(this);
    public final Event.DiskOperationDone done = new Event.DiskOperationDone(this);

    public DiskOperation(Purpose purpose, Object owner) {
        this.purpose = purpose;
        this.owner = owner;
    }

    @Override
    public String toString() {
        return purpose + " " + kind + " " + area + " volume=" + volume + " attach=" + attach + " offset=" + offsetBytes + " length="
                + lengthBytes + (forceUnitAccess ? " fua" : "") + " errno=" + errno;
    }
}
