package org.duett.replicator.state;

import java.util.Optional;

/** What became of a state change, as a node answers it to its operator and to its peer (spec states 1.4). Codes from 1 on are success. */
public enum StateChangeResult {
    /** CW_NO_NEED. */
    CLUSTER_WIDE_NO_NEED(4, "No agreement of the peer was needed"),
    /** CW_SUCCESS. */
    CLUSTER_WIDE_SUCCESS(3, "The peer agreed"),
    NOTHING_TO_DO(2, "Already so"),
    SUCCESS(1, "Done"),
    UNKNOWN_ERROR(0, "Unknown error"),
    TWO_PRIMARIES(-1, "Multiple primaries not allowed by config"),
    NO_UP_TO_DATE_DISK(-2, "Need access to UpToDate data"),
    NO_LOCAL_DISK(-4, "Can not resync without local disk"),
    NO_REMOTE_DISK(-5, "Can not resync without remote disk"),
    CONNECTED_OUTDATES(-6, "Refusing to be Outdated while Connected"),
    PRIMARY_NOP(-7, "Refusing to be Primary while peer is not outdated"),
    RESYNC_RUNNING(-8, "Can not start OV/resync since it is already active"),
    ALREADY_STANDALONE(-9, "Can not disconnect a StandAlone device"),
    /** CW_FAILED_BY_PEER. */
    REFUSED_BY_PEER(-10, "State change was refused by peer node"),
    IS_DISKLESS(-11, "Device is diskless, the requested operation requires a disk"),
    DEVICE_IN_USE(-12, "Device is held open by someone"),
    /** NO_NET_CONFIG. */
    NO_NETWORK_CONFIG(-13, "Have no net/connection configuration"),
    /** NO_VERIFY_ALG. */
    NO_VERIFY_ALGORITHM(-14, "Need a verify algorithm to start online verify"),
    NEED_CONNECTION(-15, "Need a connection to start verify or resync"),
    LOWER_THAN_OUTDATED(-16, "Disk state is lower than outdated"),
    NOT_SUPPORTED(-17, "Peer does not support protocol"),
    IN_TRANSIENT_STATE(-18, "In transient state, retry after next state change"),
    /** CONCURRENT_ST_CHG. */
    CONCURRENT_STATE_CHANGE(-19, "Concurrent state changes detected and aborted"),
    /** O_VOL_PEER_PRI. */
    OTHER_VOLUME_PEER_PRIMARY(-20, "Other vol primary on peer not allowed by config"),
    /** OUTDATE_WO_CONN. */
    OUTDATE_WITHOUT_CONNECTION(-21, "Need a connection for a graceful disconnect/outdate peer");

    private final int wireCode;
    private final String text;

    StateChangeResult(int wireCode, String text) {
        this.wireCode = wireCode;
        this.text = text;
    }

    public int wireCode() {
        return wireCode;
    }

    /** The sentence that DRBD's operators know; for success, where DRBD shows none, one of ours. */
    public String text() {
        return text;
    }

    public boolean isSuccess() {
        return wireCode >= SUCCESS.wireCode;
    }

    public static Optional<StateChangeResult> fromWire(int wireCode) {
        for (StateChangeResult result : values()) {
            if (result.wireCode == wireCode) {
                return Optional.of(result);
            }
        }
        return Optional.empty();
    }
}
