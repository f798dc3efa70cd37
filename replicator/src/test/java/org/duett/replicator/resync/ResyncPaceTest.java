package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.junit.jupiter.api.Test;

/** How fast a target may ask, and how much at a time: less beside the writes of the peer's host. */
class ResyncPaceTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    /** Far more than any window. */
    private static final int ALL_BUFFERS = 100_000;

    private static ResyncPace pace(int maxKib, int minKib, int buffersPages) {
        return new ResyncPace(new ResyncSettings(0, 0, 0, 0, maxKib, minKib), buffersPages, 0);
    }

    /** How much it lets through at this moment, by requests of 4 KiB. */
    private static int admitted(ResyncPace pace, long nowNanos) {
        int bytes = 0;
        while (pace.admits(4 * KIB, 0, nowNanos)) {
            pace.spent(4 * KIB);
            bytes += 4 * KIB;
        }
        return bytes;
    }

    @Test
    void itStartsWithOneTurnAndThenHasItsRate() {
        ResyncPace pace = pace(100 * 1024, 0, ALL_BUFFERS);
        assertThat(admitted(pace, 0)).isBetween(2 * MIB, 2 * MIB + 4 * KIB);
        int bytes = 0;
        for (long now = 20 * MILLI; now <= SECOND; now += 20 * MILLI) {
            pace.refill(now);
            bytes += admitted(pace, now);
        }
        assertThat(bytes).isBetween(100 * MIB - 64 * KIB, 100 * MIB + 64 * KIB);
    }

    @Test
    void besideWritesItHasAQuarterButAsMuchAsTheOperatorDemands() {
        for (int minKib : new int[]{0, 60 * 1024}) {
            ResyncPace pace = pace(100 * 1024, minKib, ALL_BUFFERS);
            admitted(pace, 0);
            int bytes = 0;
            for (long now = 20 * MILLI; now <= SECOND; now += 20 * MILLI) {
                pace.applicationWrote(now);
                pace.refill(now);
                bytes += admitted(pace, now);
            }
            int expected = minKib == 0 ? 25 * MIB : 60 * MIB;
            assertThat(bytes).isBetween(expected - 64 * KIB, expected + 64 * KIB);
        }
    }

    @Test
    void aWriteCountsForAFifthOfASecond() {
        ResyncPace pace = pace(1000 * 1024, 0, ALL_BUFFERS);
        pace.applicationWrote(SECOND);
        assertThat(pace.admits(MIB, MIB, SECOND + 199 * MILLI)).isFalse();
        assertThat(pace.admits(MIB, MIB, SECOND + 200 * MILLI)).isTrue();
    }

    @Test
    void theWindowIsEightMebibytesAloneAndOneBesideWrites() {
        ResyncPace pace = pace(1000 * 1024, 0, ALL_BUFFERS);
        assertThat(pace.admits(MIB, 7 * MIB, 0)).isTrue();
        assertThat(pace.admits(MIB, 7 * MIB + 1, 0)).isFalse();
        pace.applicationWrote(0);
        assertThat(pace.admits(128 * KIB, 896 * KIB, 0)).isTrue();
        assertThat(pace.admits(128 * KIB, 896 * KIB + 1, 0)).isFalse();
        assertThat(pace.admits(2 * MIB, 0, 0)).as("one request always may be under way").isTrue();
    }

    @Test
    void halfOfTheBuffersAreTheMostAndOneLargeRequestTheLeast() {
        // 256 pages are 1 MiB.
        ResyncPace pace = pace(1000 * 1024, 0, 256);
        assertThat(pace.admits(256 * KIB, 256 * KIB, 0)).isTrue();
        assertThat(pace.admits(256 * KIB, 256 * KIB + 1, 0)).isFalse();
        ResyncPace few = pace(1000 * 1024, 0, 8);
        assertThat(few.admits(64 * KIB, 64 * KIB, 0)).isTrue();
        assertThat(few.admits(64 * KIB, 64 * KIB + 1, 0)).isFalse();
    }

    @Test
    void aPauseMakesNoBurst() {
        ResyncPace pace = pace(100 * 1024, 0, ALL_BUFFERS);
        admitted(pace, 0);
        pace.refill(10 * SECOND);
        assertThat(admitted(pace, 10 * SECOND)).as("two turns").isBetween(4 * MIB, 4 * MIB + 8 * KIB);
        ResyncPace slow = pace(1024, 0, ALL_BUFFERS);
        admitted(slow, 0);
        slow.refill(10 * SECOND);
        assertThat(admitted(slow, 10 * SECOND)).as("one second's worth, saved up for a large request").isBetween(MIB - 8 * KIB, MIB + 4 * KIB);
    }

    @Test
    void itNeverStandsStill() {
        ResyncPace pace = pace(0, 0, ALL_BUFFERS);
        admitted(pace, 0);
        int bytes = 0;
        for (long now = 20 * MILLI; now <= SECOND; now += 20 * MILLI) {
            pace.refill(now);
            bytes += admitted(pace, now);
        }
        assertThat(bytes).isBetween(56 * KIB, 72 * KIB);
    }
}
