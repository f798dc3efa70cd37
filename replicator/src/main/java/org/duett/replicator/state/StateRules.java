package org.duett.replicator.state;

import static org.duett.replicator.state.ConnectionState.AHEAD;
import static org.duett.replicator.state.ConnectionState.CONNECTED;
import static org.duett.replicator.state.ConnectionState.DISCONNECTING;
import static org.duett.replicator.state.ConnectionState.STAND_ALONE;
import static org.duett.replicator.state.ConnectionState.UNCONNECTED;
import static org.duett.replicator.state.ConnectionState.WF_CONNECTION;
import static org.duett.replicator.state.ConnectionState.WF_REPORT_PARAMS;
import static org.duett.replicator.state.ConnectionState.WF_SYNC_UUID;
import static org.duett.replicator.state.DiskState.DISKLESS;
import static org.duett.replicator.state.DiskState.FAILED;
import static org.duett.replicator.state.DiskState.INCONSISTENT;
import static org.duett.replicator.state.DiskState.NEGOTIATING;
import static org.duett.replicator.state.DiskState.OUTDATED;
import static org.duett.replicator.state.DiskState.UP_TO_DATE;
import static org.duett.replicator.state.Role.PRIMARY;
import static org.duett.replicator.state.Role.SECONDARY;

import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;

/** Which states of a volume and which changes between them are legal, and what a change implies (spec states 2). Pure functions. */
public final class StateRules {

    private StateRules() {
    }

    /** The whole procedure of spec states 2: sanitise, check the step, and for a request the target and the way there. */
    public static StateChange change(VolumeState oldState, VolumeState wanted, StateChange.Kind kind,
            StatePolicies policies,
            VolumeFacts facts) {
        VolumeState newState = sanitise(oldState, wanted, policies, facts);
        if (newState.equals(oldState)) {
            return new StateChange.Unchanged(oldState);
        }
        StateChangeResult step = checkTransition(oldState, newState);
        if (!step.isSuccess()) {
            return new StateChange.Refused(step);
        }
        return switch (kind) {
            case FACT -> new StateChange.Allowed(newState);
            case REQUEST -> request(oldState, newState, policies, facts);
        };
    }

    private static StateChange request(VolumeState oldState, VolumeState newState, StatePolicies policies,
            VolumeFacts facts) {
        StateChangeResult target = checkTarget(newState, policies, facts);
        // What is wrong already is no reason to refuse a change that does not make it worse.
        if (!target.isSuccess() && checkTarget(oldState, policies, facts) != target) {
            return new StateChange.Refused(target);
        }
        StateChangeResult way = checkSoftTransition(oldState, newState, facts);
        return way.isSuccess() ? new StateChange.Allowed(newState) : new StateChange.Refused(way);
    }

    /** What a wanted state implies: the fields that follow from the others are put right, in the order of spec states 2.1. */
    public static VolumeState sanitise(VolumeState oldState, VolumeState wanted, StatePolicies policies,
            VolumeFacts facts) {
        VolumeState state = forgetPeerUnlessConnected(wanted);
        if (state.connection() == STAND_ALONE && state.disk() == DISKLESS && state.role() == SECONDARY) {
            state = state.withSyncPausedByDependency(false);
        }
        if (state.connection().isAbove(CONNECTED)
                && (state.disk().isAtMost(FAILED) || state.peerDisk().isAtMost(FAILED))) {
            state = state.withConnection(CONNECTED);
        }
        if (state.connection().isBelow(CONNECTED) && state.disk() == NEGOTIATING) {
            state = facts.exposedDataIsCurrent()
                    ? state.withDisk(facts.parkedDisk()).withPeerDisk(facts.parkedPeerDisk())
                    : state.withDisk(DISKLESS).withPeerDisk(DiskState.UNKNOWN);
        }
        if (state.connection().isEstablished() && state.connection().isBelow(AHEAD)) {
            state = provenByContact(oldState, state);
        }
        state = clampDisks(state);
        if (policies.fencing() == Fencing.RESOURCE_AND_STONITH && isPrimaryWithPeerAtLarge(state)
                && !isPrimaryWithPeerAtLarge(oldState)) {
            state = state.withSuspendedFencing(true);
        }
        if (policies.onNoData() == OnNoData.SUSPEND_IO && isPrimaryWithoutData(state)
                && !isPrimaryWithoutData(oldState)) {
            state = state.withSuspendedNoData(true);
        }
        return pauseOrResumeSync(state);
    }

