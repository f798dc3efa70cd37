package org.duett.failover.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the configured times amount to: how long it takes until a death is known, and until the other node begins to take over. For {@code
 * duett cluster status} and {@code check}; the start of the members comes on top.
 *
 * @param detectedLeastMillis the last heartbeat was sent up to a keepalive before the death
 * @param detectedMostMillis the loop looks at the clock four times in a keepalive
 * @param stopsAloneMillis after sending of the last heartbeat that was echoed, this node answers nothing any more by itself (rule 9)
 */
public record ClusterTimes(int detectedLeastMillis, int detectedMostMillis, int stopsAloneMillis, ClusterConfig config) {

    public static ClusterTimes of(ClusterConfig config) {
        Timing timing = config.timing();
        return new ClusterTimes(timing.deadtimeMillis() - timing.keepaliveMillis(), timing.deadtimeMillis() + timing.keepaliveMillis() / 4,
                timing.deadtimeMillis() - timing.readMarginMillis(), config);
    }

    /** How long this proof takes after the peer is known to be silent, at most; empty when a person has to come. */
    public Optional<Integer> provenAfterMostMillis(ProofConfig proof) {
        return switch (proof) {
            case ProofConfig.Ping ping -> Optional.of(config.timing().proofTimeoutMillis());
            case ProofConfig.FenceAgent agent -> Optional.of(agent.delayMillis() + agent.timeoutMillis());
            // Nobody holds it while both are together, and while the peer does it is not to be had.
            case ProofConfig.Witness witness -> Optional.of(config.timing().proofTimeoutMillis());
            case ProofConfig.Watchdog watchdog -> Optional.of(Math.max(0, watchdog.timeoutMillis() - detectedLeastMillis));
            case ProofConfig.Manual manual -> Optional.empty();
        };
    }

    /** From the death of the active node to the first step of the takeover, when a proof works at its first attempt; empty without a proof that works by itself. */
    public Optional<Integer> takeoverBeginsMostMillis() {
        return config.proofs().stream().filter(proof -> !(proof instanceof ProofConfig.Watchdog)).flatMap(proof -> provenAfterMostMillis(proof).stream())
                .min(Integer::compare).map(proven -> detectedMostMillis + proven);
    }

    /** Sentences for people. */
    public List<String> lines() {
        Timing timing = config.timing();
        List<String> lines = new ArrayList<>();
        lines.add("A dead peer is known " + shown(detectedLeastMillis) + " to " + shown(detectedMostMillis) + " after its death (deadtime "
                + shown(timing.deadtimeMillis()) + ", keepalive " + shown(timing.keepaliveMillis()) + "); a silent path is reported after "
                + shown(timing.warntimeMillis()) + ".");
        lines.add("Cut off, a node stops to answer by itself " + shown(stopsAloneMillis) + " after it sent the last heartbeat that was echoed; the other one acts "
                + shown(timing.deadtimeMillis()) + " after it heard that one, or later: at least " + shown(timing.readMarginMillis()) + " between the two.");
        for (ProofConfig proof : config.proofs()) {
            lines.add("Proof " + name(proof) + provenAfterMostMillis(proof).map(most -> ": at most " + shown(most) + " from there, at its first attempt.")
                    .orElse(": as soon as a person confirms."));
        }
        lines.add(takeoverBeginsMostMillis().map(most -> "A takeover begins at most " + shown(most) + " after the death; the start of the members comes on top.")
                .orElse("No takeover begins without a person: duett cluster confirm-peer-down."));
        lines.add("After its start a node waits up to " + shown(timing.initdeadMillis()) + " for the first word of the other one.");
        return lines;
    }

    private static String name(ProofConfig proof) {
        return switch (proof) {
            case ProofConfig.Ping ping -> "ping";
            case ProofConfig.FenceAgent agent -> "fence-agent";
            case ProofConfig.Witness witness -> "witness";
            case ProofConfig.Watchdog watchdog -> "watchdog";
            case ProofConfig.Manual manual -> "manual";
        };
    }

    private static String shown(int millis) {
        return millis < 1000 ? millis + " ms" : millis % 1000 == 0 ? millis / 1000 + " s" : "%.2f s".formatted(millis / 1000.0);
    }
}
