package org.duett.replicator.state;

import java.util.Optional;

/** Who may write: at most one node of a pair is Primary (spec states 1.1). The peer's role is UNKNOWN while there is no connection. */
public enum Role {
    UNKNOWN("Unknown"),
    PRIMARY("Primary"),
    SECONDARY("Secondary");

    private static final Role[] BY_WIRE_VALUE = values();

    private final String displayName;

    Role(String displayName) {
        this.displayName = displayName;
    }

    /** The number that stands for this role on the wire: the order of declaration is that of the wire. */
    @SuppressWarnings("EnumOrdinal") // declared in the order of the wire, and tested to be
    public int wireValue() {
        return ordinal();
    }

    public static Optional<Role> fromWire(int wireValue) {
        return wireValue >= 0 && wireValue < BY_WIRE_VALUE.length
                ? Optional.of(BY_WIRE_VALUE[wireValue])
                : Optional.empty();
    }

    public String displayName() {
        return displayName;
    }
}