    private static VolumeState forgetPeerUnlessConnected(VolumeState state) {
        if (state.connection().isEstablished()) {
            return state;
        }
        VolumeState alone = state.withSyncPausedByPeer(false).withPeer(Role.UNKNOWN);
        // Inconsistent and Outdated outlive the connection: they stay true of a disk that nobody could have improved.
        boolean remembered = alone.peerDisk().isAtLeast(INCONSISTENT) && alone.peerDisk().isAtMost(DiskState.UNKNOWN);
        return remembered ? alone : alone.withPeerDisk(DiskState.UNKNOWN);
    }

    /**
     * Who is connected need not doubt its data any more: but only where both disks were compared. A peer without a disk has nothing that an
     * Outdated one could be compared with, and a resync that ends because a disk failed leaves the target as old as it was. A kernel raises
     * both all the same, and then serves the older data (promise 1).
     */
    private static VolumeState provenByContact(VolumeState oldState, VolumeState state) {
        boolean compared = state.connection().isAbove(CONNECTED) || holdsData(state.disk()) && holdsData(state.peerDisk());
        boolean isNew = oldState.connection().isBelow(CONNECTED);
        VolumeState proven = state;
        if (state.disk() == DiskState.CONSISTENT || state.disk() == OUTDATED && compared) proven = proven.withDisk(UP_TO_DATE);
        boolean peerIsProven = state.peerDisk() == DiskState.CONSISTENT && (compared || isNew) || state.peerDisk() == OUTDATED && compared;
        return peerIsProven ? proven.withPeerDisk(UP_TO_DATE) : proven;
    }

    private static boolean holdsData(DiskState disk) {
        return disk.isAtLeast(OUTDATED) && disk != DiskState.UNKNOWN;
    }

    private static VolumeState clampDisks(VolumeState state) {
        return switch (state.connection()) {
            case STAND_ALONE, DISCONNECTING, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR,
                    TEAR_DOWN, WF_CONNECTION, WF_REPORT_PARAMS ->
                state.withPeerDisk(state.peerDisk().clampedTo(INCONSISTENT, DiskState.UNKNOWN));
            case CONNECTED -> state;
            case WF_BITMAP_T, PAUSED_SYNC_T, STARTING_SYNC_T, WF_SYNC_UUID, BEHIND -> state
                    .withDisk(state.disk().clampedTo(INCONSISTENT, OUTDATED)).withPeerDisk(UP_TO_DATE);
            case VERIFY_S, VERIFY_T -> state.withDisk(UP_TO_DATE).withPeerDisk(UP_TO_DATE);
            case WF_BITMAP_S, PAUSED_SYNC_S, STARTING_SYNC_S, AHEAD -> state.withDisk(UP_TO_DATE)
                    .withPeerDisk(state.peerDisk().clampedTo(INCONSISTENT, DiskState.CONSISTENT));
            case SYNC_TARGET -> state.withDisk(INCONSISTENT).withPeerDisk(UP_TO_DATE);
            case SYNC_SOURCE -> state.withDisk(UP_TO_DATE).withPeerDisk(INCONSISTENT);
        };
    }

    /** Primary, out of contact, and the peer's disk may be as good as ours: what fencing is there for. */
    private static boolean isPrimaryWithPeerAtLarge(VolumeState state) {
        return state.role() == PRIMARY && state.connection().isBelow(CONNECTED) && state.peerDisk().isAbove(OUTDATED);
    }

    private static boolean isPrimaryWithoutData(VolumeState state) {
        return state.role() == PRIMARY && state.disk().isBelow(UP_TO_DATE) && state.peerDisk().isBelow(UP_TO_DATE);
    }

