package org.duett.replicator.metadata;

import java.util.Optional;

/**
 * Where the parts of a metadata area lie on the device that holds it (spec metadata 2.1 to 2.3). Made for a device's size, or from what a
 * superblock records about itself. Sizes and offsets are in sectors; offsets count from the superblock, negative before it.
 */
public record MetadataLayout(MetadataKind kind, long superblockByte, long areaSectors, int activityLogOffset,
        int bitmapOffset,
        ActivityLogRing ring) {
    public static final int SECTOR_BYTES = 512;
    public static final int BLOCK_BYTES = 4096;
    public static final int BLOCK_SECTORS = 8;
    public static final int ACTIVITY_LOG_EXTENT_SECTORS = 8192;
    /** What one sector of bitmap describes. */
    public static final long DATA_SECTORS_PER_BITMAP_SECTOR = 32768;
    /** What one 4 KiB page of bitmap describes. */
    public static final long DATA_SECTORS_PER_BITMAP_PAGE = 262_144;
    /** One slot of a shared device. */
    public static final long INDEXED_SLOT_SECTORS = 262_144;
    public static final long MAXIMUM_INDEXED_DEVICE_SECTORS = 8_587_575_296L;
    /** 1 PiB, the limit of drbdmeta and of the configuration. */
    public static final long MAXIMUM_DEVICE_SECTORS = 1L << 41;
    /** No kernel attaches a smaller device (spec metadata 1), so none is made. */
    public static final long MINIMUM_DEVICE_SECTORS = 2048;

    private static final int SUPERBLOCK_SECTORS = BLOCK_SECTORS;
    private static final long MAXIMUM_AREA_SECTORS = 0xffff_ffffL;

    public static MetadataLayout of(MetadataKind kind, long metadataDeviceBytes) {
        return of(kind, metadataDeviceBytes, ActivityLogRing.DEFAULT);
    }

    /** The device must be large enough: {@link #whyTooSmall}. */
    public static MetadataLayout of(MetadataKind kind, long metadataDeviceBytes, ActivityLogRing ring) {
        assert whyTooSmall(kind, metadataDeviceBytes, ring).isEmpty();
        return calculated(kind, metadataDeviceBytes, ring);
    }

    private static MetadataLayout calculated(MetadataKind kind, long metadataDeviceBytes, ActivityLogRing ring) {
        long superblockByte = superblockByte(kind, metadataDeviceBytes);
        int logSectors = Math.toIntExact(ring.sectors());
        return switch (kind) {
            case MetadataKind.Internal() -> {
                // From the whole device, not from what is left of it for data.
                long bitmapSectors = BLOCK_SECTORS
                        * divideUp(metadataDeviceBytes, DATA_SECTORS_PER_BITMAP_PAGE * SECTOR_BYTES);
                long sectors = bitmapSectors + logSectors + SUPERBLOCK_SECTORS;
                yield new MetadataLayout(kind, superblockByte, sectors, -logSectors,
                        Math.toIntExact(SUPERBLOCK_SECTORS - sectors), ring);
            }
            case MetadataKind.FlexExternal() -> new MetadataLayout(kind, superblockByte,
                    Math.min(metadataDeviceBytes / SECTOR_BYTES, MAXIMUM_AREA_SECTORS), SUPERBLOCK_SECTORS,
                    SUPERBLOCK_SECTORS + logSectors, ring);
            case MetadataKind.Indexed(int index) -> new MetadataLayout(kind, superblockByte, INDEXED_SLOT_SECTORS,
                    SUPERBLOCK_SECTORS, SUPERBLOCK_SECTORS + logSectors, ring);
        };
    }

    /** Why a device of this size cannot hold such metadata; empty when it can. */
    public static Optional<String> whyTooSmall(MetadataKind kind, long metadataDeviceBytes, ActivityLogRing ring) {
        long deviceSectors = metadataDeviceBytes / SECTOR_BYTES;
        long neededSectors = switch (kind) {
            case MetadataKind.Internal(),MetadataKind.FlexExternal() -> MINIMUM_DEVICE_SECTORS;
            case MetadataKind.Indexed(int index) -> (index + 1) * INDEXED_SLOT_SECTORS;
        };
        if (deviceSectors < neededSectors)
            return Optional.of("the device for the metadata has " + deviceSectors * SECTOR_BYTES + " bytes; this kind of metadata ("
                    + (kind instanceof MetadataKind.Indexed ? "external, with an index" : kind.drbdName()) + ") needs one of at least "
                    + neededSectors * SECTOR_BYTES);
        if (kind instanceof MetadataKind.Indexed)
            return ring.equals(ActivityLogRing.DEFAULT)
                    ? Optional.empty()
                    : Optional.of("metadata with an index has one activity log stripe of 32 KiB, no other");
        MetadataLayout layout = calculated(kind, metadataDeviceBytes, ring);
        boolean roomForData = kind instanceof MetadataKind.Internal
                ? layout.bitmapByte() > 0
                : layout.bitmapPages() > 0;
        return roomForData
                ? Optional.empty()
                : Optional.of("an activity log of " + ring.sectors() + " sectors leaves no room on a device of "
                        + deviceSectors + " sectors");
    }

    /** Where to look for the superblock of a device of this size. */
    public static long superblockByte(MetadataKind kind, long metadataDeviceBytes) {
        return switch (kind) {
            case MetadataKind.Internal() -> (metadataDeviceBytes - BLOCK_BYTES) & -BLOCK_BYTES;
            case MetadataKind.FlexExternal() -> 0;
            case MetadataKind.Indexed(int index) -> index * INDEXED_SLOT_SECTORS * SECTOR_BYTES;
        };
    }

    public long activityLogByte() {
        return superblockByte + (long) activityLogOffset * SECTOR_BYTES;
    }

    public long bitmapByte() {
        return superblockByte + (long) bitmapOffset * SECTOR_BYTES;
    }

    /** Where the block of the activity log lies that a transaction goes to. */
    public long transactionByte(int transactionNumber) {
        return activityLogByte() + ring.blockOf(transactionNumber) * BLOCK_BYTES;
    }

    /** Where a 4 KiB page of the bitmap lies. */
    public long bitmapPageByte(int page) {
        assert page < bitmapPages();
        return bitmapByte() + (long) page * BLOCK_BYTES;
    }

    public long bitmapSectors() {
        return activityLogOffset < 0
                ? (long) activityLogOffset - bitmapOffset
                : areaSectors - bitmapOffset;
    }

    /** Whole pages that the area has room for; how many mean something depends on the device's size. */
    public long bitmapPages() {
        return bitmapSectors() / BLOCK_SECTORS;
    }

    /** The first byte that is metadata. */
    public long firstByte() {
        return Math.min(superblockByte, bitmapByte());
    }

    /** What may be exported, before the configuration and the peer have their say. */
    public long usableSectors(long dataDeviceSectors) {
        return switch (kind) {
            case MetadataKind.Internal() -> Math.min(bitmapByte() / SECTOR_BYTES, MAXIMUM_DEVICE_SECTORS);
            // Whole pages only: a page that a device of odd size cuts off could not be written.
            case MetadataKind.FlexExternal() -> Math.min(Math.min(dataDeviceSectors, MAXIMUM_DEVICE_SECTORS),
                    bitmapPages() * DATA_SECTORS_PER_BITMAP_PAGE);
            case MetadataKind.Indexed(int index) -> Math.min(dataDeviceSectors, MAXIMUM_INDEXED_DEVICE_SECTORS);
        };
    }

    static long divideUp(long dividend, long divisor) {
        return (dividend + divisor - 1) / divisor;
    }
}
