package org.duett.replicator.volume;

/** What failed on a backing device; decides what {@code on-io-error} means for it (spec states 6.4). */
public enum DiskFailure {
    READ, WRITE, FLUSH, METADATA,
    /** An operation did not come back within disk-timeout. */
    TIMEOUT
}
