package org.duett.failover.notify;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How much of one kind is told: a burst, and then one each interval. What is held back is counted, and the count is told as soon as there is
 * room again: nobody believes that it has become quiet while it has not.
 */
public final class RateLimit {

    private final int burst;
    private final long intervalNanos;
    private final Map<Notification.Kind, Allowance> allowances = new EnumMap<>(Notification.Kind.class);

    private final class Allowance {
        private int left = burst;
        private long lastGrownNanos;
        private int heldBack;
        private Notification lastHeldBack;

        private Allowance(long nowNanos) {
            lastGrownNanos = nowNanos;
        }

        private void grow(long nowNanos) {
            long intervals = (nowNanos - lastGrownNanos) / intervalNanos;
            if (intervals <= 0) return;
            left = (int) Math.min(burst, left + intervals);
            lastGrownNanos += intervals * intervalNanos;
        }
    }

    public RateLimit(int burst, long intervalNanos) {
        if (burst < 1 || intervalNanos < 1)
            throw new IllegalArgumentException("a limit lets at least one through");
        this.burst = burst;
        this.intervalNanos = intervalNanos;
    }

    /** What is to be told now of this; empty: it is held back. */
    public Optional<Notification> pass(Notification notification, long nowNanos) {
        Allowance allowance = allowances.computeIfAbsent(notification.kind(), _ -> new Allowance(nowNanos));
        allowance.grow(nowNanos);
        if (allowance.left == 0) {
            allowance.heldBack++;
            allowance.lastHeldBack = notification;
            return Optional.empty();
        }
        allowance.left--;
        if (allowance.heldBack == 0) return Optional.of(notification);
        Notification told = notification.withText(notification.text() + " (" + allowance.heldBack + " of this kind were held back before)");
        allowance.heldBack = 0;
        return Optional.of(told);
    }

    /** What was held back and may be told by now. */
    public List<Notification> due(long nowNanos, Instant now) {
        var due = new ArrayList<Notification>();
        for (Allowance allowance : allowances.values()) {
            allowance.grow(nowNanos);
            if (allowance.heldBack == 0 || allowance.left == 0) continue;
            allowance.left--;
            Notification last = allowance.lastHeldBack;
            due.add(new Notification(last.kind(), last.node(), last.group(), last.resource(),
                    allowance.heldBack + " of this kind were held back; the last was of " + last.time() + ": " + last.text(), now));
            allowance.heldBack = 0;
        }
        return due;
    }
}
