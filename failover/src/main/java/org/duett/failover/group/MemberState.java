package org.duett.failover.group;

/** What a look at a member found. {@code detail} is for people, and may be empty. */
public record MemberState(Kind kind, String detail) {
    public static final MemberState RUNNING = new MemberState(Kind.RUNNING, "");
    public static final MemberState STOPPED = new MemberState(Kind.STOPPED, "");

    public enum Kind {
        RUNNING,
        /** Certainly not running, and nothing of it is left behind. */
        STOPPED,
        /** Running but of no use, or half of it is left: it has to be stopped before it can be started. */
        BROKEN,
        /** The look itself failed or took too long. */
        UNKNOWN
    }

    public static MemberState broken(String why) {
        return new MemberState(Kind.BROKEN, why);
    }

    public static MemberState unknown(String why) {
        return new MemberState(Kind.UNKNOWN, why);
    }
}
