package org.duett.replicator.config;

/** The sections that hold options, as opposed to those that hold hosts and volumes. */
public enum OptionSection implements Spelled {
    GLOBAL("global"),
    OPTIONS("options"),
    DISK("disk"),
    NET("net"),
    STARTUP("startup"),
    HANDLERS("handlers"),
    /** {@code duett { }} at the top level, Duett's own. */
    DUETT("duett"),
    /** {@code resource NAME { }} inside {@code duett { }}. */
    DUETT_RESOURCE("duett resource");

    private final String spelling;

    OptionSection(String spelling) {
        this.spelling = spelling;
    }

    @Override
    public String spelling() {
        return spelling;
    }
}
