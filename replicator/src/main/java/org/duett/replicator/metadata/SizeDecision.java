package org.duett.replicator.metadata;

/** How large the device is that both nodes offer (spec metadata 9.1), and whether it may become smaller (9.2). */
public sealed interface SizeDecision {

    /** What each side says about the size, in sectors; 0 for what is not known or not said. */
    record Sizes(long mine, long peers, long lastAgreed, long configured) {
    }

    record Agreed(long sectors) implements SizeDecision {
    }

    /** The configured size is larger than there is room for and was passed over. */
    record ConfiguredTooLarge(long sectors) implements SizeDecision {
    }

    long sectors();

    /** While connected, or with nothing known of the peer. */
    static SizeDecision decide(Sizes sizes) {
        long sectors = withoutConfiguration(sizes);
        if (sizes.configured() == 0)
            return new Agreed(sectors);
        return sizes.configured() > sectors ? new ConfiguredTooLarge(sectors) : new Agreed(sizes.configured());
    }

    /** Not connected, and the operator vouches for it that the peer has as much room as we. */
    static SizeDecision decideAssumingPeerHasSpace(Sizes sizes) {
        return decide(new Sizes(sizes.mine(), sizes.mine(), sizes.lastAgreed(), sizes.configured()));
    }

    private static long withoutConfiguration(Sizes sizes) {
        long mine = sizes.mine();
        long peers = sizes.peers();
        if (mine != 0 && peers != 0)
            return Math.min(mine, peers);
        if (sizes.lastAgreed() == 0)
            return peers != 0 ? peers : mine;
        long known = mine != 0 ? mine : peers;
        return known != 0 ? Math.min(sizes.lastAgreed(), known) : sizes.lastAgreed();
    }

    /** At attach: would data at the end be lost without that anybody asked for it? Then the attach is refused. */
    static boolean shrinksUnasked(Superblock superblock, long newSectors, long configuredSectors) {
        return superblock.has(Superblock.CONSISTENT)
                && Long.compareUnsigned(newSectors, superblock.lastAgreedSectors()) < 0
                && newSectors != configuredSectors;
    }
}
