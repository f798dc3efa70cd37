package org.duett.replicator.machine;

/** One of the things a host write waits for: the local disk, the peer, the record of a loss (rule 5). */
public enum Leg {
    NOT_NEEDED, PENDING, DONE, FAILED
}
