package org.duett.replicator.simulator;

import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.BitSet;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.ActivityLogReplay;
import org.duett.replicator.metadata.ActivityLogTransaction;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;

/**
 * Rule 12 in the moment in which it would be broken: whenever a page of the bitmap, a superblock or a block of the activity log reaches its device, what that
 * one un-names is looked at as if power were lost just then. Such a window is over within milliseconds, and a look now and then misses it
 * (seeds 8839, 20512). Now and then a transaction of the activity log is looked at as one that was torn.
 */
final class UnnamedAtOnce {
    private static final int BLOCK_BYTES = MetadataLayout.BLOCK_BYTES;
    private static final int BLOCK_SECTORS = MetadataLayout.BLOCK_SECTORS;
    private static final int EXTENT_BLOCKS = MetadataLayout.ACTIVITY_LOG_EXTENT_SECTORS / BLOCK_SECTORS;

    /** One transaction of so many is looked at as a torn one. */
    private static final int TEARS_EACH = 16;
    private static final long NOWHERE = -1;

    private final SimulatedPair pair;
    private final CopyLedger ledger;
    private final NamedDifferences named;
    private final ActivityLogTransaction transaction = new ActivityLogTransaction();
    private long transactions;

    UnnamedAtOnce(SimulatedPair pair, CopyLedger ledger, NamedDifferences named) {
        this.pair = pair;
        this.ledger = ledger;
        this.named = named;
    }

    /** From now on; a disk that is made anew is not looked at any more. */
    void watch() {
        for (SimulatedNode node : pair.nodes()) {
            for (VolumeSettings volume : pair.settings().volumes()) node.metadata(volume.number()).watch((offset, length, contents) -> written(node, volume, offset, length, contents));
        }
    }

    private Runnable written(SimulatedNode node, VolumeSettings volume, long offset, int length, Contents contents) {
        MetadataLayout layout = node.isRunning() ? node.machine().volume(volume.number()).layout() : null;
        // What differs in a copy that came back from long ago nobody can name; it is copied whole.
        if (layout == null || offset < layout.firstByte() || ledger.anyIsOlder()) return null;
        byte[] bytes = contents.look(0, length);
        if (isTransaction(layout, offset) && ++transactions % TEARS_EACH == 0) return () -> tear(node, volume, layout, offset, bytes);
        BitSet blocks = unnamed(node, volume, layout, offset, bytes);
        return blocks.isEmpty() ? null : () -> named.checkUnnamed(node, volume, blocks);
    }

    private static boolean isTransaction(MetadataLayout layout, long offset) {
        long log = layout.activityLogByte();
        return offset >= log && offset < log + (long) layout.ring().blocks() * BLOCK_BYTES;
    }

    /** Power is lost while it is being written, and nobody can read it afterwards: what the log named before is named by its other blocks (spec metadata 6.4). */
    private void tear(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        if (transaction.decode(Unpooled.wrappedBuffer(bytes), 0) != ActivityLogTransaction.BlockKind.UPDATE) return;
        BitSet blocks = new BitSet();
        for (int i = 0; i < transaction.contextEntries(); i++) {
            if (transaction.context(i) != ActivityLogTransaction.FREE) addExtent(node, volume, transaction.context(i), blocks);
        }
        if (!blocks.isEmpty()) named.checkUnnamed(node, volume, blocks, offset);
    }

    private BitSet unnamed(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        SimulatedDevice metadata = node.metadata(volume.number());
        if (offset == layout.superblockByte()) return unnamedBySuperblock(node, volume, metadata.look(offset, false), bytes);
        if (isTransaction(layout, offset)) return unnamedByLog(node, volume, layout, offset, bytes);
        return offset >= layout.bitmapByte() ? cleared((int) ((offset - layout.bitmapByte()) / BLOCK_BYTES), metadata.current(offset, bytes.length), bytes) : new BitSet();
    }

