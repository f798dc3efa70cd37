package org.duett.replicator.write;

import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostWrite;

/** The writes between two barriers, of all volumes of the connection (spec wire 4.5). Owned and reused by the transfer log. */
final class Epoch {
    int number;
    int writes;
    private HostWrite firstWrite;
    private HostWrite lastWrite;
    boolean barrierSent;
    long openedAtNanos;
    long barrierSentAtNanos;
    private HostFlush firstFlush;
    Epoch next;

    void reset(int newNumber) {
        assert firstWrite == null;
        assert firstFlush == null;
        number = newNumber;
        writes = 0;
        barrierSent = false;
        next = null;
    }

    void add(HostWrite write) {
        assert !barrierSent;
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

    HostWrite firstWrite() {
        return firstWrite;
    }

    /** The flush completes with this epoch's barrier ack. */
    void add(HostFlush flush) {
        flush.next = firstFlush;
        firstFlush = flush;
    }

    HostFlush pollFlush() {
        HostFlush flush = firstFlush;
        if (flush == null) return null;
        firstFlush = flush.next;
        flush.next = null;
        return flush;
    }
}
