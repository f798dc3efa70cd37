package org.duett.failover.heartbeat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OwnDelayTest {
    private static final long MILLI = 1_000_000;

    private final OwnDelay delay = new OwnDelay(200 * MILLI, 0);

    @Test
    void usualTurnsCountInFull() {
        assertThat(delay.turn(50 * MILLI)).isZero();
        assertThat(delay.turn(250 * MILLI)).isZero();
        assertThat(delay.listenedNanos()).isEqualTo(250 * MILLI);
    }

    @Test
    void ofALongGapOnlyTheToleratedPartCountsAndOnlyAfterTheSocketsCouldBeRead() {
        delay.turn(100 * MILLI);
        assertThat(delay.turn(5100 * MILLI)).isEqualTo(5000 * MILLI);
        assertThat(delay.listenedNanos()).isEqualTo(100 * MILLI);
        assertThat(delay.turn(5101 * MILLI)).isZero();
        assertThat(delay.listenedNanos()).as("the sockets may not have been read").isEqualTo(101 * MILLI);
        delay.turn(5110 * MILLI);
        assertThat(delay.listenedNanos()).isEqualTo(310 * MILLI);
    }

    @Test
    void withAProcessorThatIsStarvedForGoodTimeStillPassesSlowly() {
        for (long turn = 1; turn <= 10; turn++) assertThat(delay.turn(turn * 1000 * MILLI)).isEqualTo(1000 * MILLI);
        assertThat(delay.listenedNanos()).isEqualTo(9 * 200 * MILLI);
    }

    @Test
    void aClockThatStepsBackCountsNothing() {
        delay.turn(100 * MILLI);
        assertThat(delay.turn(40 * MILLI)).isZero();
        delay.turn(110 * MILLI);
        assertThat(delay.listenedNanos()).isEqualTo(110 * MILLI);
    }

    @Test
    void theLongestGapIsToldOnce() {
        delay.turn(300 * MILLI);
        delay.turn(310 * MILLI);
        assertThat(delay.takeLongestGapNanos()).isEqualTo(300 * MILLI);
        assertThat(delay.takeLongestGapNanos()).isZero();
    }
}
