package org.duett.replicator.config;

/** Section startup: how long a starting node waits for its peer. 0 seconds = without end. */
public record StartupConfig(int waitSeconds, int degradedWaitSeconds, int outdatedWaitSeconds,
        boolean waitAfterSplitBrain) {

    /** The times with the contradictions between them settled as DRBD does it (spec states 6.5). */
    public StartupConfig corrected() {
        int degraded = degradedWaitSeconds;
        if (waitSeconds > 0 && (degraded == 0 || degraded > waitSeconds)) {
            degraded = waitSeconds;
        }
        int outdated = outdatedWaitSeconds;
        if (degraded > 0 && (outdated == 0 || outdated > degraded)) {
            outdated = waitSeconds;
        }
        return new StartupConfig(waitSeconds, degraded, outdated, waitAfterSplitBrain);
    }
}
