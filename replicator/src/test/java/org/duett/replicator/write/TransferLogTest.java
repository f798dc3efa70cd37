package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.Leg;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Epochs: which writes a barrier covers, when it goes out, and which ack ends it (rule 16). Three writes to an epoch at most. */
class TransferLogTest {
    private final TransferLog log = new TransferLog(3);
    private final ActionQueue out = new ActionQueue();
    private int slots;

    @BeforeEach
    void connect() {
        log.connected(5);
    }

    private HostWrite added() {
        HostWrite write = new HostWrite(slots++);
        log.add(write, out);
        return write;
    }

    /** Numbers of the barriers that were sent since this was asked. */
    private int[] barriers() {
        int[] numbers = new int[out.size()];
        for (int i = 0; i < numbers.length; i++) {
            Action.SendPacket send = (Action.SendPacket) out.get(i);
            assertThat(send.connection).isEqualTo(5);
            numbers[i] = ((Packet.Barrier) send.packet).number;
        }
        out.clear();
        return numbers;
    }

    private Epoch acknowledged(int number, int writes) {
        Packet.BarrierAck ack = new Packet.BarrierAck();
        ack.number = number;
        ack.writes = writes;
        return log.acknowledged(ack);
    }

    /** Takes everything out of an epoch and gives it back. */
    private void emptied(Epoch epoch) {
        while (epoch.pollWrite() != null) assertThat(epoch).isNotNull();
        while (epoch.pollFlush() != null) assertThat(epoch).isNotNull();
        log.recycle(epoch);
    }

    @Test
    void anEpochIsClosedAtItsSizeAndTheNextWriteOpensAnother() {
        assertThat(log.isEmpty()).isTrue();
        assertThat(log.hasOpenEpoch()).isFalse();
        added();
        added();
        assertThat(log.hasOpenEpoch()).isTrue();
        assertThat(barriers()).isEmpty();
        added();
        assertThat(log.hasOpenEpoch()).isFalse();
        assertThat(barriers()).containsExactly(0);
        added();
        assertThat(log.epochs()).isEqualTo(2);
        assertThat(log.writesHeld()).isEqualTo(4);
        log.close(out);
        log.close(out);
        assertThat(barriers()).containsExactly(1);
    }

    @Test
    void withoutWritesNoBarrierIsSent() {
        log.close(out);
        assertThat(barriers()).isEmpty();
        assertThat(log.closeDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void anAckEndsTheOldestEpochAndGivesItsWritesInOrder() {
        HostWrite one = added();
        HostWrite two = added();
        log.close(out);
        HostWrite three = added();
        log.close(out);
        Epoch first = acknowledged(0, 2);
        assertThat(first.pollWrite()).isSameAs(one);
        assertThat(first.pollWrite()).isSameAs(two);
        assertThat(first.pollWrite()).isNull();
        assertThat(one.nextInEpoch).isNull();
        assertThat(log.writesHeld()).isEqualTo(1);
        log.recycle(first);
        HostWrite four = added();
        assertThat(log.epochs()).isEqualTo(2);
        Epoch second = acknowledged(1, 1);
        assertThat(second.pollWrite()).isSameAs(three);
        assertThat(second.pollWrite()).isNull();
        log.close(out);
        Epoch third = acknowledged(2, 1);
        assertThat(third).as("used again").isSameAs(first);
        assertThat(third.pollWrite()).isSameAs(four);
        assertThat(log.isEmpty()).isTrue();
        assertThat(log.writesHeld()).isZero();
    }

    @Test
    void anAckThatNamesAnotherEpochOrAnotherNumberOfWritesBreaksTheProtocol() {
        assertThat(acknowledged(0, 0)).as("there is none").isNull();
        added();
        assertThat(acknowledged(0, 1)).as("its barrier was not sent").isNull();
        log.close(out);
        assertThat(acknowledged(1, 1)).isNull();
        assertThat(acknowledged(0, 2)).isNull();
        assertThat(log.writesHeld()).isEqualTo(1);
        assertThat(acknowledged(0, 1)).isNotNull();
    }

    @Test
    void aFlushClosesTheOpenEpochAndWaitsForTheLastOne() {
        HostFlush flush = new HostFlush();
        assertThat(log.awaitBarrier(flush, out)).as("nothing was written").isFalse();
        added();
        log.close(out);
        barriers();
        added();
        HostFlush another = new HostFlush();
        assertThat(log.awaitBarrier(flush, out)).isTrue();
        assertThat(barriers()).containsExactly(1);
        assertThat(log.awaitBarrier(another, out)).isTrue();
        assertThat(barriers()).isEmpty();
        assertThat(acknowledged(0, 1).pollFlush()).isNull();
        Epoch epoch = acknowledged(1, 1);
        assertThat(epoch.pollFlush()).isSameAs(another);
        assertThat(epoch.pollFlush()).isSameAs(flush);
        assertThat(another.next).isNull();
        assertThat(epoch.pollFlush()).isNull();
    }

    @Test
    void anOpenEpochIsClosedATenthOfASecondAfterItsFirstWrite() {
        log.timeIs(1000);
        added();
        log.timeIs(2000);
        added();
        assertThat(log.closeDeadlineNanos()).isEqualTo(1000 + TransferLog.EPOCH_LIMIT_NANOS);
        log.close(out);
        assertThat(log.closeDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void thePeerOwesAnAckOrABarrierAckSinceTheOldestOfThemWasSent() {
        assertThat(log.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        HostWrite answered = added();
        answered.peer = Leg.DONE;
        answered.sentAtNanos = 100;
        assertThat(log.oldestUnansweredNanos()).as("its barrier is not sent").isEqualTo(Long.MAX_VALUE);
        HostWrite open = added();
        open.peer = Leg.PENDING;
        open.sentAtNanos = 200;
        assertThat(log.oldestUnansweredNanos()).isEqualTo(200);
        open.peer = Leg.DONE;
        log.timeIs(300);
        log.close(out);
        assertThat(log.oldestUnansweredNanos()).isEqualTo(300);
        HostWrite next = added();
        next.peer = Leg.PENDING;
        next.sentAtNanos = 400;
        assertThat(log.oldestUnansweredNanos()).isEqualTo(300);
        next.sentAtNanos = 250;
        assertThat(log.oldestUnansweredNanos()).as("a write of the epoch after it, sent before the barrier was").isEqualTo(250);
        log.timeIs(500);
        log.close(out);
        next.peer = Leg.DONE;
        assertThat(log.oldestUnansweredNanos()).isEqualTo(300);
    }

    @Test
    void afterALossTheEpochsComeOutOldestFirst() {
        HostWrite one = added();
        log.close(out);
        HostWrite two = added();
        assertThatThrownBy(() -> log.connected(6)).isInstanceOf(AssertionError.class);
        Epoch epoch = log.pollAfterLoss();
        assertThat(epoch.firstWrite()).isSameAs(one);
        assertThatThrownBy(() -> log.recycle(epoch)).as("its writes are in it").isInstanceOf(AssertionError.class);
        emptied(epoch);
        Epoch last = log.pollAfterLoss();
        assertThat(last.firstWrite()).isSameAs(two);
        emptied(last);
        assertThat(log.pollAfterLoss()).isNull();
        assertThat(log.isEmpty()).isTrue();
        assertThatThrownBy(this::added).as("without a connection").isInstanceOf(AssertionError.class);
        connect();
        barriers();
        added();
        log.close(out);
        assertThat(barriers()).as("numbers begin anew").containsExactly(0);
    }
}
