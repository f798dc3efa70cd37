package org.duett.failover.proof;

/** One kind of proof, asked on a thread that may wait. */
public interface Prover {
    /** As messages and status call it: ping, fence-agent, witness. */
    String name();

    /** One attempt. Ends by itself within its time. */
    ProofOutcome prove() throws InterruptedException;

    /** As {@link #prove}; who looks for the peer looks for so long, as it is not dead yet. */
    default ProofOutcome prove(int lookMillis) throws InterruptedException {
        return prove();
    }

    /** While this node acts alone on this proof: does it still hold (a lease is renewed here)? CUT_OFF: for data, and for nothing else. */
    ProofOutcome renew() throws InterruptedException;

    /**
     * Both nodes are connected, with equal data: a proof that remembers generations may store them. False: it could not, and wants to be told
     * again.
     */
    default boolean nodesAreEqual() throws InterruptedException {
        return true;
    }

    /** The peer is back, or this node has stepped down: what was taken for the proof is given back. */
    default void release() throws InterruptedException {
    }

    /** The partitions and failures that this proof does not cover, for status and check; empty when it covers all. */
    String notCovered();
}
