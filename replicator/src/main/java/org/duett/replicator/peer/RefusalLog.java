package org.duett.replicator.peer;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says that a stray connection was refused: once for each reason and minute, however many come. */
final class RefusalLog {
    enum Reason {
        FOREIGN_ADDRESS, TOO_MANY, NO_FIRST_PACKET, WRONG_FIRST_BYTES, TOO_MUCH_TOO_EARLY
    }

    private static final Logger LOG = LoggerFactory.getLogger(RefusalLog.class);
    private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final class Entry {
        private long saidAtNanos;
        private int unsaid;
    }

    private final String resource;
    private final Map<Reason, Entry> entries = new EnumMap<>(Reason.class);
    private int refused;

    RefusalLog(String resource) {
        this.resource = resource;
    }

    void refused(Reason reason, Object from, String detail) {
        refused++;
        long now = System.nanoTime();
        Entry entry = entries.get(reason);
        if (entry != null && now - entry.saidAtNanos < INTERVAL_NANOS) {
            entry.unsaid++;
            return;
        }
        int unsaid = entry == null ? 0 : entry.unsaid;
        entry = new Entry();
        entry.saidAtNanos = now;
        entries.put(reason, entry);
        LOG.warn("resource={} refused a connection from {}: {}{}", resource, from, detail,
                unsaid == 0 ? "" : " (and " + unsaid + " more like it since this was last said)");
    }

    /** All refusals so far, said or not. */
    int refused() {
        return refused;
    }
}
