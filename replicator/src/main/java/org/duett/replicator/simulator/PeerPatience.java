package org.duett.replicator.simulator;

import org.duett.replicator.machine.ResourceSettings.NetSettings;

/**
 * A peer that answers pings, and owes something else for longer than timeout x ko-count, is given up (spec wire 1.4): its disk hangs, and the hosts of a
 * Primary would wait as long as that does.
 */
final class PeerPatience {
    private static final long MILLI = 1_000_000;
    /** A core looks at that now and then only. */
    private static final long LOOKS_EVERY_NANOS = 1_100 * MILLI;

    private final SimulatedPair pair;
    private final long patienceNanos;

    PeerPatience(SimulatedPair pair) {
        this.pair = pair;
        NetSettings net = pair.settings().net();
        patienceNanos = net.koCount() == 0 ? Long.MAX_VALUE : net.timeoutMillis() * net.koCount() * MILLI + LOOKS_EVERY_NANOS;
    }

    /** Between the steps of a life. */
    void check() {
        for (SimulatedNode node : pair.nodes()) {
            long since = node.isRunning() ? node.owedSinceNanos() : Long.MAX_VALUE;
            // Who did not run has not waited.
            if (since == Long.MAX_VALUE || node.sleptSince(since) || pair.time().nowNanos() - since <= patienceNanos) continue;
            throw new AssertionError(node.name() + " has waited for an answer of its peer since " + since / MILLI + " ms, and has not given it up; " + pair.describe());
        }
    }
}
