package org.duett.failover.check;

import java.util.Optional;
import org.duett.failover.config.CheckConfig;

/**
 * What the last looks of one check add up to. It fails after so many bad looks in a row and is good again after so many good ones: what
 * swings in between changes nothing.
 */
public final class CheckHistory {

    /** The check has failed, or has become good again. */
    public record Change(CheckConfig check, boolean failed, String detail) {
    }

    private final CheckConfig check;
    private boolean failed;
    /** Looks in a row that speak against the present state. */
    private int contradictions;
    private CheckResult last = CheckResult.unknown("not looked at yet");

    /** Good, until it has failed. */
    public CheckHistory(CheckConfig check) {
        if (check.failAfter() < 1 || check.recoverAfter() < 1)
            throw new IllegalArgumentException("check " + check.name() + " has to fail and to recover after at least one look");
        this.check = check;
    }

    public Optional<Change> heard(CheckResult result) {
        last = result;
        boolean contradicts = switch (result.verdict()) {
            case GOOD -> failed;
            case BAD -> !failed;
            case UNKNOWN -> false;
        };
        if (!contradicts) {
            if (result.verdict() != CheckResult.Verdict.UNKNOWN)
                contradictions = 0;
            return Optional.empty();
        }
        contradictions++;
        if (contradictions < (failed ? check.recoverAfter() : check.failAfter())) return Optional.empty();
        failed = !failed;
        contradictions = 0;
        return Optional.of(new Change(check, failed, result.detail()));
    }

    public boolean hasFailed() {
        return failed;
    }

    public CheckConfig check() {
        return check;
    }

    public CheckResult last() {
        return last;
    }
}
