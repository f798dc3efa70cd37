package org.duett.replicator.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import org.duett.replicator.wire.Packet;

/**
 * What a node has sent on its present connection, and its peer has not answered: barriers, each of which closes writes of which nobody knows whether they are durable
 * there, and pings.
 */
final class OwedAnswers {
    private final Deque<Long> sentNanos = new ArrayDeque<>();
    private final Deque<Long> pingsSentNanos = new ArrayDeque<>();
    private long answeredPingNanos = Long.MIN_VALUE;

    void connectionIsNew() {
        sentNanos.clear();
        pingsSentNanos.clear();
        answeredPingNanos = Long.MIN_VALUE;
    }

    void sent(Packet packet, long nowNanos) {
        if (packet instanceof Packet.Barrier) sentNanos.add(nowNanos);
        if (packet instanceof Packet.Ping) pingsSentNanos.add(nowNanos);
    }

    /** They are acknowledged in their order. */
    void arrived(Packet packet) {
        if (packet instanceof Packet.BarrierAck) sentNanos.poll();
        if (packet instanceof Packet.PingAck && !pingsSentNanos.isEmpty()) answeredPingNanos = pingsSentNanos.poll();
    }

    /** When the last ping was sent that was answered; {@link Long#MIN_VALUE}: none was. */
    long answeredPingNanos() {
        return answeredPingNanos;
    }

    /** When the oldest barrier of them was sent; {@link Long#MAX_VALUE}: there is none. */
    long oldestNanos() {
        return sentNanos.isEmpty() ? Long.MAX_VALUE : sentNanos.peek();
    }
}
