package org.duett.replicator.metadata;

import io.netty.buffer.Unpooled;
import java.util.List;

/** What create-md writes: an empty activity log, an empty bitmap and a superblock of a disk that never took part in anything. */
public final class CreateMetadata {
    private CreateMetadata() {
    }

    /**
     * To be written in this order, each flushed before the next: the old superblock goes first and the new one comes last, so that
     * no superblock ever stands for a bitmap that is not its own.
     *
     * @param layout for the size of the device as it is now
     * @param deviceUuid random
     */
    public static List<MetadataWrite> writes(MetadataLayout layout, long deviceUuid) {
        return writes(layout, Superblock.created(layout, deviceUuid, 0));
    }

    /** As {@link #writes(MetadataLayout, long)}, with a superblock that says more. */
    public static List<MetadataWrite> writes(MetadataLayout layout, Superblock superblock) {
        byte[] superblockBytes = new byte[Superblock.BYTES];
        superblock.encode(Unpooled.wrappedBuffer(superblockBytes), 0);
        return List.of(new MetadataWrite.Zeroes(layout.superblockByte(), Superblock.BYTES),
                new MetadataWrite.Blocks(layout.activityLogByte(), ActivityLogRing.initialisedBlock(),
                        layout.ring().blocks()),
                new MetadataWrite.Zeroes(layout.bitmapByte(), layout.bitmapPages() * MetadataLayout.BLOCK_BYTES),
                new MetadataWrite.Blocks(layout.superblockByte(), superblockBytes, 1));
    }
}
