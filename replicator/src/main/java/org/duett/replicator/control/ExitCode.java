package org.duett.replicator.control;

import org.duett.replicator.state.StateChangeResult;

/** How a verb ends for the shell that called it; the numbers are those of DRBD's tools (spec states 13). */
public enum ExitCode {
    OK(0),
    /** A wait ran out of time, or the disk is worse than Outdated already. */
    TIMED_OUT(5),
    /** The configuration cannot be used. */
    CONFIGURATION(10),
    /** A state change was refused. */
    REFUSED(11),
    NO_LOCAL_DISK(16),
    NO_UP_TO_DATE_DISK(17),
    /** Wrong usage, no daemon, or anything unforeseen. */
    ERROR(20);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public static ExitCode of(StateChangeResult result) {
        return switch (result) {
            case CLUSTER_WIDE_NO_NEED, CLUSTER_WIDE_SUCCESS, NOTHING_TO_DO, SUCCESS -> OK;
            case UNKNOWN_ERROR -> ERROR;
            case LOWER_THAN_OUTDATED -> TIMED_OUT;
            case NO_LOCAL_DISK -> NO_LOCAL_DISK;
            case NO_UP_TO_DATE_DISK -> NO_UP_TO_DATE_DISK;
            case TWO_PRIMARIES, NO_REMOTE_DISK, CONNECTED_OUTDATES, PRIMARY_NOP, RESYNC_RUNNING, ALREADY_STANDALONE, REFUSED_BY_PEER,
                    IS_DISKLESS, DEVICE_IN_USE, NO_NETWORK_CONFIG, NO_VERIFY_ALGORITHM, NEED_CONNECTION, NOT_SUPPORTED,
                    IN_TRANSIENT_STATE, CONCURRENT_STATE_CHANGE, OTHER_VOLUME_PEER_PRIMARY, OUTDATE_WITHOUT_CONNECTION ->
                REFUSED;
        };
    }
}
