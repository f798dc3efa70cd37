package org.duett.failover.config.imported;

/** Something of the old configuration that was not taken over, or not as it was; {@code where} is a file and line. No secret is in it. */
public record Remark(String where, String statement, String why) {
    @Override
    public String toString() {
        return where + ": " + statement + ": " + why;
    }
}
