package org.duett.replicator.activitylog;

import org.duett.replicator.machine.BlockUser;

/**
 * The hot extents: at most {@code slots} extents of 4 MiB that may hold writes of unknown outcome. After a crash exactly the extents
 * that the log on disk names are resynced, so a write starts on neither leg before its extent is named there (spec metadata 6).
 *
 * <p>This class decides which extents change and who waits; the volume's metadata writer puts the transactions on disk, one at a
 * time: {@link #beginTransaction}, then {@link #transactionWritten}.
 */
public final class ActivityLog {
    public static final int EXTENT_SECTORS = 8192;
    public static final int FREE = -1;
    /** Changes in one transaction (spec metadata 1). */
    public static final int MAX_CHANGES = 64;

    private static final byte PREPARED = 1;
    private static final byte IN_TRANSACTION = 2;
    private static final byte HOT = 3;

    private final int slots;
    /** The extent of each slot, as it will be on disk after the transactions that are on their way. */
    private final int[] extents;
    /** The extent of each slot, as it is on disk now. */
    private final int[] extentsOnDisk;
    private final byte[] states;
    private final int[] references;
    private final ExtentTable slotOfExtent;

    // Unreferenced hot slots, least recently released first: a ring of links through a head at index `slots`.
    private final int[] previous;
    private final int[] next;
    private int freeSlots;

    private final int[] prepared = new int[MAX_CHANGES];
    private int preparedCount;
    private final int[] inTransaction = new int[MAX_CHANGES];
    private int inTransactionCount;
    private boolean transactionRunning;

    private final LogQueue waitingForPrepared = new LogQueue();
    private final LogQueue waitingForTransaction = new LogQueue();
    private final LogQueue starving = new LogQueue();
    private final LogQueue ready = new LogQueue();
    private boolean enabled = true;
    private long misses;

    public ActivityLog(int slots) {
        assert slots > 0;
        this.slots = slots;
        extents = new int[slots];
        extentsOnDisk = new int[slots];
        states = new byte[slots];
        references = new int[slots];
        previous = new int[slots + 1];
        next = new int[slots + 1];
        slotOfExtent = new ExtentTable(slots);
        for (int slot = 0; slot < slots; slot++) {
            extents[slot] = FREE;
            extentsOnDisk[slot] = FREE;
        }
        previous[slots] = slots;
        next[slots] = slots;
        freeSlots = slots;
    }

    public static int extentOf(long sector) {
        return Math.toIntExact(sector / EXTENT_SECTORS);
    }

    /** With {@code al-updates no}, or without a disk to log on, every extent counts as hot and nothing is written. */
    public void enable(boolean on) {
        enabled = on;
    }

    /**
     * Takes a reference on the extent of the user's first sector.
     *
     * @return true: the extent is hot, go on. False: the user is kept and comes out of {@link #pollReady} when it is
     */
    public boolean acquire(BlockUser user) {
        assert user.logSlot == BlockUser.NO_LOG_SLOT;
        if (!enabled) return true;
        // Nobody overtakes those that starve: they would wait for ever.
        if (!starving.isEmpty()) {
            starving.add(user);
            return false;
        }
        return acquireInOrder(user);
    }

    /**
     * Nothing is logged with {@code al-updates no}: after a crash all of the disk is resynced, if its superblock says that it was a Primary's. The user waits until it does
     * so, and comes out of {@link #pollReady}.
     */
    public void awaitMark(BlockUser user) {
        assert !enabled;
        waitingForTransaction.add(user);
    }

    /** The superblock says so now. */
    public void marked() {
        if (!enabled) waitingForTransaction.moveAllTo(ready);
    }

    private boolean acquireInOrder(BlockUser user) {
        int extent = extentOf(user.firstSector);
        int slot = slotOfExtent.get(extent);
        if (slot < 0) {
            slot = preparedCount < MAX_CHANGES ? chooseSlot() : FREE;
            if (slot == FREE) {
                starving.add(user);
                return false;
            }
            prepare(slot, extent);
        }
        return reference(user, slot);
    }

    private boolean reference(BlockUser user, int slot) {
        if (references[slot]++ == 0 && states[slot] == HOT) unlink(slot);
        user.logSlot = slot;
        user.logOfSlot = this;
        switch (states[slot]) {
            case HOT -> {
                return true;
            }
            case PREPARED -> waitingForPrepared.add(user);
            case IN_TRANSACTION -> waitingForTransaction.add(user);
            default -> throw new AssertionError("a cold slot cannot be referenced");
        }
        return false;
    }

    /** A free slot, the highest first as the kernel does, else the one released longest ago; FREE when all are in use. */
    private int chooseSlot() {
        if (freeSlots > 0) {
            for (int slot = freeSlots - 1; slot >= 0; slot--) {
                if (extents[slot] == FREE) {
                    freeSlots = slot;
                    return slot;
                }
            }
        }
        int victim = next[slots];
        return victim == slots ? FREE : victim;
    }

