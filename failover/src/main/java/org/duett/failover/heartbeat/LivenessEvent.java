package org.duett.failover.heartbeat;

import java.util.Optional;

/** What the coming and staying away of heartbeats says. */
public sealed interface LivenessEvent {

    /** A path brings heartbeats, for the first time ({@code silentMillis} 0) or again. */
    record PathUp(String path, long silentMillis) implements LivenessEvent {
    }

    /** Silent for warntime: not dead, but not right either. */
    record PathLate(String path, long silentMillis) implements LivenessEvent {
    }

    /** Silent for deadtime, or never heard since the start. */
    record PathDown(String path, long silentMillis) implements LivenessEvent {
    }

    /** The peer is heard, and says by its echo that it has not heard us on this path for warntime. */
    record PathOneWay(String path) implements LivenessEvent {
    }

    record PathBothWays(String path) implements LivenessEvent {
    }

    /** The first understood heartbeat, or the first after it was dead or not understood. */
    record PeerUp(Incarnation incarnation) implements LivenessEvent {
    }

    /** The daemon of the peer has been started anew; the machine too, when the boots differ. */
    record PeerRestarted(Incarnation before, Incarnation now) implements LivenessEvent {
        public boolean machineRestarted() {
            return before.boot() != now.boot();
        }
    }

    /** No word on any path for warntime. */
    record PeerLate(long silentMillis) implements LivenessEvent {
    }

    /** After that: a word before its death. */
    record PeerOnTimeAgain() implements LivenessEvent {
    }

    /**
     * Somebody speaks from the peer's address, and nothing of it could be understood for deadtime (a wrong key, another version). It is not
     * dead; what it does is unknown. {@code why}: what was rejected last; empty: only parts of its reports came.
     */
    record PeerNotUnderstood(Optional<HeartbeatRejection> why) implements LivenessEvent {
    }

    /**
     * No word on any path for deadtime; for initdead when there never was any since this daemon started.
     *
     * @param lastHeardBootNanos when the last word came, by this node's clock; 0 when there never was any
     */
    record PeerDead(boolean everHeard, long lastHeardBootNanos, long silentMillis) implements LivenessEvent {
    }

    /** Something came that does not count. At most once a minute for each path and reason, with how many there were since the last time. */
    record Rejected(String path, HeartbeatRejection reason, long count) implements LivenessEvent {
    }

    /** This daemon itself did not run for so long. Nobody is judged by that time. */
    record OwnStall(long millis) implements LivenessEvent {
    }
}