    private static VolumeState pauseOrResumeSync(VolumeState state) {
        return switch (state.connection()) {
            case SYNC_SOURCE -> state.isSyncPaused() ? state.withConnection(ConnectionState.PAUSED_SYNC_S) : state;
            case SYNC_TARGET -> state.isSyncPaused() ? state.withConnection(ConnectionState.PAUSED_SYNC_T) : state;
            case PAUSED_SYNC_S -> state.isSyncPaused() ? state : state.withConnection(ConnectionState.SYNC_SOURCE);
            case PAUSED_SYNC_T -> state.isSyncPaused() ? state : state.withConnection(ConnectionState.SYNC_TARGET);
            case STAND_ALONE, DISCONNECTING, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR,
                    TEAR_DOWN, WF_CONNECTION, WF_REPORT_PARAMS, CONNECTED, STARTING_SYNC_S, STARTING_SYNC_T,
                    WF_BITMAP_S, WF_BITMAP_T, WF_SYNC_UUID, VERIFY_S, VERIFY_T, AHEAD, BEHIND ->
                state;
        };
    }

    /** Is the step possible at all (spec states 2.2)? This holds for facts, too. SUCCESS, or why not. */
    public static StateChangeResult checkTransition(VolumeState oldState, VolumeState newState) {
        ConnectionState from = oldState.connection();
        ConnectionState to = newState.connection();
        if (from != to) {
            if (from == STAND_ALONE && to == DISCONNECTING) {
                return StateChangeResult.ALREADY_STANDALONE;
            }
            if (from == STAND_ALONE && to != UNCONNECTED) {
                return StateChangeResult.NEED_CONNECTION;
            }
            if (from.isBelow(WF_REPORT_PARAMS) && to.isEstablished()) {
                return StateChangeResult.NEED_CONNECTION;
            }
            if (from.isTransientFailure() && to != UNCONNECTED && to != DISCONNECTING) {
                return StateChangeResult.IN_TRANSIENT_STATE;
            }
            if (from == DISCONNECTING && to != STAND_ALONE) {
                return StateChangeResult.IN_TRANSIENT_STATE;
            }
        }
        if (oldState.disk() == DISKLESS && newState.disk() == FAILED) {
            return StateChangeResult.IS_DISKLESS;
        }
        return StateChangeResult.SUCCESS;
    }

    /** May a request lead to this state (spec states 2.3)? SUCCESS, or the first reason why not. */
    public static StateChangeResult checkTarget(VolumeState state, StatePolicies policies, VolumeFacts facts) {
        StateChangeResult asPrimary = state.role() == PRIMARY
                ? checkPrimary(state, policies, facts)
                : StateChangeResult.SUCCESS;
        if (!asPrimary.isSuccess()) {
            return asPrimary;
        }
        if (state.role() == SECONDARY && facts.deviceOpen()) {
            return StateChangeResult.DEVICE_IN_USE;
        }
        StateChangeResult connected = checkConnectedTarget(state, policies);
        if (!connected.isSuccess()) {
            return connected;
        }
        if (isPrimaryWithoutData(state)) {
            return StateChangeResult.NO_UP_TO_DATE_DISK;
        }
        if (state.connection().isStartingSync() && state.peerDisk() == DiskState.UNKNOWN) {
            return StateChangeResult.NEED_CONNECTION;
        }
        if (state.connection().isEstablished() && state.peerDisk() == DiskState.UNKNOWN) {
            return StateChangeResult.CONNECTED_OUTDATES;
        }
        return StateChangeResult.SUCCESS;
    }

    /** Rows 1, 2 and 4 to 6 of spec states 2.3. */
    private static StateChangeResult checkPrimary(VolumeState state, StatePolicies policies, VolumeFacts facts) {
        if (!policies.twoPrimariesAllowed() && state.peer() == PRIMARY) {
            return StateChangeResult.TWO_PRIMARIES;
        }
        if (!policies.twoPrimariesAllowed() && facts.peerPrimaryOnOtherVolume()) {
            return StateChangeResult.OTHER_VOLUME_PEER_PRIMARY;
        }
        if (state.connection().isBelow(CONNECTED) && state.disk().isBelow(UP_TO_DATE)) {
            return StateChangeResult.NO_UP_TO_DATE_DISK;
        }
        if (policies.fencing() != Fencing.DONT_CARE && state.connection().isBelow(CONNECTED)
                && state.peerDisk().isAtLeast(DiskState.UNKNOWN)) {
            return StateChangeResult.PRIMARY_NOP;
        }
        if (state.disk().isAtMost(INCONSISTENT) && state.peerDisk().isAtMost(INCONSISTENT)) {
            return StateChangeResult.NO_UP_TO_DATE_DISK;
        }
        return StateChangeResult.SUCCESS;
    }

