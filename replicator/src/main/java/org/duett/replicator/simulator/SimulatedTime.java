package org.duett.replicator.simulator;

import java.util.function.BooleanSupplier;

/**
 * The only clock of a simulation, and the list of what is going to happen. Time stands still while something happens and jumps to
 * the next; what is due at the same nanosecond happens in the order in which it was asked for, so that a seed replays.
 */
public final class SimulatedTime {
    private final DueQueue ahead = new DueQueue();
    private long nowNanos;
    private long lastSequence;
    private long happened;

    /** Something that is going to happen, unless it is cancelled. */
    public static final class Due {
        private final long atNanos;
        private Runnable action;

        private Due(long atNanos, Runnable action) {
            this.atNanos = atNanos;
            this.action = action;
        }

        public void cancel() {
            action = null;
        }
    }

    public long nowNanos() {
        return nowNanos;
    }

    /** How much has happened: who looks again and again need not look where nothing has. */
    public long happened() {
        return happened;
    }

    public Due at(long atNanos, Runnable action) {
        assert atNanos >= nowNanos : "the past is over";
        Due due = new Due(atNanos, action);
        ahead.add(atNanos, ++lastSequence, due);
        return due;
    }

    public Due after(long delayNanos, Runnable action) {
        return at(nowNanos + delayNanos, action);
    }

    /** Lets the next thing happen; false when nothing is ahead. */
    public boolean runNext() {
        Due due = next();
        if (due == null) return false;
        run(due);
        return true;
    }

    private void run(Due due) {
        ahead.removeFirst();
        happened++;
        nowNanos = due.atNanos;
        Runnable action = due.action;
        due.action = null;
        action.run();
    }

    /** Lets everything happen that is due until then, and that moment come. */
    public void runUntil(long untilNanos) {
        assert untilNanos >= nowNanos;
        for (Due due = next(); due != null && due.atNanos <= untilNanos; due = next()) {
            run(due);
        }
        nowNanos = untilNanos;
    }

    public void runFor(long nanos) {
        runUntil(nowNanos + nanos);
    }

    /** Runs until the condition holds; false when it does not at {@code limitNanos} or when nothing is ahead any more. */
    public boolean runUntil(BooleanSupplier condition, long limitNanos) {
        while (!condition.getAsBoolean()) {
            Due due = next();
            if (due == null || due.atNanos > limitNanos) return false;
            run(due);
        }
        return true;
    }

    /** When the next thing happens, or {@code Long.MAX_VALUE}. */
    public long nextNanos() {
        Due due = next();
        return due == null ? Long.MAX_VALUE : due.atNanos;
    }

    private Due next() {
        Due due = ahead.first();
        while (due != null && due.action == null) {
            ahead.removeFirst();
            due = ahead.first();
        }
        return due;
    }
}
