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
     * @param dataDeviceSectors says how much of the bitmap on a device of its own is emptied; what lies beyond is written when the data
     *        device grows
     */
    public static List<MetadataWrite> writes(MetadataLayout layout, long deviceUuid, long dataDeviceSectors) {
        return writes(layout, Superblock.created(layout, deviceUuid, 0), dataDeviceSectors);
    }

    /** As {@link #writes(MetadataLayout, long, long)}, with a superblock that says more. */
    public static List<MetadataWrite> writes(MetadataLayout layout, Superblock superblock, long dataDeviceSectors) {
        byte[] superblockBytes = new byte[Superblock.BYTES];
        superblock.encode(Unpooled.wrappedBuffer(superblockBytes), 0);
        return List.of(new MetadataWrite.Zeroes(layout.superblockByte(), Superblock.BYTES),
                new MetadataWrite.Blocks(layout.activityLogByte(), ActivityLogRing.initialisedBlock(),
                        layout.ring().blocks()),
                new MetadataWrite.Zeroes(layout.bitmapByte(),
                        bitmapPages(layout, dataDeviceSectors) * MetadataLayout.BLOCK_BYTES),
                new MetadataWrite.Blocks(layout.superblockByte(), superblockBytes, 1));
    }

    private static long bitmapPages(MetadataLayout layout, long dataDeviceSectors) {
        return switch (layout.kind()) {
            case MetadataKind.Internal internal -> layout.bitmapPages();
            case MetadataKind.FlexExternal external -> pagesFor(layout.usableSectors(dataDeviceSectors));
            case MetadataKind.Indexed indexed -> pagesFor(layout.usableSectors(dataDeviceSectors));
        };
    }

    private static long pagesFor(long sectors) {
        return MetadataLayout.divideUp(sectors, MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE);
    }
}
