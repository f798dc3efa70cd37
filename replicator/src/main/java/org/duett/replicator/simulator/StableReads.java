package org.duett.replicator.simulator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a host has read does not change by itself (rule 21): what a later read finds instead was written by somebody who had not been through when the first one was asked.
 * An unanswered write of a Primary that is lost may be there or not; but who has looked, has seen it or not. As long as nothing changes in which copies are served.
 */
final class StableReads {
    /** By node and volume: what its host has read since the state changed last. */
    private final List<Map<Integer, Reads>> seen = List.of(new HashMap<>(), new HashMap<>());

    private record Seen(long content, long askedAt, long answeredAt) {
    }

    /** What was seen last in each sector, by pages: who reads, reads sectors one after the other. */
    private static final class Reads {
        private final Map<Long, Seen[]> pages = new HashMap<>();
        private long lastNumber = -1;
        private Seen[] last;

        /** Answers what was there before; null: nothing. */
        Seen put(long sector, Seen now) {
            long number = sector / BlockHistory.SECTORS_PER_PAGE;
            if (number != lastNumber) {
                last = pages.computeIfAbsent(number, each -> new Seen[BlockHistory.SECTORS_PER_PAGE]);
                lastNumber = number;
            }
            int inPage = (int) (sector % BlockHistory.SECTORS_PER_PAGE);
            Seen before = last[inPage];
            last[inPage] = now;
            return before;
        }
    }

    void stateChanged(SimulatedNode node, int volume) {
        seen.get(node.index()).remove(volume);
    }

    /** Null when it may be, else what has changed. */
    String complaint(SimulatedNode node, int volume, BlockHistory history, long sector, long content, long askedAt) {
        Reads ofVolume = seen.get(node.index()).computeIfAbsent(volume, each -> new Reads());
        Seen before = ofVolume.put(sector, new Seen(content, askedAt, history.now()));
        // Of two that were under way at the same time nobody knows which looked first.
        boolean changed = before != null && before.answeredAt < askedAt && before.content != content && history.wasOver(sector, content, before.askedAt);
        return changed ? "sector " + sector + " held write " + before.content + " for who asked at " + before.askedAt + ", and holds write " + content + " now, which was over by then" : null;
    }
}
