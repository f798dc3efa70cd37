package org.duett.replicator.simulator;

/** What the operator of a random life may do on his own, without need. */
enum WorldCommand {
    SWITCH_OVER, DEMOTE, DISCONNECT, CONNECT, DETACH, ATTACH, INVALIDATE, INVALIDATE_REMOTE, SUSPEND, PAUSE_SYNC;

    boolean copiesWhole() {
        return this == INVALIDATE || this == INVALIDATE_REMOTE;
    }
}
