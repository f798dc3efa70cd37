package org.duett.replicator.simulator;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** What may go wrong in a random life. */
public enum WorldFault {
    PROCESS_CRASH, MACHINE_CRASH, BOTH_CRASH, RESET, CUT, ONE_WAY_CUT, HALF_OPEN, FLAPPING, PAUSE, WRITE_ERROR, READ_ERROR, FLUSH_ERROR, UNREADABLE_SECTORS, SLOW_DISK, HUNG_DISK,
    /** A second crash while it recovers from the first. */
    CRASH_IN_RECOVERY,
    /** Both machines lose power; one is back at once, the other one long after. */
    SITE_POWER_LOSS,
    /** Writes that need new space fail. */
    DISK_FULL,
    /** A node comes back with an older copy of its data and its metadata, as far as its generation tells that it is older. */
    OLDER_DATA,
    /** A bit turns over on the wire: in a header, or in data that has a digest. */
    FLIPPED_BIT,
    /** A fence-peer handler gets no answer from the other node. */
    FENCING_UNANSWERED,
    /** What one node sends does not arrive any more from some moment of the next handshake on. */
    CUT_IN_HANDSHAKE,
    /** In the midst of the next handshake one node hangs up, and the other one does not hear of it. */
    HALF_OPEN_IN_HANDSHAKE,
    /** A bit of one copy turns over, and no disk says so ({@link SilentDamage}). */
    BIT_ROT,
    /** A write of one copy landed elsewhere, and no disk says so. */
    MISDIRECTED_WRITE;

    public static final Set<WorldFault> ALL = Collections.unmodifiableSet(EnumSet.allOf(WorldFault.class));
    /** Those that strike at a quiet moment only, and not in the midst of others. */
    static final Set<WorldFault> SILENT = Collections.unmodifiableSet(EnumSet.of(BIT_ROT, MISDIRECTED_WRITE));
    /** Drawn by chances of their own, each in a quarter of the lives: the others are as they were without them. */
    static final Set<WorldFault> DRAWN_APART = Collections.unmodifiableSet(EnumSet.of(HALF_OPEN_IN_HANDSHAKE, BIT_ROT, MISDIRECTED_WRITE));
    /** Crashes, networks and pauses, which leave the disks as they are. */
    public static final Set<WorldFault> NOT_OF_DISKS = Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(WRITE_ERROR, READ_ERROR, FLUSH_ERROR,
            UNREADABLE_SECTORS, HUNG_DISK, DISK_FULL, OLDER_DATA, BIT_ROT, MISDIRECTED_WRITE)));

    /** After it a disk may have to be copied whole. */
    boolean mayNeedFullSync() {
        return switch (this) {
            case WRITE_ERROR, READ_ERROR, FLUSH_ERROR, HUNG_DISK, DISK_FULL, OLDER_DATA, BIT_ROT, MISDIRECTED_WRITE -> true;
            case PROCESS_CRASH, MACHINE_CRASH, BOTH_CRASH, RESET, CUT, ONE_WAY_CUT, HALF_OPEN, FLAPPING, PAUSE, UNREADABLE_SECTORS, SLOW_DISK, CRASH_IN_RECOVERY,
                    SITE_POWER_LOSS, FLIPPED_BIT, FENCING_UNANSWERED, CUT_IN_HANDSHAKE, HALF_OPEN_IN_HANDSHAKE -> false;
        };
    }
}
