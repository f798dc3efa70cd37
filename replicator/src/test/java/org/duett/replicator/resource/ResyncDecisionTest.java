package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.generation.SplitBrainPolicy.AfterSplitBrain;
import org.duett.replicator.generation.SplitBrainPolicy.RoleConflict;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StateRules;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose data counts when two nodes meet, or when one of them attaches its disk beside the other (spec wire 3.8, 5; states 4, 5). */
class ResyncDecisionTest {
    private static final VolumeState HANDSHAKE = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState PRIMARY = HANDSHAKE.withRole(Role.PRIMARY);
    private static final VolumeState MIRRORED = HANDSHAKE.withConnection(ConnectionState.CONNECTED);
    private static final int TICKET = 7;

    private TwoVolumes world = new TwoVolumes();
    private VolumeParts each;

    @BeforeEach
    void connect() {
        each = world.each(0);
        world.parts.keepalive.start(9);
        world.parts.peerWrites.connected(9);
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        becomes(HANDSHAKE);
        world.ours(20, 0, 0, 0);
        world.peers(20, 0, 0, 0);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void underTheFailoverDaemon() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        connect();
    }

    private void withPolicy(AfterSplitBrain withoutPrimary, AfterSplitBrain withPrimary, RoleConflict roleConflict) {
        SplitBrainPolicy policy = new SplitBrainPolicy(withoutPrimary, withPrimary, withPrimary, false, roleConflict);
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE,
                s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), false, s.onNoData(), s.net().withSplitBrain(policy), s.volumes()));
        connect();
    }

    private void becomes(VolumeState state) {
        world.commit(state);
        each.roleTold = state.role();
    }

    private ConnectionState connection() {
        return world.state(0).connection();
    }

    private static <P extends Packet> List<P> ofKind(List<Action> actions, Class<P> kind) {
        return sentAmong(actions).stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    private static List<String> handlersAmong(List<Action> actions) {
        return actions.stream().filter(Action.RunHandler.class::isInstance).map(action -> ((Action.RunHandler) action).handler()).toList();
    }

    private static List<String> kindsOf(List<Packet> packets) {
        return packets.stream().map(packet -> AttachedVolume.isBitmap(packet) ? "bitmap" : packet.getClass().getSimpleName()).distinct().toList();
    }

    private static String whatIsSaid(List<Action> actions) {
        return TwoVolumes.reportsAmong(actions).getFirst().report().whatHappened();
    }

    // ---- the handshake

    @Test
    void nodesOfOneGenerationAreConnected() {
        List<Action> actions = world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(ofKind(actions, Packet.State.class)).hasSize(1);
        assertThat(each.exchange).isNull();
    }

    @Test
    void whoIsAheadBecomesSourceAndSendsItsBitmapFirst() {
        world.ours(30, 20, 0, 0);
        List<Action> actions = world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        assertThat(kindsOf(sentAmong(actions))).containsExactly("State", "bitmap");
        assertThat(each.volume.bitmap().isAllClear()).isTrue();
    }

    @Test
    void whoIsBehindBecomesTargetAndWaitsForThatBitmap() {
        world.peers(30, 20, 0, 0);
        List<Action> actions = world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        assertThat(kindsOf(sentAmong(actions))).containsExactly("State");
    }

    @Test
    void whoseHistoryTheOtherIsAheadOfWithoutBitmapCopiesEverything() {
        world.ours(40, 30, 20, 0);
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        assertThat(each.wholeBitmap.isSetting()).isTrue();
    }

    @Test
    void unrelatedDataIsRefusedForGood() {
        world.peers(70, 60, 50, 40);
        world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(each.exchange).isNull();
    }

    @Test
    void aRoleThatChangedInTheMidstOfTheHandshakeBeginsItAnew() {
        each.roleTold = Role.PRIMARY;
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.UNCONNECTED);
    }

    @Test
    void twoPrimariesAreNotConnected() {
        each.roleTold = Role.PRIMARY;
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withPeer(Role.PRIMARY));
        world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    /** One generation, and marks all the same: the Primary is source, else who has the flag (spec wire 5.6). */
    @ParameterizedTest
    @CsvSource({"SECONDARY, SECONDARY, true, WF_BITMAP_S", "SECONDARY, SECONDARY, false, WF_BITMAP_T", "PRIMARY, SECONDARY, false, WF_BITMAP_S", "SECONDARY, PRIMARY, true, WF_BITMAP_T"})
    void whatDiffersAllTheSameIsResynced(Role role, Role peer, boolean flag, ConnectionState expected) {
        world.parts.resolveConflicts = flag;
        each.roleTold = role;
        each.volume.bitmap().setRange(1, 4);
        world.commit(HANDSHAKE.withRole(role).withPeer(peer));
        world.meet();
        assertThat(connection()).isEqualTo(expected);
    }

    @Test
    void aKernelDoesNotResyncForThat() {
        world.peerAnnounces(0);
        each.volume.bitmap().setRange(1, 4);
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    @Test
    void withoutADiskThereIsNothingToCompare() {
        world.commit(HANDSHAKE.withDisk(DiskState.DISKLESS));
        each.volume.peerGenerations = null;
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    /** Its host would see other data from one moment to the next. */
    @Test
    void aPrimaryWithoutADiskIsNotServedOtherData() {
        each.roleTold = Role.PRIMARY;
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withDisk(DiskState.DISKLESS));
        each.volume.setExposedIdentifier(20);
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void aPrimaryWithoutADiskWaitsForThePeersNewGeneration() {
        each.roleTold = Role.PRIMARY;
        each.volume.setExposedIdentifier(20);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withDisk(DiskState.DISKLESS));
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.parts.record.localLossIsOpen(each.volume)).isTrue();
    }

    // ---- what is told in it

    /** The peer compares what it was told (seed 200136). */
    @ParameterizedTest
    @CsvSource({"false, false, State", "true, false, Uuids", "false, true, Uuids"})
    void whatIsNewSinceTheIntroductionIsToldBeforeTheState(boolean generation, boolean crashed, String first) {
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT | Packet.ConnectionFeatures.WSAME);
        becomes(PRIMARY);
        world.parts.sendIdentifiers(each, 0, world.out);
        if (generation) world.ours(30, 20, 0, 0);
        each.volume.setCrashedPrimary(crashed);
        world.actions();
        world.decision.decide(each, world.state(0), TwoVolumes.report(Role.SECONDARY, DiskState.UP_TO_DATE), true, world.out);
        List<Packet> sent = world.sent();
        assertThat(sent.getFirst().getClass().getSimpleName()).isEqualTo(first);
        if (sent.getFirst() instanceof Packet.Uuids told) {
            assertThat(told.current() & ~1L).isEqualTo(generation ? 30 : 20);
            assertThat((int) told.flags()).isEqualTo(crashed ? PeerGenerations.CRASHED_PRIMARY | PeerGenerations.CACHE_LOST : PeerGenerations.CACHE_LOST);
        }
    }

    @Test
    void alsoToAPeerWithoutADisk() {
        world.parts.sendIdentifiers(each, 0, world.out);
        world.ours(30, 20, 0, 0);
        world.actions();
        becomes(HANDSHAKE.withPeerDisk(DiskState.DISKLESS));
        world.decision.decide(each, world.state(0), TwoVolumes.report(Role.SECONDARY, DiskState.DISKLESS), true, world.out);
        assertThat(kindsOf(world.sent())).containsExactly("Uuids", "State");
    }

    @Test
    void aResyncWhoseEndWasMissedIsPutRight() {
        world.ours(30, 20, 10, 0);
        world.peers(30, 0, 20, 10);
        assertThat(kindsOf(sentAmong(world.meet()))).containsExactly("State", "bitmap");
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
        assertThat(each.volume.identifiers().history0()).isEqualTo(20);
    }

    // ---- growing

    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, UP_TO_DATE, true", "INCONSISTENT, INCONSISTENT, false"})
    void whatHasGrownWhileTheyWereApartIsResyncedWhereThereIsData(DiskState disk, DiskState peerDisk, boolean resynced) {
        becomes(HANDSHAKE.withDisk(disk).withPeerDisk(peerDisk));
        each.grown = true;
        world.meet();
        assertThat(connection()).isEqualTo(resynced ? ConnectionState.WF_BITMAP_T : ConnectionState.CONNECTED);
        assertThat(each.grown).as("decided upon once").isFalse();
    }

    @Test
    void whatThePeerHasMarkedIsResyncedToo() {
        each.volume.peerGenerations = new PeerGenerations(each.volume.identifiers(), 3, 0);
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
    }

    // ---- roles

    /** By after-sb policy it is to be demoted, or to stay away if it cannot be (spec states 5.3). */
    @ParameterizedTest
    @CsvSource({"DISCARD_REMOTE, UNCONNECTED", "DISCARD_LOCAL, STAND_ALONE"})
    void ofTwoPrimariesNoneIsCopiedOver(AfterSplitBrain policy, ConnectionState expected) {
        withPolicy(policy, AfterSplitBrain.VIOLENTLY_AS0P, RoleConflict.VIOLENTLY);
        splitBrain();
        becomes(PRIMARY.withPeer(Role.PRIMARY));
        world.meet();
        assertThat(connection()).isEqualTo(expected);
        assertThat(each.exchange).isNull();
    }

    @Test
    void aPrimaryIsNotCopiedOver() {
        becomes(PRIMARY);
        world.peers(30, 20, 0, 0);
        List<Action> actions = world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(whatIsSaid(actions)).contains("this node is Primary and would be overwritten");
        world.connecting.demoted(world.out);
        assertThat(connection()).as("it connects again by itself").isEqualTo(ConnectionState.WF_CONNECTION);
    }

    /** What its host sees from now on is the source's data (seeds 1630214, 1630244). */
    @Test
    void aPrimaryWhoseDiskIsBehindIsServedByTheSource() {
        becomes(PRIMARY.withDisk(DiskState.INCONSISTENT));
        each.volume.setExposedIdentifier(20);
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        assertThat(each.volume.exposedIdentifier()).isEqualTo(30);
    }

    // ---- split brain

    private void splitBrain() {
        world.ours(30, 20, 0, 0);
        world.peers(40, 20, 0, 0);
    }

    @Test
    void aSplitBrainIsAnOperatorsToEnd() {
        splitBrain();
        List<Action> actions = world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(handlersAmong(actions)).containsExactly("initial-split-brain", "split-brain");
        assertThat(each.volume.identifiers().current()).isEqualTo(30);
    }

    /** Whoever used the loser's data has to hear of it. */
    @ParameterizedTest
    @CsvSource({"DISCARD_LOCAL, WF_BITMAP_T, alpha", "DISCARD_REMOTE, WF_BITMAP_S, beta"})
    void aPolicyEndsItAndTheLossIsTold(AfterSplitBrain policy, ConnectionState expected, String loser) {
        withPolicy(policy, AfterSplitBrain.DISCONNECT, RoleConflict.DISCONNECT);
        splitBrain();
        List<Action> actions = world.meet();
        assertThat(connection()).isEqualTo(expected);
        assertThat(whatIsSaid(actions)).contains("what was written on " + loser + " since the nodes parted is given up");
        assertThat(TwoVolumes.reportsAmong(actions).getFirst().report().keptSafe()).doesNotContain(loser);
        assertThat(handlersAmong(actions)).containsExactly("initial-split-brain");
    }

    @Test
    void whereNothingIsLostNothingIsTold() {
        world.ours(30, 20, 0, 0);
        assertThat(TwoVolumes.reportsAmong(world.meet())).isEmpty();
    }

    @Test
    void aPrimaryThatLosesAndThatNobodyUsesIsDemotedFirst() {
        withPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, RoleConflict.DISCONNECT);
        splitBrain();
        becomes(PRIMARY);
        List<Action> actions = world.meet();
        assertThat(connection()).as("the next handshake finds a Secondary").isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(actions).as("it gives its role up").contains(new Action.StoreTerm(0));
        assertThat(each.exchange).isNull();
    }

    @Test
    void oneThatIsUsedStaysAloneAndItsHandlerIsCalled() {
        withPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, RoleConflict.DISCONNECT);
        splitBrain();
        becomes(PRIMARY);
        each.exportUsers = 1;
        List<Action> actions = world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(handlersAmong(actions)).contains("pri-lost-after-sb");
        assertThat(actions).doesNotContain(new Action.StoreTerm(0));
        world.connecting.demoted(world.out);
        assertThat(connection()).isEqualTo(ConnectionState.WF_CONNECTION);
    }

    /** Found by seed 2205292: the peer attached its disk in the connection, heard nothing, and waited for ever. */
    @Test
    void norDoesItLetAPeerWaitThatAttachesTheDiskThatWins() {
        withPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.CALL_PRI_LOST_AFTER_SB, RoleConflict.DISCONNECT);
        splitBrain();
        becomes(PRIMARY.withConnection(ConnectionState.CONNECTED).withPeer(Role.SECONDARY).withPeerDisk(DiskState.DISKLESS));
        each.exportUsers = 1;
        world.actions();
        VolumeState told = world.state(0).withPeerDisk(DiskState.NEGOTIATING);
        VolumeState report = TwoVolumes.report(Role.SECONDARY, DiskState.NEGOTIATING).withConnection(ConnectionState.CONNECTED);
        world.decision.decide(each, told, report, false, world.out);
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void aSecondaryIsTheTargetWithoutMoreAdo() {
        withPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCARD_SECONDARY, RoleConflict.DISCONNECT);
        splitBrain();
        becomes(HANDSHAKE.withPeer(Role.PRIMARY));
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
    }

    /** Found by seed 1833466: it attached its own disk, which won by the policy, and what its host had written through the other one was gone (promise 1). */
    @ParameterizedTest
    @EnumSource(names = {"PRIMARY", "SECONDARY"})
    void noPolicyGivesUpWhatAPrimaryWithoutADiskIsServed(Role role) {
        withPolicy(AfterSplitBrain.DISCARD_LOCAL, AfterSplitBrain.DISCARD_SECONDARY, RoleConflict.DISCONNECT);
        splitBrain();
        boolean attachesHere = role == Role.PRIMARY;
        each.parkedDisk = DiskState.UP_TO_DATE;
        Role other = attachesHere ? Role.SECONDARY : Role.PRIMARY;
        world.commit(VolumeState.of(role, other, ConnectionState.CONNECTED, attachesHere ? DiskState.NEGOTIATING : DiskState.UP_TO_DATE, attachesHere ? DiskState.UP_TO_DATE : DiskState.DISKLESS));
        VolumeState word = VolumeState.of(other, role, ConnectionState.CONNECTED, attachesHere ? DiskState.UP_TO_DATE : DiskState.NEGOTIATING, attachesHere ? DiskState.NEGOTIATING : DiskState.UP_TO_DATE);
        world.decision.decide(each, StateRules.withReportOfPeer(world.state(0), word, false), word, false, world.out);
        List<Action> actions = world.actions();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(whatIsSaid(actions)).contains("would be given up from which the Primary's host is served");
    }

    /** A disk that waits for the peer's word is told as Inconsistent or not, and no more: both decide by that. */
    @ParameterizedTest
    @CsvSource({"NEGOTIATING, WF_BITMAP_S", "OUTDATED, WF_BITMAP_T"})
    void anOutdatedDiskIsOneWhereThePeerHearsThatItIs(DiskState told, ConnectionState expected) {
        withPolicy(AfterSplitBrain.DISCARD_REMOTE, AfterSplitBrain.DISCONNECT, RoleConflict.DISCONNECT);
        splitBrain();
        each.parkedDisk = DiskState.OUTDATED;
        becomes(HANDSHAKE.withDisk(told));
        world.meet();
        assertThat(connection()).isEqualTo(expected);
    }

    // ---- one of the two has no disk

    @ParameterizedTest
    @CsvSource({"DISKLESS, UP_TO_DATE", "UP_TO_DATE, DISKLESS", "UP_TO_DATE, FAILED"})
    void withOneDiskThereIsNothingToCopy(DiskState disk, DiskState peerDisk) {
        world.peers(70, 60, 50, 40);
        becomes(HANDSHAKE.withDisk(disk).withPeerDisk(peerDisk));
        assertThat(kindsOf(sentAmong(world.meet()))).containsExactly("State");
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    private void hasNoDisk() {
        becomes(PRIMARY.withDisk(DiskState.DISKLESS));
        each.volume.stopUsingDisk(world.out);
        world.actions();
    }

    @Test
    void whoHasNoDiskComparesLaterByWhatItWasServed() {
        becomes(HANDSHAKE.withDisk(DiskState.DISKLESS));
        each.volume.stopUsingDisk(world.out);
        world.peers(30, 20, 0, 0);
        world.meet();
        assertThat(each.volume.exposedIdentifier()).isEqualTo(30);
    }

    /** It is not outdated by anybody. */
    @Test
    void anOutdatedCopyOfWhatTheHostHasSeenIsGood() {
        hasNoDisk();
        becomes(world.state(0).withPeerDisk(DiskState.OUTDATED));
        world.meet();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    /** It refuses other data, and says no more of it. */
    @ParameterizedTest
    @CsvSource({"0, UP_TO_DATE", Packet.ConnectionFeatures.DUETT + ", OUTDATED"})
    void aKernelThatIsPrimaryWithoutADiskTakesOurOutdatedOne(int features, DiskState expected) {
        world.peerAnnounces(features);
        becomes(HANDSHAKE.withPeer(Role.PRIMARY).withDisk(DiskState.OUTDATED).withPeerDisk(DiskState.DISKLESS));
        world.meet();
        assertThat(world.state(0).disk()).isEqualTo(expected);
    }

    /** Whoever followed the other advice would give up what was answered last. */
    @ParameterizedTest
    @CsvSource({"30, 20, 0, true", "20, 30, 20, false", "50, 40, 0, false"})
    void whoseHostHasSeenOtherDataHearsWhereThatIs(long current, long peers, long peersPast, boolean onOwnDisk) {
        world.ours(current, onOwnDisk ? 20 : 0, 0, 0);
        world.peers(peers, peersPast, 0, 0);
        hasNoDisk();
        each.volume.setExposedIdentifier(30 + peers);
        List<Action> actions = world.meet();
        assertThat(world.parts.isStandAlone()).isTrue();
        assertThat(TwoVolumes.reportsAmong(actions).getFirst().report().whatToDo().contains("duett attach r0/0")).isEqualTo(onOwnDisk);
    }

    /** It may have been promoted since, and have come without the disk that would tell (rules 8, 24). */
    @Test
    void aPrimaryThatWaitsForLeaveIsNotLetGoOnByAPeerWithoutADisk() {
        underTheFailoverDaemon();
        lossIsOpen();
        becomes(PRIMARY.withPeerDisk(DiskState.DISKLESS));
        List<Action> actions = world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(whatIsSaid(actions)).contains("nobody can say whether it went on alone");
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"leave", "a disk", "none lost"})
    void otherwiseTheyAreConnected(String why) {
        underTheFailoverDaemon();
        if (!why.equals("none lost")) lossIsOpen();
        if (why.equals("leave")) world.parts.record.allowAlone(true, "the test", world.out);
        becomes(PRIMARY.withPeerDisk(why.equals("a disk") ? DiskState.UP_TO_DATE : DiskState.DISKLESS));
        world.meet();
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    private void lossIsOpen() {
        becomes(PRIMARY.withConnection(ConnectionState.WF_CONNECTION).withPeerDisk(DiskState.UNKNOWN));
        world.parts.record.peerLost(each.volume, MIRRORED, false, world.out);
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
    }

    /** Rule 4: it is on record that the copy lacks what was held, or it lacks nothing. */
    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, false", "DISKLESS, true"})
    void whatWasLostIsOverWithACopyAndOnRecordWithoutOne(DiskState peerDisk, boolean generation) {
        underTheFailoverDaemon();
        lossIsOpen();
        world.parts.record.allowAlone(true, "the test", world.out);
        becomes(PRIMARY.withPeerDisk(peerDisk));
        world.meet();
        assertThat(world.parts.record.isOpen(each.volume)).isFalse();
        assertThat(GenerationIdentifiers.sameGeneration(each.volume.identifiers().current(), 20)).isEqualTo(!generation);
    }

    // ---- a disk that is attached while connected

    private VolumeState itsWord(Role role, DiskState disk, ConnectionState connection) {
        return VolumeState.of(role, world.state(0).role(), connection, disk, DiskState.NEGOTIATING);
    }

    private List<Action> hears(VolumeState report) {
        VolumeState told = StateRules.withReportOfPeer(world.state(0), report, each.volume.peerGenerations.isInconsistent());
        world.decision.decide(each, told, report, false, world.out);
        return world.actions();
    }

    private List<Action> hears(DiskState peerDisk, ConnectionState connection) {
        return hears(itsWord(Role.SECONDARY, peerDisk, connection));
    }

    private void attachedHere() {
        becomes(MIRRORED.withDisk(DiskState.NEGOTIATING));
        each.parkedDisk = DiskState.CONSISTENT;
        world.parts.sendIdentifiers(each, 0, world.out);
        world.actions();
        each.attachTicket = TICKET;
    }

    private void attachedThere() {
        becomes(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        world.parts.sendIdentifiers(each, 0, world.out);
        world.actions();
    }

    @Test
    void aDiskOfTheSameGenerationIsTakenAsItIs() {
        attachedHere();
        List<Action> actions = hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED);
        assertThat(sentAmong(actions)).as("the peer does not wait").isEmpty();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(each.parkedDisk).as("nothing waits any more").isEqualTo(DiskState.DISKLESS);
    }

    /** Found by seed 2831242: they stayed marked on a connection that passed for mirrored. */
    @Test
    void whatWasWrittenWhileItWaitedIsCopiedInTheNextConnection() {
        attachedHere();
        each.volume.bitmap().setOutOfSync(8, 4096);
        hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(each.volume.bitmap().setBits()).isEqualTo(1);
    }

    @Test
    void aPeerThatWaitsForOurWordIsAnswered() {
        attachedThere();
        assertThat(kindsOf(sentAmong(hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED)))).containsExactly("Uuids", "State");
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    /** It takes no bitmap before (spec wire 3.0). */
    @Test
    void aDiskThatIsBehindIsResyncedWhenThePeerHasHeardSo() {
        world.ours(30, 20, 0, 0);
        attachedThere();
        assertThat(kindsOf(sentAmong(hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED)))).containsExactly("Uuids", "State", "bitmap");
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_S);
    }

    @Test
    void whoHasDecidedByItselfNeedsNoAnswer() {
        world.ours(30, 20, 0, 0);
        attachedThere();
        assertThat(kindsOf(sentAmong(hears(DiskState.NEGOTIATING, ConnectionState.WF_BITMAP_T)))).containsExactly("bitmap");
    }

    /** As they were compared here: with the end of the resync put right the peer could come to another end (seed 2695). */
    @Test
    void aMissedEndIsToldAsItWasAndThenPutRight() {
        world.ours(30, 20, 10, 0);
        world.peers(30, 0, 20, 10);
        attachedThere();
        List<Action> actions = hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED);
        assertThat(sentAmong(actions).subList(0, 3)).extracting(packet -> packet.getClass().getSimpleName()).containsExactly("Uuids", "State", "Uuids");
        assertThat(ofKind(actions, Packet.Uuids.class).getFirst().bitmap()).isEqualTo(20);
        assertThat(ofKind(actions, Packet.Uuids.class).getLast().history0()).isEqualTo(20);
    }

    /** What was marked since we introduced ourselves is in the answer. */
    @Test
    void ofWhatIsMarkedByThenThePeerHearsInTheAnswer() {
        attachedThere();
        each.volume.bitmap().setRange(1, 4);
        List<Action> actions = hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(ConnectionState.WF_BITMAP_T);
        assertThat(ofKind(actions, Packet.Uuids.class).getFirst().outOfSyncBits()).isEqualTo(3);
    }

    /** Only the attach is undone (spec states 4.2). */
    @Test
    void aDiskThatDoesNotFitIsGivenUpAndTheConnectionStays() {
        world.peers(70, 60, 50, 40);
        attachedHere();
        List<Action> actions = hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(actions).anyMatch(action -> action instanceof Action.FinishCommand finish && finish.ticket() == TICKET && finish.result() instanceof CommandResult.Refused);
        assertThat(each.volume.identifiers().current()).isEqualTo(20);
    }

    /** Found by seeds 3096395 and 3096427: what is told with the refusal was not heard, and nothing else tells it. No disk becomes better by that, as it has not been compared. */
    @ParameterizedTest
    @CsvSource({"CONSISTENT, OUTDATED, OUTDATED", "OUTDATED, UP_TO_DATE, OUTDATED"})
    void theWordThatRefusesADiskIsHeardAllTheSame(DiskState before, DiskState told, DiskState expected) {
        world.peers(70, 60, 50, 40);
        attachedHere();
        becomes(MIRRORED.withDisk(DiskState.NEGOTIATING).withPeerDisk(before).withSyncPausedByPeer(true));
        hears(told, ConnectionState.CONNECTED);
        assertThat(world.state(0)).isEqualTo(MIRRORED.withDisk(DiskState.DISKLESS).withPeerDisk(expected));
    }

    /** It was asked for with this disk, not with the other data that the peer holds (promise 2). */
    @Test
    void norIsThePromotionThatWaitedForIt() {
        world.peers(70, 60, 50, 40);
        attachedHere();
        world.roles.promote(TICKET + 1, false, world.out);
        world.roles.attachedDevicesSeen(List.of(), world.out);
        world.actions();
        assertThat(hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED))
                .anyMatch(action -> action instanceof Action.FinishCommand finish && finish.ticket() == TICKET + 1 && finish.result() instanceof CommandResult.Refused);
    }

    /** Its host goes on, and the peer gives its newer disk up. */
    @Test
    void aPrimaryIsNotCopiedOverByADiskThatIsAttachedThereEither() {
        world.peers(30, 20, 0, 0);
        becomes(MIRRORED.withRole(Role.PRIMARY).withPeerDisk(DiskState.DISKLESS));
        List<Action> actions = hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(kindsOf(sentAmong(actions))).containsExactly("Uuids", "State");
        assertThat(whatIsSaid(actions)).contains("this node is Primary and would be overwritten");
    }

    /** It compares when it hears from us, and gives its disk up. A kernel would take us at our word. */
    @ParameterizedTest
    @CsvSource({Packet.ConnectionFeatures.DUETT + ", NEGOTIATING", "0, DISKLESS"})
    void aDiskOfThePeersThatDoesNotFitIsAnsweredAndOursStays(int features, DiskState seen) {
        world.peerAnnounces(features);
        world.peers(70, 60, 50, 40);
        attachedThere();
        List<Action> actions = hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED);
        assertThat(kindsOf(sentAmong(actions))).containsExactly("Uuids", "State");
        assertThat(VolumeState.fromWire(ofKind(actions, Packet.State.class).getFirst().word()).orElseThrow().peerDisk()).isEqualTo(seen);
        assertThat(world.state(0)).isEqualTo(MIRRORED.withPeerDisk(DiskState.DISKLESS));
        assertThat(TwoVolumes.reportsAmong(actions)).hasSize(1);
    }

    /** While nobody serves the failover daemon would start on the disk that is there, and nobody would have decided (promise 2). */
    @ParameterizedTest
    @CsvSource({"true, SECONDARY, STAND_ALONE", "true, PRIMARY, CONNECTED", "false, SECONDARY, CONNECTED"})
    void aSplitBrainOfAnAttachedDiskEndsTheConnectionWhereNobodyServes(boolean cluster, Role peer, ConnectionState expected) {
        if (cluster) underTheFailoverDaemon();
        splitBrain();
        attachedHere();
        List<Action> actions = hears(itsWord(peer, DiskState.UP_TO_DATE, ConnectionState.CONNECTED));
        assertThat(connection()).isEqualTo(expected);
        assertThat(TwoVolumes.reportsAmong(actions).getFirst().report().whatToDo().contains("duett attach")).as("where it is given up it is to be attached again before anything can be chosen")
                .isEqualTo(expected == ConnectionState.CONNECTED);
    }

    @Test
    void unrelatedDataThereEndsNoConnection() {
        underTheFailoverDaemon();
        world.peers(70, 60, 50, 40);
        attachedHere();
        hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(ConnectionState.CONNECTED);
    }

    /** A forced promotion there had it compared again. */
    @Test
    void whatDoesNotFitWithoutAnAttachEndsTheConnection() {
        splitBrain();
        becomes(MIRRORED);
        hears(DiskState.UP_TO_DATE, ConnectionState.CONNECTED);
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"true, WF_BITMAP_S", "false, CONNECTED"})
    void ofANegotiatingDiskItsFlagSaysWhetherItIsGood(boolean inconsistent, ConnectionState expected) {
        attachedThere();
        world.peers(new GenerationIdentifiers(20, 0, 0, 0), inconsistent ? PeerGenerations.INCONSISTENT : 0);
        hears(DiskState.NEGOTIATING, ConnectionState.CONNECTED);
        assertThat(connection()).isEqualTo(expected);
    }
}
