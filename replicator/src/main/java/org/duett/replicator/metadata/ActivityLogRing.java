package org.duett.replicator.metadata;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The shape of an activity log: blocks of 4 KiB, laid out in stripes so that consecutive transactions go to different disks below
 * (spec metadata 6.3).
 */
public record ActivityLogRing(int stripes, int stripeBlocks) {
    public static final ActivityLogRing DEFAULT = new ActivityLogRing(1, 8);
    public static final int MINIMUM_BLOCKS = 8;
    public static final int MAXIMUM_BLOCKS = 4_194_304;

    public static final int MINIMUM_EXTENTS = 67;
    public static final int MAXIMUM_EXTENTS = 65534;
    public static final int DEFAULT_EXTENTS = 1237;

    /** Does such a ring exist? What a disk or an operator says is checked with this first. */
    public static boolean isPossible(long stripes, long stripeBlocks) {
        return stripes > 0
                && stripeBlocks > 0
                && stripes <= MAXIMUM_BLOCKS
                && stripeBlocks <= MAXIMUM_BLOCKS
                && stripes * stripeBlocks >= MINIMUM_BLOCKS
                && stripes * stripeBlocks <= MAXIMUM_BLOCKS;
    }

    public ActivityLogRing {
        assert isPossible(stripes, stripeBlocks);
    }

    public int blocks() {
        return stripes * stripeBlocks;
    }

    public long sectors() {
        return (long) blocks() * MetadataLayout.BLOCK_SECTORS;
    }

    /** The block that a transaction goes to, counted from the start of the log. */
    public long blockOf(int transactionNumber) {
        int turn = Integer.remainderUnsigned(transactionNumber, blocks());
        return (long) (turn % stripes) * stripeBlocks + turn / stripes;
    }

    /** The ring must hold the whole active set when its newest block is torn (spec metadata 6.4). */
    public int maximumExtents() {
        return (int) Math.min(MAXIMUM_EXTENTS, (blocks() - 1L) * ActivityLogTransaction.CONTEXT_ENTRIES);
    }

    /** {@code al-extents} as it will be in force. That it is not below {@link #MINIMUM_EXTENTS} the configuration sees to; a simulated life may go below. */
    public int clampExtents(int configuredExtents) {
        assert configuredExtents > 0;
        return Math.min(configuredExtents, maximumExtents());
    }

    /** The block that create-md and a finished replay fill the ring with; the next transaction may have any number. */
    public static byte[] initialisedBlock() {
        byte[] block = new byte[MetadataLayout.BLOCK_BYTES];
        ByteBuf view = Unpooled.wrappedBuffer(block);
        ActivityLogTransaction.encodeInitialised(view, 0);
        return block;
    }
}
