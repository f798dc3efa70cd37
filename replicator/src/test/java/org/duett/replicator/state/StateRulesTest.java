package org.duett.replicator.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.state.ConnectionState.*;
import static org.duett.replicator.state.DiskState.CONSISTENT;
import static org.duett.replicator.state.DiskState.DISKLESS;
import static org.duett.replicator.state.DiskState.FAILED;
import static org.duett.replicator.state.DiskState.INCONSISTENT;
import static org.duett.replicator.state.DiskState.NEGOTIATING;
import static org.duett.replicator.state.DiskState.OUTDATED;
import static org.duett.replicator.state.DiskState.UP_TO_DATE;
import static org.duett.replicator.state.Role.PRIMARY;
import static org.duett.replicator.state.Role.SECONDARY;

import java.util.Random;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every row of spec states 2.1 to 2.4 and 2.6, and that sanitising settles. */
@SuppressWarnings("EnumOrdinal") // a random case is picked by its number
class StateRulesTest {

    private static final StatePolicies DEFAULT = StatePolicies.DEFAULT;
    private static final VolumeFacts QUIET = VolumeFacts.QUIET;
    private static final VolumeState MIRRORED_PRIMARY = VolumeState.of(PRIMARY, SECONDARY, CONNECTED, UP_TO_DATE,
            UP_TO_DATE);
    private static final VolumeState MIRRORED = VolumeState.of(SECONDARY, SECONDARY, CONNECTED, UP_TO_DATE, UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(SECONDARY, Role.UNKNOWN, WF_CONNECTION, UP_TO_DATE,
            DiskState.UNKNOWN);

    private static VolumeState sanitised(VolumeState wanted) {
        return StateRules.sanitise(VolumeState.UNCONFIGURED, wanted, DEFAULT, QUIET);
    }

    @ParameterizedTest
    @CsvSource({"UpToDate,DUnknown", "Consistent,DUnknown", "DUnknown,DUnknown", "Outdated,Outdated",
            "Inconsistent,Inconsistent",
            "Failed,DUnknown", "Diskless,DUnknown", "Negotiating,DUnknown"})
    void lossOfTheConnectionForgetsThePeerButNotABadDisk(String before, String after) {
        VolumeState lost = sanitised(
                MIRRORED_PRIMARY.withPeerDisk(disk(before)).withSyncPausedByPeer(true).withConnection(NETWORK_FAILURE));

        assertThat(lost).isEqualTo(VolumeState.of(PRIMARY, Role.UNKNOWN, NETWORK_FAILURE, UP_TO_DATE, disk(after)));
    }

    @Test
    void unconfiguredSecondaryIsNotHeldUpByADependency() {
        VolumeState paused = VolumeState.UNCONFIGURED.withSyncPausedByDependency(true);

        assertThat(sanitised(paused)).isEqualTo(VolumeState.UNCONFIGURED);
        assertThat(sanitised(paused.withDisk(UP_TO_DATE))).isEqualTo(paused.withDisk(UP_TO_DATE));
    }

    @Test
    void resyncEndsWhenADiskIsLost() {
        VolumeState target = VolumeState.of(SECONDARY, PRIMARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE);

        assertThat(sanitised(target.withDisk(FAILED))).isEqualTo(target.withConnection(CONNECTED).withDisk(FAILED));
        assertThat(sanitised(target.withPeerDisk(DISKLESS)))
                .isEqualTo(target.withConnection(CONNECTED).withPeerDisk(DISKLESS));
    }

    @Test
    void negotiatingDiskGetsItsParkedStateWhenTheConnectionGoes() {
        VolumeState wanted = VolumeState.of(PRIMARY, Role.UNKNOWN, BROKEN_PIPE, NEGOTIATING, DiskState.UNKNOWN);

        assertThat(StateRules.sanitise(MIRRORED_PRIMARY, wanted, DEFAULT, QUIET.withParked(true, UP_TO_DATE, OUTDATED)))
                .isEqualTo(wanted.withDisk(UP_TO_DATE).withPeerDisk(OUTDATED));
    }

    @Test
    void negotiatingDiskWithOtherDataThanTheHostSawIsGivenUp() {
        VolumeState wanted = VolumeState.of(PRIMARY, Role.UNKNOWN, BROKEN_PIPE, NEGOTIATING, OUTDATED);

        assertThat(
                StateRules.sanitise(MIRRORED_PRIMARY, wanted, DEFAULT, QUIET.withParked(false, UP_TO_DATE, OUTDATED)))
                .isEqualTo(wanted.withDisk(DISKLESS).withPeerDisk(DiskState.UNKNOWN));
    }

    @Test
    void contactProvesAConsistentOrOutdatedDiskUpToDate() {
        assertThat(sanitised(MIRRORED.withDisk(OUTDATED).withPeerDisk(CONSISTENT))).isEqualTo(MIRRORED);
        assertThat(sanitised(MIRRORED.withDisk(CONSISTENT).withPeerDisk(OUTDATED))).isEqualTo(MIRRORED);
        assertThat(sanitised(MIRRORED.withDisk(INCONSISTENT))).isEqualTo(MIRRORED.withDisk(INCONSISTENT));
    }

    @ParameterizedTest
    @CsvSource({ //
            "WFConnection,   UpToDate,     UpToDate,   UpToDate,     DUnknown", //
            "Connected,      Diskless,     UpToDate,   Diskless,     UpToDate", //
            "WFBitMapT,      UpToDate,     UpToDate,   Outdated,     UpToDate", //
            "WFBitMapT,      Inconsistent, UpToDate,   Inconsistent, UpToDate", //
            "StartingSyncT,  UpToDate,     Inconsistent, Outdated,   UpToDate", //
            "WFSyncUUID,     Inconsistent, Consistent, Inconsistent, UpToDate", //
            "Behind,         UpToDate,     UpToDate,   Outdated,     UpToDate", //
            "VerifyS,        Inconsistent, Inconsistent, UpToDate,   UpToDate", //
            "VerifyT,        UpToDate,     UpToDate,   UpToDate,     UpToDate", //
            "WFBitMapS,      UpToDate,     UpToDate,   UpToDate,     Consistent", //
            "WFBitMapS,      UpToDate,     Inconsistent, UpToDate,   Inconsistent", //
            "StartingSyncS,  Inconsistent, UpToDate,   UpToDate,     Consistent", //
            "Ahead,          UpToDate,     UpToDate,   UpToDate,     Consistent", //
            "SyncTarget,     UpToDate,     Consistent, Inconsistent, UpToDate", //
            "SyncSource,     UpToDate,     UpToDate,   UpToDate,     Inconsistent"})
    void connectionStateClampsBothDisks(String connection, String disk, String peerDisk, String diskAfter,
            String peerDiskAfter) {
        VolumeState state = sanitised(
                VolumeState.of(SECONDARY, SECONDARY, connection(connection), disk(disk), disk(peerDisk)));

        assertThat(state.connection()).isEqualTo(connection(connection));
        assertThat(state.disk()).isEqualTo(disk(diskAfter));
        assertThat(state.peerDisk()).isEqualTo(disk(peerDiskAfter));
    }

    @Test
    void stonithFreezesAPrimaryThatLosesItsPeerOnce() {
        StatePolicies stonith = DEFAULT.withFencing(Fencing.RESOURCE_AND_STONITH);
        VolumeState lost = StateRules.sanitise(MIRRORED_PRIMARY, MIRRORED_PRIMARY.withConnection(TIMEOUT), stonith,
                QUIET);
        assertThat(lost.suspendedFencing()).isTrue();

        VolumeState thawed = StateRules.sanitise(lost, lost.withSuspendedFencing(false), stonith, QUIET);
        assertThat(thawed.suspendedFencing()).as("it was at large already").isFalse();
        assertThat(sanitised(MIRRORED_PRIMARY.withConnection(TIMEOUT)).suspendedFencing()).as("no such policy")
                .isFalse();
    }

    @Test
    void peerKnownToBeOutdatedIsNoReasonToFreeze() {
        StatePolicies stonith = DEFAULT.withFencing(Fencing.RESOURCE_AND_STONITH);
        VolumeState lost = MIRRORED_PRIMARY.withConnection(TIMEOUT).withPeerDisk(OUTDATED);

        assertThat(StateRules.sanitise(MIRRORED_PRIMARY, lost, stonith, QUIET).suspendedFencing()).isFalse();
    }

    @Test
    void primaryWithoutDataIsSuspendedOnceIfSoConfigured() {
        StatePolicies suspend = DEFAULT.withOnNoData(OnNoData.SUSPEND_IO);
        VolumeState diskless = MIRRORED_PRIMARY.withDisk(DISKLESS);
        VolumeState lost = StateRules.sanitise(diskless, diskless.withConnection(NETWORK_FAILURE), suspend, QUIET);

        assertThat(lost.suspendedNoData()).isTrue();
        assertThat(StateRules.sanitise(lost, lost.withSuspendedNoData(false), suspend, QUIET).suspendedNoData())
                .isFalse();
        assertThat(sanitised(diskless.withConnection(NETWORK_FAILURE)).suspendedNoData()).isFalse();
    }

    @Test
    void anyPauseMarkPausesAResyncAndTheLastOneGoneResumesIt() {
        VolumeState source = VolumeState.of(PRIMARY, SECONDARY, SYNC_SOURCE, UP_TO_DATE, INCONSISTENT);
        VolumeState target = VolumeState.of(SECONDARY, PRIMARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE);

        VolumeState pausedSource = sanitised(source.withSyncPausedByPeer(true).withSyncPausedByUser(true));
        assertThat(pausedSource.connection()).isEqualTo(PAUSED_SYNC_S);
        assertThat(sanitised(target.withSyncPausedByDependency(true)).connection()).isEqualTo(PAUSED_SYNC_T);
        assertThat(sanitised(pausedSource.withSyncPausedByUser(false)).connection()).isEqualTo(PAUSED_SYNC_S);
        assertThat(sanitised(pausedSource.withSyncPausedByUser(false).withSyncPausedByPeer(false))).isEqualTo(source);
    }

    /**
     * A second pass may still find something, as the rules run in their order: a disk given up by rule 4 comes too late for rule 2, a resync
     * resumed by rule 10 too late for the clamps of rule 6. A third pass never does.
     */
    @Test
    void sanitisingSettlesWithTheSecondPass() {
        Random random = new Random(20261120);
        for (int round = 0; round < 100_000; round++) {
            VolumeState wanted = randomState(random);
            StatePolicies policies = new StatePolicies(random.nextBoolean(), Fencing.values()[random.nextInt(3)],
                    OnNoData.values()[random.nextInt(2)], random.nextBoolean());
            VolumeFacts facts = QUIET.withParked(random.nextBoolean(), random.nextBoolean() ? UP_TO_DATE : INCONSISTENT,
                    random.nextBoolean() ? OUTDATED : DiskState.UNKNOWN);
            VolumeState once = StateRules.sanitise(VolumeState.UNCONFIGURED, wanted, policies, facts);
            VolumeState twice = StateRules.sanitise(once, once, policies, facts);
            assertThat(StateRules.sanitise(twice, twice, policies, facts))
                    .as("seed 20261120 round %d: %s", round, wanted)
                    .isEqualTo(twice);
        }
    }

    @ParameterizedTest
    @CsvSource({ //
            "StandAlone,    Disconnecting,  ALREADY_STANDALONE", //
            "StandAlone,    WFConnection,   NEED_CONNECTION", //
            "StandAlone,    Unconnected,    SUCCESS", //
            "WFConnection,  Connected,      NEED_CONNECTION", //
            "WFConnection,  WFReportParams, SUCCESS", //
            "WFReportParams, Connected,     SUCCESS", //
            "Timeout,       WFConnection,   IN_TRANSIENT_STATE", //
            "TearDown,      StandAlone,     IN_TRANSIENT_STATE", //
            "BrokenPipe,    Unconnected,    SUCCESS", //
            "NetworkFailure, Disconnecting, SUCCESS", //
            "Disconnecting, Unconnected,    IN_TRANSIENT_STATE", //
            "Disconnecting, StandAlone,     SUCCESS", //
            "Connected,     Timeout,        SUCCESS", //
            "Timeout,       Timeout,        SUCCESS"})
    void stepsBetweenConnectionStatesFollowTheTable(String from, String to, StateChangeResult expected) {
        assertThat(StateRules.checkTransition(ALONE.withConnection(connection(from)),
                ALONE.withConnection(connection(to))))
                .isEqualTo(expected);
    }

    @Test
    void disklessCannotFail() {
        VolumeState diskless = MIRRORED.withDisk(DISKLESS);

        assertThat(StateRules.checkTransition(diskless, diskless.withDisk(FAILED)))
                .isEqualTo(StateChangeResult.IS_DISKLESS);
        assertThat(StateRules.checkTransition(MIRRORED, MIRRORED.withDisk(FAILED)))
                .isEqualTo(StateChangeResult.SUCCESS);
    }

    @ParameterizedTest
    @CsvSource({ //
            "Primary,   Primary,   Connected,     UpToDate,     UpToDate,     TWO_PRIMARIES", //
            "Primary,   Unknown,   WFConnection,  Outdated,     Outdated,     NO_UP_TO_DATE_DISK", //
            "Primary,   Secondary, Connected,     Inconsistent, Inconsistent, NO_UP_TO_DATE_DISK", //
            "Primary,   Secondary, Connected,     Diskless,     UpToDate,     SUCCESS", //
            "Secondary, Primary,   WFBitMapT,     Diskless,     UpToDate,     NO_LOCAL_DISK", //
            "Secondary, Primary,   WFBitMapS,     UpToDate,     Diskless,     NO_REMOTE_DISK", //
            "Secondary, Secondary, WFBitMapS,     Consistent,   Consistent,   NO_UP_TO_DATE_DISK", //
            "Secondary, Secondary, Connected,     Outdated,     UpToDate,     CONNECTED_OUTDATES", //
            "Secondary, Secondary, WFBitMapT,     Outdated,     UpToDate,     SUCCESS", //
            "Secondary, Secondary, VerifyS,       UpToDate,     UpToDate,     NO_VERIFY_ALGORITHM", //
            "Primary,   Secondary, Connected,     Outdated,     Consistent,   CONNECTED_OUTDATES", //
            "Primary,   Secondary, Connected,     Consistent,   Consistent,   NO_UP_TO_DATE_DISK", //
            "Secondary, Secondary, StartingSyncS, UpToDate,     DUnknown,     NEED_CONNECTION", //
            "Secondary, Secondary, Connected,     UpToDate,     DUnknown,     CONNECTED_OUTDATES", //
            "Secondary, Unknown,   WFConnection,  Inconsistent, DUnknown,     SUCCESS", //
            "Primary,   Secondary, Connected,     UpToDate,     UpToDate,     SUCCESS"})
    void targetStatesFollowTheTable(String role, String peer, String connection, String disk, String peerDisk,
            StateChangeResult expected) {
        VolumeState state = VolumeState.of(role(role), role(peer), connection(connection), disk(disk), disk(peerDisk));

        assertThat(StateRules.checkTarget(state, DEFAULT, QUIET)).isEqualTo(expected);
    }

    @Test
    void targetStateIsJudgedByPoliciesAndFacts() {
        VolumeState twoPrimaries = MIRRORED_PRIMARY.withPeer(PRIMARY);
        assertThat(StateRules.checkTarget(twoPrimaries, DEFAULT.withTwoPrimariesAllowed(true), QUIET))
                .isEqualTo(StateChangeResult.SUCCESS);
        assertThat(StateRules.checkTarget(MIRRORED_PRIMARY, DEFAULT, QUIET.withPeerPrimaryOnOtherVolume(true)))
                .isEqualTo(StateChangeResult.OTHER_VOLUME_PEER_PRIMARY);
        assertThat(StateRules.checkTarget(MIRRORED, DEFAULT, QUIET.withDeviceOpen(true)))
                .isEqualTo(StateChangeResult.DEVICE_IN_USE);
        assertThat(StateRules.checkTarget(MIRRORED_PRIMARY, DEFAULT, QUIET.withDeviceOpen(true)))
                .isEqualTo(StateChangeResult.SUCCESS);
        assertThat(StateRules.checkTarget(MIRRORED.withConnection(VERIFY_S),
                DEFAULT.withVerifyAlgorithmConfigured(true), QUIET))
                .isEqualTo(StateChangeResult.SUCCESS);
        StatePolicies fencing = DEFAULT.withFencing(Fencing.RESOURCE_ONLY);
        assertThat(StateRules.checkTarget(ALONE.withRole(PRIMARY), DEFAULT, QUIET))
                .isEqualTo(StateChangeResult.SUCCESS);
        assertThat(StateRules.checkTarget(ALONE.withRole(PRIMARY), fencing, QUIET))
                .isEqualTo(StateChangeResult.PRIMARY_NOP);
        assertThat(StateRules.checkTarget(ALONE.withRole(PRIMARY).withPeerDisk(OUTDATED), fencing, QUIET))
                .isEqualTo(StateChangeResult.SUCCESS);
    }

    @Test
    void softStepsFollowTheTable() {
        VolumeState target = VolumeState.of(SECONDARY, PRIMARY, SYNC_TARGET, INCONSISTENT, UP_TO_DATE);
        VolumeState standAlone = ALONE.withConnection(STAND_ALONE);
        assertSoft(target, target.withConnection(STARTING_SYNC_T), StateChangeResult.RESYNC_RUNNING);
        assertSoft(standAlone, standAlone.withConnection(DISCONNECTING), StateChangeResult.ALREADY_STANDALONE);
        assertSoft(ALONE.withDisk(DISKLESS), ALONE.withDisk(UP_TO_DATE), StateChangeResult.IS_DISKLESS);
        assertSoft(ALONE.withDisk(DISKLESS), ALONE.withDisk(DiskState.ATTACHING), StateChangeResult.SUCCESS);
        assertSoft(standAlone, standAlone.withConnection(WF_CONNECTION), StateChangeResult.NO_NETWORK_CONFIG);
        assertSoft(ALONE.withDisk(INCONSISTENT), ALONE.withDisk(OUTDATED), StateChangeResult.LOWER_THAN_OUTDATED);
        assertSoft(ALONE.withDisk(DiskState.ATTACHING), ALONE.withDisk(OUTDATED), StateChangeResult.SUCCESS);
        assertSoft(ALONE, ALONE.withDisk(OUTDATED), StateChangeResult.SUCCESS);
        assertSoft(ALONE.withConnection(UNCONNECTED), ALONE.withConnection(DISCONNECTING),
                StateChangeResult.IN_TRANSIENT_STATE);
        assertSoft(ALONE, ALONE.withConnection(VERIFY_S), StateChangeResult.NEED_CONNECTION);
        assertSoft(target, target.withConnection(VERIFY_S), StateChangeResult.RESYNC_RUNNING);
        assertSoft(ALONE, ALONE.withConnection(STARTING_SYNC_T), StateChangeResult.NEED_CONNECTION);
        assertSoft(ALONE, ALONE.withConnection(SYNC_SOURCE), StateChangeResult.NEED_CONNECTION);
        assertSoft(ALONE, ALONE.withConnection(DISCONNECTING).withPeerDisk(OUTDATED),
                StateChangeResult.OUTDATE_WITHOUT_CONNECTION);
        assertSoft(MIRRORED, MIRRORED.withConnection(DISCONNECTING).withPeerDisk(OUTDATED), StateChangeResult.SUCCESS);
        VolumeState verifying = MIRRORED.withConnection(VERIFY_S);
        assertSoft(verifying, verifying.withRole(PRIMARY), StateChangeResult.SUCCESS);
    }

    private static void assertSoft(VolumeState from, VolumeState to, StateChangeResult expected) {
        assertThat(StateRules.checkSoftTransition(from, to, QUIET)).as("%s -> %s", from, to).isEqualTo(expected);
    }

    @Test
    void laterSoftRuleOverridesAnEarlierOne() {
        VolumeState unconnected = ALONE.withConnection(UNCONNECTED);

        assertSoft(unconnected, unconnected.withConnection(DISCONNECTING).withPeerDisk(OUTDATED),
                StateChangeResult.OUTDATE_WITHOUT_CONNECTION);
    }

    @Test
    void requestsWaitWhileTheHandshakeIsUnderWay() {
        VolumeFacts stateSent = QUIET.withHandshakeStateSent(true);

        assertThat(StateRules.checkSoftTransition(ALONE, ALONE.withRole(PRIMARY), stateSent))
                .isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        assertThat(StateRules.checkSoftTransition(ALONE, ALONE.withConnection(WF_REPORT_PARAMS), stateSent))
                .isEqualTo(StateChangeResult.SUCCESS);
        assertThat(StateRules.checkSoftTransition(ALONE.withConnection(WF_REPORT_PARAMS), MIRRORED, stateSent))
                .isEqualTo(StateChangeResult.SUCCESS);
    }

    @Test
    void promotionWaitsUntilTheResyncRuns() {
        VolumeState beforeResync = VolumeState.of(SECONDARY, SECONDARY, WF_SYNC_UUID, INCONSISTENT, UP_TO_DATE);

        assertSoft(beforeResync, beforeResync.withRole(PRIMARY), StateChangeResult.IN_TRANSIENT_STATE);
        VolumeState resyncing = beforeResync.withConnection(SYNC_TARGET);
        assertSoft(resyncing, resyncing.withRole(PRIMARY), StateChangeResult.SUCCESS);
        assertSoft(resyncing, resyncing.withRole(PRIMARY).withConnection(CONNECTED),
                StateChangeResult.IN_TRANSIENT_STATE);
        VolumeState diskless = MIRRORED.withDisk(DISKLESS);
        assertSoft(diskless, diskless.withRole(PRIMARY), StateChangeResult.SUCCESS);
        assertSoft(beforeResync, beforeResync.withRole(PRIMARY).withDisk(UP_TO_DATE), StateChangeResult.SUCCESS);
    }

    @Test
    void factIsRefusedOnlyWhenItIsNoPossibleStep() {
        VolumeState noDisk = MIRRORED_PRIMARY.withDisk(FAILED).withConnection(NETWORK_FAILURE);
        StateChange fact = StateRules.change(MIRRORED_PRIMARY, noDisk, StateChange.Kind.FACT, DEFAULT, QUIET);
        StateChange request = StateRules.change(MIRRORED_PRIMARY, noDisk, StateChange.Kind.REQUEST, DEFAULT, QUIET);
        StateChange impossible = StateRules.change(ALONE, MIRRORED, StateChange.Kind.FACT, DEFAULT, QUIET);

        assertThat(fact).isEqualTo(
                new StateChange.Allowed(
                        VolumeState.of(PRIMARY, Role.UNKNOWN, NETWORK_FAILURE, FAILED, DiskState.UNKNOWN)));
        assertThat(request).isEqualTo(new StateChange.Refused(StateChangeResult.NO_UP_TO_DATE_DISK));
        assertThat(impossible.result()).isEqualTo(StateChangeResult.NEED_CONNECTION);
    }

    @Test
    void outdatingAConnectedDiskIsNothingToDo() {
        StateChange change = StateRules.change(MIRRORED, MIRRORED.withDisk(OUTDATED), StateChange.Kind.REQUEST, DEFAULT,
                QUIET);

        assertThat(change).isEqualTo(new StateChange.Unchanged(MIRRORED));
        assertThat(change.result()).isEqualTo(StateChangeResult.NOTHING_TO_DO);
    }

    @Test
    void requestIsNotRefusedForWhatIsWrongAlready() {
        VolumeState withoutData = MIRRORED_PRIMARY.withDisk(DISKLESS).withPeerDisk(DISKLESS);
        VolumeState wanted = withoutData.withSuspendedByUser(true);

        assertThat(StateRules.checkTarget(wanted, DEFAULT, QUIET)).isEqualTo(StateChangeResult.NO_UP_TO_DATE_DISK);
        assertThat(StateRules.change(withoutData, wanted, StateChange.Kind.REQUEST, DEFAULT, QUIET))
                .isEqualTo(new StateChange.Allowed(wanted));
    }

    @Test
    void peerIsAskedForWhatConcernsIt() {
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withRole(PRIMARY))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED_PRIMARY, MIRRORED)).as("demotion is only announced")
                .isFalse();
        assertThat(StateRules.needsAgreementOfPeer(ALONE, ALONE.withRole(PRIMARY))).isFalse();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withDisk(FAILED))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withConnection(STARTING_SYNC_S))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withConnection(VERIFY_S))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withConnection(DISCONNECTING))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(MIRRORED, MIRRORED.withConnection(WF_REPORT_PARAMS))).isTrue();
        assertThat(StateRules.needsAgreementOfPeer(ALONE, ALONE.withConnection(DISCONNECTING))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"UpToDate,DUnknown,true", "UpToDate,Diskless,true", "UpToDate,Outdated,true",
            "UpToDate,Inconsistent,false",
            "Inconsistent,Failed,true", "Consistent,DUnknown,true", "Outdated,DUnknown,false", "DUnknown,Outdated,true",
            "DUnknown,Diskless,true", "DUnknown,Failed,true", "DUnknown,Inconsistent,false", "Diskless,DUnknown,false",
            "Negotiating,Diskless,false"})
    void contactToThePeersDataIsLost(String before, String after, boolean lost) {
        assertThat(StateRules.lostContact(MIRRORED_PRIMARY.withPeerDisk(disk(before)),
                MIRRORED_PRIMARY.withPeerDisk(disk(after))))
                .isEqualTo(lost);
    }

    @Test
    void reportOfThePeerIsTakenOverWithItsNegotiatingDiskRead() {
        VolumeState report = VolumeState.of(PRIMARY, SECONDARY, CONNECTED, NEGOTIATING, UP_TO_DATE)
                .withSyncPausedByUser(true);

        assertThat(StateRules.withReportOfPeer(MIRRORED, report, true)).isEqualTo(
                MIRRORED.withPeer(PRIMARY).withPeerDisk(INCONSISTENT).withSyncPausedByPeer(true));
        assertThat(StateRules.withReportOfPeer(MIRRORED, report, false).peerDisk()).isEqualTo(CONSISTENT);
    }

    private static VolumeState randomState(Random random) {
        return new VolumeState(Role.values()[random.nextInt(3)], Role.values()[random.nextInt(3)],
                ConnectionState.values()[random.nextInt(24)], DiskState.values()[random.nextInt(9)],
                DiskState.values()[random.nextInt(9)],
                random.nextBoolean(), random.nextBoolean(), random.nextBoolean(), random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean());
    }

    private static DiskState disk(String displayName) {
        for (DiskState disk : DiskState.values()) {
            if (disk.displayName().equals(displayName)) {
                return disk;
            }
        }
        throw new AssertionError(displayName);
    }

    private static ConnectionState connection(String displayName) {
        for (ConnectionState connection : ConnectionState.values()) {
            if (connection.displayName().equals(displayName)) {
                return connection;
            }
        }
        throw new AssertionError(displayName);
    }

    private static Role role(String displayName) {
        for (Role role : Role.values()) {
            if (role.displayName().equals(displayName)) {
                return role;
            }
        }
        throw new AssertionError(displayName);
    }
}
