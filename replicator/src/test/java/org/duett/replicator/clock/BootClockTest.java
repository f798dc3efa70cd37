package org.duett.replicator.clock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class BootClockTest {
    private static final long PROC_RESOLUTION_NANOS = 10_000_000;

    @Test
    void tellsTheTimeSinceTheMachineWasStarted() throws IOException {
        long before = uptimeNanos();
        long clock = new BootClock().getAsLong();
        long after = uptimeNanos();
        assertThat(clock).isBetween(before, after + PROC_RESOLUTION_NANOS);
    }

    @Test
    void doesNotGoBack() {
        BootClock clock = new BootClock();
        long last = clock.getAsLong();
        for (int i = 0; i < 10_000; i++) {
            long now = clock.getAsLong();
            assertThat(now).isGreaterThanOrEqualTo(last);
            last = now;
        }
    }

    @Test
    void aBootHasANumberOfItsOwnThatIsNeverZero() throws IOException {
        assertThat(BootId.read()).isEqualTo(BootId.read()).isNotZero();
        assertThat(BootId.hash("7a0f2b0e-6c0e-4b52-9d2c-000000000001")).isNotEqualTo(BootId.hash("7a0f2b0e-6c0e-4b52-9d2c-000000000002"));
    }

    /** The kernel counts it on CLOCK_BOOTTIME, in hundredths of a second, rounded down. */
    private static long uptimeNanos() throws IOException {
        String seconds = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
        return Math.round(Double.parseDouble(seconds) * 100) * PROC_RESOLUTION_NANOS;
    }
}
