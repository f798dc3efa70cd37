package org.duett.replicator.nbd;

import java.util.concurrent.atomic.LongAdder;

/** What the front end counts for the metrics; written on the event loop, read anywhere. */
public final class NbdCounters {
    /** Reads whose answer came too late to be told (rule 9); each ended its connection. */
    public final LongAdder repliesWithheld = new LongAdder();
    /** Connections closed for bytes that are no NBD, or for a negotiation that took too long. */
    public final LongAdder clientsDropped = new LongAdder();
    /** Connections closed because of a mistake in Duett itself; the log has each. */
    public final LongAdder mistakes = new LongAdder();
    /** Connections closed at once because there were too many. */
    public final LongAdder clientsTurnedAway = new LongAdder();
}
