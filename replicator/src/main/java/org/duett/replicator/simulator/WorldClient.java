package org.duett.replicator.simulator;

import java.util.SplittableRandom;
import org.duett.replicator.machine.HostRequest;

/** One client of a volume in a random life: asks in its own manner, never more at once than its depth, of whoever has the export. */
final class WorldClient {
    private static final int BLOCK_SECTORS = 8;

    private enum Manner {
        /** A database: small aligned writes all over, reads, flushes. */
        SCATTERED,
        /** A few blocks again and again, at any sector: most of its writes overlap. */
        HOT_SPOT,
        /** A copy: large writes, one behind the other. */
        SEQUENTIAL,
        /** A file system that gives space back. */
        TRIMMING
    }

    private final SimulatedPair pair;
    private final SplitBrain splitBrain;
    private final SplittableRandom random;
    private final int volume;
    private final int depth;
    private final int usualBurst;
    private final boolean flushes;
    private final Manner manner;
    private final long longestThinkNanos;
    private int open;
    private long position;
    private boolean stopped = true;
    private long asked;
    private long burst;
    private SimulatedNode servedBy;
    private int servedByLife;

    WorldClient(SimulatedPair pair, int volume, WorldPlan plan, SplitBrain splitBrain, SplittableRandom random) {
        this.splitBrain = splitBrain;
        this.pair = pair;
        this.random = random;
        this.volume = volume;
        depth = plan.depth();
        usualBurst = plan.burst();
        flushes = plan.flushes();
        manner = Manner.values()[random.nextInt(Manner.values().length)];
        longestThinkNanos = switch (random.nextInt(3)) {
            case 0 -> 1;
            case 1 -> 500_000;
            default -> 20_000_000;
        };
    }

    void start() {
        burst = asked + 10 + random.nextInt(3 * usualBurst);
        if (!stopped) return;
        stopped = false;
        think();
    }

    void stop() {
        stopped = true;
    }

    private void think() {
        // After a burst a trickle: what is lost must be lost under load, but a life need not be long.
        long least = asked < burst ? 50_000 : 60_000_000;
        pair.time().after(least + random.nextLong(longestThinkNanos), this::ask);
    }

    private void ask() {
        if (stopped) return;
        think();
        SimulatedNode node = server();
        if (node == null) return;
        if (node != servedBy || node.life() != servedByLife) {
            // What the last one did not answer it never will, or nobody here waits for it.
            open = 0;
            servedBy = node;
            servedByLife = node.life();
        }
        int room = Math.min(depth, asked < burst ? depth : 2) - open;
        if (room <= 0) return;
        int requests = 1 + random.nextInt(room);
        for (int i = 0; i < requests && node.hasExport(volume); i++) request(node);
    }

    private SimulatedNode server() {
        boolean both = serves(pair.alpha()) && serves(pair.beta());
        if (both) return pair.nodes().get(random.nextInt(2));
        for (SimulatedNode node : pair.nodes()) {
            if (serves(node)) return node;
        }
        return null;
    }

    private boolean serves(SimulatedNode node) {
        return node.hasExport(volume) && !splitBrain.isIdle(node);
    }

    private void request(SimulatedNode node) {
        long sectors = node.machine().volume(volume).sizeSectors();
        HostRequest.Kind kind = kind();
        if (kind == HostRequest.Kind.FLUSH) {
            send(node, kind, 0, 0);
            return;
        }
        int length = length(kind);
        long at = at(sectors, length);
        send(node, kind, at, (int) Math.min(length, sectors - at));
    }

    private void send(SimulatedNode node, HostRequest.Kind kind, long at, int length) {
        open++;
        asked++;
        boolean changes = kind != HostRequest.Kind.READ && kind != HostRequest.Kind.FLUSH;
        int life = servedByLife;
        SimulatedNode server = servedBy;
        pair.request(node, kind, volume, at, length, changes && flushes && random.nextInt(12) == 0, () -> {
            if (life == servedByLife && server == servedBy) open--;
        });
    }

    private HostRequest.Kind kind() {
        int dice = random.nextInt(20);
        if (dice < 4) return HostRequest.Kind.READ;
        if (dice < 5) return flushes ? HostRequest.Kind.FLUSH : HostRequest.Kind.WRITE;
        int zeroing = manner == Manner.TRIMMING ? 11 : 6;
        if (dice >= zeroing) return HostRequest.Kind.WRITE;
        return random.nextBoolean() ? HostRequest.Kind.TRIM : HostRequest.Kind.WRITE_ZEROES;
    }

    private int length(HostRequest.Kind kind) {
        boolean moves = kind == HostRequest.Kind.READ || kind == HostRequest.Kind.WRITE;
        // What finds mistakes is many requests, not many bytes; a large one now and then.
        boolean large = random.nextInt(64) == 0;
        return switch (manner) {
            case SCATTERED -> BLOCK_SECTORS * (1 + random.nextInt(3));
            case HOT_SPOT -> 1 + random.nextInt(24);
            case SEQUENTIAL -> 1 + random.nextInt(large ? moves ? 5000 : 9000 : 64);
            case TRIMMING -> 1 + random.nextInt(moves ? 32 : large ? 9000 : 200);
        };
    }

    private long at(long sectors, int length) {
        long last = Math.max(1, sectors - length + 1);
        // The last block of a device is of a kind of its own.
        if (random.nextInt(64) == 0) return last - 1;
        return switch (manner) {
            case SCATTERED -> random.nextLong(last) / BLOCK_SECTORS * BLOCK_SECTORS;
            case HOT_SPOT -> random.nextLong(Math.min(last, 100));
            case SEQUENTIAL -> next(last, length);
            case TRIMMING -> random.nextLong(last);
        };
    }

    private long next(long last, int length) {
        if (position >= last) position = 0;
        long at = position;
        position += length;
        return at;
    }

    long asked() {
        return asked;
    }

    @Override
    public String toString() {
        return manner + " on volume " + volume + ", " + open + " open, " + asked + " asked";
    }
}
