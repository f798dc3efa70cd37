package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/**
 * What a device stores: the durable contents, and over them each sector's unflushed versions from old to new. The newest is what a
 * reader sees; any of them, or none, may be what a power loss leaves.
 */
final class WriteCache {
    private static final int SECTOR_BYTES = SimulatedDevice.SECTOR_BYTES;

    private final SectorStore durable;
    private final TreeMap<Long, List<Version>> unflushed = new TreeMap<>();
    private long answeredCount;

    /** One write that reached the cache, whole or in part. */
    static final class Write {
        final long offset;
        final byte[] bytes;
        /** Its place in the order of answers; not answered yet: past all of them. */
        long answeredAt = Long.MAX_VALUE;

        Write(long offset, byte[] bytes) {
            this.offset = offset;
            this.bytes = bytes;
        }

        Write(Write original) {
            this(original.offset, original.bytes);
            answeredAt = original.answeredAt;
        }
    }

    private record Version(Write write, int index) {
        void copyTo(byte[] target, int targetIndex) {
            System.arraycopy(write.bytes, index, target, targetIndex, SECTOR_BYTES);
        }
    }

    WriteCache() {
        durable = new SectorStore();
    }

    WriteCache(WriteCache original) {
        durable = new SectorStore(original.durable);
        answeredCount = original.answeredCount;
        // Writes are copied, too: one that is still under way may be answered in the original only.
        Map<Write, Write> copies = new IdentityHashMap<>();
        original.unflushed.forEach((sector, versions) -> {
            List<Version> copied = new ArrayList<>();
            for (Version version : versions) {
                copied.add(new Version(copies.computeIfAbsent(version.write, Write::new), version.index));
            }
            unflushed.put(sector, copied);
        });
    }

    void readDurable(long offset, byte[] target) {
        durable.read(offset, target, 0, target.length);
    }

    void readCurrent(long offset, byte[] target) {
        readDurable(offset, target);
        long first = offset / SECTOR_BYTES;
        long end = (offset + target.length + SECTOR_BYTES - 1) / SECTOR_BYTES;
        for (Map.Entry<Long, List<Version>> entry : unflushed.subMap(first, end).entrySet()) {
            long at = entry.getKey() * SECTOR_BYTES - offset;
            byte[] sector = new byte[SECTOR_BYTES];
            entry.getValue().getLast().copyTo(sector, 0);
            int from = (int) Math.max(0, -at);
            int to = (int) Math.min(SECTOR_BYTES, target.length - at);
            System.arraycopy(sector, from, target, (int) (at + from), to - from);
        }
    }

    /** The first byte below {@code endBytes} in which a reader sees different contents, or -1. */
    long firstDifference(WriteCache other, long endBytes) {
        TreeSet<Long> pages = new TreeSet<>();
        collectPages(pages);
        other.collectPages(pages);
        byte[] here = new byte[SectorStore.PAGE_BYTES];
        byte[] there = new byte[SectorStore.PAGE_BYTES];
        for (long page : pages) {
            long start = page * SectorStore.PAGE_BYTES;
            if (start >= endBytes) break;
            readCurrent(start, here);
            other.readCurrent(start, there);
            int at = Arrays.mismatch(here, there);
            if (at >= 0 && start + at < endBytes) return start + at;
        }
        return -1;
    }

    private void collectPages(TreeSet<Long> pages) {
        durable.collectPages(pages);
        unflushed.keySet().forEach(sector -> pages.add(sector * SECTOR_BYTES / SectorStore.PAGE_BYTES));
    }

    boolean isAllocated(long offset, int length) {
        for (long sector = offset / SECTOR_BYTES; sector < (offset + length) / SECTOR_BYTES; sector++) {
            if (!unflushed.containsKey(sector) && !durable.isAllocated(sector * SECTOR_BYTES, SECTOR_BYTES)) return false;
        }
        return true;
    }

    void store(long offset, byte[] bytes) {
        for (long sector = offset / SECTOR_BYTES; sector < (offset + bytes.length) / SECTOR_BYTES; sector++) {
            unflushed.remove(sector);
        }
        durable.write(offset, bytes, 0, bytes.length);
    }

    /** On the medium: an unflushed version of the sector hides it. */
    void rot(long offset, int bit) {
        byte[] one = new byte[1];
        durable.read(offset, one, 0, 1);
        one[0] ^= (byte) (1 << bit);
        durable.write(offset, one, 0, 1);
    }

    /** The write's sectors, or those that the predicate picks, are what a reader sees from now on. */
    void apply(Write write, LongPredicate picked) {
        for (int index = 0; index < write.bytes.length; index += SECTOR_BYTES) {
            long sector = (write.offset + index) / SECTOR_BYTES;
            if (picked.test(sector)) unflushed.computeIfAbsent(sector, number -> new ArrayList<>(1)).add(new Version(write, index));
        }
    }

    /** Everything answered until now has a number up to this. */
    long answeredSoFar() {
        return answeredCount;
    }

    void answered(Write write) {
        write.answeredAt = ++answeredCount;
    }

    /** A flush ended that was ordered when {@code orderedAt} answers had been given: it covers those, and no more. */
    void flushed(long orderedAt) {
        for (Iterator<Map.Entry<Long, List<Version>>> entries = unflushed.entrySet().iterator(); entries.hasNext();) {
            Map.Entry<Long, List<Version>> entry = entries.next();
            int covered = lastIndex(entry.getValue(), version -> version.write.answeredAt <= orderedAt);
            settle(entry.getKey(), entry.getValue(), covered);
            if (entry.getValue().isEmpty()) entries.remove();
        }
    }

    /** A write to stable storage was answered: its sectors are durable, newer versions of them are not. */
    void makeDurable(Write write) {
        for (int index = 0; index < write.bytes.length; index += SECTOR_BYTES) {
            long sector = (write.offset + index) / SECTOR_BYTES;
            List<Version> versions = unflushed.get(sector);
            if (versions == null) continue; // a flush that was ordered after it has settled it already
            settle(sector, versions, lastIndex(versions, version -> version.write == write));
            if (versions.isEmpty()) unflushed.remove(sector);
        }
    }

    private interface VersionPredicate {
        boolean test(Version version);
    }

    private static int lastIndex(List<Version> versions, VersionPredicate predicate) {
        for (int index = versions.size() - 1; index >= 0; index--) {
            if (predicate.test(versions.get(index))) return index;
        }
        return -1;
    }

    /** The versions up to this index are over; the one at it is durable. */
    private void settle(long sector, List<Version> versions, int index) {
        if (index < 0) return;
        Version version = versions.get(index);
        durable.write(sector * SECTOR_BYTES, version.write.bytes, version.index, SECTOR_BYTES);
        versions.subList(0, index + 1).clear();
    }

    /** Power is lost: each sector keeps any of its versions or none. Often all or nothing, as a device does that was idle or busy. */
    void loseUnflushed(SplittableRandom random) {
        int mood = random.nextInt(4);
        unflushed.forEach((sector, versions) -> {
            int kept = switch (mood) {
                case 0 -> -1;
                case 1 -> versions.size() - 1;
                default -> random.nextInt(-1, versions.size());
            };
            settle(sector, versions, kept);
        });
        unflushed.clear();
    }
}
