package org.duett.replicator.metadata;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * One block of the activity log: up to 64 slots that change, and a window of the active set as it was before (spec metadata 6.1, 6.2).
 * Made once by whoever writes or replays the log, and used again for each block.
 */
public final class ActivityLogTransaction {
    public static final int BYTES = 4096;
    public static final int MAXIMUM_UPDATES = 64;
    public static final int CONTEXT_ENTRIES = 919;
    /** In place of an extent: the slot is free. */
    public static final int FREE = 0xffff_ffff;

    static final int MAGIC = 0x69cb65a2;
    private static final int UNUSED_SLOT = 0xffff;
    private static final int TYPE_UPDATE = 0;
    private static final int TYPE_INITIALISED = 0xffff;

    private static final int CHECKSUM_AT = 8;
    private static final int UPDATE_SLOTS_AT = 36;
    private static final int UPDATE_EXTENTS_AT = 164;
    private static final int CONTEXT_AT = 420;

    /** What a block of the log turned out to be. */
    public enum BlockKind {
        UPDATE, INITIALISED, UNREADABLE
    }

    private int number;
    private int updates;
    private int contextSlots;
    private int firstContextSlot;
    private final int[] updateSlots = new int[MAXIMUM_UPDATES];
    private final int[] updateExtents = new int[MAXIMUM_UPDATES];
    private final int[] context = new int[CONTEXT_ENTRIES];
    private final CRC32C crc = new CRC32C();

    /**
     * An empty transaction.
     *
     * @param newContextSlots al-extents in force, also when the window is shorter
     */
    public ActivityLogTransaction begin(int newNumber, int newContextSlots, int newFirstContextSlot) {
        assert newContextSlots > 0;
        assert newContextSlots <= ActivityLogRing.MAXIMUM_EXTENTS;
        assert newFirstContextSlot >= 0;
        assert newFirstContextSlot < newContextSlots;
        number = newNumber;
        contextSlots = newContextSlots;
        firstContextSlot = newFirstContextSlot;
        updates = 0;
        Arrays.fill(context, FREE);
        return this;
    }

    /** The slot holds {@code extent} from this transaction on; no slot twice. */
    public void addUpdate(int slot, int extent) {
        assert updates < MAXIMUM_UPDATES;
        assert slot >= 0;
        assert slot < contextSlots;
        updateSlots[updates] = slot;
        updateExtents[updates] = extent;
        updates++;
    }

    /** What the slots of the window held before the updates; takes what falls into the window of all slots. */
    public void setContext(int[] extentOfSlot) {
        assert extentOfSlot.length == contextSlots;
        System.arraycopy(extentOfSlot, firstContextSlot, context, 0, contextEntries());
    }

    /** How many entries of the window stand for slots. */
    public int contextEntries() {
        return Math.min(CONTEXT_ENTRIES, contextSlots - firstContextSlot);
    }

    /** Where the window of the next transaction starts. */
    public static int nextFirstContextSlot(int firstContextSlot, int contextSlots) {
        int next = firstContextSlot + CONTEXT_ENTRIES;
        return next < contextSlots ? next : 0;
    }

    /** Unsigned, and after the highest comes 0. */
    public int number() {
        return number;
    }

    public int updates() {
        return updates;
    }

    public int updateSlot(int update) {
        return updateSlots[update];
    }

    public int updateExtent(int update) {
        return updateExtents[update];
    }

    public int contextSlots() {
        return contextSlots;
    }

    public int firstContextSlot() {
        return firstContextSlot;
    }

    /** The extent of slot {@code firstContextSlot() + entry}, or {@link #FREE}. */
    public int context(int entry) {
        return context[entry];
    }

