package org.duett.failover.config.imported;

import java.util.List;
import java.util.OptionalLong;
import org.duett.failover.config.Timing;
import org.duett.replicator.config.ConfigException;

/** Takes over the four times, each changed as little as possible where the arithmetic of Duett does not allow it. */
final class ImportedTimes {
    private static final int MOST_KEEPALIVE_MILLIS = 60_000;
    private static final int MOST_MILLIS = 3_600_000;
    private static final int LEAST_DEADTIME_MILLIS = 100;

    private final HaCf haCf;
    private final List<Remark> remarks;

    ImportedTimes(HaCf haCf, List<Remark> remarks) {
        this.haCf = haCf;
        this.remarks = remarks;
    }

    /** Answers the deadtime. */
    int write(SectionText text) throws ConfigException {
        boolean nothingIsWritten = haCf.find("keepalive").isEmpty() && haCf.find("deadtime").isEmpty();
        if (nothingIsWritten) remarks.add(new Remark("ha.cf", "no keepalive, no deadtime", "the defaults of Duett hold: 200ms and 2s"));
        int deadtime = (int) clamped("deadtime", haCf.millis("deadtime").orElse(Timing.DEFAULT.deadtimeMillis()), LEAST_DEADTIME_MILLIS, MOST_MILLIS);
        long keepalive = clamped("keepalive", haCf.millis("keepalive").orElse(Math.min(Timing.DEFAULT.keepaliveMillis(), deadtime / 3)), 10, MOST_KEEPALIVE_MILLIS);
        if (3 * keepalive > deadtime) {
            changed("keepalive", "3 x keepalive is more than deadtime, so that two lost heartbeats would kill a peer that lives; it is now a third of deadtime");
            keepalive = deadtime / 3;
        }
        text.statement("keepalive", SectionText.duration(keepalive));
        text.statement("deadtime", SectionText.duration(deadtime));
        writeWarntime(text, keepalive, deadtime);
        OptionalLong initdead = haCf.millis("initdead");
        if (initdead.isPresent()) {
            long atLeast = Math.max(clamped("initdead", initdead.getAsLong(), 0, MOST_MILLIS), deadtime);
            if (atLeast != initdead.getAsLong()) changed("initdead", "it is now " + SectionText.duration(atLeast) + ", as it cannot be shorter than deadtime or longer than an hour");
            text.statement("initdead", SectionText.duration(atLeast));
        } else if (deadtime > Timing.DEFAULT.initdeadMillis()) {
            text.statement("initdead", SectionText.duration(deadtime));
        }
        return deadtime;
    }

    private void writeWarntime(SectionText text, long keepalive, int deadtime) throws ConfigException {
        OptionalLong warntime = haCf.millis("warntime");
        if (warntime.isEmpty()) return;
        if (warntime.getAsLong() > keepalive && warntime.getAsLong() < deadtime) text.statement("warntime", SectionText.duration(warntime.getAsLong()));
        else changed("warntime", "it is not between keepalive and deadtime; half of deadtime holds");
    }

    private long clamped(String keyword, long millis, long least, long most) {
        long clamped = Math.clamp(millis, least, most);
        if (clamped != millis && !keyword.equals("initdead")) changed(keyword, "it is now " + SectionText.duration(clamped));
        return clamped;
    }

    private void changed(String keyword, String why) {
        haCf.find(keyword).ifPresent(line -> remarks.add(line.remark(why)));
    }
}