    /** Rows 7 to 12 of spec states 2.3; the row on protocols below 88 has no case here, as we speak 101 only (rule 26). */
    private static StateChangeResult checkConnectedTarget(VolumeState state, StatePolicies policies) {
        if (state.connection().isAbove(CONNECTED)) {
            if (state.disk().isBelow(INCONSISTENT)) {
                return StateChangeResult.NO_LOCAL_DISK;
            }
            if (state.peerDisk().isBelow(INCONSISTENT)) {
                return StateChangeResult.NO_REMOTE_DISK;
            }
            if (state.disk().isBelow(UP_TO_DATE) && state.peerDisk().isBelow(UP_TO_DATE)) {
                return StateChangeResult.NO_UP_TO_DATE_DISK;
            }
        }
        // Beside a peer without data it stays what it is, and no promotion may hide behind that.
        if (state.disk() == OUTDATED && refusesOutdatedDisk(state.connection()) && state.peerDisk().isAtLeast(INCONSISTENT)) {
            return StateChangeResult.CONNECTED_OUTDATES;
        }
        if (state.connection().isVerify() && !policies.verifyAlgorithmConfigured()) {
            return StateChangeResult.NO_VERIFY_ALGORITHM;
        }
        return StateChangeResult.SUCCESS;
    }

    private static boolean refusesOutdatedDisk(ConnectionState connection) {
        return switch (connection) {
            case CONNECTED, WF_BITMAP_S, SYNC_SOURCE, PAUSED_SYNC_S -> true;
            case STAND_ALONE, DISCONNECTING, UNCONNECTED, TIMEOUT, BROKEN_PIPE, NETWORK_FAILURE, PROTOCOL_ERROR,
                    TEAR_DOWN, WF_CONNECTION, WF_REPORT_PARAMS, STARTING_SYNC_S, STARTING_SYNC_T, WF_BITMAP_T,
                    WF_SYNC_UUID, SYNC_TARGET, VERIFY_S, VERIFY_T, PAUSED_SYNC_T, AHEAD, BEHIND ->
                false;
        };
    }

    /** May a request take this step (spec states 2.4)? SUCCESS, or why not; of several reasons the last one of the table. */
    public static StateChangeResult checkSoftTransition(VolumeState oldState, VolumeState newState, VolumeFacts facts) {
        // The table lets later rows override earlier ones, so it is walked from its end.
        StateChangeResult second = checkSoftTransitionLaterRows(oldState, newState, facts);
        return second.isSuccess() ? checkSoftTransitionFirstRows(oldState, newState) : second;
    }

    private static StateChangeResult checkSoftTransitionLaterRows(VolumeState oldState, VolumeState newState,
            VolumeFacts facts) {
        ConnectionState from = oldState.connection();
        ConnectionState to = newState.connection();
        boolean changes = from != to;
        if (changes && to == DISCONNECTING && newState.peerDisk() == OUTDATED && from.isBelow(CONNECTED)
                && oldState.peerDisk().isAbove(OUTDATED)) {
            return StateChangeResult.OUTDATE_WITHOUT_CONNECTION;
        }
        if (changes && (to == ConnectionState.SYNC_SOURCE || to == ConnectionState.SYNC_TARGET)
                && from.isBelow(WF_REPORT_PARAMS)) {
            return StateChangeResult.NEED_CONNECTION;
        }
        if (changes && to.isStartingSync() && from.isBelow(CONNECTED)) {
            return StateChangeResult.NEED_CONNECTION;
        }
        if (changes && to.isVerify() && from.isAbove(CONNECTED)) {
            return StateChangeResult.RESYNC_RUNNING;
        }
        if (changes && to.isVerify() && from.isBelow(CONNECTED)) {
            return StateChangeResult.NEED_CONNECTION;
        }
        if (promotesOnUndecidedDisk(oldState, newState)) {
            return StateChangeResult.IN_TRANSIENT_STATE;
        }
        boolean stepOfHandshake = from == WF_CONNECTION && to == WF_REPORT_PARAMS
                || from == WF_REPORT_PARAMS && to.isEstablished();
        if (facts.handshakeStateSent() && !stepOfHandshake) {
            return StateChangeResult.IN_TRANSIENT_STATE;
        }
        return StateChangeResult.SUCCESS;
    }

