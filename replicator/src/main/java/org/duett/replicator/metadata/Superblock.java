package org.duett.replicator.metadata;

import io.netty.buffer.ByteBuf;

/**
 * The one block that says what a disk is: its generation identifiers, its flags, its size and where the rest of the metadata lies
 * (spec metadata 3). It carries no checksum; {@link SuperblockCheck} judges what was read.
 */
public record Superblock(long lastAgreedSectors, long currentUuid, long bitmapUuid, long historyYoung, long historyOld,
        long deviceUuid, int flags, int magic, RecordedArea recordedArea, int activityLogExtents,
        int bitmapBytesPerBit, int peerMaximumRequestBytes) {
    public static final int BYTES = 4096;

    /** User space left the activity log empty. */
    public static final int MAGIC_CLEAN = 0x8374026b;
    /** In use, or left without an end: what the activity log names has to be marked. */
    public static final int MAGIC_UNCLEAN = 0x8374026c;
    static final int MAGIC_V06 = 0x83740269;
    static final int MAGIC_V07 = 0x8374026a;
    static final int MAGIC_V09 = 0x8374026d;

    /** The disk holds a consistent state of some moment: it is Outdated, Consistent or UpToDate. */
    public static final int CONSISTENT = 0x001;
    /** This node was Primary, or logged for a diskless one: the activity log counts. */
    public static final int PRIMARY_INDICATED = 0x002;
    public static final int CONNECTED_INDICATED = 0x004;
    /** Every bit is to be set, whatever the bitmap says. */
    public static final int FULL_SYNC = 0x008;
    public static final int WAS_UP_TO_DATE = 0x010;
    public static final int PEER_OUTDATED = 0x020;
    public static final int CRASHED_PRIMARY = 0x040;
    public static final int ACTIVITY_LOG_CLEAN = 0x080;
    public static final int ACTIVITY_LOG_DISABLED = 0x100;
    /** Those that a state change rewrites; the others stay as found. */
    public static final int FLAGS_OF_STATE = CONSISTENT
            | PRIMARY_INDICATED
            | CONNECTED_INDICATED
            | WAS_UP_TO_DATE
            | PEER_OUTDATED
            | CRASHED_PRIMARY
            | ACTIVITY_LOG_CLEAN;

    /** The current identifier of metadata that never took part in anything. */
    public static final long UUID_JUST_CREATED = 4;
    public static final int BYTES_PER_BIT = 4096;
    /** What create-md records; nobody reads it in this format. */
    public static final int CREATED_ACTIVITY_LOG_EXTENTS = 257;

    /** What the block says of the area, true or not: sectors, offsets relative to the superblock; 0/0 stripes stand for 1/8. */
    public record RecordedArea(long sectors, int activityLogOffset, int bitmapOffset, int stripes, int stripeBlocks) {
        static RecordedArea of(MetadataLayout layout) {
            return new RecordedArea(layout.areaSectors(), layout.activityLogOffset(), layout.bitmapOffset(),
                    layout.ring().stripes(), layout.ring().stripeBlocks());
        }
    }

    /** Fresh metadata: never attached, activity log empty. */
    public static Superblock created(MetadataLayout layout, long deviceUuid, int peerMaximumRequestBytes) {
        return new Superblock(0, UUID_JUST_CREATED, 0, 0, 0, deviceUuid, ACTIVITY_LOG_CLEAN, MAGIC_CLEAN,
                RecordedArea.of(layout), CREATED_ACTIVITY_LOG_EXTENTS, BYTES_PER_BIT, peerMaximumRequestBytes);
    }

    public boolean has(int flag) {
        assert Integer.bitCount(flag) == 1;
        return (flags & flag) != 0;
    }

    /**
     * Written while a resync from this disk was running, by its state's flags (spec metadata 4), and never since: how far the target came is not
     * known, and it may be as good as this disk. It is not Outdated for certain, whatever {@link #PEER_OUTDATED} says.
     */
    public boolean leavesResyncOpen() {
        return has(CONNECTED_INDICATED) && has(PEER_OUTDATED) && bitmapUuid != 0;
    }

    /** The peer of this disk is behind for certain. */
    public boolean knowsPeerOutdated() {
        return has(PEER_OUTDATED) && !leavesResyncOpen();
    }

    /** The activity log need not be looked at. */
    public boolean isClean() {
        return magic == MAGIC_CLEAN && has(ACTIVITY_LOG_CLEAN);
    }

    public Superblock withFlags(int newFlags) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid,
                newFlags, magic, recordedArea, activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    public Superblock with(int flag) {
        return withFlags(flags | flag);
    }

    public Superblock without(int flag) {
        return withFlags(flags & ~flag);
    }

    public Superblock withUuids(long current, long bitmap, long young, long old) {
        return new Superblock(lastAgreedSectors, current, bitmap, young, old, deviceUuid, flags, magic, recordedArea,
                activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    public Superblock withDeviceUuid(long newDeviceUuid) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, newDeviceUuid,
                flags, magic, recordedArea, activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    public Superblock withLastAgreedSectors(long sectors) {
        return new Superblock(sectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid, flags, magic,
                recordedArea, activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    public Superblock withActivityLogExtents(int extents) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid, flags,
                magic, recordedArea, extents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    public Superblock withPeerMaximumRequestBytes(int bytes) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid, flags,
                magic, recordedArea, activityLogExtents, bitmapBytesPerBit, bytes);
    }

    /** After a move of the area, or to make what the block says of it exact. */
    public Superblock withLayout(MetadataLayout layout) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid, flags,
                magic, RecordedArea.of(layout), activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    /** As it is on disk while the disk is attached. */
    public Superblock inUse() {
        return withMagic(MAGIC_UNCLEAN).without(ACTIVITY_LOG_CLEAN);
    }

    /**
     * As user space leaves it once the bitmap holds all that the activity log named and the ring is empty. PRIMARY_INDICATED stays: it
     * tells a crashed Primary.
     */
    public Superblock clean() {
        return withMagic(MAGIC_CLEAN).with(ACTIVITY_LOG_CLEAN);
    }

    private Superblock withMagic(int newMagic) {
        return new Superblock(lastAgreedSectors, currentUuid, bitmapUuid, historyYoung, historyOld, deviceUuid, flags,
                newMagic, recordedArea, activityLogExtents, bitmapBytesPerBit, peerMaximumRequestBytes);
    }

    /** Reads 4096 bytes from {@code index} on, whatever they are. */
    public static Superblock decode(ByteBuf source, int index) {
        var area = new RecordedArea(source.getUnsignedInt(index + 64), source.getInt(index + 68),
                source.getInt(index + 76), source.getInt(index + 88), source.getInt(index + 92));
        return new Superblock(source.getLong(index), source.getLong(index + 8), source.getLong(index + 16),
                source.getLong(index + 24), source.getLong(index + 32), source.getLong(index + 40),
                source.getInt(index + 56), source.getInt(index + 60), area, source.getInt(index + 72),
                source.getInt(index + 80), source.getInt(index + 84));
    }

    /** Sets 4096 bytes from {@code index} on, the reserved ones to zero; the indices of the buffer stay. */
    public void encode(ByteBuf destination, int index) {
        destination.setZero(index, BYTES);
        destination.setLong(index, lastAgreedSectors);
        destination.setLong(index + 8, currentUuid);
        destination.setLong(index + 16, bitmapUuid);
        destination.setLong(index + 24, historyYoung);
        destination.setLong(index + 32, historyOld);
        destination.setLong(index + 40, deviceUuid);
        destination.setInt(index + 56, flags);
        destination.setInt(index + 60, magic);
        destination.setInt(index + 64, (int) recordedArea.sectors());
        destination.setInt(index + 68, recordedArea.activityLogOffset());
        destination.setInt(index + 72, activityLogExtents);
        destination.setInt(index + 76, recordedArea.bitmapOffset());
        destination.setInt(index + 80, bitmapBytesPerBit);
        destination.setInt(index + 84, peerMaximumRequestBytes);
        destination.setInt(index + 88, recordedArea.stripes());
        destination.setInt(index + 92, recordedArea.stripeBlocks());
    }
}
