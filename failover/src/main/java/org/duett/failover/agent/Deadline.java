package org.duett.failover.agent;

/** The end of the time that a member has for what it was ordered to do; its steps share it. */
final class Deadline {
    private final long endNanos;

    private Deadline(long endNanos) {
        this.endNanos = endNanos;
    }

    static Deadline in(long millis) {
        return new Deadline(System.nanoTime() + millis * 1_000_000);
    }

    long leftMillis() {
        return Math.max(0, (endNanos - System.nanoTime()) / 1_000_000);
    }

    boolean hasPassed() {
        return leftMillis() == 0;
    }
}
