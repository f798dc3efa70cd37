package org.duett.replicator.write;

import org.duett.replicator.machine.PeerWrite;

/** The peer's writes between two of its barriers: counters, and the writes that wait for the epoch before (rule 17). */
public final class PeerEpoch {
    /** Received, for the ack's set_size. */
    int received;
    /** Received and not finished. */
    int open;
    boolean barrierReceived;
    int barrierNumber;
    /** Writes that have not begun, because an earlier epoch is not through. */
    PeerWrite firstWaiting;
    PeerWrite lastWaiting;
    boolean failed;

    void addWaiting(PeerWrite write) {
        if (lastWaiting == null) firstWaiting = write;
        else lastWaiting.nextInEpoch = write;
        lastWaiting = write;
    }

    PeerWrite pollWaiting() {
        PeerWrite write = firstWaiting;
        if (write == null) return null;
        firstWaiting = write.nextInEpoch;
        if (firstWaiting == null) lastWaiting = null;
        write.nextInEpoch = null;
        return write;
    }
}
