package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What was written to a volume, and so what each sector may hold: every write that no acknowledged later one has replaced. Each write
 * fills its sectors with its own number, so that a sector read back tells which write it is of; number 0 stands for zeroes.
 */
public final class BlockHistory {
    /** One write, from its order to its answer. Times are simulated nanoseconds. */
    public static final class Write {
        final long number;
        final long firstSector;
        final int sectors;
        final boolean zeroes;
        final long orderedAtNanos;
        long acknowledgedAtNanos = Long.MAX_VALUE;
        /** Answered with an error, or its client is gone: it is in a disk, or in none, and changes no more. */
        long endedAtNanos = Long.MAX_VALUE;

        Write(long number, long firstSector, int sectors, boolean zeroes, long orderedAtNanos) {
            this.number = number;
            this.firstSector = firstSector;
            this.sectors = sectors;
            this.zeroes = zeroes;
            this.orderedAtNanos = orderedAtNanos;
        }

        long content() {
            return zeroes ? 0 : number;
        }

        @Override
        public String toString() {
            return "write " + number + " sectors " + firstSector + "+" + sectors + (zeroes ? " zeroes" : "")
                    + (acknowledgedAtNanos == Long.MAX_VALUE ? " not acknowledged" : " acknowledged at " + acknowledgedAtNanos / 1000 + "us");
        }
    }

    private final TreeMap<Long, List<Write>> candidates = new TreeMap<>();
    private long lastNumber;
    private long acknowledged;

    Write begin(long firstSector, int sectors, boolean zeroes, long nowNanos) {
        Write write = new Write(++lastNumber, firstSector, sectors, zeroes, nowNanos);
        for (long sector = firstSector; sector < firstSector + sectors; sector++) of(sector).add(write);
        return write;
    }

    private List<Write> of(long sector) {
        return candidates.computeIfAbsent(sector, number -> new ArrayList<>(List.of(new Write(0, number, 1, true, -1))));
    }

    /** The write was answered with success: older writes that had ended, or never will end as its rivals, cannot be seen any more. */
    void acknowledged(Write write, long nowNanos) {
        write.acknowledgedAtNanos = nowNanos;
        acknowledged++;
        for (long sector = write.firstSector; sector < write.firstSector + write.sectors; sector++) {
            of(sector).removeIf(older -> older != write && endsBefore(older, write));
        }
    }

    /** Did the older one end before the other was even ordered? One that never ended may still be seen (it may be anywhere in flight). */
    private static boolean endsBefore(Write older, Write other) {
        return older.number == 0 || older.acknowledgedAtNanos < other.orderedAtNanos || older.endedAtNanos < other.orderedAtNanos;
    }

    /** Null when the sector may hold this, else what it should hold. */
    String complaint(long sector, long content) {
        List<Write> possible = candidates.get(sector);
        if (possible == null) return content == 0 ? null : "sector " + sector + " was never written and holds write " + content;
        for (Write write : possible) {
            if (write.content() == content) return null;
        }
        return "sector " + sector + " holds write " + content + " where one of " + possible + " must be";
    }

    /** The contents that a reader may see now, sector by sector; a read may return what was there at any moment while it ran. */
    List<List<Long>> contents(long firstSector, int sectors) {
        List<List<Long>> all = new ArrayList<>();
        for (long sector = firstSector; sector < firstSector + sectors; sector++) {
            List<Write> possible = candidates.get(sector);
            all.add(possible == null ? List.of(0L) : possible.stream().map(Write::content).toList());
        }
        return all;
    }

    public long acknowledgedWrites() {
        return acknowledged;
    }

    Iterable<Long> sectors() {
        return candidates.keySet();
    }
}
