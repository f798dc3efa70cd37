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
    /** The node that went on alone dies, and the one that was cut off is back on the LAN and has heard nothing of that. */
    SURVIVOR_DIES_FIRST,
    /** The same as before of the one that was active, at any moment of the takeover. */
    ACTIVE_HEARD_AGAIN,
    /** Cut off and stopped until the other one has taken over and given up again, or died; then heard before it is replicated to. */
    ACTIVE_OVERSLEEPS,
    /** It boots, and its failover daemon does not start: only its replicator speaks. */
    PASSIVE_RETURNS_UNHEARD,
    /** The active node hears nothing of the passive one any more, and is heard by it; who looks for either finds it. */
    ACTIVE_DEAF,
    /** All heartbeats, and nothing else. */
    HEARTBEATS_LOST, WRONG_KEY,
    CHECK_FAILS_ON_ACTIVE, CHECK_FAILS_ON_BOTH,
    PROGRAM_CRASHES, PROGRAM_DOES_NOT_START, PROGRAM_DOES_NOT_STOP,
    /** Whoever serves the group is asked what its core cannot handle, wherever the group goes. */
    WRITE_OF_DEATH,
    SWITCHOVER, STANDBY_AND_ONLINE,
    /** It is the source of a resync onto a slow disk: its target cannot take the groups yet. */
    STANDBY_DURING_RESYNC,
    /** Both begin to want the groups in the same moment; now and then on networks on which each word takes its time. */
    BOTH_ONLINE_AT_ONCE,
    STOP_AND_START, PAUSE, LEAVE
}
