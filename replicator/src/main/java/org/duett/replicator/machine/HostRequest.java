package org.duett.replicator.machine;

import io.netty.buffer.ByteBuf;

/**
 * What a client of a volume asked for, from its arrival to its answer. Made and reused by the front end, which keeps {@link #payload}
 * until the request is completed; the core cuts it into parts and keeps the first error.
 */
public final class HostRequest {
    public enum Kind {
        READ, WRITE, FLUSH, TRIM, WRITE_ZEROES
    }

    public Kind kind;
    public int volume;
    public long firstSector;
    /** Up to 4 GiB for TRIM and WRITE_ZEROES; a multiple of 512; 0 for FLUSH. */
    public long lengthBytes;
    public boolean forceUnitAccess;
    /** WRITE_ZEROES: the client forbids deallocation (NBD_CMD_FLAG_NO_HOLE). */
    public boolean keepAllocated;
    /** The data to write, or room for the data read, from index 0 on; aligned for the disk. */
    public ByteBuf payload;
    /** The front end's own mark; opaque here. */
    public Object origin;

    /** The answer: 0 or a positive errno. */
    public int errno;
    /** The completion must not reach the client after this boot time (rule 9); {@link Long#MAX_VALUE} = no limit. */
    public long notAfterBootNanos = Long.MAX_VALUE;

    /** Parts that have not answered; one more while the request is being cut. */
    public int openParts;
    /** How much has been cut into parts. */
    public long cutBytes;
    /** Next in the queue of requests that wait for a slot. */
    public HostRequest next;

    public final Event.HostRequestArrived arrived = new Event.HostRequestArrived(this);
    public final Action.CompleteHostRequest complete = new Action.CompleteHostRequest(this);

    /** Keeps the first error; later ones are its consequences. */
    public void fail(int newErrno) {
        assert newErrno > 0;
        if (errno == 0) errno = newErrno;
    }

    @Override
    public String toString() {
        return kind + " volume=" + volume + " sector=" + firstSector + " length=" + lengthBytes + (forceUnitAccess ? " fua" : "");
    }
}
