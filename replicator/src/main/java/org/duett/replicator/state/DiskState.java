package org.duett.replicator.state;

import java.util.Optional;

/**
 * What one copy of the data is worth (spec states 1.3). The order of declaration is that of the wire, and the rules compare by it: a later
 * state is the better disk.
 */
public enum DiskState {
    DISKLESS("Diskless"),
    /** Its metadata is being read. */
    ATTACHING("Attaching"),
    /** An I/O error or a detach is in progress; becomes Diskless. */
    FAILED("Failed"),
    /** Attached while connected: the handshake decides what it becomes. */
    NEGOTIATING("Negotiating"),
    /** Of no use without a sync source. */
    INCONSISTENT("Inconsistent"),
    /** Consistent, but known to be old. */
    OUTDATED("Outdated"),
    /** Said only of the peer's disk. */
    UNKNOWN("DUnknown"),
    /** Consistent; nobody knows whether it is up to date. */
    CONSISTENT("Consistent"),
    UP_TO_DATE("UpToDate");

    private static final DiskState[] BY_WIRE_VALUE = values();

    private final String displayName;

    DiskState(String displayName) {
        this.displayName = displayName;
    }

    @SuppressWarnings("EnumOrdinal") // declared in the order of the wire, and tested to be
    public int wireValue() {
        return ordinal();
    }

    public static Optional<DiskState> fromWire(int wireValue) {
        return wireValue >= 0 && wireValue < BY_WIRE_VALUE.length
                ? Optional.of(BY_WIRE_VALUE[wireValue])
                : Optional.empty();
    }

    public String displayName() {
        return displayName;
    }

    public boolean isBelow(DiskState other) {
        return compareTo(other) < 0;
    }

    public boolean isAbove(DiskState other) {
        return compareTo(other) > 0;
    }

    public boolean isAtLeast(DiskState other) {
        return compareTo(other) >= 0;
    }

    public boolean isAtMost(DiskState other) {
        return compareTo(other) <= 0;
    }

    DiskState clampedTo(DiskState lowest, DiskState highest) {
        assert lowest.isAtMost(highest);
        if (isBelow(lowest)) {
            return lowest;
        }
        return isAbove(highest) ? highest : this;
    }

    /** May this disk serve the host without help from the peer? */
    public boolean servesHostAlone() {
        return switch (this) {
            case UP_TO_DATE -> true;
            case DISKLESS, ATTACHING, FAILED, NEGOTIATING, INCONSISTENT, OUTDATED, UNKNOWN, CONSISTENT -> false;
        };
    }

    /** Has its metadata been read and not been given up: are there identifiers and a bitmap to speak of? */
    public boolean isAttached() {
        return switch (this) {
            case NEGOTIATING, INCONSISTENT, OUTDATED, CONSISTENT, UP_TO_DATE -> true;
            case DISKLESS, ATTACHING, FAILED, UNKNOWN -> false;
        };
    }
}