    /** A promotion that must wait: the handshake is about to make our disk the target of the peer's, and reads have no rule yet. */
    private static boolean promotesOnUndecidedDisk(VolumeState oldState, VolumeState newState) {
        boolean promotes = oldState.role() == SECONDARY && newState.role() == PRIMARY;
        boolean ownDiskOpen = newState.disk() != UP_TO_DATE && newState.disk() != DISKLESS;
        boolean beforeResync = newState.connection().isAtMost(WF_SYNC_UUID)
                || newState.connection() != oldState.connection();
        return promotes && newState.peerDisk() == UP_TO_DATE && ownDiskOpen && beforeResync;
    }

    private static StateChangeResult checkSoftTransitionFirstRows(VolumeState oldState, VolumeState newState) {
        ConnectionState from = oldState.connection();
        ConnectionState to = newState.connection();
        boolean changes = from != to;
        if (changes && to == DISCONNECTING && from == UNCONNECTED) {
            return StateChangeResult.IN_TRANSIENT_STATE;
        }
        if (newState.disk() == OUTDATED && oldState.disk().isBelow(OUTDATED)
                && oldState.disk() != DiskState.ATTACHING) {
            return StateChangeResult.LOWER_THAN_OUTDATED;
        }
        if (changes && to == WF_CONNECTION && from.isBelow(UNCONNECTED)) {
            return StateChangeResult.NO_NETWORK_CONFIG;
        }
        if (newState.disk().isAbove(DiskState.ATTACHING) && oldState.disk() == DISKLESS) {
            return StateChangeResult.IS_DISKLESS;
        }
        if (changes && to == DISCONNECTING && from == STAND_ALONE) {
            return StateChangeResult.ALREADY_STANDALONE;
        }
        if (changes && to.isStartingSync() && from.isAbove(CONNECTED)) {
            return StateChangeResult.RESYNC_RUNNING;
        }
        return StateChangeResult.SUCCESS;
    }

    /** Must the peer agree before this request is committed (spec states 2.5)? */
    public static boolean needsAgreementOfPeer(VolumeState oldState, VolumeState newState) {
        ConnectionState from = oldState.connection();
        ConnectionState to = newState.connection();
        if (from.isEstablished() && to.isEstablished()) {
            return oldState.role() != PRIMARY && newState.role() == PRIMARY || from != to && to.isStartingSync()
                    || oldState.disk() != FAILED && newState.disk() == FAILED
                    || from == CONNECTED && to == ConnectionState.VERIFY_S;
        }
        return from.isEstablished() && to == DISCONNECTING || from == CONNECTED && to == WF_REPORT_PARAMS;
    }

    /** Did this change take the peer's copy away, so that from now on it misses our writes (spec states 2.6)? */
    public static boolean lostContact(VolumeState oldState, VolumeState newState) {
        DiskState before = oldState.peerDisk();
        DiskState after = newState.peerDisk();
        boolean hadItsData = before.isAtLeast(INCONSISTENT) && before != DiskState.UNKNOWN && before != OUTDATED;
        boolean hasItNoMore = after.isBelow(INCONSISTENT) || after == DiskState.UNKNOWN || after == OUTDATED;
        boolean provenGone = after == DISKLESS || after == FAILED || after == OUTDATED;
        return hadItsData && hasItNoMore || before == DiskState.UNKNOWN && provenGone;
    }

    /**
     * Our state after the peer has told its own: its role, its disk, and whether it pauses the resync. A Negotiating disk counts as what its
     * identifiers' flag says it will be (spec states 3.3, wire 3.7).
     */
    public static VolumeState withReportOfPeer(VolumeState ours, VolumeState report,
            boolean negotiatingPeerIsInconsistent) {
        DiskState peerDisk = switch (report.disk()) {
            case NEGOTIATING -> negotiatingPeerIsInconsistent ? INCONSISTENT : DiskState.CONSISTENT;
            case DISKLESS, ATTACHING, FAILED, INCONSISTENT, OUTDATED, UNKNOWN, CONSISTENT, UP_TO_DATE -> report.disk();
        };
        return ours.withPeer(report.role()).withPeerDisk(peerDisk)
                .withSyncPausedByPeer(report.syncPausedByDependency() || report.syncPausedByUser());
    }
}
