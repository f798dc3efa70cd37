package org.duett.failover.check;

/** What one look has shown. {@code detail} is for people. */
public record CheckResult(Verdict verdict, String detail) {
    public enum Verdict {
        GOOD, BAD,
        /** What it needs to judge by is not there (the peer's clock, the replicator): it counts for neither side. */
        UNKNOWN
    }

    public static CheckResult good(String detail) {
        return new CheckResult(Verdict.GOOD, detail);
    }

    public static CheckResult bad(String detail) {
        return new CheckResult(Verdict.BAD, detail);
    }

    public static CheckResult unknown(String detail) {
        return new CheckResult(Verdict.UNKNOWN, detail);
    }
}
