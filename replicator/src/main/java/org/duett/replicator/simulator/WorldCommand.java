package org.duett.replicator.simulator;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

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
    RESIZE,
    /** All host I/O is held, until he lets it go on. */
    FREEZE,
    /** From the failover daemon: who does not serve gives up to have seen everything, and the other one goes on alone; or late, or of another contact (rule 20). */
    EYEWITNESS,
    /** From the failover daemon: is the peer there at this moment? */
    TEST_CONNECTION,
    /** A new generation of what nobody else writes, of a node that is StandAlone. */
    NEW_GENERATION,
    /** Hosts open the device, or close it. */
    USERS,
    /** Two persons at once: both nodes are told to be Primary, while they are connected. */
    PROMOTE_BOTH,
    /** A node that is behind is told to be Primary, alone. */
    PROMOTE_BEHIND;

    /** Drawn by chances of their own, each in a quarter of the lives: the others are as they were without them. */
    static final Set<WorldCommand> DRAWN_APART = Collections.unmodifiableSet(EnumSet.of(PROMOTE_BOTH, PROMOTE_BEHIND));

    boolean copiesWhole() {
        return this == INVALIDATE || this == INVALIDATE_REMOTE;
    }
}
