package org.duett.failover.decision;

import org.duett.replicator.machine.Command;

/** What the machine orders. Each order that can be answered is answered by one event. */
public sealed interface Action {
    /** For the replicator; {@code order} 0 is not answered. */
    record Order(long order, String resource, Command command) implements Action {
    }

    /** Start the replicator again; {@code kill}: end what is left of it for certain first. */
    record RestartReplicator(boolean kill) implements Action {
    }

    /** The peer's replicator has halted at an event of this kind: ours stops the resource alone where it would halt of the same (rule 25). */
    record TellOfPeerFailStop(String resource, String event, long untilBootNanos) implements Action {
    }

    record ProbeMember(String group, int member) implements Action {
    }

    /** Does anybody else answer for this address member? */
    record CheckAddress(String group, int member) implements Action {
    }

    record StartMember(String group, int member) implements Action {
    }

    record StopMember(String group, int member, boolean force) implements Action {
    }

    /**
     * Ask all configured proofs, the first that proves it is enough.
     *
     * @param exclusive only those that leave no doubt
     * @param lookMillis the peer is late, but not dead yet: look for it from now on for so long; 0: as long as configured
     */
    record AskProof(long attempt, boolean exclusive, int lookMillis) implements Action {
    }

    /** Does the proof that this node acts on still hold? */
    record RenewProof(long attempt) implements Action {
    }

    /** The peer is heard: an attempt under way is broken off, and what was taken for a proof is given back. */
    record ReleaseProof() implements Action {
    }

    /** Durably; {@link Event.Remembered} answers. */
    record Remember(long version, ClusterRecord record) implements Action {
    }

    /** Something changed that the peer should hear now, not at the next keepalive. */
    record SendHeartbeat() implements Action {
    }

    record Notify(Notice notice) implements Action {
    }

    record AnswerOperator(long ticket, boolean done, String text) implements Action {
    }

    /** All groups are down and the peer has been told: the daemon may end. */
    record Leave() implements Action {
    }
}
