package org.duett.failover.prover;

import java.io.IOException;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/** ICMP echo, by the JDK: it needs no program to be started in the seconds that count. */
public final class Echo {

    /** One packet may be lost, and the JDK sends one a second: each attempt is a packet of its own. */
    private static final long ATTEMPT_MILLIS = 250;

    private Echo() {
    }

    /**
     * Asks until there is an answer or the time ({@link System#nanoTime}) is over. Without the right to raw sockets the JDK asks port 7 by
     * TCP instead, where a refusal counts as an answer: that shows a living host as well.
     */
    public static boolean answers(InetAddress address, long deadlineNanos) {
        while (true) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
            if (leftMillis <= 0) return false;
            try {
                if (address.isReachable((int) Math.min(ATTEMPT_MILLIS, leftMillis))) return true;
                // No route: it says so at once, and once more would be no better.
                if (TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime()) > leftMillis - 5) return false;
            } catch (IOException _) {
                return false; // no way there
            }
        }
    }
}
