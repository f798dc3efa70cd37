package org.duett.failover.proof;

/**
 * The answer of one attempt to prove that the peer does not act any more. {@code detail} names what was seen.
 *
 * @param answeredLate a look around that saw nothing at all at first: this node was cut off until then
 */
public record ProofOutcome(Verdict verdict, String detail, boolean answeredLate) {

    public ProofOutcome(Verdict verdict, String detail) {
        this(verdict, detail, false);
    }

    public enum Verdict {
        /** It does not act any more, and cannot begin to before it has been started anew. */
        PROVEN,
        /** It lives, or may act. */
        REFUTED,
        /** Not this node's word counts, but the peer's: it may prove at this moment that we do not act, and go on alone. */
        CUT_OFF,
        /** Nobody knows. Never taken for proven. */
        UNKNOWN
    }
}