    /** Sets 4096 bytes from {@code index} on; the indices of the buffer stay. */
    public void encode(ByteBuf destination, int index) {
        destination.setZero(index, UPDATE_SLOTS_AT);
        destination.setInt(index, MAGIC);
        destination.setInt(index + 4, number);
        destination.setShort(index + 12, TYPE_UPDATE);
        destination.setShort(index + 14, updates);
        destination.setShort(index + 16, contextSlots);
        destination.setShort(index + 18, firstContextSlot);
        for (int i = 0; i < MAXIMUM_UPDATES; i++) {
            destination.setShort(index + UPDATE_SLOTS_AT + 2 * i, i < updates ? updateSlots[i] : UNUSED_SLOT);
            destination.setInt(index + UPDATE_EXTENTS_AT + 4 * i, i < updates ? updateExtents[i] : FREE);
        }
        for (int i = 0; i < CONTEXT_ENTRIES; i++)
            destination.setInt(index + CONTEXT_AT + 4 * i, context[i]);
        destination.setInt(index + CHECKSUM_AT, checksum(crc, destination, index));
    }

    /** The block of a ring that holds nothing. */
    static void encodeInitialised(ByteBuf destination, int index) {
        destination.setZero(index, BYTES);
        destination.setInt(index, MAGIC);
        destination.setShort(index + 12, TYPE_INITIALISED);
        destination.setInt(index + CHECKSUM_AT, checksum(new CRC32C(), destination, index));
    }

    /** Reads 4096 bytes from {@code index} on. Only after UPDATE does this transaction hold something: what the block says. */
    public BlockKind decode(ByteBuf source, int index) {
        if (source.getInt(index) != MAGIC || source.getInt(index + CHECKSUM_AT) != checksum(crc, source, index))
            return BlockKind.UNREADABLE;
        return switch (source.getUnsignedShort(index + 12)) {
            case TYPE_UPDATE -> {
                decodeUpdate(source, index);
                yield BlockKind.UPDATE;
            }
            case TYPE_INITIALISED -> BlockKind.INITIALISED;
            default -> BlockKind.UNREADABLE;
        };
    }

    private void decodeUpdate(ByteBuf source, int index) {
        number = source.getInt(index + 4);
        int claimedUpdates = source.getUnsignedShort(index + 14);
        contextSlots = source.getUnsignedShort(index + 16);
        firstContextSlot = source.getUnsignedShort(index + 18);
        updates = 0;
        // An entry beyond the claimed number counts as well when it names a slot (spec metadata 7, step 4).
        for (int i = 0; i < MAXIMUM_UPDATES; i++) {
            int slot = source.getUnsignedShort(index + UPDATE_SLOTS_AT + 2 * i);
            if (i >= claimedUpdates && slot == UNUSED_SLOT)
                continue;
            updateSlots[updates] = slot;
            updateExtents[updates] = source.getInt(index + UPDATE_EXTENTS_AT + 4 * i);
            updates++;
        }
        for (int i = 0; i < CONTEXT_ENTRIES; i++)
            context[i] = source.getInt(index + CONTEXT_AT + 4 * i);
    }

    /** CRC-32C of the block with the field itself as zero, starting from 0 and not inverted at the end. */
    static int checksum(CRC32C crc, ByteBuf block, int index) {
        crc.reset();
        crc.update(block.nioBuffer(index, CHECKSUM_AT));
        for (int i = 0; i < Integer.BYTES; i++)
            crc.update(0);
        crc.update(block.nioBuffer(index + CHECKSUM_AT + Integer.BYTES, BYTES - CHECKSUM_AT - Integer.BYTES));
        return (int) crc.getValue() ^ CHECKSUM_OF_ZEROES;
    }

    /**
     * The usual CRC-32C starts from all ones and inverts the result. As CRCs are linear, that adds the same term to every block of one
     * length: the one that a block of zeroes, whose plain CRC is 0, shows alone.
     */
    private static final int CHECKSUM_OF_ZEROES = usualChecksumOfZeroes();

    private static int usualChecksumOfZeroes() {
        var crc = new CRC32C();
        crc.update(new byte[BYTES]);
        return (int) crc.getValue();
    }
}
