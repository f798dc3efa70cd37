package org.duett.failover.prover;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.duett.replicator.command.CommandResult;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.proof.Prover;

/**
 * The proof {@code fence-agent}: a program of the fence-agents family switches the peer off. It reads its options, a line each, from its
 * standard input (passwords are on no command line) and answers with its exit code: 0 is done. Anything else is unknown, never done.
 */
public final class FenceAgentProver implements Prover {

    /** What {@code action=status} exits with when the plug is off; 0 is on, others are failures (fence-agents API). */
    private static final int STATUS_OFF = 2;
    /** A node that slept this much longer than it wanted does not know any more what it was about to do. */
    private static final long OVERSLEPT_MILLIS = 1000;
    /** Of the time for the agent, what asking for the status may take at the end. */
    private static final double SHARE_FOR_STATUS = 0.25;

    /**
     * Between two calls of an agent that fails, doubled up to the longest: it is asked for twice a second for as long as the peer is silent, a
     * management board locks out who logs in so often, and a peer that was switched off unnoticed is to have the time to start.
     */
    private static final long FIRST_PAUSE_MILLIS = 1000;
    private static final long LONGEST_PAUSE_MILLIS = 16_000;
    /** When nobody has asked for so long, the next question is about another loss of the peer. */
    private static final long FORGOTTEN_MILLIS = 10_000;

    private final ProofConfig.FenceAgent config;
    private final LongSupplier nanoTime;
    /** What the last call came to, when it did not prove it; null before the first one. */
    private ProofOutcome failed;
    private long pauseMillis;
    private long failedAtNanos;
    private long askedAtNanos;

    /** The delay of {@code config} differs on the two nodes, so that they do not shoot each other. */
    public FenceAgentProver(ProofConfig.FenceAgent config) {
        this(config, System::nanoTime);
    }

    FenceAgentProver(ProofConfig.FenceAgent config, LongSupplier nanoTime) {
        this.config = config;
        this.nanoTime = nanoTime;
    }

    @Override
    public String name() {
        return "fence-agent";
    }

    @Override
    public ProofOutcome prove() throws InterruptedException {
        long now = nanoTime.getAsLong();
        if (failed != null && now - askedAtNanos > TimeUnit.MILLISECONDS.toNanos(FORGOTTEN_MILLIS)) failed = null;
        askedAtNanos = now;
        if (failed != null && now - failedAtNanos < TimeUnit.MILLISECONDS.toNanos(pauseMillis)) return failed;
        pauseMillis = failed == null ? FIRST_PAUSE_MILLIS : Math.min(LONGEST_PAUSE_MILLIS, 2 * pauseMillis);
        failed = null;
        ProofOutcome outcome = shoot();
        askedAtNanos = nanoTime.getAsLong();
        failedAtNanos = askedAtNanos;
        if (outcome.verdict() != Verdict.PROVEN) failed = outcome;
        return outcome;
    }

    private ProofOutcome shoot() throws InterruptedException {
        long beganNanos = System.nanoTime();
        Thread.sleep(config.delayMillis());
        long overslept = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos) - config.delayMillis();
        if (overslept > OVERSLEPT_MILLIS)
            return unknown("this node slept " + overslept + " ms longer than its delay before fencing; it did not shoot, and looks again first");
        long timeoutMillis = Math.round(config.timeoutMillis() * (1 - SHARE_FOR_STATUS));
        String action = config.options().getOrDefault("action", "off");
        CommandResult ended = run(action, timeoutMillis);
        return switch (ended.ending()) {
            case NOT_STARTED -> unknown(ended.describe() + "; install it (Debian: fence-agents) or name it with its whole path");
            case TIMED_OUT -> unknown(ended.describe() + "; whether the peer is off is not known");
            case EXITED -> ended.exitCode() == 0 ? confirm(action) : unknown(ended.describe() + "; the peer does not count as fenced");
        };
    }

    /** The agent has said yes. Its own status may still contradict; that it cannot be asked does not. */
    private ProofOutcome confirm(String action) throws InterruptedException {
        String done = config.program() + " says that action " + action + " is done";
        if (!action.equals("off"))
            return new ProofOutcome(Verdict.PROVEN, done);
        CommandResult status = run("status", Math.round(config.timeoutMillis() * SHARE_FOR_STATUS));
        if (status.succeeded())
            return unknown(done + ", and then that the peer is on; it does not count as fenced");
        boolean off = status.ending() == CommandResult.Ending.EXITED && status.exitCode() == STATUS_OFF;
        return new ProofOutcome(Verdict.PROVEN, done + (off ? ", and its status that the peer is off" : "; no status: " + status.describe()));
    }

    private CommandResult run(String action, long timeoutMillis) throws InterruptedException {
        Map<String, String> options = new TreeMap<>(config.options());
        options.put("action", action);
        String input = options.entrySet().stream().map(option -> option.getKey() + "=" + option.getValue() + "\n")
                .collect(Collectors.joining());
        return CommandRunner.run(List.of(config.program()), Map.of(), input, timeoutMillis);
    }

    private static ProofOutcome unknown(String why) {
        return new ProofOutcome(Verdict.UNKNOWN, why);
    }

    /** A node that was switched off stays without a group until it has been started anew. */
    @Override
    public ProofOutcome renew() {
        return new ProofOutcome(Verdict.PROVEN, "taken once");
    }

    @Override
    public String notCovered() {
        return "a fencing device that loses its power together with the peer (a management board) cannot answer: nothing is proven then, and a"
                + " person has to confirm";
    }
}
