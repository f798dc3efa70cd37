package org.duett.replicator.config;

/** Section disk as it holds for one volume on one host. */
public record DiskConfig(long sizeSectors, OnIoError onIoError, Fencing fencing, Flushes flushes,
        ActivityLog activityLog,
        Resync resync, int diskTimeoutMillis) {

    /**
     * Whether the two devices are flushed where promises depend on it; no only with a cache that survives a power
     * loss.
     */
    public record Flushes(boolean data, boolean metadata) {
    }

    /** {@code extents} of 4 MiB stay hot; without {@code updates} a crash of a Primary costs a full resync. */
    public record ActivityLog(int extents, boolean updates) {
    }

    /**
     * The pace of a resync: dynamic when {@code planAheadMillis} is not 0, else the fixed rate. With a fill target of
     * 0 the delay target steers.
     */
    public record Resync(int rateKibPerSecond, int planAheadMillis, int delayTargetMillis, int fillTargetSectors,
            int maxRateKibPerSecond, int minRateKibPerSecond) {
    }

    /** What follows an error of the backing disk (spec states 6.4). */
    public enum OnIoError implements Spelled {
        PASS_ON("pass_on"),
        CALL_LOCAL_IO_ERROR("call-local-io-error"),
        DETACH("detach");

        private final String spelling;

        OnIoError(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }

    /** What must be known of the peer before this node goes on without it (spec states 6.1). */
    public enum Fencing implements Spelled {
        DONT_CARE("dont-care"),
        RESOURCE_ONLY("resource-only"),
        RESOURCE_AND_STONITH("resource-and-stonith");

        private final String spelling;

        Fencing(String spelling) {
            this.spelling = spelling;
        }

        @Override
        public String spelling() {
            return spelling;
        }
    }
}
