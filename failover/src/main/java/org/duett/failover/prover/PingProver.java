package org.duett.failover.prover;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.PingEvidence;
import org.duett.failover.proof.PingEvidence.Finding;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.Prover;

/** The proof {@code ping}: asks all ping nodes and looks for all traces of the peer at once. */
public final class PingProver implements Prover {

    /** The answers of all threads have to be gathered within the time of the attempt, too. */
    private static final double SHARE_FOR_ASKING = 0.8;
    /** What answers at once answers before any question would be asked a second time. */
    private static final long AT_ONCE_NANOS = 300_000_000L;

    private final ProofConfig.Ping config;
    private final List<PeerTrace> traces;
    private final int timeoutMillis;
    /** At the last look since the proof was taken this node was cut off, or found the peer. */
    private boolean lostSight;

    public PingProver(ProofConfig.Ping config, List<PeerTrace> traces, int timeoutMillis) {
        this.config = config;
        this.traces = List.copyOf(traces);
        this.timeoutMillis = timeoutMillis;
    }

    @Override
    public String name() {
        return "ping";
    }

    @Override
    public ProofOutcome prove() throws InterruptedException {
        return prove(0);
    }

    @Override
    public ProofOutcome prove(int lookMillis) throws InterruptedException {
        lostSight = false;
        return look(traces, Math.max(lookMillis, askingMillis())).outcome();
    }

    private int askingMillis() {
        return (int) (timeoutMillis * SHARE_FOR_ASKING);
    }

    private PingEvidence look(List<PeerTrace> traces, int lookMillis) throws InterruptedException {
        long begunNanos = System.nanoTime();
        long deadlineNanos = begunNanos + TimeUnit.MILLISECONDS.toNanos(lookMillis);
        List<Callable<Timed<Boolean>>> questions = new ArrayList<>();
        for (InetAddress target : config.targets())
            questions.add(() -> Timed.of(Echo.answers(target, deadlineNanos), begunNanos));
        List<Callable<Timed<Optional<Finding>>>> searches = new ArrayList<>();
        for (PeerTrace trace : traces)
            searches.add(() -> Timed.of(new TraceSearch(trace, deadlineNanos).look(), begunNanos));
        // Threads of the platform: none waits for a carrier that others use while the machine is busy.
        ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().name("ping-proof-", 0).factory());
        try {
            List<Future<Timed<Boolean>>> asked = questions.stream().map(threads::submit).toList();
            List<Future<Timed<Optional<Finding>>>> sought = threads.invokeAll(searches, lookMillis + (long) (timeoutMillis * (1 - SHARE_FOR_ASKING)), TimeUnit.MILLISECONDS);
            return gather(asked, traces, sought);
        } finally {
            threads.shutdownNow();
        }
    }

    /** An answer, and whether it was there at once. */
    private record Timed<T>(T value, boolean atOnce) {
        static <T> Timed<T> of(T value, long begunNanos) {
            return new Timed<>(value, System.nanoTime() - begunNanos < AT_ONCE_NANOS);
        }
    }

    private PingEvidence gather(List<Future<Timed<Boolean>>> asked, List<PeerTrace> traces, List<Future<Timed<Optional<Finding>>>> sought) throws InterruptedException {
        var answering = new ArrayList<String>();
        var silent = new ArrayList<String>();
        int atOnce = 0;
        for (int i = 0; i < asked.size(); i++) {
            boolean answered = false;
            if (valueOf(asked.get(i)) instanceof Answer.Value<Timed<Boolean>>(var answer) && answer.value()) {
                answered = true;
                if (answer.atOnce()) atOnce++;
            }
            (answered ? answering : silent).add(config.targets().get(i).getHostAddress());
        }
        boolean foundAtOnce = false;
        var findings = new ArrayList<Finding>();
        for (int i = 0; i < sought.size(); i++) {
            switch (valueOf(sought.get(i))) {
                case Answer.Value<Timed<Optional<Finding>>>(var search) -> {
                    search.value().ifPresent(findings::add);
                    foundAtOnce |= search.atOnce() && search.value().filter(finding -> finding.kind() == Finding.Kind.FOUND).isPresent();
                }
                case Answer.None<Timed<Optional<Finding>>>(var why) ->
                    findings.add(new Finding(Finding.Kind.COULD_NOT_LOOK, traces.get(i).toString(), why));
            }
        }
        return new PingEvidence(answering, silent, config.quorum(), findings, atOnce < config.quorum() && !foundAtOnce);
    }

    private sealed interface Answer<T> {
        record Value<T>(T value) implements Answer<T> {
        }

        record None<T>(String why) implements Answer<T> {
        }
    }

    private static <T> Answer<T> valueOf(Future<T> future) throws InterruptedException {
        try {
            return new Answer.Value<>(future.get());
        } catch (CancellationException _) {
            return new Answer.None<>("it took too long on this node");
        } catch (ExecutionException e) {
            return new Answer.None<>(String.valueOf(e.getCause()));
        }
    }

    /**
     * It is evidence of a moment: should the peer return, its heartbeats tell so before any search would. Who reaches the ping nodes no more would not
     * hear them, and says so by {@link ProofOutcome.Verdict#CUT_OFF}, until it reaches them again and does not find the peer.
     */
    @Override
    public ProofOutcome renew() throws InterruptedException {
        ProofOutcome seen = lostSight ? prove() : askTargets();
        lostSight = seen.verdict() != ProofOutcome.Verdict.PROVEN;
        return lostSight ? new ProofOutcome(ProofOutcome.Verdict.CUT_OFF, seen.detail()) : seen;
    }

    private ProofOutcome askTargets() throws InterruptedException {
        PingEvidence evidence = look(List.of(), askingMillis());
        return evidence.targetsAnswering().size() < config.quorum() ? evidence.outcome() : new ProofOutcome(ProofOutcome.Verdict.PROVEN, "taken once");
    }

    @Override
    public String notCovered() {
        return "circumstantial: a peer that runs but answers neither heartbeats nor ARP, echo and TCP (its kernel hangs and wakes later, or"
                + " every link to it is cut while it can still be reached by clients elsewhere) is taken for dead, and may act at the same time";
    }
}
