package org.duett.replicator.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What was written to a volume, and so what each sector may hold: every write that no acknowledged later one has replaced. Each write
 * fills its sectors with its own number, so that a sector read back tells which write it is of; number 0 stands for zeroes.
 *
 * <p>Order is counted in ticks of this history, not in time: what was answered before something was asked comes before it, also in
 * the same nanosecond.
 */
public final class BlockHistory {
    /** One write, from its order to its answer. */
    public static final class Write {
        final long number;
        final long firstSector;
        final int sectors;
        final boolean zeroes;
        final long orderedAt;
        long acknowledgedAt = Long.MAX_VALUE;
        /** Answered with an error, or its client is gone: it is in a disk, or in none, and changes no more. */
        long endedAt = Long.MAX_VALUE;
        /** On stable storage on every disk that was UpToDate: a FLUSH or its own FUA was answered (promise 1). */
        boolean firm;
        /** Acknowledged, and lost perhaps by more failures than its acknowledgement promised to survive. */
        boolean doubtful;

        Write(long number, long firstSector, int sectors, boolean zeroes, long orderedAt) {
            this.number = number;
            this.firstSector = firstSector;
            this.sectors = sectors;
            this.zeroes = zeroes;
            this.orderedAt = orderedAt;
        }

        long content() {
            return zeroes ? 0 : number;
        }

        /** This write must be there, unless a later one is: older ones cannot be seen any more. */
        boolean replaces(Write older, long knownAt) {
            if (older == this || doubtful || acknowledgedAt > knownAt) return false;
            return older.number == 0 || older.acknowledgedAt < orderedAt || older.endedAt < orderedAt;
        }

        @Override
        public String toString() {
            String fate = acknowledgedAt == Long.MAX_VALUE ? endedAt == Long.MAX_VALUE ? "open" : "not acknowledged, over at " + endedAt
                    : "acknowledged at " + acknowledgedAt + (firm ? ", firm" : "") + (doubtful ? ", doubtful" : "");
            return "write " + number + " sectors " + firstSector + "+" + sectors + (zeroes ? " zeroes" : "") + " ordered at " + orderedAt + " " + fate;
        }
    }

    private static final class Sector {
        final List<Write> writes = new ArrayList<>();

        boolean mayHold(long content, long knownAt) {
            for (Write write : writes) {
                if (write.content() == content && !isReplaced(write, knownAt)) return true;
            }
            return false;
        }

        boolean isReplaced(Write older, long knownAt) {
            for (Write write : writes) {
                if (write.replaces(older, knownAt)) return true;
            }
            return false;
        }
    }

    private final TreeMap<Long, Sector> sectors = new TreeMap<>();
    /** Acknowledged, on no stable storage yet as far as anybody was told. */
    private final List<Write> unflushed = new ArrayList<>();
    private long tick;
    private long lastNumber;
    private long acknowledged;

    /** The present moment; what happens from here on has a later one. */
    long now() {
        return ++tick;
    }

    Write begin(long firstSector, int count, boolean zeroes) {
        Write write = new Write(++lastNumber, firstSector, count, zeroes, now());
        for (long sector = firstSector; sector < firstSector + count; sector++) of(sector).writes.add(write);
        return write;
    }

    private Sector of(long number) {
        return sectors.computeIfAbsent(number, absent -> {
            Sector sector = new Sector();
            Write nothing = new Write(0, number, 1, true, 0);
            nothing.endedAt = 0;
            sector.writes.add(nothing);
            return sector;
        });
    }

    /** The write was answered with success. {@code forced}: with FUA. */
    void acknowledged(Write write, boolean forced) {
        write.acknowledgedAt = now();
        acknowledged++;
        if (forced) write.firm = true;
        else unflushed.add(write);
    }

    /** The write was answered with an error, or nobody is left who could be answered. */
    void ended(Write write) {
        if (write.endedAt == Long.MAX_VALUE) write.endedAt = now();
    }

    /** A FLUSH that was asked for at this moment was answered: what had been answered by then is on stable storage. */
    void flushed(long orderedAt) {
        unflushed.removeIf(write -> {
            if (write.acknowledgedAt >= orderedAt) return false;
            write.firm = true;
            return true;
        });
    }

    /** More has failed than an acknowledgement without flush survives: each of those writes may be there or not. */
    void unflushedMayBeLost() {
        unflushed.forEach(write -> write.doubtful = true);
        unflushed.clear();
    }

    /** The last good copy failed: nothing that was acknowledged is promised any more, flushed or not. */
    void anythingMayBeLost() {
        unflushed.clear();
        for (Sector sector : sectors.values()) {
            for (Write write : sector.writes) {
                write.firm = false;
                write.doubtful |= write.acknowledgedAt != Long.MAX_VALUE;
            }
        }
    }

    /** Forgets what can never be seen again. Only while no read is under way. */
    void prune() {
        for (Sector sector : sectors.values()) {
            if (sector.writes.size() < 2) continue;
            sector.writes.removeIf(older -> sector.writes.stream().anyMatch(write -> write.firm && write.replaces(older, tick)));
        }
    }

    /** Null when the sector may hold this now, else what it should hold. */
    String complaint(long sector, long content) {
        return complaint(sector, content, Long.MAX_VALUE - 1);
    }

    /** The same for a reader who asked at this moment: what was replaced later may still have been there. */
    String complaint(long number, long content, long askedAt) {
        Sector sector = sectors.get(number);
        if (sector == null) return content == 0 ? null : "sector " + number + " was never written and holds write " + content;
        if (sector.mayHold(content, askedAt)) return null;
        List<Write> possible = sector.writes.stream().filter(write -> !sector.isReplaced(write, askedAt)).toList();
        return "sector " + number + " holds write " + content + " where one of " + possible + " must be; all: " + sector.writes;
    }

    public long acknowledgedWrites() {
        return acknowledged;
    }

    Iterable<Long> sectors() {
        return sectors.keySet();
    }
}
