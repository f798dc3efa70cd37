package org.duett.replicator.connection;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;

/** When a ping is sent, how long its answer is waited for, and what an answer tells (spec wire 7). Interval 10 s, timeout 500 ms. */
class KeepaliveTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    private final Keepalive keepalive = new Keepalive(new NetSettings(Protocol.C, 6000, 10_000, 10_000, 500, 7, 2048, 2048, "", new byte[0], "", "", "", true, null));
    private final ActionQueue out = new ActionQueue();

    private void connectedAt(long nowNanos) {
        keepalive.timeIs(nowNanos);
        keepalive.start(3);
    }

    private boolean checkedAt(long nowNanos) {
        keepalive.timeIs(nowNanos);
        return keepalive.check(out);
    }

    private int pings() {
        int pings = 0;
        for (int i = 0; i < out.size(); i++) {
            Action.SendPacket send = (Action.SendPacket) out.get(i);
            assertThat(send.connection).isEqualTo(3);
            assertThat(send.packet).isInstanceOf(Packet.Ping.class);
            pings++;
        }
        return pings;
    }

    @Test
    void whoSaysNothingForTheIntervalIsPinged() {
        connectedAt(SECOND);
        assertThat(keepalive.deadlineNanos()).isEqualTo(11 * SECOND);
        assertThat(checkedAt(11 * SECOND - 1)).isTrue();
        assertThat(pings()).isZero();
        assertThat(checkedAt(11 * SECOND)).isTrue();
        assertThat(pings()).isEqualTo(1);
        assertThat(keepalive.deadlineNanos()).isEqualTo(11 * SECOND + 500 * MILLI);
    }

    @Test
    void whoSaysSomethingIsPingedLater() {
        connectedAt(SECOND);
        keepalive.timeIs(8 * SECOND);
        keepalive.heard();
        assertThat(keepalive.deadlineNanos()).isEqualTo(18 * SECOND);
        assertThat(checkedAt(17 * SECOND)).isTrue();
        assertThat(pings()).isZero();
        assertThat(keepalive.peerHeardNanos()).isEqualTo(8 * SECOND);
    }

    @Test
    void whoDoesNotAnswerAPingInTimeIsGone() {
        connectedAt(SECOND);
        checkedAt(11 * SECOND);
        assertThat(checkedAt(11 * SECOND + 500 * MILLI - 1)).isTrue();
        assertThat(checkedAt(11 * SECOND + 500 * MILLI)).isFalse();
        assertThat(pings()).isEqualTo(1);
    }

    @Test
    void anythingThatComesAfterThePingIsASignOfLife() {
        connectedAt(SECOND);
        checkedAt(11 * SECOND);
        keepalive.timeIs(11 * SECOND + 400 * MILLI);
        keepalive.heard();
        assertThat(keepalive.deadlineNanos()).isEqualTo(11 * SECOND + 900 * MILLI);
        assertThat(checkedAt(11 * SECOND + 899 * MILLI)).isTrue();
        assertThat(checkedAt(11 * SECOND + 900 * MILLI)).isFalse();
    }

    @Test
    void onceItAnswersTheIntervalBeginsAnew() {
        connectedAt(SECOND);
        checkedAt(11 * SECOND);
        keepalive.timeIs(11 * SECOND + 100 * MILLI);
        keepalive.heard();
        keepalive.answered();
        assertThat(keepalive.deadlineNanos()).isEqualTo(21 * SECOND + 100 * MILLI);
        assertThat(keepalive.answers()).isEqualTo(1);
        assertThat(keepalive.answeredPingNanos()).isEqualTo(11 * SECOND);
    }

    @Test
    void ofSeveralPingsEachHasItsAnswerAndTheTimeThatItWasSent() {
        connectedAt(SECOND);
        assertThat(keepalive.answeredPingNanos()).isEqualTo(Long.MIN_VALUE);
        keepalive.timeIs(2 * SECOND);
        assertThat(keepalive.ping(out)).isEqualTo(1);
        keepalive.timeIs(2 * SECOND + 100 * MILLI);
        assertThat(keepalive.ping(out)).isEqualTo(2);
        // The first one decides.
        assertThat(keepalive.deadlineNanos()).isEqualTo(2 * SECOND + 500 * MILLI);
        keepalive.timeIs(2 * SECOND + 200 * MILLI);
        keepalive.answered();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(2 * SECOND);
        assertThat(keepalive.deadlineNanos()).as("the second one is waited for from now on").isEqualTo(2 * SECOND + 700 * MILLI);
        assertThat(checkedAt(2 * SECOND + 650 * MILLI)).isTrue();
        keepalive.answered();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(2 * SECOND + 100 * MILLI);
        assertThat(keepalive.deadlineNanos()).isEqualTo(11 * SECOND);
        // One too many says nothing.
        keepalive.answered();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(2 * SECOND + 100 * MILLI);
    }

    @Test
    void whenASixteenthWasSentSinceNobodyKnowsWhenAPingWasSent() {
        connectedAt(SECOND);
        for (int i = 0; i < 17; i++) {
            keepalive.timeIs(2 * SECOND + i * MILLI);
            keepalive.ping(out);
        }
        keepalive.answered();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(Long.MIN_VALUE);
        keepalive.answered();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(2 * SECOND + MILLI);
    }

    @Test
    void aTestAsksOnceUntilItIsAnswered() {
        keepalive.test(out);
        assertThat(pings()).as("without a connection").isZero();
        connectedAt(SECOND);
        keepalive.test(out);
        keepalive.test(out);
        assertThat(pings()).isEqualTo(1);
        keepalive.answered();
        keepalive.test(out);
        assertThat(pings()).isEqualTo(2);
    }

    @Test
    void whatWasDueWhileWeDidNotRunIsWaitedForAnew() {
        connectedAt(SECOND);
        keepalive.weStalled(3 * SECOND);
        assertThat(keepalive.deadlineNanos()).isEqualTo(14 * SECOND);
        keepalive.timeIs(5 * SECOND);
        keepalive.ping(out);
        keepalive.weStalled(2 * SECOND);
        assertThat(keepalive.deadlineNanos()).isEqualTo(7 * SECOND + 500 * MILLI);
        keepalive.answered();
        assertThat(keepalive.deadlineNanos()).as("heard nothing since the connection began").isEqualTo(16 * SECOND);
    }

    @Test
    void withoutAConnectionNothingIsDue() {
        assertThat(keepalive.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        connectedAt(SECOND);
        keepalive.ping(out);
        keepalive.stop();
        assertThat(keepalive.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(checkedAt(100 * SECOND)).isTrue();
        assertThat(pings()).isEqualTo(1);
    }

    @Test
    void aNewConnectionKnowsNothingOfTheFormerOnesPings() {
        connectedAt(SECOND);
        keepalive.heard();
        keepalive.ping(out);
        keepalive.ping(out);
        keepalive.answered();
        keepalive.stop();
        connectedAt(5 * SECOND);
        assertThat(keepalive.answers()).isZero();
        assertThat(keepalive.answeredPingNanos()).isEqualTo(Long.MIN_VALUE);
        assertThat(keepalive.deadlineNanos()).isEqualTo(15 * SECOND);
        assertThat(keepalive.peerHeardNanos()).as("outlives the connection").isEqualTo(SECOND);
        assertThat(keepalive.ping(out)).isEqualTo(1);
    }

    @Test
    void anAnswerThatNobodyAskedForSaysNothingOfAnEarlierPing() {
        connectedAt(SECOND);
        keepalive.ping(out);
        keepalive.stop();
        connectedAt(5 * SECOND);
        keepalive.answered();
        // Else it would let a Primary read on (rule 9).
        assertThat(keepalive.answeredPingNanos()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void whoWasNeverHeardWasNeverHeard() {
        connectedAt(SECOND);
        assertThat(keepalive.peerHeardNanos()).isEqualTo(Long.MIN_VALUE);
    }
}
