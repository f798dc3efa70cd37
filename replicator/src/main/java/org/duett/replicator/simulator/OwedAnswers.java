package org.duett.replicator.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import org.duett.replicator.wire.Packet;

/** Barriers that a node has sent on its present connection, and that its peer has not acknowledged: each closes writes of which nobody knows whether they are durable there. */
final class OwedAnswers {
    private final Deque<Long> sentNanos = new ArrayDeque<>();

    void connectionIsNew() {
        sentNanos.clear();
    }

    void sent(Packet packet, long nowNanos) {
        if (packet instanceof Packet.Barrier) sentNanos.add(nowNanos);
    }

    /** They are acknowledged in their order. */
    void arrived(Packet packet) {
        if (packet instanceof Packet.BarrierAck) sentNanos.poll();
    }

    /** When the oldest of them was sent; {@link Long#MAX_VALUE}: there is none. */
    long oldestNanos() {
        return sentNanos.isEmpty() ? Long.MAX_VALUE : sentNanos.peek();
    }
}