    private void prepare(int slot, int extent) {
        if (extents[slot] != FREE) {
            assert states[slot] == HOT;
            assert references[slot] == 0;
            unlink(slot);
            slotOfExtent.remove(extents[slot]);
        }
        extents[slot] = extent;
        states[slot] = PREPARED;
        slotOfExtent.put(extent, slot);
        prepared[preparedCount++] = slot;
        misses++;
    }

    /** Gives the reference back. A prepared or hot extent without references may be evicted. */
    public void release(BlockUser user) {
        int slot = user.logSlot;
        if (slot == BlockUser.NO_LOG_SLOT) return;
        user.logSlot = BlockUser.NO_LOG_SLOT;
        boolean ours = user.logOfSlot == this;
        user.logOfSlot = null;
        // A write may outlive the disk on which its extent was hot, and end when another one is attached.
        if (!ours) return;
        assert references[slot] > 0;
        if (--references[slot] == 0 && states[slot] == HOT) {
            linkAtEnd(slot);
            serveStarving();
        }
    }

    private void serveStarving() {
        while (!starving.isEmpty()) {
            if (preparedCount == MAX_CHANGES) return;
            // Look before taking it out: it must keep its place when there is still no slot.
            boolean present = slotOfExtent.get(extentOf(starving.peek().firstSector)) >= 0;
            if (!present && next[slots] == slots && freeSlots == 0) return;
            BlockUser user = starving.poll();
            if (acquireInOrder(user)) ready.add(user);
        }
    }

    /** Users whose extent has become hot, in order; null when there is none. */
    public BlockUser pollReady() {
        return ready.poll();
    }

    public boolean hasReady() {
        return !ready.isEmpty();
    }

    /** Somebody waits and no slot can be evicted: epochs must close now (rule 16). */
    public boolean isStarving() {
        return !starving.isEmpty();
    }

    /** Changes wait for a transaction, and none is on its way. Those of a disk that is gone are not for the next one, which has a log of its own. */
    public boolean wantsTransaction() {
        return enabled && preparedCount > 0 && !transactionRunning;
    }

    /** Takes the prepared changes into a transaction; the log on disk still has the extents of before. */
    public void beginTransaction() {
        assert wantsTransaction();
        transactionRunning = true;
        inTransactionCount = preparedCount;
        for (int i = 0; i < preparedCount; i++) {
            inTransaction[i] = prepared[i];
            states[prepared[i]] = IN_TRANSACTION;
        }
        preparedCount = 0;
        waitingForPrepared.moveAllTo(waitingForTransaction);
        serveStarving();
    }

    public int changes() {
        return inTransactionCount;
    }

    /** The slot of a change of the running transaction; the one prepared last first, as the kernel writes them. */
    public int changedSlot(int change) {
        return inTransaction[inTransactionCount - 1 - change];
    }

    public int newExtent(int change) {
        return extents[changedSlot(change)];
    }

    /** The extent that this change un-names, or FREE. */
    public int evictedExtent(int change) {
        return extentsOnDisk[changedSlot(change)];
    }

    /** As the transaction's context has it: before the transaction's own changes (spec metadata 6.2). */
    public int[] extentsOnDisk() {
        return extentsOnDisk;
    }

    public int slots() {
        return slots;
    }

    /** The running transaction is durable: its extents are hot, who waited for them is ready. */
    public void transactionWritten() {
        assert transactionRunning;
        transactionRunning = false;
        for (int i = 0; i < inTransactionCount; i++) {
            int slot = inTransaction[i];
            extentsOnDisk[slot] = extents[slot];
            states[slot] = HOT;
            if (references[slot] == 0) linkAtEnd(slot);
        }
        inTransactionCount = 0;
        waitingForTransaction.moveAllTo(ready);
        serveStarving();
    }

    /**
     * The disk is gone, and with it the log: everybody who waits is let through, as there is no local disk that could differ
     * unnoticed. References stay counted until they are given back.
     */
    public void abandon() {
        enabled = false;
        waitingForTransaction.moveAllTo(ready);
        waitingForPrepared.moveAllTo(ready);
        starving.moveAllTo(ready);
    }

    public boolean isHot(int extent) {
        int slot = slotOfExtent.get(extent);
        return slot >= 0 && states[slot] == HOT;
    }

    public int referencesInUse() {
        int sum = 0;
        for (int count : references) sum += count;
        return sum;
    }

    /** Times that a write found its extent cold. */
    public long misses() {
        return misses;
    }

    public int waiting() {
        return waitingForPrepared.size() + waitingForTransaction.size() + starving.size() + ready.size();
    }

    private void linkAtEnd(int slot) {
        int tail = previous[slots];
        next[tail] = slot;
        previous[slot] = tail;
        next[slot] = slots;
        previous[slots] = slot;
    }

    private void unlink(int slot) {
        next[previous[slot]] = next[slot];
        previous[next[slot]] = previous[slot];
    }
}
