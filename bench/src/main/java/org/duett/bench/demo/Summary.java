package org.duett.bench.demo;

import java.util.Locale;

/** The figures of a demo, gathered as the story goes. */
final class Summary {

    long deviceBytes;
    long initialSyncNanos;
    long writesAcknowledged;
    int writesUnderWay;
    int unanswered;
    int writesLost;
    long killedAtNanos;
    long noticedNanos;
    long takeoverNanos;
    long writesAlone;
    long markedBytes;
    long resyncBytes;
    long comparedBytes;

    void print(Narrator narrator) {
        narrator.line("");
        narrator.title("Summary");
        narrator.figure("initial sync", Narrator.size(deviceBytes) + " in " + Narrator.seconds(initialSyncNanos));
        narrator.figure("writes acknowledged before kill -9",
                Narrator.count(writesAcknowledged) + " (and " + writesUnderWay
                        + " under way, of which " + unanswered + " survived)");
        narrator.figure("acknowledged writes lost", Integer.toString(writesLost));
        narrator.figure("takeover, from kill -9 to Primary", Narrator.seconds(takeoverNanos) + " (noticed after "
                + Narrator.seconds(noticedNanos) + ")");
        narrator.figure("resync after the return",
                Narrator.size(resyncBytes) + String.format(Locale.ROOT, " of %s (%.1f %%)",
                        Narrator.size(deviceBytes), 100.0 * resyncBytes / deviceBytes));
        narrator.figure("disks compared byte by byte", Narrator.size(comparedBytes) + ", identical");
    }
}
