package org.duett.replicator.bitmap;

import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.TreeMap;

/**
 * The bits that were cleared since a flush of the data device was ordered. Their blocks were written too late to be covered by it, so the pages that are
 * written on the strength of that flush go on to name them (rule 12). As few pages as a resync moves through during one flush.
 */
final class ClearedSinceFlush {
    private final Map<Integer, long[]> pages = new TreeMap<>();
    private boolean remembers;

    void begin() {
        pages.clear();
        remembers = true;
    }

    void end() {
        pages.clear();
        remembers = false;
    }

    /** {@code word}: of the page. */
    void add(int page, int word, long cleared) {
        if (remembers) pages.computeIfAbsent(page, none -> new long[DirtyBitmap.WORDS_PER_PAGE])[word] |= cleared;
    }

    /** Sets them in a copy of the page. False: there are none. */
    boolean putBack(int page, ByteBuf copy, int index) {
        long[] words = pages.get(page);
        if (words == null) return false;
        for (int i = 0; i < words.length; i++) copy.setLongLE(index + i * Long.BYTES, copy.getLongLE(index + i * Long.BYTES) | words[i]);
        return true;
    }
}
