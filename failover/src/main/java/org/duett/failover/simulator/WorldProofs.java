package org.duett.failover.simulator;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.duett.failover.decision.Event;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.proof.WitnessLease;
import org.duett.failover.prover.Witness;
import org.duett.failover.prover.WitnessProver;
import org.duett.replicator.simulator.SimulatedTime;

/** What the cluster takes as proof: ping nodes, a fence agent that works four times of five, a witness, or a person. */
final class WorldProofs {
    private static final long MILLI = 1_000_000L;
    private static final long SECOND = 1_000 * MILLI;
    private static final int LEASE_MILLIS = 4000;

    private final ClusterWorld.ProofKind kind;
    private final SimulatedTime time;
    private final Wires wires;
    private final List<SimulatedHost> hosts;
    private final SplittableRandom random;
    private final ClusterWorld world;
    private WitnessLease lease = WitnessLease.NEW;
    /** Of the present life of each daemon. */
    private final WitnessProver[] witnesses = new WitnessProver[2];
    /** Of each node: the last attempt at a proof, the last that was answered, and the last that was broken off. */
    private final long[] asked = new long[2];
    private final long[] answered = new long[2];
    private final long[] brokenOff = new long[2];
    private boolean breaksOffAtWitness;
    /** Of each node, as {@code PingProver} has it: it was cut off, or found the peer, when it looked last since it proved something. */
    private final boolean[] lostSight = new boolean[2];

    WorldProofs(ClusterWorld.ProofKind kind, ClusterWorld world, SimulatedTime time, Wires wires, List<SimulatedHost> hosts, long seed) {
        this.world = world;
        this.kind = kind;
        this.time = time;
        this.wires = wires;
        this.hosts = hosts;
        random = new SplittableRandom(seed);
    }

    /** Attempts are counted anew. */
    void daemonStarted(int index) {
        asked[index] = 0;
        answered[index] = 0;
        brokenOff[index] = 0;
        SimulatedHost host = hosts.get(index);
        witnesses[index] = new WitnessProver(change -> exchange(index, change), host.name(), LEASE_MILLIS, host::generations, time::nowNanos);
    }

    void prove(int index, long attempt, int lookMillis, Consumer<Event> answer) {
        SimulatedHost host = hosts.get(index);
        SimulatedHost other = hosts.get(1 - index);
        long boot = host.boot();
        asked[index] = attempt;
        switch (kind) {
            case PING -> {
                lostSight[index] = false;
                ProofOutcome first = ping(index);
                time.after(lookNanos(lookMillis), () -> answer.accept(new Event.ProofAnswered(attempt, together(first, ping(index)))));
            }
            case FENCE -> time.after(200 * MILLI + (index == 0 ? 0 : 3 * SECOND), () -> {
                // Who is off, or was meanwhile, does not shoot: the agent ends with its machine (seed 57146). An attempt that was broken off does not either.
                if (!host.hasPower() || host.boot() != boot || brokenOff[index] >= attempt) return;
                boolean works = random.nextInt(5) > 0;
                if (works || random.nextBoolean()) {
                    if (other.hasPower()) other.powerOff();
                    time.after(world.machinesBootFast() ? 300 * MILLI : 5 * SECOND, other::powerOnIfOff);
                }
                answer.accept(new Event.ProofAnswered(attempt, works ? new ProofOutcome(Verdict.PROVEN, "fenced")
                        : new ProofOutcome(Verdict.UNKNOWN, "the agent did not answer")));
            });
            case WITNESS -> {
                WitnessProver prover = witnesses[index];
                time.after(50 * MILLI, () -> {
                    if (prover != witnesses[index] || brokenOff[index] >= attempt) return;
                    answered[index] = attempt;
                    answer.accept(new Event.ProofAnswered(attempt, witness(index, WitnessProver::prove)));
                });
            }
            case MANUAL -> answer.accept(new Event.ProofAnswered(attempt, new ProofOutcome(Verdict.UNKNOWN, "nobody asked")));
        }
    }

