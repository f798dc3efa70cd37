package org.duett.replicator.wire;

/** The two TCP connections of one replication link (spec wire 1.1). */
public enum WireSocket {
    /** Handshake, writes, reads, resync data, bitmaps, state, barriers. */
    DATA("data socket"),
    /** Acks, pings, replies to state change requests. */
    META("meta socket");

    private final String text;

    WireSocket(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
