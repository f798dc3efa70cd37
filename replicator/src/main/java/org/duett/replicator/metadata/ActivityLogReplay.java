package org.duett.replicator.metadata;

import io.netty.buffer.ByteBuf;

/**
 * Reads an activity log after a crash: which extents were in the active set on disk, and so must be marked out of sync (spec metadata 7).
 * Understands the log of DRBD before 8.4, too. Feed every block once, in any order, then ask for the outcome.
 */
public final class ActivityLogReplay {
    /** What is to be done before the disk is attached. */
    public sealed interface Outcome {
        /** Mark these, ascending and each once; those beyond the end of the device are to be passed over. */
        @SuppressWarnings("ArrayRecordComponent") // handed over at once, compared by nobody
        record MarkExtents(int[] extents) implements Outcome {
        }

        record NothingToMark() implements Outcome {
        }

        /** The log counts, but cannot be read: nobody knows what is to be marked short of everything. */
        record Unusable(String reason) implements Outcome {
        }
    }

    private final Superblock superblock;
    private final ActivityLogRing ring;
    private final ActivityLogTransaction transaction = new ActivityLogTransaction();
    private final ActivitySlots slots = new ActivitySlots();
    private final OldActivityLog oldLog;
    private boolean newFormat;
    private int fedBlocks;
    private int readableBlocks;
    private int updateBlocks;
    private boolean firstBlockIsReadable;
    private int newestNumber;

    public ActivityLogReplay(Superblock superblock, MetadataLayout layout) {
        this.superblock = superblock;
        ring = layout.ring();
        newFormat = superblock.magic() == Superblock.MAGIC_UNCLEAN || !ring.equals(ActivityLogRing.DEFAULT);
        oldLog = new OldActivityLog(superblock.activityLogExtents());
    }

    /** How many blocks, from the start of the log on, are to be fed. */
    public int blocks() {
        return ring.blocks();
    }

    /** The 4096 bytes of the block {@code position} blocks after the start of the log. */
    public void feed(int position, ByteBuf source, int index) {
        assert position >= 0;
        assert position < ring.blocks();
        fedBlocks++;
        if (position <= 1 && source.getInt(index) == ActivityLogTransaction.MAGIC)
            newFormat = true;
        if (ring.equals(ActivityLogRing.DEFAULT))
            oldLog.feed(position, source, index);
        switch (transaction.decode(source, index)) {
            case UNREADABLE -> {
            }
            case INITIALISED -> countReadable(position);
            case UPDATE -> {
                countReadable(position);
                apply();
            }
        }
    }

    private void countReadable(int position) {
        readableBlocks++;
        if (position == 0)
            firstBlockIsReadable = true;
    }

    private void apply() {
        int number = transaction.number();
        if (updateBlocks == 0 || number - newestNumber > 0)
            newestNumber = number;
        updateBlocks++;
        for (int i = 0; i < ActivityLogTransaction.CONTEXT_ENTRIES; i++) {
            int slot = transaction.firstContextSlot() + i;
            if (slot < transaction.contextSlots() || transaction.context(i) != ActivityLogTransaction.FREE)
                slots.set(slot, transaction.context(i), number);
        }
        for (int i = 0; i < transaction.updates(); i++)
            slots.set(transaction.updateSlot(i), transaction.updateExtent(i), number);
    }

    public Outcome outcome() {
        assert fedBlocks == ring.blocks();
        if (!superblock.has(Superblock.PRIMARY_INDICATED))
            return new Outcome.NothingToMark();
        if (!newFormat)
            return marking(oldLog.extents());
        if (readableBlocks == 0)
            return new Outcome.Unusable("not one of the " + ring.blocks() + " blocks of the activity log is readable");
        boolean onlyTheFirstIsMissing = readableBlocks == ring.blocks() - 1 && !firstBlockIsReadable;
        if (updateBlocks == 0 && readableBlocks < ring.blocks() && !onlyTheFirstIsMissing)
            return new Outcome.Unusable((ring.blocks() - readableBlocks) + " of the " + ring.blocks()
                    + " blocks of the activity log are unreadable, and the others are empty");
        return marking(slots.extents());
    }

    private static Outcome marking(int[] extents) {
        return extents.length == 0 ? new Outcome.NothingToMark() : new Outcome.MarkExtents(extents);
    }

    /**
     * The ring holds, or may hold, what a later replay must not see: before the disk is used it is to be filled with
     * {@link ActivityLogRing#initialisedBlock}, once the bitmap is on disk.
     */
    public boolean ringMustBeRewritten() {
        return !newFormat || updateBlocks > 0 || readableBlocks < ring.blocks();
    }

    /** The number to go on with when the ring is kept as it is; any will do in a ring without transactions. */
    public int nextTransactionNumber() {
        return updateBlocks == 0 ? 0 : newestNumber + 1;
    }
}
