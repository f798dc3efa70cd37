package org.duett.replicator.generation;

import java.util.Random;
import org.duett.replicator.generation.SyncComparison.Inputs;
import org.duett.replicator.generation.SyncComparison.Side;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;

/** Pairs of nodes whose identifiers come from an alphabet so small that every rule of the comparison is met. */
final class RandomNodes {

    private static final long OFFSET = 0x0001_0000_0000_0000L;
    private static final long[] ALPHABET = {0, 0, 4, 0xA0, 0xB0, 0xC0, 0xA0 + OFFSET, 0xB0 + OFFSET};
    private static final DiskState[] DISKS = {DiskState.INCONSISTENT, DiskState.OUTDATED, DiskState.CONSISTENT,
            DiskState.UP_TO_DATE};

    private RandomNodes() {
    }

    static Inputs pair(Random random) {
        return new Inputs(side(random), side(random), random.nextBoolean(), random.nextInt(4) != 0,
                random.nextBoolean());
    }

    private static Side side(Random random) {
        GenerationIdentifiers identifiers = new GenerationIdentifiers(identifier(random), identifier(random),
                identifier(random),
                identifier(random));
        int cacheLost = random.nextBoolean() ? PeerGenerations.CACHE_LOST : 0;
        return new Side(new PeerGenerations(identifiers, random.nextInt(3), random.nextInt(16) | cacheLost),
                random.nextInt(3) == 0 ? Role.PRIMARY : Role.SECONDARY, DISKS[random.nextInt(DISKS.length)]);
    }

    private static long identifier(Random random) {
        long identifier = ALPHABET[random.nextInt(ALPHABET.length)];
        // 0 has no role: an empty place stays empty.
        return identifier == 0 ? 0 : identifier | random.nextInt(2);
    }
}
