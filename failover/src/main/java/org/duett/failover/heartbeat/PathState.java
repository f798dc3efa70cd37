package org.duett.failover.heartbeat;

/** How a path does: not heard yet since the start, up, silent for warntime, silent for deadtime. */
public enum PathState {
    UNHEARD, UP, LATE, DOWN
}
