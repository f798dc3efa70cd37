package org.duett.replicator.state;

import java.util.Optional;

/**
 * A wanted state change as mask and value over the state word: what one node asks the other to agree to (spec states 2.5, wire 3.9). It is
 * said from its sender's point of view until {@link #translatedForReceiver()}.
 */
public record StateChangeRequest(int mask, int value) {

    private static final int WHOLE_CONNECTION_MASK = VolumeState.CONNECTION_MASK;

    /** The request that turns {@code from} into {@code to}: the fields that differ, whole. */
    public static StateChangeRequest between(VolumeState from, VolumeState to) {
        int mask = 0;
        mask |= from.role() == to.role() ? 0 : VolumeState.ROLE_MASK;
        mask |= from.peer() == to.peer() ? 0 : VolumeState.ROLE_MASK << VolumeState.PEER_SHIFT;
        mask |= from.connection() == to.connection() ? 0 : VolumeState.CONNECTION_MASK << VolumeState.CONNECTION_SHIFT;
        mask |= from.disk() == to.disk() ? 0 : VolumeState.DISK_MASK << VolumeState.DISK_SHIFT;
        mask |= from.peerDisk() == to.peerDisk() ? 0 : VolumeState.DISK_MASK << VolumeState.PEER_DISK_SHIFT;
        int singleBits = VolumeState.SUSPENDED_BY_USER_BIT | VolumeState.PAUSED_BY_DEPENDENCY_BIT
                | VolumeState.PAUSED_BY_PEER_BIT
                | VolumeState.PAUSED_BY_USER_BIT | VolumeState.SUSPENDED_NO_DATA_BIT
                | VolumeState.SUSPENDED_FENCING_BIT;
        mask |= (from.toWire() ^ to.toWire()) & singleBits;
        return new StateChangeRequest(mask, to.toWire() & mask);
    }

    /** The same request as its receiver says it: mine is yours and yours is mine. */
    public StateChangeRequest translatedForReceiver() {
        return new StateChangeRequest(translated(mask), translated(value));
    }

    /**
     * The state that this request makes of {@code state}; empty when that is none, or when it asks for StandAlone: nobody can ask that of
     * its peer, and every connection state that does not translate turns into it.
     */
    public Optional<VolumeState> appliedTo(VolumeState state) {
        Optional<VolumeState> wanted = VolumeState.fromWire(state.toWire() & ~mask | value & mask);
        boolean touchesConnection = (mask >> VolumeState.CONNECTION_SHIFT & VolumeState.CONNECTION_MASK) != 0;
        return wanted.filter(word -> !touchesConnection || word.connection() != ConnectionState.STAND_ALONE);
    }

    private static int translated(int word) {
        int role = word & VolumeState.ROLE_MASK;
        int peer = word >> VolumeState.PEER_SHIFT & VolumeState.ROLE_MASK;
        int connection = word >> VolumeState.CONNECTION_SHIFT & VolumeState.CONNECTION_MASK;
        int disk = word >> VolumeState.DISK_SHIFT & VolumeState.DISK_MASK;
        int peerDisk = word >> VolumeState.PEER_DISK_SHIFT & VolumeState.DISK_MASK;
        boolean paused = (word & (VolumeState.PAUSED_BY_DEPENDENCY_BIT | VolumeState.PAUSED_BY_USER_BIT)) != 0;
        // Only what the table of wire 3.9 names goes over: a peer has no say in what suspends our I/O.
        return peer | role << VolumeState.PEER_SHIFT | translatedConnection(connection) << VolumeState.CONNECTION_SHIFT
                | peerDisk << VolumeState.DISK_SHIFT | disk << VolumeState.PEER_DISK_SHIFT
                | (paused ? VolumeState.PAUSED_BY_PEER_BIT : 0);
    }

    private static int translatedConnection(int wireValue) {
        if (wireValue == WHOLE_CONNECTION_MASK) {
            return wireValue;
        }
        return ConnectionState.fromWire(wireValue).map(state -> switch (state) {
            case WF_REPORT_PARAMS, CONNECTED -> state;
            case STARTING_SYNC_S -> ConnectionState.STARTING_SYNC_T;
            case STARTING_SYNC_T -> ConnectionState.STARTING_SYNC_S;
            case VERIFY_S -> ConnectionState.VERIFY_T;
            case DISCONNECTING -> ConnectionState.TEAR_DOWN;
            case STAND_ALONE, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR, TEAR_DOWN,
                    WF_CONNECTION, WF_BITMAP_S, WF_BITMAP_T, WF_SYNC_UUID, SYNC_SOURCE, SYNC_TARGET, VERIFY_T,
                    PAUSED_SYNC_S, PAUSED_SYNC_T, AHEAD, BEHIND ->
                ConnectionState.STAND_ALONE;
        }).orElse(ConnectionState.STAND_ALONE).wireValue();
    }

    @Override
    public String toString() {
        return String.format("mask 0x%x value 0x%x", mask, value);
    }
}
