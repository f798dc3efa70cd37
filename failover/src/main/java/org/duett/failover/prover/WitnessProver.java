package org.duett.failover.prover;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.duett.failover.proof.LeaseWatch;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.proof.Prover;
import org.duett.failover.proof.WitnessLease;

/**
 * The proof {@code witness}: a lease that only one node holds. Beside it stand the generation identifiers of its last holder; a node with
 * others is refused, as it misses writes that were acknowledged. So is a node that finds it held by the other one, for however long: that one may have
 * begun a generation after its last word. Its holder gives it back when both are together again.
 */
public final class WitnessProver implements Prover {

    /** Of the lease's time, how much earlier its holder stops trusting it than its peer takes it for over. */
    private static final double MARGIN = 0.25;

    private final Witness witness;
    private final String node;
    private final Supplier<Map<String, Long>> generations;
    private final LongSupplier bootNanos;
    private final int leaseMillis;
    private final long trustNanos;
    private final LeaseWatch watch;
    /** Boot time before our last successful taking or renewing was asked for; only while we hold it. */
    private Optional<Long> heldSinceNanos = Optional.empty();

    /**
     * {@code generations}: the current identifiers of this node's volumes, asked anew each time. {@code bootNanos}: a clock that counts while
     * the machine sleeps.
     */
    public WitnessProver(Witness witness, String node, int leaseMillis, Supplier<Map<String, Long>> generations, LongSupplier bootNanos) {
        this.witness = witness;
        this.node = node;
        this.generations = generations;
        this.bootNanos = bootNanos;
        this.leaseMillis = leaseMillis;
        trustNanos = (long) (TimeUnit.MILLISECONDS.toNanos(leaseMillis) * (1 - MARGIN));
        watch = new LeaseWatch(leaseMillis);
    }

    @Override
    public String name() {
        return "witness";
    }

    @Override
    public synchronized ProofOutcome prove() throws InterruptedException {
        long now = bootNanos.getAsLong();
        Map<String, Long> ours = generations.get();
        try {
            Witness.Exchange exchange = witness.exchange(lease -> mayTake(lease, ours) ? lease.takenBy(node, ours) : lease);
            if (exchange.after().isHeldBy(node) && !exchange.after().equals(exchange.before())) {
                heldSinceNanos = Optional.of(now);
                return new ProofOutcome(Verdict.PROVEN, "the witness's lease is ours");
            }
            watch.saw(exchange.before(), bootNanos.getAsLong());
            return refusal(exchange.before(), ours, now);
        } catch (Witness.Unavailable e) {
            return new ProofOutcome(Verdict.UNKNOWN, "the witness does not answer: " + e.getMessage());
        }
    }

    private boolean mayTake(WitnessLease lease, Map<String, Long> ours) {
        if (lease.isHeldBy(node)) return true; // of an earlier life of ours; nobody has acted since
        return lease.holder().isEmpty() && lease.whatIsMissingIn(ours).isEmpty();
    }

    private ProofOutcome refusal(WitnessLease lease, Map<String, Long> ours, long now) {
        String holder = lease.holder().orElse("nobody");
        if (lease.holder().isPresent() && watch.isAlive(now))
            return new ProofOutcome(Verdict.REFUTED, holder + " holds the witness's lease and renews it: it lives, and may serve");
        if (lease.holder().isPresent() && !watch.hasRunOut(lease, now))
            return new ProofOutcome(Verdict.UNKNOWN, holder + " holds the witness's lease; whether it still renews it is known when it has been watched for " + seconds(leaseMillis));
        return new ProofOutcome(Verdict.REFUTED, lease.whatIsMissingIn(ours).map(missing -> "the witness knows of newer data than ours: " + missing)
                .orElse(holder + " holds the witness's lease, has not renewed it for " + seconds(leaseMillis)
                        + " and has not given it back: it may have gone on alone, and have newer data. No time ends the lease, but both nodes connected with equal data"));
    }

