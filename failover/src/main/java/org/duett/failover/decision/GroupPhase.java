package org.duett.failover.decision;

/** Where a group is on one node. */
public enum GroupPhase {
    /** Its members are looked at: the daemon has just begun. */
    PROBING,
    /** Nothing of it runs here. */
    DOWN,
    /** Wants to start here, and waits until the peer has heard that. */
    CLAIMING,
    /** About to start here: does anybody answer for its addresses? Nothing was changed yet. */
    CHECKING,
    STARTING,
    UP,
    STOPPING,
    /** A stop has failed: nobody knows what still runs. */
    UNCLEAN;

    /** Something of it runs here, or may. */
    public boolean mayRun() {
        return switch (this) {
            case PROBING, STARTING, UP, STOPPING, UNCLEAN -> true;
            case DOWN, CLAIMING, CHECKING -> false;
        };
    }

    /** It runs here, or is about to: the other node keeps its hands off. */
    public boolean isHeld() {
        return switch (this) {
            case CLAIMING, CHECKING, STARTING, UP -> true;
            case PROBING, DOWN, STOPPING, UNCLEAN -> false;
        };
    }
}
