package org.duett.failover.heartbeat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SentHeartbeatsTest {
    private final SentHeartbeats sent = new SentHeartbeats(4);

    @Test
    void anEchoTellsWhenItsHeartbeatWasSent() {
        assertThat(sent.echoedSentBootNanos()).isEqualTo(Long.MIN_VALUE);
        sent.next(100);
        long second = sent.next(200);
        sent.next(300);
        sent.echoed(second);
        assertThat(sent.echoedSentBootNanos()).isEqualTo(200);
    }

    @Test
    void aLateEchoDoesNotTurnTimeBack() {
        sent.next(100);
        sent.next(200);
        sent.echoed(2);
        sent.echoed(1);
        assertThat(sent.echoedSentBootNanos()).isEqualTo(200);
    }

    @Test
    void anEchoOfWhatWasNeverSentOrIsForgottenSaysNothing() {
        for (int count = 1; count <= 6; count++) sent.next(100L * count);
        sent.echoed(7);
        sent.echoed(0);
        sent.echoed(2);
        assertThat(sent.echoedSentBootNanos()).isEqualTo(Long.MIN_VALUE);
        sent.echoed(3);
        assertThat(sent.echoedSentBootNanos()).isEqualTo(300);
    }
}