    private static String seconds(long millis) {
        return millis % 1000 == 0 ? millis / 1000 + " s" : "%.1f s".formatted(millis / 1000.0);
    }

    /**
     * Keeps the lease and stores our identifiers as they are now. That it could not be reached once does no harm while the lease lasts; it is
     * over for us before it is for the peer.
     */
    @Override
    public synchronized ProofOutcome renew() throws InterruptedException {
        long now = bootNanos.getAsLong();
        if (heldSinceNanos.isEmpty())
            return new ProofOutcome(Verdict.REFUTED, "the witness's lease is not ours");
        try {
            Map<String, Long> ours = generations.get();
            Witness.Exchange exchange = witness.exchange(lease -> lease.isHeldBy(node) ? lease.takenBy(node, ours) : lease);
            if (!exchange.after().isHeldBy(node)) {
                heldSinceNanos = Optional.empty();
                return new ProofOutcome(Verdict.REFUTED, "the witness's lease has gone to " + exchange.after().holder().orElse("nobody"));
            }
            heldSinceNanos = Optional.of(now);
            return new ProofOutcome(Verdict.PROVEN, "the witness's lease is renewed");
        } catch (Witness.Unavailable e) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(heldSinceNanos.get() + trustNanos - bootNanos.getAsLong());
            if (leftMillis > 0)
                return new ProofOutcome(Verdict.PROVEN, "the witness does not answer (" + e.getMessage() + "); its lease is ours for another "
                        + seconds(leftMillis));
            return new ProofOutcome(Verdict.UNKNOWN, "the witness's lease could not be renewed in time: " + e.getMessage());
        }
    }

    @Override
    public boolean nodesAreEqual() throws InterruptedException {
        return vouch().verdict() == ProofOutcome.Verdict.PROVEN;
    }

    /**
     * Stores our identifiers while nobody holds the lease, so that a node that was away when they were made is refused later. Only for a node
     * that is connected to its peer, with UpToDate disks on both sides. One that this node has kept, in an earlier life or because the witness was
     * not reached, is given back by that; the other node's is its own affair, as what we know of the connection may be over.
     */
    synchronized ProofOutcome vouch() throws InterruptedException {
        if (heldSinceNanos.filter(since -> bootNanos.getAsLong() - since >= trustNanos).isPresent()) heldSinceNanos = Optional.empty();
        Map<String, Long> ours = generations.get();
        try {
            Witness.Exchange exchange = witness
                    .exchange(lease -> isInUse(lease) || lease.holder().isEmpty() && lease.generations().equals(ours) ? lease : lease.givenBack(ours));
            boolean stored = exchange.after().holder().isEmpty() && exchange.after().generations().equals(ours);
            return new ProofOutcome(stored ? Verdict.PROVEN : Verdict.REFUTED,
                    stored ? "the witness knows our generations" : "the witness's lease is held by " + exchange.after().holder().orElse("nobody"));
        } catch (Witness.Unavailable e) {
            return new ProofOutcome(Verdict.UNKNOWN, "the witness does not answer: " + e.getMessage());
        }
    }

    private boolean isInUse(WitnessLease lease) {
        return lease.holder().isPresent() && (heldSinceNanos.isPresent() || !lease.isHeldBy(node));
    }

    @Override
    public synchronized void release() throws InterruptedException {
        if (heldSinceNanos.isEmpty()) return;
        heldSinceNanos = Optional.empty();
        Map<String, Long> ours = generations.get();
        try {
            // A replicator that has ended may have begun a generation which nobody has been told of.
            witness.exchange(lease -> lease.isHeldBy(node) && lease.isToldBy(ours) ? lease.givenBack(ours) : lease);
        } catch (Witness.Unavailable _) {
            // It is given back when both nodes are equal again, as where not all is known here.
        }
    }

    @Override
    public String notCovered() {
        return "a node that loses its peer and the witness at the same time waits, even when it is the only one that lives; and so does one that finds the"
                + " lease held by a peer which has gone on alone and died";
    }
}
