package org.duett.failover.heartbeat;

import java.io.ByteArrayOutputStream;

/**
 * The reports of one life of the peer's daemon, put together from their parts, whichever path brings each. A report counts when it is whole: by
 * parts of different age a node would be told what the peer is from one time, and what the peer has heard from another. Until then, and where a
 * part is lost, the one before stands.
 */
final class HeardParts {
    /** The newest report of which anything was heard; 0: none. */
    private long firstSequence;
    private byte[][] parts = new byte[0][];
    private int missing;
    private long wholeUpTo;

    PeerLiveness.Reception add(Heartbeat heartbeat) {
        Heartbeat.Part part = heartbeat.part();
        if (heartbeat.firstSequence() > firstSequence) {
            // What is missing of an older one is not waited for: all that this one brings is newer.
            firstSequence = heartbeat.firstSequence();
            parts = new byte[part.of()][];
            missing = part.of();
        }
        boolean isOfNewest = heartbeat.firstSequence() == firstSequence && part.of() == parts.length;
        if (!isOfNewest || parts[part.number()] != null)
            return heartbeat.lastSequence() <= wholeUpTo ? PeerLiveness.Reception.ON_ANOTHER_PATH_BEFORE : PeerLiveness.Reception.PART;
        parts[part.number()] = part.body();
        if (--missing > 0) return PeerLiveness.Reception.PART;
        wholeUpTo = heartbeat.lastSequence();
        return PeerLiveness.Reception.NEWEST;
    }

    /** The newest one, which is whole. */
    byte[] report() {
        assert missing == 0;
        var report = new ByteArrayOutputStream();
        for (byte[] part : parts) report.writeBytes(part);
        return report.toByteArray();
    }

    /** The sequence of the last part of the newest report that was heard whole; 0: none was. */
    long wholeUpTo() {
        return wholeUpTo;
    }
}
