package org.duett.replicator.simulator;

import java.util.BitSet;

/**
 * In which pages a reader sees different contents in two caches. Both tell it what changed, and it looks there only: a look costs what
 * has happened since the last one, however large the devices are.
 */
final class PageDifferences {
    private final WriteCache one;
    private final WriteCache other;
    private final BitSet differing = new BitSet();
    private final BitSet changed = new BitSet();
    private int looks;

    PageDifferences(WriteCache one, WriteCache other) {
        this.one = one;
        this.other = other;
        one.addAllPages(changed);
        other.addAllPages(changed);
    }

    boolean isOf(WriteCache first, WriteCache second) {
        return first == one && second == other || first == other && second == one;
    }

    void changed(long page) {
        changed.set(Math.toIntExact(page));
    }

    /** The pages that differ now. Not to be changed. */
    BitSet look() {
        looks++;
        for (int page = changed.nextSetBit(0); page >= 0; page = changed.nextSetBit(page + 1)) differing.set(page, one.differs(other, page) >= 0);
        changed.clear();
        return differing;
    }

    /** How often it has looked: what was taken from it holds until then. */
    int looks() {
        return looks;
    }

    /** Every page that may differ, as far as it knows. */
    void addTo(BitSet pages) {
        pages.or(differing);
        pages.or(changed);
    }
}
