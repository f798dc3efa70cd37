package org.duett.failover.decision;

/** Something that a person may want to be told of. {@code subject}: a group, resource, path or node. */
public record Notice(Kind kind, Severity severity, String subject, String text) {
    /** The kinds of {@code notify.Notification}, by name; OTHER is for the log only. */
    public enum Kind {
        FAILOVER, SWITCHOVER, GROUP_FAILED, UNCLEAN, PEER_LOST, PEER_BACK, REPLICATION, STANDBY, ONLINE, PROOF_LOST, WAITING_FOR_OPERATOR, OTHER
    }

    /** ERROR: a person must act. WARNING: degraded, but handled. */
    public enum Severity { INFO, WARNING, ERROR }
}
