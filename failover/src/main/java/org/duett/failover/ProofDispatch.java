package org.duett.failover;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.duett.failover.decision.Event;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.proof.Prover;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the configured proofs on a thread of their own, in the order in which they are written, until one proves it. */
final class ProofDispatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProofDispatch.class);

    private final List<Prover> provers;
    private final Consumer<Event> events;
    private final ExecutorService worker = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("proof").factory());
    /** The one that proved it last; touched by the worker only. */
    private Prover proven;
    /** What each proof found last, for the log: one that is asked twice a second for hours says the same. Touched by the worker only. */
    private final Map<String, ProofOutcome> lastFound = new HashMap<>();
    /** The attempt that was begun last; touched by the loop only. */
    private Future<?> underWay;
    /** The generations that the witnesses were told of last. */
    private volatile Map<String, Long> vouchedFor = Map.of();

    ProofDispatch(List<Prover> provers, Consumer<Event> events) {
        this.provers = provers;
        this.events = events;
    }

    void ask(long attempt, boolean exclusive, int lookMillis) {
        perform(attempt, () -> firstThatProves(exclusive, lookMillis));
    }

    private ProofOutcome firstThatProves(boolean exclusive, int lookMillis) throws InterruptedException {
        List<String> reasons = new ArrayList<>();
        Verdict verdict = Verdict.UNKNOWN;
        boolean answeredLate = false;
        for (Prover prover : provers) {
            if (exclusive && !prover.name().equals("fence-agent")) continue;
            ProofOutcome outcome = prover.prove(lookMillis);
            boolean isNews = !outcome.equals(lastFound.put(prover.name(), outcome));
            if (isNews) LOG.info("proof={} verdict={} {}", prover.name(), outcome.verdict(), outcome.detail());
            else LOG.debug("proof={} verdict={} again", prover.name(), outcome.verdict());
            if (outcome.verdict() == Verdict.PROVEN) {
                proven = prover;
                return new ProofOutcome(Verdict.PROVEN, prover.name() + ": " + outcome.detail());
            }
            if (outcome.verdict() == Verdict.CUT_OFF) verdict = Verdict.CUT_OFF;
            if (outcome.verdict() == Verdict.REFUTED && verdict == Verdict.UNKNOWN) verdict = Verdict.REFUTED;
            answeredLate |= outcome.answeredLate();
            reasons.add(prover.name() + ": " + outcome.detail());
        }
        return new ProofOutcome(verdict, reasons.isEmpty() ? "no proof is configured" : String.join("; ", reasons), answeredLate);
    }

    void renew(long attempt) {
        perform(attempt, () -> proven == null ? new ProofOutcome(Verdict.UNKNOWN, "nothing was proven by this daemon") : proven.renew());
    }

    /** At most once for each new generation, and again when a witness did not answer. */
    void nodesAreEqual(Map<String, Long> generations) {
        if (generations.equals(vouchedFor)) return;
        vouchedFor = Map.copyOf(generations);
        worker.execute(() -> {
            try {
                boolean all = true;
                for (Prover prover : provers) all &= prover.nodesAreEqual();
                if (!all) vouchedFor = Map.of();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Breaks off what is under way, and gives back what was taken. */
    void release() {
        Future<?> under = underWay;
        if (under != null) under.cancel(true);
        worker.execute(() -> {
            try {
                lastFound.clear();
                if (proven != null) proven.release();
                proven = null;
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private interface Question {
        ProofOutcome ask() throws InterruptedException;
    }

    private void perform(long attempt, Question question) {
        underWay = worker.submit(() -> {
            ProofOutcome outcome;
            try {
                outcome = question.ask();
            } catch (InterruptedException brokenOff) {
                LOG.info("an attempt at a proof was broken off");
                return;
            } catch (RuntimeException failed) {
                LOG.error("a proof failed by a mistake of ours", failed);
                outcome = new ProofOutcome(Verdict.UNKNOWN, "the proof itself failed: " + failed);
            }
            events.accept(new Event.ProofAnswered(attempt, outcome));
        });
    }

    @Override
    public void close() {
        worker.shutdownNow();
    }
}
