package org.duett.replicator.write;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.wire.Packet;

/**
 * The writes that went to the peer and that its barrier acks have not covered, epoch by epoch (spec wire 4.5). Epochs are closed
 * lazily: at FLUSH, at size, at a time limit, when idle, and at once when something runs short (rule 16).
 */
public final class TransferLog {
    /** An epoch that nothing else closes is closed after this long, so that extents and slots come free. */
    static final long EPOCH_LIMIT_NANOS = 100_000_000;

    private final int maxEpochWrites;
    private int connection;
    private boolean connected;
    private int nextNumber;

    // Oldest first; the last one is open when its barrier is not sent.
    private Epoch oldest;
    private Epoch newest;
    private Epoch free;
    private int openWrites;
    private long nowNanos;

    public TransferLog(int maxEpochWrites) {
        this.maxEpochWrites = maxEpochWrites;
    }

    void connected(int newConnection) {
        assert oldest == null;
        connection = newConnection;
        connected = true;
        nextNumber = 0;
    }

    void timeIs(long newNowNanos) {
        nowNanos = newNowNanos;
    }

    void add(HostWrite write, ActionQueue out) {
        assert connected;
        if (newest == null || newest.barrierSent) open();
        newest.add(write);
        openWrites++;
        if (newest.writes >= maxEpochWrites) close(out);
    }

    private void open() {
        Epoch epoch = free;
        if (epoch == null) epoch = new Epoch();
        else free = epoch.next;
        epoch.reset(nextNumber++);
        epoch.openedAtNanos = nowNanos;
        if (newest == null) oldest = epoch;
        else newest.next = epoch;
        newest = epoch;
    }

    /** Sends the barrier of the open epoch; an epoch without writes never gets one (spec wire 4.5). */
    void close(ActionQueue out) {
        if (newest == null || newest.barrierSent) return;
        assert newest.writes > 0;
        newest.barrierSent = true;
        newest.barrierSentAtNanos = nowNanos;
        Packet.Barrier barrier = new Packet.Barrier();
        barrier.number = newest.number;
        out.add(new Action.SendPacket(connection, barrier));
    }

    boolean hasOpenEpoch() {
        return newest != null && !newest.barrierSent;
    }

    boolean isEmpty() {
        return oldest == null;
    }

    /** Lets the flush wait for the last epoch that has writes; false when there is none to wait for. */
    boolean awaitBarrier(HostFlush flush, ActionQueue out) {
        if (newest == null) return false;
        close(out);
        newest.add(flush);
        return true;
    }

    /** When the open epoch is to be closed; {@link Long#MAX_VALUE}: there is none. */
    long closeDeadlineNanos() {
        return hasOpenEpoch() ? newest.openedAtNanos + EPOCH_LIMIT_NANOS : Long.MAX_VALUE;
    }

    /** When the oldest thing that the peer owes us was sent: a write of which no ack came, or a barrier. */
    long oldestUnansweredNanos() {
        long oldestNanos = Long.MAX_VALUE;
        for (Epoch epoch = oldest; epoch != null; epoch = epoch.next) {
            for (HostWrite write = epoch.firstWrite(); write != null; write = write.nextInEpoch) {
                if (write.awaitsAck()) return Math.min(oldestNanos, write.sentAtNanos);
            }
            if (epoch.barrierSent) oldestNanos = Math.min(oldestNanos, epoch.barrierSentAtNanos);
        }
        return oldestNanos;
    }

    /** The oldest epoch when the ack names it rightly, else null: the peer broke the protocol. */
    Epoch acknowledged(Packet.BarrierAck ack) {
        if (oldest == null || !oldest.barrierSent || oldest.number != ack.number || oldest.writes != ack.writes) return null;
        Epoch epoch = oldest;
        removeOldest();
        return epoch;
    }

    /** The connection is lost: epochs come out one by one, oldest first; null at the end. */
    Epoch pollAfterLoss() {
        connected = false;
        if (oldest == null) return null;
        Epoch epoch = oldest;
        removeOldest();
        return epoch;
    }

    private void removeOldest() {
        openWrites -= oldest.writes;
        oldest = oldest.next;
        if (oldest == null) newest = null;
    }

    /** The epoch's writes and flushes were taken out. */
    void recycle(Epoch epoch) {
        assert epoch.firstWrite() == null;
        epoch.next = free;
        free = epoch;
    }

    int writesHeld() {
        return openWrites;
    }

    int epochs() {
        int count = 0;
        for (Epoch epoch = oldest; epoch != null; epoch = epoch.next) count++;
        return count;
    }
}
