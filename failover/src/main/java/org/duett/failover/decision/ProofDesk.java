package org.duett.failover.decision;

import org.duett.failover.proof.ProofOutcome;

/**
 * The one proof that this node has, seeks or does without: that the peer does not act (rule 8). It is sought while somebody wants it, held
 * until the peer is heard again, and renewed while it is held.
 */
final class ProofDesk {
    private static final long RETRY_NANOS = 500_000_000L;
    private static final long RENEW_NANOS = 1_000_000_000L;
    /** Of proof-timeout: a look that was begun early goes on for so long after the peer's death, so that what has come back is found. */
    private static final double SHARE_AFTER_DEATH = 0.3;

    /** One look may have lost its questions on a busy machine; a peer that proves anything needs this node to be away for longer than a look. */
    private static final int BELIEVED_CUT_OFF = 2;

    private enum State { NONE, ASKED, HELD, RENEWING }

    private final Facts facts;
    private State state = State.NONE;
    private long attempt;
    private long nextAtNanos = Long.MIN_VALUE;
    /** After an early look that was over at once: it does not delay the one after the peer's death. */
    private long nextEarlyLookNanos = Long.MIN_VALUE;
    private String why = "";
    /** A person's word needs no renewal, and no program can take it back. */
    private boolean byOperator;
    /** Not the peer's goodbye. */
    private boolean byPerson;
    private boolean dataVouchedFor;
    private long askedAtNanos;
    private long heldSinceNanos;
    /** When the last attempt that proved nothing was begun. */
    private long failedAttemptBegunNanos = Long.MIN_VALUE;
    private String failure = "";
    /** The last attempt has found the peer alive. */
    private boolean refuted;
    /** The attempt under way was begun while the peer was only late. */
    private boolean early;
    private int cutOffInARow;
    /** What is held was found by looking around, and by now this node sees nothing: the peer, should it have come back, could find as much. */
    private boolean blind;
    /** What was proven is over, and is given up when the peer has heard what this node did meanwhile: before that it could prove the same. */
    private boolean releaseDue;

    ProofDesk(Facts facts) {
        this.facts = facts;
    }

    boolean isHeld() {
        return state == State.HELD || state == State.RENEWING;
    }

    /** Data is kept apart by its generations; what has none runs twice if the other node takes the same for proven. */
    boolean isBlind() {
        return isHeld() && blind;
    }

    String why() {
        return why;
    }

    /** A person vouches for this node's data, too: it stands for the eyewitness. */
    boolean isDataVouchedFor() {
        return isHeld() && dataVouchedFor;
    }

    /** What the last attempt found instead; empty before the first. */
    String failure() {
        return failure;
    }

    /** The last attempt has found the peer alive, or a witness that knows it to be. */
    boolean isRefuted() {
        return refuted;
    }

    long failedAttemptBegunNanos() {
        return failedAttemptBegunNanos;
    }

    void step(boolean wanted, boolean exclusive) {
        if (releaseDue && facts.peerIsAlive() && facts.echoedSentNanos > facts.heardSinceNanos) {
            releaseDue = false;
            facts.out.add(new Action.ReleaseProof());
        }
        switch (state) {
            case NONE -> {
                if (wanted && facts.now >= nextAtNanos && (exclusive ? facts.fences : facts.provesByItself)) {
                    ask(exclusive, false, 0);
                }
            }
            case ASKED, RENEWING -> {
                // The answer moves it on.
            }
            case HELD -> {
                if (!byOperator && facts.now >= nextAtNanos) {
                    state = State.RENEWING;
                    askedAtNanos = facts.now;
                    facts.out.add(new Action.RenewProof(++attempt));
                }
            }
        }
    }

    /** The peer is late: the look that needs most of the time is begun, as far as it would be wanted after its death. */
    void lookEarly() {
        if (state != State.NONE || !facts.looksFirst || !facts.peerIsLate() || facts.now < nextEarlyLookNanos) return;
        long untilNanos = facts.silentAtNanos + (long) (SHARE_AFTER_DEATH * facts.nanos(facts.config.timing().proofTimeoutMillis()));
        // Over already: this node did not run meanwhile, and knows the end of the peer's time from before.
        int lookMillis = (int) ((untilNanos - facts.now) / Facts.NANOS_PER_MILLI);
        if (lookMillis > 0) ask(false, true, lookMillis);
    }

    private void ask(boolean exclusive, boolean newEarly, int lookMillis) {
        state = State.ASKED;
        early = newEarly;
        askedAtNanos = facts.now;
        facts.out.add(new Action.AskProof(++attempt, exclusive, lookMillis));
    }

    /** The peer was only late. */
    void endEarlyLook() {
        if (state != State.ASKED || !early) return;
        attempt++;
        state = State.NONE;
        if (!releaseDue) facts.out.add(new Action.ReleaseProof());
    }

