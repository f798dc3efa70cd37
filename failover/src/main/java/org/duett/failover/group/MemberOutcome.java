package org.duett.failover.group;

/** How a start or a stop ended. {@code detail}: why it failed, for people; what an operator can do belongs into it. */
public record MemberOutcome(boolean done, String detail) {
    public static final MemberOutcome DONE = new MemberOutcome(true, "");

    public static MemberOutcome failed(String why) {
        return new MemberOutcome(false, why);
    }
}
