package org.duett.failover.heartbeat;

/** How the peer does, by what came on all paths together. */
public enum PeerState {
    /** No word yet since this daemon started, and initdead is not over. */
    UNHEARD,
    ALIVE,
    /** No word for warntime. */
    LATE,
    /** It speaks, and nothing that it said could be understood for deadtime: not dead. */
    NOT_UNDERSTOOD,
    /** No word for deadtime, or none in initdead. */
    DEAD
}
