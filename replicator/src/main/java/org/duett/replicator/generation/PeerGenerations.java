package org.duett.replicator.generation;

import org.duett.replicator.state.DiskState;

/**
 * What a node tells its peer about its data, the content of {@code P_UUIDS} (spec states 3.3): identifiers, how many bits of its bitmap are
 * set, and flags.
 */
public record PeerGenerations(GenerationIdentifiers identifiers, long outOfSyncBits, int flags) {

    /** Its operator gives up the changes made there. */
    public static final int DISCARD_MY_DATA = 1;
    /** It was Primary and ended without demotion, or froze with writes that the peer may lack (rule 2). */
    public static final int CRASHED_PRIMARY = 2;
    /** Its Negotiating disk is Inconsistent. */
    public static final int INCONSISTENT = 4;
    /** Both are new, nothing needs to be copied. */
    public static final int SKIP_INITIAL_SYNC = 8;
    /** Its machine has booted since its disk last was the peer's equal or source: what its cache held may be gone (rule 24). Told among Duett nodes only. */
    public static final int CACHE_LOST = 1 << 24;

    public boolean discardsItsData() {
        return (flags & DISCARD_MY_DATA) != 0;
    }

    public boolean isCrashedPrimary() {
        return (flags & CRASHED_PRIMARY) != 0;
    }

    public boolean isInconsistent() {
        return (flags & INCONSISTENT) != 0;
    }

    public boolean skipsInitialSync() {
        return (flags & SKIP_INITIAL_SYNC) != 0;
    }

    public boolean hasLostItsCache() {
        return (flags & CACHE_LOST) != 0;
    }

    public PeerGenerations withCacheIntact() {
        return new PeerGenerations(identifiers, outOfSyncBits, flags & ~CACHE_LOST);
    }

    /** It has begun to be made equal: its data has the name of that resync. */
    public PeerGenerations asTargetOf(long syncIdentifier) {
        return withIdentifiers(identifiers.startAsSyncTarget(syncIdentifier));
    }

    /** What the disk really is that its node calls Negotiating in {@code P_STATE}; any other is what it is called. */
    public DiskState realDisk(DiskState reported) {
        if (reported != DiskState.NEGOTIATING) {
            return reported;
        }
        return isInconsistent() ? DiskState.INCONSISTENT : DiskState.CONSISTENT;
    }

    PeerGenerations withIdentifiers(GenerationIdentifiers newIdentifiers) {
        return new PeerGenerations(newIdentifiers, outOfSyncBits, flags);
    }
}
