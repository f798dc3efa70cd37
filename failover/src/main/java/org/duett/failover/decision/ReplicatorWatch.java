package org.duett.failover.decision;

/** A replicator that ended or hangs is started again, a bounded number of times within a minute. */
final class ReplicatorWatch {
    private static final int MOST_RESTARTS = 3;
    private static final long WINDOW_NANOS = 60_000_000_000L;
    private static final long ANSWER_NANOS = 10_000_000_000L;
    /** A replicator that does not answer, but whose process lives: so long it may be busy or stopped. */
    private static final long HUNG_NANOS = 4_000_000_000L;

    private final Facts facts;
    private int restarts;
    private long windowBegunNanos;
    private long restartedAtNanos = Long.MIN_VALUE;
    private long backAtNanos = Long.MIN_VALUE;
    private long goneSinceNanos = Long.MIN_VALUE;
    private boolean givenUp;

    ReplicatorWatch(Facts facts) {
        this.facts = facts;
    }

    /** It has ended again and again: what needs it has to move. */
    boolean isGivenUp() {
        return givenUp;
    }

    boolean isAway() {
        return goneSinceNanos != Long.MIN_VALUE;
    }

    /** It is away, or has just come back and has its role to resume, however long its start took: groups bear with it. */
    boolean isSettling() {
        return isAway() || restartedAtNanos != Long.MIN_VALUE && facts.now - Math.max(restartedAtNanos, backAtNanos) < ANSWER_NANOS;
    }

    void seen() {
        if (isAway()) backAtNanos = facts.now;
        goneSinceNanos = Long.MIN_VALUE;
        if (facts.now - windowBegunNanos > WINDOW_NANOS) {
            restarts = 0;
            givenUp = false;
        }
    }

    void gone() {
        if (goneSinceNanos == Long.MIN_VALUE) goneSinceNanos = facts.now;
    }

    void step() {
        if (facts.replicatorRestartWanted) {
            facts.replicatorRestartWanted = false;
            restartedAtNanos = facts.now;
            facts.out.add(new Action.RestartReplicator(true));
        }
        if (!isAway() || givenUp || !facts.replicatorSeen) return;
        boolean answerAwaited = restartedAtNanos != Long.MIN_VALUE && facts.now - restartedAtNanos < ANSWER_NANOS;
        if (answerAwaited) return;
        if (!facts.replicatorCertainlyGone && facts.now - goneSinceNanos < HUNG_NANOS) return;
        if (facts.now - windowBegunNanos > WINDOW_NANOS) {
            windowBegunNanos = facts.now;
            restarts = 0;
        }
        if (restarts == MOST_RESTARTS) {
            givenUp = true;
            facts.notify(Notice.Kind.REPLICATION, Notice.Severity.ERROR, facts.config.localNode(), "The replicator of " + facts.config.localNode()
                    + " ended " + (MOST_RESTARTS + 1) + " times within a minute. Its groups move; look into its log, then: duett cluster recover");
            return;
        }
        restarts++;
        restartedAtNanos = facts.now;
        facts.out.add(new Action.RestartReplicator(!facts.replicatorCertainlyGone));
        facts.notify(Notice.Kind.REPLICATION, Notice.Severity.ERROR, facts.config.localNode(),
                "The replicator of " + facts.config.localNode() + (facts.replicatorCertainlyGone ? " has ended" : " does not answer")
                        + "; it is started again, and I/O waits.");
    }

    void recovered() {
        givenUp = false;
        restarts = 0;
    }
}
