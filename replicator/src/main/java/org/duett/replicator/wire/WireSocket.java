package org.duett.replicator.wire;

/** The two TCP connections of one replication link (spec wire 1.1). */
public enum WireSocket {
    /** Handshake, writes, reads, resync data, bitmaps, state, barriers. */
    DATA,
    /** Acks, pings, replies to state change requests. */
    META
}