    private static BitSet cleared(int firstPage, byte[] before, byte[] after) {
        BitSet cleared = BitSet.valueOf(before);
        cleared.andNot(BitSet.valueOf(after));
        if (firstPage == 0 || cleared.isEmpty()) return cleared;
        BitSet blocks = new BitSet();
        cleared.stream().forEach(bit -> blocks.set(firstPage * BLOCK_BYTES * Byte.SIZE + bit));
        return blocks;
    }

    private BitSet unnamedBySuperblock(SimulatedNode node, VolumeSettings volume, byte[] before, byte[] after) {
        Superblock former = Superblock.decode(Unpooled.wrappedBuffer(before), 0);
        Superblock later = Superblock.decode(Unpooled.wrappedBuffer(after), 0);
        boolean unnames = former.has(Superblock.FULL_SYNC) && !later.has(Superblock.FULL_SYNC)
                || former.has(Superblock.PRIMARY_INDICATED) && !later.has(Superblock.PRIMARY_INDICATED)
                || former.lastAgreedSectors() != later.lastAgreedSectors();
        BitSet blocks = new BitSet();
        if (unnames) addDoubtful(node, volume, 0, DirtyBitmap.bitsFor(later.lastAgreedSectors()), blocks);
        return blocks;
    }

    private BitSet unnamedByLog(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        BitSet blocks = new BitSet();
        switch (transaction.decode(Unpooled.wrappedBuffer(bytes), 0)) {
            case UPDATE -> {
                // It tells of a part of the log only: what stood in this block alone is gone with it.
                if (transaction.contextSlots() > ActivityLogTransaction.CONTEXT_ENTRIES) return namedNoMore(node, volume, layout, offset, bytes);
                for (int i = 0; i < transaction.updates(); i++) {
                    int former = transaction.context(transaction.updateSlot(i) - transaction.firstContextSlot());
                    if (former != ActivityLogTransaction.FREE) addExtent(node, volume, former, blocks);
                }
            }
            case INITIALISED -> {
                for (int extent : named(node, volume, layout, NOWHERE, bytes)) addExtent(node, volume, extent, blocks);
            }
            case UNREADABLE -> throw new AssertionError(node.name() + " writes a block of the activity log that nobody can read; " + pair.describe());
        }
        return blocks;
    }

    private BitSet namedNoMore(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        int[] later = named(node, volume, layout, offset, bytes);
        BitSet blocks = new BitSet();
        for (int extent : named(node, volume, layout, NOWHERE, bytes)) {
            if (Arrays.binarySearch(later, extent) < 0) addExtent(node, volume, extent, blocks);
        }
        return blocks;
    }

    /** The extents that a replay would mark, ascending, had these bytes been written there already. */
    private static int[] named(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        return replay(node, volume, layout, offset, bytes) instanceof ActivityLogReplay.Outcome.MarkExtents(int[] extents) ? extents : new int[0];
    }

    private static ActivityLogReplay.Outcome replay(SimulatedNode node, VolumeSettings volume, MetadataLayout layout, long offset, byte[] bytes) {
        SimulatedDevice metadata = node.metadata(volume.number());
        Superblock superblock = Superblock.decode(Unpooled.wrappedBuffer(metadata.current(layout.superblockByte(), BLOCK_BYTES)), 0);
        ActivityLogReplay replay = new ActivityLogReplay(superblock, layout);
        for (int position = 0; position < replay.blocks(); position++) {
            long at = layout.activityLogByte() + (long) position * BLOCK_BYTES;
            replay.feed(position, Unpooled.wrappedBuffer(at == offset ? bytes : metadata.look(at, false)), 0);
        }
        return replay.outcome();
    }

    private void addExtent(SimulatedNode node, VolumeSettings volume, int extent, BitSet blocks) {
        addDoubtful(node, volume, (long) extent * EXTENT_BLOCKS, (extent + 1L) * EXTENT_BLOCKS, blocks);
    }

    private void addDoubtful(SimulatedNode node, VolumeSettings volume, long from, long to, BitSet blocks) {
        node.data(volume.number()).addDoubtfulPages(pair.other(node).data(volume.number()), from, to, blocks);
    }
}
