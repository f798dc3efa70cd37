package org.duett.failover.heartbeat;

/** When each of our last heartbeats was sent, so that an echo of one says until when the peer cannot have taken us for dead (rule 9). */
final class SentHeartbeats {
    private final long[] sentBootNanos;
    private long highestSequence;
    private long echoedSequence;
    private long echoedSentBootNanos = Long.MIN_VALUE;

    /** {@code remembered}: echoes of older ones say nothing new. */
    SentHeartbeats(int remembered) {
        this.sentBootNanos = new long[remembered];
    }

    /** The number of the next heartbeat, which goes out after this time. */
    long next(long bootNanos) {
        highestSequence++;
        sentBootNanos[slot(highestSequence)] = bootNanos;
        return highestSequence;
    }

    long highestSequence() {
        return highestSequence;
    }

    boolean isSent(long sequence) {
        return sequence > 0 && sequence <= highestSequence;
    }

    /** The peer has heard {@code sequence}. An echo that comes late, or of one that is forgotten, changes nothing. */
    void echoed(long sequence) {
        if (!isSent(sequence) || sequence <= echoedSequence || !isRemembered(sequence)) return;
        echoedSequence = sequence;
        echoedSentBootNanos = sentBootNanos[slot(sequence)];
    }

    /** Was it sent at or after {@code bootNanos}? */
    boolean isSentSince(long sequence, long bootNanos) {
        return isSent(sequence) && isRemembered(sequence) && sentBootNanos[slot(sequence)] >= bootNanos;
    }

    /** When the newest heartbeat that the peer has heard was sent; {@link Long#MIN_VALUE}: it has heard none. */
    long echoedSentBootNanos() {
        return echoedSentBootNanos;
    }

    private boolean isRemembered(long sequence) {
        return highestSequence - sequence < sentBootNanos.length;
    }

    private int slot(long sequence) {
        return (int) (sequence % sentBootNanos.length);
    }
}
