package org.duett.replicator.state;

import java.util.Optional;

/**
 * How far a volume is with its peer: no network, connecting, connected, or what replication is busy with (spec states 1.2). The order of
 * declaration is that of the wire, and the rules compare by it.
 */
public enum ConnectionState {
    STAND_ALONE("StandAlone"),
    DISCONNECTING("Disconnecting"),
    UNCONNECTED("Unconnected"),
    TIMEOUT("Timeout"),
    BROKEN_PIPE("BrokenPipe"),
    NETWORK_FAILURE("NetworkFailure"),
    PROTOCOL_ERROR("ProtocolError"),
    TEAR_DOWN("TearDown"),
    WF_CONNECTION("WFConnection"),
    WF_REPORT_PARAMS("WFReportParams"),
    CONNECTED("Connected"),
    STARTING_SYNC_S("StartingSyncS"),
    STARTING_SYNC_T("StartingSyncT"),
    WF_BITMAP_S("WFBitMapS"),
    WF_BITMAP_T("WFBitMapT"),
    WF_SYNC_UUID("WFSyncUUID"),
    SYNC_SOURCE("SyncSource"),
    SYNC_TARGET("SyncTarget"),
    VERIFY_S("VerifyS"),
    VERIFY_T("VerifyT"),
    PAUSED_SYNC_S("PausedSyncS"),
    PAUSED_SYNC_T("PausedSyncT"),
    AHEAD("Ahead"),
    BEHIND("Behind");

    private static final ConnectionState[] BY_WIRE_VALUE = values();

    private final String displayName;

    ConnectionState(String displayName) {
        this.displayName = displayName;
    }

    @SuppressWarnings("EnumOrdinal") // declared in the order of the wire, and tested to be
    public int wireValue() {
        return ordinal();
    }

    public static Optional<ConnectionState> fromWire(int wireValue) {
        return wireValue >= 0 && wireValue < BY_WIRE_VALUE.length
                ? Optional.of(BY_WIRE_VALUE[wireValue])
                : Optional.empty();
    }

    public String displayName() {
        return displayName;
    }

    public boolean isBelow(ConnectionState other) {
        return compareTo(other) < 0;
    }

    public boolean isAbove(ConnectionState other) {
        return compareTo(other) > 0;
    }

    public boolean isAtLeast(ConnectionState other) {
        return compareTo(other) >= 0;
    }

    public boolean isAtMost(ConnectionState other) {
        return compareTo(other) <= 0;
    }

    /** The handshake is through: Connected and everything above it. */
    public boolean isEstablished() {
        return isAtLeast(CONNECTED);
    }

    /** A reason why the connection ended, on its way to Unconnected. */
    public boolean isTransientFailure() {
        return isAtLeast(TIMEOUT) && isAtMost(TEAR_DOWN);
    }

    /** The states that count as a resync for {@code resync-after}: a resync, a verify, or one of them paused. */
    public boolean isSyncLike() {
        return isAtLeast(SYNC_SOURCE) && isAtMost(PAUSED_SYNC_T);
    }

    /** Our blocks go to the peer in a resync that runs or pauses. */
    public boolean isSyncSource() {
        return this == SYNC_SOURCE || this == PAUSED_SYNC_S;
    }

    /** The peer's blocks come to us in a resync that runs or pauses. */
    public boolean isSyncTarget() {
        return this == SYNC_TARGET || this == PAUSED_SYNC_T;
    }

    /** In a resync as its source, from its first step to its last. */
    public boolean isSourceSide() {
        return switch (this) {
            case STARTING_SYNC_S, WF_BITMAP_S, SYNC_SOURCE, PAUSED_SYNC_S -> true;
            case STAND_ALONE, DISCONNECTING, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR,
                    TEAR_DOWN, WF_CONNECTION, WF_REPORT_PARAMS, CONNECTED, STARTING_SYNC_T, WF_BITMAP_T, WF_SYNC_UUID,
                    SYNC_TARGET, VERIFY_S, VERIFY_T, PAUSED_SYNC_T, AHEAD, BEHIND ->
                false;
        };
    }

    /** In a resync as its target, from its first step to its last. */
    public boolean isTargetSide() {
        return switch (this) {
            case STARTING_SYNC_T, WF_BITMAP_T, WF_SYNC_UUID, SYNC_TARGET, PAUSED_SYNC_T -> true;
            case STAND_ALONE, DISCONNECTING, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR,
                    TEAR_DOWN, WF_CONNECTION, WF_REPORT_PARAMS, CONNECTED, STARTING_SYNC_S, WF_BITMAP_S, SYNC_SOURCE,
                    VERIFY_S, VERIFY_T, PAUSED_SYNC_S, AHEAD, BEHIND ->
                false;
        };
    }

    public boolean isStartingSync() {
        return this == STARTING_SYNC_S || this == STARTING_SYNC_T;
    }

    public boolean isVerify() {
        return this == VERIFY_S || this == VERIFY_T;
    }
}
