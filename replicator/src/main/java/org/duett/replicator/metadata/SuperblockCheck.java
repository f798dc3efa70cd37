package org.duett.replicator.metadata;

import org.duett.replicator.metadata.Superblock.RecordedArea;

/** What a superblock that was read is worth: only when all it says fits together is anything of it believed (spec metadata 2.4). */
public sealed interface SuperblockCheck {

    /** May be attached as it is. */
    record Clean(Superblock superblock, MetadataLayout layout) implements SuperblockCheck {
    }

    /** Sound, but what its activity log names must be marked first ({@link ActivityLogReplay}). */
    record Unclean(Superblock superblock, MetadataLayout layout) implements SuperblockCheck {
    }

    /** Not metadata of ours, damaged, or of another device. The reason goes on the sentence "The metadata cannot be used: …". */
    record Refused(String reason) implements SuperblockCheck {
    }

    /** {@code metadataDeviceBytes} is the size now of the device that holds the superblock. */
    static SuperblockCheck check(MetadataKind kind, Superblock superblock, long metadataDeviceBytes) {
        long superblockByte = MetadataLayout.superblockByte(kind, metadataDeviceBytes);
        if (superblock.magic() != Superblock.MAGIC_CLEAN && superblock.magic() != Superblock.MAGIC_UNCLEAN)
            return new Refused(whatTheMagicTells(superblock, superblockByte));
        String problem = firstProblem(kind, superblock, metadataDeviceBytes);
        if (problem != null)
            return new Refused("the superblock at byte " + superblockByte + " contradicts itself or its device: "
                    + problem);
        var layout = layoutOf(kind, superblock.recordedArea(), metadataDeviceBytes);
        return superblock.isClean() ? new Clean(superblock, layout) : new Unclean(superblock, layout);
    }

    private static String whatTheMagicTells(Superblock superblock, long superblockByte) {
        return switch (superblock.magic()) {
            case Superblock.MAGIC_V06 -> "it is of DRBD 0.6";
            case Superblock.MAGIC_V07 -> "it is of DRBD 0.7 (format v07)";
            case Superblock.MAGIC_V09 -> "it is of DRBD 9 (format v09, for several peers)";
            case 0 -> "there is none at byte " + superblockByte
                    + " (no create-md was done here, or the device has another size than then)";
            default -> "the block at byte " + superblockByte + " is no superblock: its magic is 0x"
                    + Integer.toHexString(superblock.magic());
        };
    }

    private static String firstProblem(MetadataKind kind, Superblock superblock, long metadataDeviceBytes) {
        RecordedArea recorded = superblock.recordedArea();
        String problem = problemOfRing(kind, recorded);
        if (problem == null)
            problem = problemOfOffsets(kind, recorded);
        if (problem == null)
            problem = problemOfDevice(kind, recorded, metadataDeviceBytes);
        if (problem == null)
            problem = problemOfBitmap(kind, superblock, metadataDeviceBytes);
        return problem;
    }

    private static String problemOfRing(MetadataKind kind, RecordedArea recorded) {
        boolean neitherIsSaid = recorded.stripes() == 0 && recorded.stripeBlocks() == 0;
        if (!neitherIsSaid && !ActivityLogRing.isPossible(recorded.stripes(), recorded.stripeBlocks()))
            return "an activity log of " + recorded.stripes() + " stripes of " + recorded.stripeBlocks()
                    + " blocks is not possible";
        if (kind instanceof MetadataKind.Indexed && !ringOf(recorded).equals(ActivityLogRing.DEFAULT))
            return "metadata with an index has one activity log stripe of 8 blocks, not " + recorded.stripes() + " of "
                    + recorded.stripeBlocks();
        return null;
    }

    private static String problemOfOffsets(MetadataKind kind, RecordedArea recorded) {
        long logSectors = ringOf(recorded).sectors();
        boolean internal = kind instanceof MetadataKind.Internal;
        long expectedLogOffset = internal ? -logSectors : MetadataLayout.BLOCK_SECTORS;
        if (recorded.activityLogOffset() != expectedLogOffset)
            return "the activity log is said to start at sector " + recorded.activityLogOffset()
                    + " from the superblock; with " + logSectors + " sectors it has to be " + expectedLogOffset;
        if (recorded.bitmapOffset() % MetadataLayout.BLOCK_SECTORS != 0)
            return "the bitmap is said to start at sector " + recorded.bitmapOffset()
                    + " from the superblock, which is not a multiple of 8";
        boolean overlaps = internal
                ? recorded.bitmapOffset() > recorded.activityLogOffset()
                : recorded.bitmapOffset() != MetadataLayout.BLOCK_SECTORS + logSectors;
        if (overlaps)
            return "the bitmap is said to start at sector " + recorded.bitmapOffset()
                    + " from the superblock, the activity log at " + recorded.activityLogOffset() + " with "
                    + logSectors + " sectors";
        if (kind instanceof MetadataKind.Indexed && recorded.sectors() != MetadataLayout.INDEXED_SLOT_SECTORS)
            return "metadata with an index has 262144 sectors, not " + recorded.sectors();
        return null;
    }

    private static String problemOfDevice(MetadataKind kind, RecordedArea recorded, long metadataDeviceBytes) {
        long deviceSectors = metadataDeviceBytes / MetadataLayout.SECTOR_BYTES;
        var tooSmall = MetadataLayout.whyTooSmall(kind, metadataDeviceBytes, ringOf(recorded));
        if (tooSmall.isPresent())
            return tooSmall.get();
        long superblockSector = MetadataLayout.superblockByte(kind, metadataDeviceBytes) / MetadataLayout.SECTOR_BYTES;
        long firstSector = superblockSector + Math.min(0, recorded.bitmapOffset());
        if (firstSector < 0)
            return "the bitmap is said to start before the device does";
        if (firstSector + recorded.sectors() > deviceSectors)
            return recorded.sectors() + " sectors of metadata from sector " + firstSector
                    + " on do not fit on a device of " + deviceSectors + " sectors";
        return null;
    }

    private static String problemOfBitmap(MetadataKind kind, Superblock superblock, long metadataDeviceBytes) {
        if (superblock.bitmapBytesPerBit() != Superblock.BYTES_PER_BIT)
            return "a bit of the bitmap is said to stand for "
                    + Integer.toUnsignedString(superblock.bitmapBytesPerBit())
                    + " bytes instead of 4096";
        var layout = layoutOf(kind, superblock.recordedArea(), metadataDeviceBytes);
        long sectors = superblock.lastAgreedSectors();
        long room = layout.bitmapPages() * MetadataLayout.DATA_SECTORS_PER_BITMAP_PAGE;
        if (sectors < 0 || sectors > room)
            return "the device is said to have " + Long.toUnsignedString(sectors)
                    + " sectors, the bitmap has room for " + Math.max(0, room);
        return null;
    }

    private static MetadataLayout layoutOf(MetadataKind kind, RecordedArea recorded, long metadataDeviceBytes) {
        return new MetadataLayout(kind, MetadataLayout.superblockByte(kind, metadataDeviceBytes), recorded.sectors(),
                recorded.activityLogOffset(), recorded.bitmapOffset(), ringOf(recorded));
    }

    private static ActivityLogRing ringOf(RecordedArea recorded) {
        boolean neitherIsSaid = recorded.stripes() == 0 && recorded.stripeBlocks() == 0;
        return neitherIsSaid
                ? ActivityLogRing.DEFAULT
                : new ActivityLogRing(recorded.stripes(), recorded.stripeBlocks());
    }
}
