package org.duett.replicator.volume;

import org.duett.replicator.machine.BlockUser;

/**
 * Keeps apart what works on the same blocks of one volume: host writes, the peer's writes, resync blocks, read repairs. A user that
 * overlaps one that is present, or one that waits already, waits behind it; so two overlapping writes are never under way at once,
 * and overlapping users go in order of arrival (spec wire 4.5, 5.5).
 *
 * <p>A list that is searched from end to end: some hundred users are present at most, and an ordered structure would cost more than
 * it saves (bench, write path).
 */
public final class OverlapTracker {
    private BlockUser firstPresent;
    private BlockUser firstBehind;
    private BlockUser lastBehind;
    private int presentUsers;
    private int behindUsers;
    /** The range in which users have gone since those that wait were looked through; empty: nobody has. */
    private long goneFromSector = Long.MAX_VALUE;
    private long goneToSector;
    /** As far as they are looked through by now; null: from the first one on. */
    private BlockUser lookedUpTo;

    /** @return true: the user is present, go on. False: it is kept and comes out of {@link #pollUnblocked} later */
    public boolean enter(BlockUser user) {
        assert !user.present;
        if (firstBehind != null && overlapsOneBehind(user, null) || overlapsPresent(user)) {
            addBehind(user);
            return false;
        }
        addPresent(user);
        return true;
    }

    public void leave(BlockUser user) {
        assert user.present;
        if (user.previousPresent == null) firstPresent = user.nextPresent;
        else user.previousPresent.nextPresent = user.nextPresent;
        if (user.nextPresent != null) user.nextPresent.previousPresent = user.previousPresent;
        user.previousPresent = null;
        user.nextPresent = null;
        user.present = false;
        presentUsers--;
        gone(user);
    }

    private void gone(BlockUser user) {
        goneFromSector = Math.min(goneFromSector, user.firstSector);
        goneToSector = Math.max(goneToSector, user.endSector());
        lookedUpTo = null;
    }

    /** The first user that waits and need not any more; it is present now. Null when there is none. Ask again until then. */
    public BlockUser pollUnblocked() {
        // Asked after every event: only where somebody has gone can anybody go on.
        if (goneFromSector == Long.MAX_VALUE) return null;
        BlockUser before = lookedUpTo;
        for (BlockUser user = before == null ? firstBehind : before.nextBehind; user != null; before = user, user = user.nextBehind) {
            boolean waitedForThem = user.firstSector < goneToSector && goneFromSector < user.endSector();
            if (waitedForThem && !overlapsOneBehind(user, user) && !overlapsPresent(user)) {
                removeBehind(before, user);
                addPresent(user);
                // It keeps off whom it kept off while it waited: those before it need not be looked at again.
                lookedUpTo = before;
                return user;
            }
        }
        goneFromSector = Long.MAX_VALUE;
        goneToSector = 0;
        lookedUpTo = null;
        return null;
    }

    /** Whether it is worth asking {@link #pollUnblocked}. */
    public boolean mayUnblock() {
        return goneFromSector != Long.MAX_VALUE && behindUsers > 0;
    }

    /** Takes a user out that waits, because its connection or its disk is gone. */
    public void cancel(BlockUser user) {
        BlockUser before = null;
        for (BlockUser at = firstBehind; at != null; before = at, at = at.nextBehind) {
            if (at == user) {
                removeBehind(before, at);
                gone(at);
                return;
            }
        }
        throw new AssertionError("not waiting: " + user);
    }

    /** A present user that overlaps this range, or null. */
    public BlockUser firstOverlapping(BlockUser range) {
        for (BlockUser at = firstPresent; at != null; at = at.nextPresent) {
            if (at != range && at.overlaps(range)) return at;
        }
        return null;
    }

    public int presentUsers() {
        return presentUsers;
    }

    public int behindUsers() {
        return behindUsers;
    }

    private boolean overlapsPresent(BlockUser user) {
        for (BlockUser at = firstPresent; at != null; at = at.nextPresent) {
            if (at.overlaps(user)) return true;
        }
        return false;
    }

    /** Does the user overlap one that waits, up to but without {@code end}? */
    private boolean overlapsOneBehind(BlockUser user, BlockUser end) {
        for (BlockUser at = firstBehind; at != end; at = at.nextBehind) {
            if (at.overlaps(user)) return true;
        }
        return false;
    }

    private void addPresent(BlockUser user) {
        user.present = true;
        user.previousPresent = null;
        user.nextPresent = firstPresent;
        if (firstPresent != null) firstPresent.previousPresent = user;
        firstPresent = user;
        presentUsers++;
    }

    private void addBehind(BlockUser user) {
        assert user.nextBehind == null;
        if (lastBehind == null) firstBehind = user;
        else lastBehind.nextBehind = user;
        lastBehind = user;
        behindUsers++;
    }

    private void removeBehind(BlockUser before, BlockUser user) {
        if (before == null) firstBehind = user.nextBehind;
        else before.nextBehind = user.nextBehind;
        if (lastBehind == user) lastBehind = before;
        user.nextBehind = null;
        behindUsers--;
    }
}
