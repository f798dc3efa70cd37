package org.duett.failover.decision;

/** Something that a person may want to be told of. {@code subject}: a group, resource, path or node. */
public record Notice(Kind kind, Severity severity, String subject, String text) {
    public enum Kind { FAILOVER, SWITCHOVER, GROUP, PATH, PEER, REPLICATION, CHECK, STANDBY, PROOF, OPERATOR }

    /** ERROR: a person must act. WARNING: degraded, but handled. */
    public enum Severity { INFO, WARNING, ERROR }
}
