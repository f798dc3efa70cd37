package org.duett.failover.decision;

/** What a node is to the cluster, as it says itself. */
public enum NodeMode {
    ONLINE("online"),
    /** Takes part in everything but runs no group, until it is told to. */
    STANDBY("standby"),
    /** Has stopped its groups and said goodbye. */
    OFFLINE("offline"),
    /** Could not stop something: nobody knows what it still does. */
    UNCLEAN("unclean");

    private final String word;

    NodeMode(String word) {
        this.word = word;
    }

    public String word() {
        return word;
    }
}
