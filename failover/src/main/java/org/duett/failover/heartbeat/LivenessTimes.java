package org.duett.failover.heartbeat;

/** The times of failure detection in nanoseconds ({@code config.Timing} says what each is). */
public record LivenessTimes(long keepaliveNanos, long warntimeNanos, long deadtimeNanos, long initdeadNanos) {
    private static final long NANOS_PER_MILLI = 1_000_000;

    public LivenessTimes {
        assert keepaliveNanos < warntimeNanos;
        assert warntimeNanos < deadtimeNanos;
        assert deadtimeNanos <= initdeadNanos;
    }

    /** How often the time has to be told at least, so that nothing is judged much later than it could be. */
    public long turnNanos() {
        return keepaliveNanos / 4;
    }

    public static LivenessTimes ofMillis(int keepalive, int warntime, int deadtime, int initdead) {
        return new LivenessTimes(keepalive * NANOS_PER_MILLI, warntime * NANOS_PER_MILLI, deadtime * NANOS_PER_MILLI, initdead * NANOS_PER_MILLI);
    }
}
