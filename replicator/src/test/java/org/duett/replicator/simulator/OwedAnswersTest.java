package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.Test;

/** What a peer owes: by that it is judged whether its node has waited too long. */
class OwedAnswersTest {
    private final OwedAnswers owed = new OwedAnswers();

    private static BlockRequest request(BlockRequest.Kind kind, long blockId) {
        var request = new BlockRequest();
        request.kind = kind;
        request.blockId = blockId;
        return request;
    }

    @Test
    void aReadIsOwedUntilItsOwnAnswerOrRefusal() {
        owed.sent(request(BlockRequest.Kind.DATA, 5), 10);
        owed.sent(new Packet.Barrier(), 20);
        owed.sent(request(BlockRequest.Kind.DATA, 6), 30);
        owed.sent(request(BlockRequest.Kind.RESYNC_DATA, 7), 5);
        assertThat(owed.oldestNanos()).as("a target may give its resync up").isEqualTo(10);
        var reply = new Packet.Data();
        reply.kind = Packet.Data.Kind.READ_REPLY;
        reply.blockId = 5;
        owed.arrived(reply);
        assertThat(owed.oldestNanos()).isEqualTo(20);
        owed.arrived(new Packet.BarrierAck());
        assertThat(owed.oldestNanos()).isEqualTo(30);
        var refusal = new BlockAck();
        refusal.kind = BlockAck.Kind.NEGATIVE_DATA_REPLY;
        refusal.blockId = 6;
        owed.arrived(refusal);
        assertThat(owed.oldestNanos()).isEqualTo(Long.MAX_VALUE);
        owed.sent(request(BlockRequest.Kind.DATA, 8), 40);
        owed.connectionIsNew();
        assertThat(owed.oldestNanos()).isEqualTo(Long.MAX_VALUE);
    }
}
