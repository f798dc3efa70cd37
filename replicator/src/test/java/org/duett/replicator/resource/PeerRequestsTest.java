package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeRequest;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** State changes that need the other node's agreement: one question at a time, and each has one answer (spec wire 3.9). */
class PeerRequestsTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final UnaryOperator<VolumeState> PROMOTION = state -> state.withRole(Role.PRIMARY);

    private final TwoVolumes world = new TwoVolumes();
    private final PeerRequests requests = world.requests;
    private final List<StateChangeResult> answers = new ArrayList<>();

    @BeforeEach
    void connect() {
        world.parts.keepalive.start(9);
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<Packet> asks(UnaryOperator<VolumeState> change) {
        requests.ask(world.parts.volumeParts, change, (result, out) -> answers.add(result), world.out);
        return withoutPings();
    }

    private List<Packet> withoutPings() {
        return world.sent().stream().filter(packet -> !(packet instanceof Packet.Ping)).toList();
    }

    private List<Packet> replies(boolean wholeConnection, int volume, StateChangeResult result) {
        requests.replied(new Packet.StateChangeReply(wholeConnection, volume, result.wireCode()), world.out);
        return withoutPings();
    }

    private static Packet.StateChangeRequest asked(int volume, VolumeState from, VolumeState to) {
        StateChangeRequest request = StateChangeRequest.between(from, to);
        return new Packet.StateChangeRequest(false, volume, request.mask(), request.value());
    }

    // ---- ours

    @Test
    void volumesAreAskedForOneAfterTheOther() {
        requests.ask(world.parts.volumeParts, PROMOTION, (result, out) -> answers.add(result), world.out);
        List<Packet> sent = world.sent();
        assertThat(sent.getFirst()).as("a dead peer shows itself now").isInstanceOf(Packet.Ping.class);
        assertThat(sent.subList(1, sent.size())).containsExactly(asked(0, MIRRORED, PROMOTION.apply(MIRRORED)));
        assertThat(requests.isBusy()).isTrue();
        assertThat(replies(false, 1, StateChangeResult.SUCCESS)).as("it was not asked about that one").isEmpty();
        assertThat(replies(false, 0, StateChangeResult.SUCCESS)).containsExactly(asked(1, MIRRORED, PROMOTION.apply(MIRRORED)));
        assertThat(answers).isEmpty();
        assertThat(replies(false, 1, StateChangeResult.CLUSTER_WIDE_SUCCESS)).isEmpty();
        assertThat(answers).containsExactly(StateChangeResult.SUCCESS);
        assertThat(requests.isBusy()).isFalse();
        replies(false, 1, StateChangeResult.SUCCESS);
        assertThat(answers).hasSize(1);
    }

    @Test
    void whereNothingChangesNobodyIsAsked() {
        world.volume(0).commit(MIRRORED.withRole(Role.PRIMARY), "it is already");
        assertThat(asks(PROMOTION)).containsExactly(asked(1, MIRRORED, PROMOTION.apply(MIRRORED)));
        replies(false, 1, StateChangeResult.SUCCESS);
        world.volume(1).commit(MIRRORED.withRole(Role.PRIMARY), "it is now");
        assertThat(asks(PROMOTION)).isEmpty();
        assertThat(answers).containsExactly(StateChangeResult.SUCCESS, StateChangeResult.SUCCESS);
    }

    @ParameterizedTest
    @CsvSource({"SECONDARY, true, true", "SECONDARY, false, false", "PRIMARY, false, false"})
    void thatItAgreedToAPromotionIsRemembered(Role role, boolean promotion, boolean remembered) {
        world.commit(MIRRORED.withRole(role));
        asks(promotion ? PROMOTION : state -> state.withDisk(DiskState.FAILED));
        assertThat(world.each(0).peerAgreedToPrimary).isFalse();
        replies(false, 0, StateChangeResult.SUCCESS);
        assertThat(world.each(0).peerAgreedToPrimary).isEqualTo(remembered);
        assertThat(world.each(1).peerAgreedToPrimary).isFalse();
    }

    @Test
    void oneRefusalIsTheAnswer() {
        asks(PROMOTION);
        assertThat(replies(false, 0, StateChangeResult.TWO_PRIMARIES)).isEmpty();
        assertThat(answers).containsExactly(StateChangeResult.TWO_PRIMARIES);
        assertThat(requests.isBusy()).isFalse();
    }

    @Test
    void anAnswerThatNobodyKnowsIsARefusal() {
        asks(PROMOTION);
        requests.replied(new Packet.StateChangeReply(false, 0, -99), world.out);
        assertThat(answers).containsExactly(StateChangeResult.UNKNOWN_ERROR);
    }

    @Test
    void withTheConnectionTheAnswerIsLost() {
        requests.connectionLost(world.out);
        asks(PROMOTION);
        requests.connectionLost(world.out);
        assertThat(answers).containsExactly(StateChangeResult.NEED_CONNECTION);
        assertThat(requests.isBusy()).isFalse();
    }

    @Test
    void whoElseWantsToAskWaitsForHisTurn() {
        List<String> turns = new ArrayList<>();
        requests.inTurn(out -> turns.add("at once"), world.out);
        asks(PROMOTION);
        requests.inTurn(out -> {
            turns.add("first");
            asks(state -> state.withSyncPausedByUser(true));
        }, world.out);
        requests.inTurn(out -> turns.add("second"), world.out);
        assertThat(turns).containsExactly("at once");
        replies(false, 0, StateChangeResult.TWO_PRIMARIES);
        assertThat(turns).containsExactly("at once", "first");
        requests.connectionLost(world.out);
        assertThat(turns).containsExactly("at once", "first", "second");
    }

    @Test
    void theWholeConnectionIsAskedForOnce() {
        requests.askToDisconnect(state -> state.withPeerDisk(DiskState.OUTDATED), (result, out) -> answers.add(result), world.out);
        Packet.StateChangeRequest request = (Packet.StateChangeRequest) world.sent().getFirst();
        assertThat(request.wholeConnection()).isTrue();
        VolumeState wanted = new StateChangeRequest(request.mask(), request.value()).appliedTo(MIRRORED).orElseThrow();
        assertThat(wanted).isEqualTo(MIRRORED.withPeerDisk(DiskState.OUTDATED).withConnection(ConnectionState.DISCONNECTING));
        replies(false, 0, StateChangeResult.SUCCESS);
        assertThat(answers).as("that answers another kind of question").isEmpty();
        replies(true, 0, StateChangeResult.SUCCESS);
        assertThat(answers).containsExactly(StateChangeResult.SUCCESS);
    }

    /** Found by seed 2423159: the other disk was held to be Outdated, and had not been asked to be. */
    @Test
    void allDisksAreOutdatedAlsoWhereTheFirstOneIsAlready() {
        world.volume(0).commit(MIRRORED.withPeerDisk(DiskState.OUTDATED), "it is");
        requests.askToDisconnect(state -> state.withPeerDisk(DiskState.OUTDATED), (result, out) -> answers.add(result), world.out);
        Packet.StateChangeRequest request = (Packet.StateChangeRequest) world.sent().getFirst();
        VolumeState wanted = new StateChangeRequest(request.mask(), request.value()).appliedTo(MIRRORED).orElseThrow();
        assertThat(wanted.peerDisk()).isEqualTo(DiskState.OUTDATED);
    }

    // ---- the peer's

    /** As the peer asks, from its own point of view. */
    private List<Action> arrives(int volume, UnaryOperator<VolumeState> change) {
        VolumeState state = world.parts.partsOrNull(volume) == null ? MIRRORED : world.state(volume);
        VolumeState theirs = VolumeState.of(state.peer(), state.role(), state.connection(), state.peerDisk(), state.disk());
        requests.arrived(asked(volume, theirs, change.apply(theirs)), world.out);
        return world.actions();
    }

    private static StateChangeResult answerAmong(List<Action> actions) {
        Packet.StateChangeReply reply = (Packet.StateChangeReply) sentAmong(actions).stream().filter(Packet.StateChangeReply.class::isInstance).findFirst().orElseThrow();
        return StateChangeResult.fromWire(reply.code()).orElseThrow();
    }

    @Test
    void itMayBecomePrimaryOneVolumeAfterTheOther() {
        List<Action> actions = arrives(1, PROMOTION);
        assertThat(sentAmong(actions)).containsExactly(new Packet.StateChangeReply(false, 1, StateChangeResult.SUCCESS.wireCode()));
        assertThat(world.state(1).peer()).isEqualTo(Role.PRIMARY);
        assertThat(world.state(0).peer()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void besideAPrimaryItMayNot() {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        assertThat(answerAmong(arrives(0, PROMOTION)).isSuccess()).isFalse();
        assertThat(world.state(0).peer()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void ofTwoThatAskAtOnceTheOneWithTheFlagRefuses() {
        world.parts.resolveConflicts = true;
        asks(state -> state.withSyncPausedByUser(true));
        assertThat(answerAmong(arrives(0, PROMOTION))).isEqualTo(StateChangeResult.CONCURRENT_STATE_CHANGE);
        world.parts.resolveConflicts = false;
        assertThat(answerAmong(arrives(0, PROMOTION))).isEqualTo(StateChangeResult.SUCCESS);
    }

    @Test
    void aVolumeThatIsNotConfiguredCostsTheConnection() {
        arrives(7, PROMOTION);
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void ourRoleAndOurDiskAreNotForItToChange() {
        assertThat(answerAmong(arrives(0, state -> state.withPeer(Role.PRIMARY)))).isEqualTo(StateChangeResult.NOT_SUPPORTED);
        assertThat(answerAmong(arrives(0, state -> state.withPeerDisk(DiskState.OUTDATED)))).isEqualTo(StateChangeResult.NOT_SUPPORTED);
        assertThat(world.state(0)).isEqualTo(MIRRORED);
    }

    @Test
    void aStateThatThereIsNotIsNotSupported() {
        requests.arrived(new Packet.StateChangeRequest(false, 0, 0xf << 13, 0xf << 13), world.out);
        assertThat(answerAmong(world.actions())).isEqualTo(StateChangeResult.NOT_SUPPORTED);
    }

    @Test
    void thereIsNoVerify() {
        assertThat(answerAmong(arrives(0, state -> state.withConnection(ConnectionState.VERIFY_S)))).isEqualTo(StateChangeResult.NO_VERIFY_ALGORITHM);
    }

    @Test
    void inTheMidstOfAHandshakeNothingIsAgreed() {
        world.commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS));
        assertThat(answerAmong(arrives(0, PROMOTION))).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
    }

    /** It may never hear of our leave: until it tells that it has no disk, it has one. */
    @Test
    void whoAsksToDetachIsRememberedToHaveAsked() {
        assertThat(answerAmong(arrives(0, state -> state.withDisk(DiskState.FAILED))).isSuccess()).isTrue();
        assertThat(world.each(0).peerAsksToDetach).isTrue();
        assertThat(world.each(1).peerAsksToDetach).isFalse();
        assertThat(world.each(0).considerResync).isFalse();
    }

    /** Its data counts from now on, whatever its disk was called before. */
    @Test
    void whoIsPromotedByForceIsComparedWith() {
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        assertThat(answerAmong(arrives(0, state -> state.withRole(Role.PRIMARY).withDisk(DiskState.UP_TO_DATE))).isSuccess()).isTrue();
        assertThat(world.each(0).considerResync).isTrue();
        assertThat(world.each(0).peerAsksToDetach).isFalse();
    }

    @Test
    void whileWeAskForAnotherSizeNoFullSyncBegins() {
        world.each(0).resizeTicket = 5;
        world.each(0).resizeAskedOn = 9;
        assertThat(answerAmong(arrives(0, state -> state.withConnection(ConnectionState.STARTING_SYNC_S)))).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        assertThat(answerAmong(arrives(0, PROMOTION))).as("that is another matter").isEqualTo(StateChangeResult.SUCCESS);
    }

    /** It would be Primary beside a disk that it has not heard of yet (seed 102525). */
    @Test
    void beforeItHasComparedItIsNotPromoted() {
        world.each(0).sourceByCrossedAttach = true;
        assertThat(answerAmong(arrives(0, PROMOTION))).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        assertThat(answerAmong(arrives(0, state -> state.withSyncPausedByUser(true))).isSuccess()).isTrue();
    }

    /** Its question comes after its answer, by which our full sync has begun, or after both have grown: its disk is the source (seeds 7000146, 2547828). */
    @ParameterizedTest
    @CsvSource({"STARTING_SYNC_T, true", "WF_SYNC_UUID, true", "SYNC_TARGET, false"})
    void theSourceOfAResyncThatIsYetToBeginKeepsItsDisk(ConnectionState connection, boolean refused) {
        world.commit(MIRRORED.withConnection(connection).withDisk(DiskState.INCONSISTENT));
        world.each(0).targetBeforeSourceKnows = true;
        StateChangeResult result = answerAmong(arrives(0, state -> state.withDisk(DiskState.FAILED)));
        assertThat(result == StateChangeResult.CONCURRENT_STATE_CHANGE).isEqualTo(refused);
        world.each(0).targetBeforeSourceKnows = false;
        assertThat(answerAmong(arrives(0, state -> state.withDisk(DiskState.FAILED)))).isNotEqualTo(StateChangeResult.CONCURRENT_STATE_CHANGE);
    }

    // ---- the peer leaves

    private List<Action> leaves(UnaryOperator<VolumeState> change) {
        VolumeState state = world.state(0);
        VolumeState theirs = VolumeState.of(state.peer(), state.role(), ConnectionState.CONNECTED, state.peerDisk(), state.disk());
        StateChangeRequest request = StateChangeRequest.between(theirs, change.apply(theirs).withConnection(ConnectionState.DISCONNECTING));
        requests.arrived(new Packet.StateChangeRequest(true, 0, request.mask(), request.value()), world.out);
        return world.actions();
    }

    @Test
    void aPeerThatOutdatesItsDiskIsLetGoAtOnce() {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        List<Action> actions = leaves(state -> state.withDisk(DiskState.OUTDATED));
        assertThat(answerAmong(actions)).isEqualTo(StateChangeResult.SUCCESS);
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.parts.record.proof()).isEqualTo("the peer outdated its disk as it left");
    }

    /** It goes on alone as soon as it has our answer: by then we must know for good that we are behind (rule 13). */
    @Test
    void aPeerThatOutdatesUsIsAnsweredWhenThatIsOnOurDisks() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        List<Action> actions = leaves(state -> state.withPeerDisk(DiskState.OUTDATED));
        assertThat(sentAmong(actions)).isEmpty();
        List<DiskOperation> superblocks = orderedAmong(actions);
        assertThat(superblocks).hasSize(2);
        world.answer(superblocks.get(0), 0);
        assertThat(world.parts.socketsUp).isTrue();
        world.answer(superblocks.get(1), 0);
        assertThat(answerAmong(world.actions())).isEqualTo(StateChangeResult.SUCCESS);
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.state(1).disk()).isEqualTo(DiskState.OUTDATED);
    }

    @Test
    void aDiskThatCannotSaySoKeepsThePeerHere() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        List<DiskOperation> superblocks = orderedAmong(leaves(state -> state.withPeerDisk(DiskState.OUTDATED)));
        world.answer(superblocks.get(0), 0);
        world.answer(superblocks.get(1), Errno.EIO);
        assertThat(answerAmong(world.actions())).isEqualTo(StateChangeResult.NO_LOCAL_DISK);
        assertThat(world.parts.socketsUp).isTrue();
        world.volume(superblocks.get(0).volume).metadata().writeSuperblock(null, world.out);
        assertThat(world.superblockIn(orderedAmong(world.actions()).getFirst()).has(Superblock.WAS_UP_TO_DATE)).as("it was taken back").isTrue();
    }

    /** As its own wish to leave (seed 2807985): it would serve its host from a disk that is Outdated. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoIsToBePrimaryIsNotOutdated(boolean before) {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        if (before) world.roles.promote(7, false, world.out);
        List<Action> actions = leaves(state -> state.withPeerDisk(DiskState.OUTDATED));
        if (!before) {
            assertThat(orderedAmong(actions)).hasSize(2);
            world.roles.promote(7, false, world.out);
            orderedAmong(actions).forEach(superblock -> world.answer(superblock, 0));
            actions = world.actions();
        }
        assertThat(answerAmong(actions)).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        assertThat(world.parts.socketsUp).isTrue();
        world.volume(0).metadata().writeSuperblock(null, world.out);
        assertThat(world.superblockIn(orderedAmong(world.actions()).getFirst()).has(Superblock.WAS_UP_TO_DATE)).as("it is taken back, if it was marked").isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoIsGoneMeanwhileHearsNothing(boolean sameConnection) {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        List<DiskOperation> superblocks = orderedAmong(leaves(state -> state.withPeerDisk(DiskState.OUTDATED)));
        if (sameConnection) world.parts.socketsUp = false;
        else world.parts.connection++;
        superblocks.forEach(superblock -> world.answer(superblock, 0));
        assertThat(world.actions()).noneMatch(Action.SendPacket.class::isInstance);
    }

    @Test
    void whatGoesBeyondLeavingIsNotForItToAsk() {
        assertThat(answerAmong(leaves(state -> state.withPeer(Role.PRIMARY)))).isEqualTo(StateChangeResult.NOT_SUPPORTED);
        assertThat(answerAmong(leaves(state -> state.withPeerDisk(DiskState.INCONSISTENT)))).isEqualTo(StateChangeResult.NOT_SUPPORTED);
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withConnection(ConnectionState.CONNECTED));
        assertThat(answerAmong(leaves(state -> state.withPeerDisk(DiskState.OUTDATED)))).as("that would make it better").isEqualTo(StateChangeResult.NOT_SUPPORTED);
        assertThat(world.parts.socketsUp).isTrue();
    }

    @Test
    void whatOneVolumeCannotDoNoneDoes() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        world.volume(1).commit(MIRRORED.withPeer(Role.PRIMARY).withDisk(DiskState.INCONSISTENT), "that would be made better");
        List<Action> actions = leaves(state -> state.withPeerDisk(DiskState.OUTDATED));
        assertThat(answerAmong(actions)).isEqualTo(StateChangeResult.NOT_SUPPORTED);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(world.parts.socketsUp).isTrue();
    }
}
