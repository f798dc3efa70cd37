package org.duett.failover.decision;

/** What is known of the other node's failover daemon. */
public enum PeerLife {
    /** Nothing was heard since this daemon began, and initdead is not over. */
    UNHEARD("not heard yet"),
    ALIVE("alive"),
    /** It lives, but cannot be understood. Life is never taken for death. */
    STRANGE("alive, but not understood"),
    /** All paths have been silent for deadtime. It may be dead, or cut off. */
    SILENT("silent"),
    /** It stopped its groups, gave up its eyewitness and said goodbye. */
    GONE("gone in order");

    private final String words;

    PeerLife(String words) {
        this.words = words;
    }

    public String words() {
        return words;
    }
}
