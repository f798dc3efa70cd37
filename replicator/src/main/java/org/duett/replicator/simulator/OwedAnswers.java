package org.duett.replicator.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import org.duett.replicator.wire.Packet;

/**
 * What a node has sent on its present connection, and its peer has not answered: barriers, each of which closes writes of which nobody knows whether they are durable
 * there, reads of its host, and pings.
 */
final class OwedAnswers {
    private final Deque<Long> sentNanos = new ArrayDeque<>();
    /** By block_id, in the order in which they were asked for. */
    private final LinkedHashMap<Long, Long> readsSentNanos = new LinkedHashMap<>();
    private final Deque<Long> pingsSentNanos = new ArrayDeque<>();
    private long answeredPingNanos = Long.MIN_VALUE;

    void connectionIsNew() {
        sentNanos.clear();
        readsSentNanos.clear();
        pingsSentNanos.clear();
        answeredPingNanos = Long.MIN_VALUE;
    }

    void sent(Packet packet, long nowNanos) {
        if (packet instanceof Packet.Barrier) sentNanos.add(nowNanos);
        if (packet instanceof Packet.BlockRequest request && request.kind == Packet.BlockRequest.Kind.DATA) readsSentNanos.put(request.blockId, nowNanos);
        if (packet instanceof Packet.Ping) pingsSentNanos.add(nowNanos);
    }

    /** Barriers are acknowledged in their order. */
    void arrived(Packet packet) {
        if (packet instanceof Packet.BarrierAck) sentNanos.poll();
        if (packet instanceof Packet.Data reply && reply.kind == Packet.Data.Kind.READ_REPLY) readsSentNanos.remove(reply.blockId);
        if (packet instanceof Packet.BlockAck ack && ack.kind == Packet.BlockAck.Kind.NEGATIVE_DATA_REPLY) readsSentNanos.remove(ack.blockId);
        if (packet instanceof Packet.PingAck && !pingsSentNanos.isEmpty()) answeredPingNanos = pingsSentNanos.poll();
    }

    /** When the last ping was sent that was answered; {@link Long#MIN_VALUE}: none was. */
    long answeredPingNanos() {
        return answeredPingNanos;
    }

    /** When the oldest of them was sent, but for pings; {@link Long#MAX_VALUE}: there is none. */
    long oldestNanos() {
        long barrier = sentNanos.isEmpty() ? Long.MAX_VALUE : sentNanos.peek();
        return readsSentNanos.isEmpty() ? barrier : Math.min(barrier, readsSentNanos.firstEntry().getValue());
    }
}