    void answered(long answeredAttempt, ProofOutcome outcome) {
        if (answeredAttempt != attempt) return;
        // It has lived while this node saw nothing at all, and may have looked around in that time, too (seed 105223).
        boolean livedMeanwhile = (cutOffInARow > 0 || outcome.answeredLate()) && outcome.verdict() == ProofOutcome.Verdict.REFUTED;
        refuted = outcome.verdict() == ProofOutcome.Verdict.REFUTED;
        boolean seesNothing = outcome.verdict() == ProofOutcome.Verdict.CUT_OFF;
        cutOffInARow = seesNothing && state == State.ASKED ? cutOffInARow + 1 : 0;
        // One that was begun early goes on for longer than two others.
        boolean longLook = cutOffInARow > 0 && facts.now - askedAtNanos > facts.nanos(facts.config.timing().proofTimeoutMillis());
        if (facts.life == PeerLife.SILENT && (cutOffInARow >= BELIEVED_CUT_OFF || longLook || livedMeanwhile)) facts.wasAway();
        switch (state) {
            case ASKED -> {
                if (facts.peerIsAlive() && early) {
                    // It came too soon to say anything of a peer that is not dead yet.
                    state = State.NONE;
                    nextEarlyLookNanos = facts.now + RETRY_NANOS;
                } else if (early && facts.heardOverReplicationNanos() > askedAtNanos) {
                    // Its replicator has spoken since the look around was begun: what was not found is somewhere.
                    state = State.NONE;
                    nextAtNanos = facts.now + RETRY_NANOS;
                } else if (outcome.verdict() == ProofOutcome.Verdict.PROVEN) {
                    hold(outcome.detail());
                    releaseDue = false;
                } else {
                    state = State.NONE;
                    nextAtNanos = facts.now + RETRY_NANOS;
                    failedAttemptBegunNanos = askedAtNanos;
                    if (!failure.equals(outcome.detail())) {
                        facts.notify(Notice.Kind.WAITING_FOR_OPERATOR, Notice.Severity.WARNING, facts.config.peerNode(),
                                "No proof that " + facts.config.peerNode() + " is down: " + outcome.detail() + ". Nothing is taken over; asked again.");
                    }
                    failure = outcome.detail();
                }
            }
            case RENEWING -> {
                blind = seesNothing;
                if (outcome.verdict() == ProofOutcome.Verdict.PROVEN || seesNothing) {
                    state = State.HELD;
                    nextAtNanos = facts.now + RENEW_NANOS;
                } else {
                    state = State.NONE;
                    nextAtNanos = facts.now + RETRY_NANOS;
                    failure = outcome.detail();
                    facts.notify(Notice.Kind.PROOF_LOST, Notice.Severity.ERROR, facts.config.peerNode(), "The proof on which this node acts alone is lost: "
                            + outcome.detail() + ". I/O is held until there is one, or the peer is back.");
                }
            }
            case NONE, HELD -> {
                // Given up meanwhile.
            }
        }
    }

    private void hold(String newWhy) {
        state = State.HELD;
        heldSinceNanos = facts.now;
        blind = false;
        why = newWhy;
        byOperator = false;
        byPerson = false;
        dataVouchedFor = false;
        nextAtNanos = facts.now + RENEW_NANOS;
        failure = "";
        refuted = false;
        facts.notify(Notice.Kind.OTHER, Notice.Severity.INFO, facts.config.peerNode(), facts.config.peerNode() + " does not act: " + newWhy + ".");
    }

    /** The peer's own goodbye is as good as a person's word, for one loss. */
    void saidGoodbye(String newWhy) {
        vouch(newWhy, false);
        byPerson = false;
    }

    /** A person has said that the peer is down. */
    boolean isPersonsWord() {
        return isHeld() && byPerson;
    }

    void vouch(String newWhy, boolean forData) {
        attempt++;
        hold(newWhy);
        byOperator = true;
        byPerson = true;
        dataVouchedFor = forData;
    }

    /** Of a peer that has spoken since, nothing is proven any more. */
    void heardOverReplication(long bootNanos) {
        if (isHeld() && bootNanos > heldSinceNanos) peerIsBack();
    }

    /** The peer is heard: whatever was proven is over. */
    void peerIsBack() {
        boolean isAsked = state == State.ASKED;
        releaseDue |= isHeld() && !byOperator;
        attempt++;
        state = State.NONE;
        nextAtNanos = Long.MIN_VALUE;
        why = "";
        dataVouchedFor = false;
        failure = "";
        refuted = false;
        failedAttemptBegunNanos = Long.MIN_VALUE;
        if (isAsked && !releaseDue) facts.out.add(new Action.ReleaseProof());
    }
}
