package org.duett.replicator.config;

/** What Duett does about a statement or an option of the configuration. */
public enum SupportStatus implements Spelled {
    /** Duett does what the option says. */
    SUPPORTED("supported"),
    /** The option has no meaning for Duett, and nothing is lost by that. Noted in the warnings. */
    IGNORED("ignored"),
    /**
     * Duett knows what the option means and does not do it. A warning, unless the value asks for what Duett does
     * anyway.
     */
    NOT_AVAILABLE("not available"),
    /** Going on without it would be dangerous: an error, unless the value asks for what Duett does anyway. */
    REFUSED("refused");

    private final String spelling;

    SupportStatus(String spelling) {
        this.spelling = spelling;
    }

    @Override
    public String spelling() {
        return spelling;
    }
}
