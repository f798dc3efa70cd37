package org.duett.replicator.write;

import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.HostRequest;

/** The writes between two barriers, of all volumes of the connection (spec wire 4.5). Owned and reused by the transfer log. */
final class Epoch {
    int number;
    int writes;
    HostWrite firstWrite;
    HostWrite lastWrite;
    boolean closed;
    long openedAtNanos;
    long barrierSentAtNanos;
    /** FLUSH requests that this epoch's barrier ack completes, linked through {@link HostRequest#next}. */
    HostRequest firstFlush;
    Epoch next;

    void add(HostWrite write) {
        assert !closed;
        assert write.nextInEpoch == null;
        if (lastWrite == null) firstWrite = write;
        else lastWrite.nextInEpoch = write;
        lastWrite = write;
        writes++;
    }

    /** Takes one write out, in order; null at the end. */
    HostWrite pollWrite() {
        HostWrite write = firstWrite;
        if (write == null) return null;
        firstWrite = write.nextInEpoch;
        if (firstWrite == null) lastWrite = null;
        write.nextInEpoch = null;
        return write;
    }
}
