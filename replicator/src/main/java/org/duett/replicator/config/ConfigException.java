package org.duett.replicator.config;

/**
 * A configuration that cannot be used: where, what was found there, and what is allowed. The only exception of this
 * package.
 */
public final class ConfigException extends Exception {
    private final transient SourcePosition position;
    private final String found;
    private final String allowed;

    public ConfigException(SourcePosition position, String found, String allowed) {
        super(position + ": " + found + ". Allowed: " + allowed + ".");
        assert !found.isBlank();
        assert !allowed.isBlank();
        this.position = position;
        this.found = found;
        this.allowed = allowed;
    }

    public SourcePosition position() {
        return position;
    }

    /** What stands at the position, as a sentence without its full stop. */
    public String found() {
        return found;
    }

    /** What may stand there instead, without a full stop. */
    public String allowed() {
        return allowed;
    }
}
