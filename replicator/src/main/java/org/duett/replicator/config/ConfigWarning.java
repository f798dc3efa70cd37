package org.duett.replicator.config;

/** Something in the configuration that does not stop Duett, but that its author should know. */
public record ConfigWarning(Kind kind, SourcePosition position, String text) {

    public enum Kind {
        /** The statement has no meaning for Duett, and nothing is lost by leaving it out. */
        IGNORED,
        /** DRBD would do something here that Duett does not do. */
        NOT_AVAILABLE,
        /** A spelling of DRBD 0.7, or one that DRBD has given up, and what it was taken for. */
        LEGACY,
        /** Valid, but probably not what was meant. */
        SUSPICIOUS
    }

    @Override
    public String toString() {
        return position + ": " + text;
    }
}
