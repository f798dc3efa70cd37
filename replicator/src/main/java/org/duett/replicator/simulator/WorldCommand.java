package org.duett.replicator.simulator;

/** What the operator of a random life may do on his own, without need. */
enum WorldCommand {
    SWITCH_OVER, DEMOTE, DISCONNECT, CONNECT, DETACH, ATTACH, INVALIDATE, INVALIDATE_REMOTE, SUSPEND, PAUSE_SYNC,
    /** Of a node that is not connected, and not Primary. */
    OUTDATE,
    /** From the failover daemon: the time after which no read may be answered (rule 9). */
    READ_DEADLINE,
    /** From the failover daemon: the peer is known to be down (rule 8). */
    ALLOW_ALONE,
    /** He promotes the second node, too, while they do not hear each other. */
    SPLIT_BRAIN,
    /** One or both devices become larger, and the volume is to follow, or to shrink, which is refused. */
    RESIZE;

    boolean copiesWhole() {
        return this == INVALIDATE || this == INVALIDATE_REMOTE;
    }
}