    /** One that is begun early goes on beyond the peer's death; now and then its tools are through at once. */
    private long lookNanos(int lookMillis) {
        if (lookMillis == 0) return (100 + random.nextLong(400)) * MILLI;
        return (random.nextInt(3) > 0 ? lookMillis : 100 + random.nextLong(400)) * MILLI;
    }

    /** A look goes on to its end: whatever answers at any time of it counts. */
    private static ProofOutcome together(ProofOutcome first, ProofOutcome last) {
        boolean found = first.verdict() == Verdict.REFUTED;
        boolean firstCounts = found || last.verdict() == Verdict.CUT_OFF;
        return firstCounts ? first : new ProofOutcome(last.verdict(), last.detail(), first.verdict() == Verdict.CUT_OFF);
    }

    private ProofOutcome ping(int index) {
        if (wires.finds(index, hosts.get(1 - index).hasPower())) return new ProofOutcome(Verdict.REFUTED, "the peer is found");
        if (!wires.reachesPingNodes(index)) return new ProofOutcome(Verdict.CUT_OFF, "the ping nodes do not answer");
        return new ProofOutcome(Verdict.PROVEN, "the ping nodes answer, and the peer is nowhere");
    }

    /** What the real prover of the witness finds there. */
    private interface Question {
        ProofOutcome ask(WitnessProver prover) throws InterruptedException;
    }

    private ProofOutcome witness(int index, Question question) {
        try {
            return question.ask(witnesses[index]);
        } catch (InterruptedException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private Witness.Exchange exchange(int index, UnaryOperator<WitnessLease> change) throws Witness.Unavailable, InterruptedException {
        if (!world.witnessIsApart() && !wires.reachesPingNodes(index)) throw new Witness.Unavailable("nothing comes back");
        WitnessLease before = lease;
        lease = change.apply(before);
        if (breaksOffAtWitness) throw new InterruptedException("broken off while the answer was on its way");
        return new Witness.Exchange(before, lease);
    }

    void renew(int index, long attempt, Consumer<Event> answer) {
        ProofOutcome outcome = switch (kind) {
            case PING -> lookAgain(index);
            case WITNESS -> witness(index, WitnessProver::renew);
            case FENCE, MANUAL -> new ProofOutcome(Verdict.PROVEN, "as before");
        };
        answer.accept(new Event.ProofAnswered(attempt, outcome));
    }

    private ProofOutcome lookAgain(int index) {
        boolean proven = lostSight[index] ? ping(index).verdict() == Verdict.PROVEN : wires.reachesPingNodes(index);
        lostSight[index] = !proven;
        return proven ? new ProofOutcome(Verdict.PROVEN, "as before") : new ProofOutcome(Verdict.CUT_OFF, "the ping nodes do not answer, or the peer is found");
    }

    /** A question to the witness that is broken off may have got there all the same. */
    void release(int index) {
        boolean isUnderWay = answered[index] < asked[index] && brokenOff[index] < asked[index];
        brokenOff[index] = asked[index];
        if (kind != ClusterWorld.ProofKind.WITNESS) return;
        if (isUnderWay && random.nextBoolean()) breakOffAtWitness(index);
        witness(index, prover -> {
            prover.release();
            return null;
        });
    }

    private void breakOffAtWitness(int index) {
        breaksOffAtWitness = true;
        try {
            witnesses[index].prove();
        } catch (InterruptedException _) {
            // As was to be: the lease may be taken, and nobody knows.
        } finally {
            breaksOffAtWitness = false;
        }
    }

    /** There is none, or it would take a node with this generation for one that has all. */
    boolean witnessKnows(String resource, long generation) {
        return kind != ClusterWorld.ProofKind.WITNESS || Long.valueOf(generation | 1).equals(lease.generations().get(resource));
    }

    /** Its resources are connected and UpToDate on both sides. */
    void nodesAreEqual(int index) {
        if (kind != ClusterWorld.ProofKind.WITNESS) return;
        witness(index, prover -> {
            prover.nodesAreEqual();
            return null;
        });
    }
}
