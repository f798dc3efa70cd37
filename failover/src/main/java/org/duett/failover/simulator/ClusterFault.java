package org.duett.failover.simulator;

/** What may go wrong in a simulated cluster, and what must hold all the same (docs/testing.md). */
public enum ClusterFault {
    ACTIVE_LOSES_POWER, PASSIVE_LOSES_POWER, BOTH_LOSE_POWER, ACTIVE_LOSES_POWER_LONG,
    FAILOVER_DAEMON_KILLED, PASSIVE_DAEMON_STAYS_AWAY, REPLICATOR_KILLED, FAILOVER_DAEMON_STOPPED, REPLICATOR_STOPPED, NODE_STOPPED,
    REPLICATION_CUT, CROSSOVER_CUT, CROSSOVER_HEARTBEATS_CUT, ACTIVE_LAN_CUT, PASSIVE_LAN_CUT, ACTIVE_ISOLATED, PASSIVE_ISOLATED, NODE_MUTE, FLAPPING,
    /** Nobody on that node can freeze it any more: what keeps it from answering reads was ordered before. */
    ACTIVE_CUT_OFF_UNWATCHED,
    /** Shorter than deadtime: the peer is late, and comes back. */
    SHORT_ISOLATION,
    /** The node that was cut off is heard again before it is replicated to. */
    LAN_BACK_FIRST,
    /** All heartbeats, and nothing else. */
    HEARTBEATS_LOST, WRONG_KEY,
    CHECK_FAILS_ON_ACTIVE, CHECK_FAILS_ON_BOTH,
    PROGRAM_CRASHES, PROGRAM_DOES_NOT_START, PROGRAM_DOES_NOT_STOP,
    /** Whoever serves the group is asked what its core cannot handle, wherever the group goes. */
    WRITE_OF_DEATH,
    SWITCHOVER, STANDBY_AND_ONLINE, STOP_AND_START, PAUSE, LEAVE
}
