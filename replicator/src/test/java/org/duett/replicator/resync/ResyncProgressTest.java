package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.resync.ResyncProgress.Figures;
import org.junit.jupiter.api.Test;

/** Percent, done, total, speed and the time that is left agree with one another. A bit is 4 KiB. */
class ResyncProgressTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void halfOfItInTenSecondsLeavesTenSeconds() {
        ResyncProgress progress = new ResyncProgress(1000, 5 * SECOND);
        assertThat(progress.figures(15 * SECOND, 500)).isEqualTo(new Figures(4_096_000, 2_048_000, 50.0, 204_800, 204_800, 10));
    }

    @Test
    void whatIsLeftIsRoundedUpToASecond() {
        ResyncProgress progress = new ResyncProgress(1000, 0);
        assertThat(progress.figures(SECOND, 900).etaSeconds()).isEqualTo(9);
        assertThat(progress.figures(SECOND, 901).etaSeconds()).isEqualTo(10);
    }

    @Test
    void theSpeedNowIsThatOfTheLastEighteenSecondsAtMost() {
        ResyncProgress progress = new ResyncProgress(100_000, 0);
        long left = 100_000;
        // 100 blocks a second for 30 s, then 10.
        for (int second = 1; second <= 60; second++) {
            left -= second <= 30 ? 100 : 10;
            progress.timeIs(second * SECOND, left);
        }
        Figures figures = progress.figures(60 * SECOND, left);
        assertThat(figures.bytesPerSecondNow()).isEqualTo(10 * 4096);
        assertThat(figures.bytesPerSecondAverage()).isEqualTo(3300 * 4096 / 60);
        assertThat(figures.doneBytes()).isEqualTo(3300 * 4096);
        assertThat(figures.etaSeconds()).isEqualTo((100_000 - 3300) / 10);
        // The window has six marks, three seconds apart, and begins with the oldest: at 45 s.
        left -= 100;
        assertThat(progress.figures(61 * SECOND, left).bytesPerSecondNow()).isEqualTo((15 * 10 + 100) * 4096 / 16);
    }

    @Test
    void marksAreThreeSecondsApart() {
        ResyncProgress progress = new ResyncProgress(1000, 0);
        // Six marks at 0, 3, ... 15: before the seventh the first one counts.
        long left = 1000;
        for (int half = 1; half <= 35; half++) progress.timeIs(half * SECOND / 2, --left);
        assertThat(progress.figures(18 * SECOND, left).bytesPerSecondNow()).isEqualTo(35 * 4096 / 18);
        progress.timeIs(18 * SECOND, left);
        assertThat(progress.figures(18 * SECOND, left).bytesPerSecondNow()).isEqualTo((35 - 6) * 4096 / 15);
    }

    @Test
    void whenNothingMovesNobodyKnowsHowLong() {
        ResyncProgress progress = new ResyncProgress(1000, 0);
        assertThat(progress.figures(SECOND, 1000)).isEqualTo(new Figures(4_096_000, 0, 0.0, 0, 0, -1));
        assertThat(progress.figures(0, 999).bytesPerSecondNow()).as("in no time").isZero();
    }

    @Test
    void aTargetThatFallsBehindHasMoreToCopyAndNothingDone() {
        ResyncProgress progress = new ResyncProgress(1000, 0);
        assertThat(progress.figures(SECOND, 1500)).isEqualTo(new Figures(1500 * 4096, 0, 0.0, 0, 0, -1));
    }

    @Test
    void nothingToCopyIsAllDone() {
        assertThat(new ResyncProgress(0, 0).figures(SECOND, 0)).isEqualTo(new Figures(0, 0, 100.0, 0, 0, 0));
    }
}
