package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person or the failover daemon orders: when it is refused and why, and that its answer comes when the thing is so (rules 8, 13, 20, 23). */
class OperatorCommandsTest {
    private static final long TICKET = 7;
    private static final long MILLI = 1_000_000;
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world;
    private PeerRequests requests;
    private RoleControl roles;
    private Freeze freeze;
    private DiskControl disks;
    private OperatorCommands commands;

    @BeforeEach
    void connect() {
        with(Fencing.DONT_CARE);
    }

    private void with(Fencing fencing) {
        if (world != null) world.close();
        world = new TwoVolumes(fencing);
        Outdating outdating = world.outdating;
        Connecting connecting = world.connecting;
        ResyncControl resync = world.resync;
        requests = world.requests;
        roles = world.roles;
        disks = world.diskControl;
        freeze = new Freeze(world.parts);
        commands = new OperatorCommands(world.parts, connecting, resync, requests, disks, roles, freeze, outdating, new Resizing(world.parts));
        world.parts.keepalive.start(9);
        world.parts.contact = 4;
        for (VolumeParts each : world.parts.volumeParts) {
            each.volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            each.volume.metadata().flushData(null, world.out);
        }
        world.answerAll();
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void alone(VolumeState state) {
        world.parts.socketsUp = false;
        world.commit(state);
    }

    private List<Action> ordered(Command command) {
        commands.arrived(TICKET, command, world.out);
        return world.actions();
    }

    private static CommandResult resultAmong(List<Action> actions) {
        List<CommandResult> results = actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).toList();
        assertThat(results).hasSizeLessThan(2);
        return results.isEmpty() ? null : results.getFirst();
    }

    private static void isRefused(List<Action> actions, StateChangeResult code, String why) {
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(actions);
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.report().toString()).contains(why);
    }

    private static void isDone(List<Action> actions, String text) {
        assertThat(((CommandResult.Done) resultAmong(actions)).text()).contains(text);
    }

    private List<Action> peerAnswers(boolean wholeConnection, StateChangeResult result) {
        requests.replied(new Packet.StateChangeReply(wholeConnection, 0, result.wireCode()), world.out);
        return world.actions();
    }

    // ---- volumes

    @Test
    void whatConcernsAllVolumesIsAnsweredOnce() {
        alone(ALONE.withDisk(DiskState.DISKLESS));
        isDone(ordered(new Command.Detach(-1, false)), "is Diskless");
        isDone(ordered(new Command.Detach(1, false)), "is Diskless");
        isRefused(ordered(new Command.Detach(5, false)), StateChangeResult.NOT_SUPPORTED, "it has no volume 5");
    }

    // ---- attach and detach

    /** What hangs is not waited for twice; by force it is given up at once. */
    @ParameterizedTest
    @CsvSource({"detaching, a detach is under way", "closing, a detach is under way"})
    void aDetachThatIsUnderWayIsWaitedForUnlessByForce(String what, String why) {
        alone(MIRRORED.withConnection(ConnectionState.STAND_ALONE).withPeerDisk(DiskState.UNKNOWN));
        VolumeParts each = world.each(0);
        each.detaching = what.equals("detaching");
        each.closingDisk = what.equals("closing");
        isRefused(ordered(new Command.Detach(0, false)), StateChangeResult.IN_TRANSIENT_STATE, why);
        isDone(ordered(new Command.Detach(0, true)), "given up");
        assertThat(each.volume.failure()).isNotNull();
    }

    @Test
    void whoHasADiskAttachesNoOther() {
        isRefused(ordered(new Command.Attach(0)), StateChangeResult.DEVICE_IN_USE, "a disk is attached already");
        world.each(0).closingDisk = true;
        isRefused(ordered(new Command.Attach(0)), StateChangeResult.DEVICE_IN_USE, "have not come back yet");
    }

    @Test
    void withoutADiskOneIsAttached() {
        world.volume(0).stopUsingDisk(world.out);
        world.volume(0).diskClosed();
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        assertThat(ordered(new Command.Attach(0))).anyMatch(Action.OpenDisk.class::isInstance);
        isRefused(ordered(new Command.Attach(0)), StateChangeResult.DEVICE_IN_USE, "a disk is attached already");
    }

    @Test
    void aloneADiskIsDetachedAtOnce() {
        alone(ALONE);
        assertThat(resultAmong(ordered(new Command.Detach(0, false)))).isNull();
        assertThat(world.each(0).detaching).isTrue();
        isRefused(ordered(new Command.Detach(0, false)), StateChangeResult.IN_TRANSIENT_STATE, "a detach is under way");
    }

    @Test
    void byForceItIsGivenUpAsItIs() {
        isDone(ordered(new Command.Detach(0, true)), "given up");
        assertThat(world.volume(0).failure()).isEqualTo(DiskFailure.TIMEOUT);
        assertThat(world.volume(0).failureErrno()).isEqualTo(Errno.ETIMEDOUT);
        world.volume(0).forgetFailure();
        world.each(0).closingDisk = true;
        isDone(ordered(new Command.Detach(0, true)), "given up");
    }

    @Test
    void theOnlyGoodCopyInUseIsKept() {
        alone(ALONE.withRole(Role.PRIMARY));
        isRefused(ordered(new Command.Detach(0, false)), StateChangeResult.NO_UP_TO_DATE_DISK, "it is the only good copy, and in use");
        assertThat(world.each(0).detaching).isFalse();
    }

    @Test
    void connectedThePeerIsAskedFirst() {
        List<Action> actions = ordered(new Command.Detach(0, false));
        assertThat(sentAmong(actions).stream().filter(Packet.StateChangeRequest.class::isInstance)).hasSize(1);
        assertThat(world.each(0).asksToDetach).isTrue();
        assertThat(world.each(0).detaching).isFalse();
        peerAnswers(false, StateChangeResult.SUCCESS);
        assertThat(world.each(0).asksToDetach).isFalse();
        assertThat(world.each(0).detaching).isTrue();
    }

    @Test
    void whatThePeerRefusesIsNotDetached() {
        ordered(new Command.Detach(0, false));
        isRefused(peerAnswers(false, StateChangeResult.NO_UP_TO_DATE_DISK), StateChangeResult.REFUSED_BY_PEER, "beta refused the detach");
        assertThat(world.each(0).detaching).isFalse();
    }

    @Test
    void aConnectionThatIsLostMeanwhileIsTheAnswer() {
        ordered(new Command.Detach(0, false));
        world.parts.socketsUp = false;
        requests.connectionLost(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "the connection was lost");
    }

    @Test
    void aDiskThatIsGoneMeanwhileIsTheAnswerToo() {
        ordered(new Command.Detach(0, false));
        world.volume(0).stopUsingDisk(world.out);
        isDone(peerAnswers(false, StateChangeResult.SUCCESS), "is UpToDate");
        assertThat(world.each(0).detaching).isFalse();
    }

    /** While the peer is asked it hears nothing of us, and so not that a Primary writes to it now (seed 2504913). */
    @Test
    void besideAPeerNothingIsDetachedInTheMidstOfAPromotion() {
        ordered(new Command.Promote(false));
        isRefused(ordered(new Command.Detach(0, false)), StateChangeResult.IN_TRANSIENT_STATE, "this node is being promoted");
        assertThat(world.each(0).asksToDetach).isFalse();
    }

    /** The peer may have been given leave for its own disk while it answered (seed 30229). */
    @Test
    void whatHasBecomeTheOnlyCopyMeanwhileStays() {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        ordered(new Command.Detach(0, false));
        world.commit(MIRRORED.withRole(Role.PRIMARY).withPeerDisk(DiskState.DISKLESS));
        List<Action> actions = peerAnswers(false, StateChangeResult.SUCCESS);
        isRefused(actions, StateChangeResult.NO_UP_TO_DATE_DISK, "it is the only good copy, and in use");
        assertThat(sentAmong(actions).stream().filter(Packet.State.class::isInstance)).as("it hears that this one stays").isNotEmpty();
    }

    /** For the peer that would be our word that the disk stays all the same. */
    @Test
    void whileItIsAskedNoStateIsToldButAfterwards() {
        ordered(new Command.Detach(0, false));
        world.parts.sendState(world.volume(0), world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(world.each(0).stateIsDue).isTrue();
        List<Action> actions = peerAnswers(false, StateChangeResult.NO_UP_TO_DATE_DISK);
        assertThat(sentAmong(actions).stream().filter(Packet.State.class::isInstance)).hasSize(1);
    }

    // ---- connect and disconnect

    @Test
    void whoIsConnectedNeedNotConnect() {
        isDone(ordered(new Command.Connect(false)), "is Connected already");
        isRefused(ordered(new Command.Connect(true)), StateChangeResult.NOT_SUPPORTED, "it is Connected");
    }

    @Test
    void whoStandsAloneConnects() {
        alone(ALONE);
        List<Action> actions = ordered(new Command.Connect(false));
        isDone(actions, "connecting");
        assertThat(actions).anyMatch(Action.Connect.class::isInstance);
        assertThat(world.state(1).connection()).isEqualTo(ConnectionState.WF_CONNECTION);
    }

    /** It was trying already, without leave to discard. */
    @Test
    void whoTriesAlreadyMayBeToldToDiscardItsData() {
        alone(ALONE.withConnection(ConnectionState.WF_CONNECTION));
        List<Action> actions = ordered(new Command.Connect(true));
        isDone(actions, "connecting");
        assertThat(actions.stream().filter(Action.Disconnect.class::isInstance)).hasSize(1);
        assertThat(actions.stream().filter(Action.Connect.class::isInstance)).hasSize(1);
    }

    @Test
    void aPrimaryDiscardsNothing() {
        alone(ALONE.withRole(Role.PRIMARY));
        isRefused(ordered(new Command.Connect(true)), StateChangeResult.NOT_SUPPORTED, "a Primary cannot discard its data");
        world.commit(ALONE.withRole(Role.PRIMARY).withConnection(ConnectionState.WF_CONNECTION));
        isRefused(ordered(new Command.Connect(true)), StateChangeResult.NOT_SUPPORTED, "it is WFConnection");
    }

    @Test
    void whoStandsAloneOrMeetsNobodyLeavesAtOnce() {
        alone(ALONE);
        isDone(ordered(new Command.Disconnect(false)), "is StandAlone already");
        alone(ALONE.withConnection(ConnectionState.WF_CONNECTION));
        isDone(ordered(new Command.Disconnect(false)), "is StandAlone");
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void connectedThePeerIsAskedToLetGo() {
        List<Action> actions = ordered(new Command.Disconnect(false));
        assertThat(((Packet.StateChangeRequest) sentAmong(actions).getFirst()).wholeConnection()).isTrue();
        assertThat(world.parts.isStandAlone()).isFalse();
        isDone(peerAnswers(true, StateChangeResult.SUCCESS), "is StandAlone");
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void byForceNobodyIsAsked() {
        isDone(ordered(new Command.Disconnect(true)), "is StandAlone");
        assertThat(world.parts.isStandAlone()).isTrue();
    }

    @Test
    void whatThePeerRefusesIsNotLeft() {
        ordered(new Command.Disconnect(false));
        isRefused(peerAnswers(true, StateChangeResult.IN_TRANSIENT_STATE), StateChangeResult.REFUSED_BY_PEER, "beta refused to let go");
        assertThat(world.parts.socketsUp).isTrue();
    }

    @Test
    void aConnectionThatIsLostMeanwhileIsLeft() {
        ordered(new Command.Disconnect(false));
        world.parts.socketsUp = false;
        requests.connectionLost(world.out);
        isDone(world.actions(), "is StandAlone");
    }

    /** It lets us go as one that knows that it is behind: on disk, before it is asked again (spec states 8; rule 13). */
    @Test
    void aPrimaryWithAFencingPolicyIsLeftOutdated() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        ordered(new Command.Disconnect(false));
        List<Action> actions = peerAnswers(true, StateChangeResult.PRIMARY_NOP);
        List<DiskOperation> superblocks = orderedAmong(actions);
        assertThat(superblocks).isNotEmpty();
        assertThat(sentAmong(actions)).isEmpty();
        superblocks.forEach(operation -> world.answer(operation, 0));
        assertThat(((Packet.StateChangeRequest) sentAmong(world.actions()).getFirst()).wholeConnection()).isTrue();
        isDone(peerAnswers(true, StateChangeResult.SUCCESS), "is StandAlone");
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
    }

    /** Found by seed 2807985: the other one was demoted meanwhile, and this one, Primary in its stead, served its host from a disk that was Outdated when the connection went. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whoIsToBePrimaryMeanwhileDoesNotLeaveOutdated(boolean beforeTheAnswer) {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        ordered(new Command.Disconnect(false));
        if (beforeTheAnswer) ordered(new Command.Promote(false));
        List<Action> actions = peerAnswers(true, StateChangeResult.PRIMARY_NOP);
        assertThat(orderedAmong(actions)).hasSize(beforeTheAnswer ? 0 : 2);
        if (!beforeTheAnswer) {
            ordered(new Command.Promote(false));
            orderedAmong(actions).forEach(operation -> world.answer(operation, 0));
            actions = world.actions();
        }
        isRefused(actions, beforeTheAnswer ? StateChangeResult.REFUSED_BY_PEER : StateChangeResult.IN_TRANSIENT_STATE, beforeTheAnswer ? "refused to let go" : "ordered to be Primary");
        assertThat(sentAmong(actions)).isEmpty();
        world.volume(0).metadata().writeSuperblock(null, world.out);
        assertThat(world.superblockIn(orderedAmong(world.actions()).getFirst()).has(Superblock.WAS_UP_TO_DATE)).as("it is taken back, if it was marked").isTrue();
    }

    @Test
    void whoseDiskCannotSaySoStays() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        ordered(new Command.Disconnect(false));
        List<Action> actions = peerAnswers(true, StateChangeResult.PRIMARY_NOP);
        world.answer(orderedAmong(actions).get(0), 0);
        world.answer(orderedAmong(actions).get(1), Errno.EIO);
        isRefused(world.actions(), StateChangeResult.NO_LOCAL_DISK, "cannot be written");
        assertThat(world.parts.socketsUp).isTrue();
        world.volume(0).metadata().writeSuperblock(null, world.out);
        assertThat(world.superblockIn(orderedAmong(world.actions()).getFirst()).has(Superblock.WAS_UP_TO_DATE)).as("it was taken back").isTrue();
    }

    @Test
    void whatIsRefusedAllTheSameIsTakenBack() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        ordered(new Command.Disconnect(false));
        orderedAmong(peerAnswers(true, StateChangeResult.PRIMARY_NOP)).forEach(operation -> world.answer(operation, 0));
        world.actions();
        isRefused(peerAnswers(true, StateChangeResult.IN_TRANSIENT_STATE), StateChangeResult.REFUSED_BY_PEER, "refused to let go");
        world.volume(0).metadata().writeSuperblock(null, world.out);
        DiskOperation superblock = orderedAmong(world.actions()).getFirst();
        assertThat(world.superblockIn(superblock).has(Superblock.WAS_UP_TO_DATE)).isTrue();
    }

    @Test
    void aPrimaryWithAFencingPolicyOutdatesItsPeerAsItLeaves() {
        with(Fencing.RESOURCE_ONLY);
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        ordered(new Command.Disconnect(false));
        isDone(peerAnswers(true, StateChangeResult.SUCCESS), "the peer is Outdated");
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(world.parts.record.hasLeave()).isTrue();
    }

    // ---- the failover daemon

    @Test
    void aPeerThatSpokeJustNowIsNotDown() {
        world.parts.nowNanos = 1000 * MILLI;
        world.parts.keepalive.timeIs(1000 * MILLI);
        world.parts.keepalive.heard();
        world.parts.nowNanos = 1499 * MILLI;
        isRefused(ordered(new Command.PeerIsDown("it is silent", 500 * MILLI)), StateChangeResult.NOT_SUPPORTED, "it lives");
        assertThat(world.parts.socketsUp).isTrue();
        world.parts.nowNanos = 1500 * MILLI;
        isDone(ordered(new Command.PeerIsDown("it is silent", 500 * MILLI)), "noted");
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void whoKnowsItForCertainNeedsNoSilence() {
        world.parts.keepalive.heard();
        isDone(ordered(new Command.PeerIsDown("it was fenced", 0)), "noted");
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void aConnectionIsTestedByAPing() {
        List<Action> actions = ordered(new Command.TestConnection("it is late"));
        isDone(actions, "tested");
        assertThat(sentAmong(actions)).anyMatch(Packet.Ping.class::isInstance);
    }

    @Test
    void aFreezeHoldsUntilAPersonResumes() {
        isDone(ordered(new Command.Freeze("no proof")), "frozen");
        freeze.apply(world.out);
        assertThat(freeze.isHeld()).isTrue();
        isDone(ordered(new Command.ResumeIo()), "I/O goes on");
        freeze.apply(world.out);
        assertThat(freeze.isHeld()).isFalse();
    }

    @Test
    void theEyewitnessIsGivenUpForTheLatestContactOnly() {
        world.parts.eyewitnessGivenUp = false;
        isRefused(ordered(new Command.GiveUpEyewitness(3)), StateChangeResult.NOT_SUPPORTED, "contact 3 is not the latest, it is 4");
        assertThat(world.parts.eyewitnessGivenUp).isFalse();
        isDone(ordered(new Command.GiveUpEyewitness(4)), "given up");
        assertThat(world.parts.eyewitnessGivenUp).isTrue();
        isRefused(ordered(new Command.TakeEyewitnessBack(3)), StateChangeResult.NOT_SUPPORTED, "is not the latest");
        isDone(ordered(new Command.TakeEyewitnessBack(4)), "taken back");
        assertThat(world.parts.eyewitnessGivenUp).isFalse();
        isDone(ordered(new Command.GiveUpEyewitness(-1)), "given up");
        alone(ALONE);
        isRefused(ordered(new Command.TakeEyewitnessBack(4)), StateChangeResult.NOT_SUPPORTED, "may have been acted on");
        assertThat(world.parts.eyewitnessGivenUp).isTrue();
    }

    @Test
    void leaveIsGivenForTheLatestLossOnly() {
        isRefused(ordered(new Command.AllowAlone(true, 4, "fenced")), StateChangeResult.NOT_SUPPORTED, "the peer is connected");
        alone(ALONE);
        isRefused(ordered(new Command.AllowAlone(true, 3, "fenced")), StateChangeResult.NOT_SUPPORTED, "contact 4 is lost");
        assertThat(world.parts.record.proof()).isEqualTo("none");
        isDone(ordered(new Command.AllowAlone(true, 4, "fenced")), "may go on alone: fenced");
        assertThat(world.parts.record.proof()).isEqualTo("fenced");
        isDone(ordered(new Command.AllowAlone(false, 3, "")), "may not go on alone");
        assertThat(world.parts.record.proof()).isEqualTo("none");
    }

    @Test
    void withLeaveAFormerTermGoesOn() {
        alone(ALONE.withConnection(ConnectionState.WF_CONNECTION));
        roles.termFound(42);
        assertThat(ordered(new Command.AllowAlone(true, 4, "fenced"))).anyMatch(Action.LookForAttachedDevices.class::isInstance);
    }

    // ---- suspend, pause

    @Test
    void whatAPersonSuspendsAPersonResumes() {
        isDone(ordered(new Command.SuspendIo()), "I/O is suspended");
        assertThat(world.state(1).suspendedByUser()).isTrue();
        alone(ALONE.withRole(Role.PRIMARY).withSuspendedByUser(true).withSuspendedFencing(true).withSuspendedNoData(true));
        isDone(ordered(new Command.ResumeIo()), "I/O goes on");
        assertThat(world.state(1).isSuspended()).isFalse();
        assertThat(world.parts.record.proof()).isEqualTo("operator: resume-io");
    }

    /** Leave is given after a loss, and nothing of a Secondary waits for it (seed 101058). */
    @Test
    void resumeIsLeaveOnlyForAPrimaryThatIsAlone() {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        ordered(new Command.ResumeIo());
        assertThat(world.parts.record.proof()).isEqualTo("none");
        alone(ALONE);
        ordered(new Command.ResumeIo());
        assertThat(world.parts.record.proof()).isEqualTo("none");
    }

    @Test
    void aPauseIsToldToThePeer() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        List<Action> actions = ordered(new Command.PauseSync());
        isDone(actions, "resync is paused");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.PAUSED_SYNC_T);
        assertThat(sentAmong(actions)).hasSize(2);
        isDone(ordered(new Command.ResumeSync()), "resync goes on");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.SYNC_TARGET);
        alone(ALONE);
        assertThat(sentAmong(ordered(new Command.PauseSync()))).isEmpty();
    }

    /** Found by seed 1893006: a resync that had begun already was paused for ever. */
    @Test
    void aVolumeThatIsThroughWithTheHandshakeTellsOfAPauseItself() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        world.parts.fact(world.each(1), world.state(1).withConnection(ConnectionState.WF_REPORT_PARAMS), "a handshake");
        assertThat(sentAmong(ordered(new Command.PauseSync()))).singleElement().isInstanceOf(Packet.State.class).extracting("volume").isEqualTo(0);
    }

    // ---- outdate (rule 23)

    private Command.Outdate outdate(long current, int contact) {
        return new Command.Outdate(current, contact, 5000 * MILLI);
    }

    @Test
    void itIsOutdatedWhenAllDisksSaySo() {
        alone(ALONE);
        List<Action> actions = ordered(outdate(20, 4));
        assertThat(resultAmong(actions)).isNull();
        assertThat(world.parts.eyewitnessGivenUp).isTrue();
        List<DiskOperation> superblocks = orderedAmong(actions);
        assertThat(superblocks).hasSize(2);
        world.answer(superblocks.get(0), 0);
        assertThat(resultAmong(world.actions())).isNull();
        world.answer(superblocks.get(1), 0);
        isDone(world.actions(), "is Outdated");
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
    }

    @ParameterizedTest
    @CsvSource({"20, 3", "40, 4"})
    void whatTheSenderDidNotSeeIsNotOutdated(long current, int contact) {
        alone(ALONE);
        isRefused(ordered(outdate(current, contact)), StateChangeResult.NO_UP_TO_DATE_DISK, "is not outdated");
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aPersonIsBoundToNothing() {
        alone(ALONE);
        assertThat(orderedAmong(ordered(outdate(0, -1)))).hasSize(2);
    }

    @Test
    void aRequestThatComesTooLateIsRefused() {
        alone(ALONE);
        world.parts.nowNanos = 5000 * MILLI + 1;
        isRefused(ordered(outdate(20, 4)), StateChangeResult.IN_TRANSIENT_STATE, "after its deadline");
        world.parts.nowNanos = 5000 * MILLI;
        assertThat(orderedAmong(ordered(outdate(20, 4)))).hasSize(2);
    }

    @Test
    void onlyASecondaryThatIsAloneIsOutdated() {
        isRefused(ordered(outdate(20, 4)), StateChangeResult.CONNECTED_OUTDATES, "is not outdated");
        alone(ALONE.withRole(Role.PRIMARY));
        isRefused(ordered(outdate(0, 4)), StateChangeResult.NO_UP_TO_DATE_DISK, "is not outdated");
        alone(ALONE.withDisk(DiskState.INCONSISTENT));
        isRefused(ordered(outdate(20, 4)), StateChangeResult.LOWER_THAN_OUTDATED, "is Inconsistent");
    }

    /** Found by seed 3022896 (rule 13): the peer was told of it in the handshake, and the superblock was still on its way. */
    @Test
    void nobodyIsOutdatedInAHandshake() {
        alone(ALONE.withConnection(ConnectionState.WF_REPORT_PARAMS));
        world.parts.socketsUp = true;
        isRefused(ordered(outdate(20, 4)), StateChangeResult.IN_TRANSIENT_STATE, "the nodes are meeting just now");
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aDiskThatCannotSaySoIsTold() {
        alone(ALONE);
        List<DiskOperation> superblocks = orderedAmong(ordered(outdate(20, 4)));
        world.answer(superblocks.get(0), Errno.EIO);
        world.answer(superblocks.get(1), 0);
        isRefused(world.actions(), StateChangeResult.NO_LOCAL_DISK, "cannot be marked as Outdated");
    }

    /** By that contact the disk was good again. */
    @Test
    void nodesThatMetMeanwhileAreNotOutdated() {
        alone(ALONE);
        List<DiskOperation> superblocks = orderedAmong(ordered(outdate(20, 4)));
        world.parts.contact++;
        superblocks.forEach(superblock -> world.answer(superblock, 0));
        isRefused(world.actions(), StateChangeResult.IN_TRANSIENT_STATE, "the nodes met before it was on disk");
    }

    // ---- a new generation by hand

    private CommandResult written(List<Action> actions) {
        return resultAmong(world.answerAll(actions));
    }

    @Test
    void aNewGenerationIsAnsweredWhenItIsOnDisk() {
        alone(ALONE);
        List<Action> actions = ordered(new Command.NewCurrentUuid(0, false));
        assertThat(resultAmong(actions)).isNull();
        assertThat(((CommandResult.Done) written(actions)).text()).startsWith("generation ");
        assertThat(world.volume(0).identifiers().bitmap()).isEqualTo(20);
    }

    @Test
    void oneThatCannotBeWrittenDownIsRefused() {
        alone(ALONE);
        List<Action> actions = ordered(new Command.NewCurrentUuid(0, false));
        world.answer(orderedAmong(actions).getFirst(), Errno.EIO);
        isRefused(world.actions(), StateChangeResult.NO_LOCAL_DISK, "cannot be written down");
    }

    @ParameterizedTest
    @CsvSource({"PRIMARY", "SECONDARY"})
    void theBitmapMayBeClearedWithIt(Role role) {
        alone(ALONE.withRole(role));
        world.volume(0).bitmap().setAll();
        List<Action> actions = ordered(new Command.NewCurrentUuid(0, true));
        while (world.each(0).wholeBitmap.wantsStep()) world.each(0).wholeBitmap.step(world.out);
        actions.addAll(world.actions());
        assertThat(written(actions)).isInstanceOf(CommandResult.Done.class);
        assertThat(world.volume(0).bitmap().isAllClear()).isTrue();
    }

    @Test
    void whatHasChangedWhileItWasClearedIsRefused() {
        alone(ALONE);
        ordered(new Command.NewCurrentUuid(0, true));
        world.commit(ALONE.withConnection(ConnectionState.WF_CONNECTION));
        while (world.each(0).wholeBitmap.wantsStep()) world.each(0).wholeBitmap.step(world.out);
        isRefused(world.actions(), StateChangeResult.IN_TRANSIENT_STATE, "while its bitmap was cleared");
        assertThat(world.volume(0).identifiers().current()).isEqualTo(20);
    }

    @Test
    void connectedItIsForTwoFreshDisksOnly() {
        isRefused(ordered(new Command.NewCurrentUuid(0, true)), StateChangeResult.NO_NETWORK_CONFIG, "r0/0");
        world.volume(0).setIdentifiers(GenerationIdentifiers.FRESH);
        world.volume(0).peerGenerations = new PeerGenerations(GenerationIdentifiers.FRESH, 0, 0);
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        isRefused(ordered(new Command.NewCurrentUuid(0, false)), StateChangeResult.NO_NETWORK_CONFIG, "r0/0");
        ordered(new Command.NewCurrentUuid(0, true));
        while (world.each(0).wholeBitmap.wantsStep()) world.each(0).wholeBitmap.step(world.out);
        List<Action> actions = world.actions();
        Packet.Uuids told = (Packet.Uuids) sentAmong(actions).getFirst();
        assertThat(told.flags() & PeerGenerations.SKIP_INITIAL_SYNC).isNotZero();
        assertThat(world.state(0).bothUpToDate()).isTrue();
        assertThat(world.volume(0).identifiers().bitmap()).isZero();
        assertThat(written(actions)).isInstanceOf(CommandResult.Done.class);
    }

    // ---- role

    @Test
    void oneChangeOfRoleAtATime() {
        assertThat(ordered(new Command.Promote(false))).anyMatch(Action.LookForAttachedDevices.class::isInstance);
        isRefused(ordered(new Command.Promote(true)), StateChangeResult.IN_TRANSIENT_STATE, "a change of role is under way");
        isRefused(ordered(new Command.Demote(false)), StateChangeResult.IN_TRANSIENT_STATE, "a change of role is under way");
    }

    @Test
    void whoWantsWhatIsUnderWayAlreadyIsAnsweredByThat() {
        alone(ALONE.withConnection(ConnectionState.WF_CONNECTION));
        roles.termFound(42);
        ordered(new Command.AllowAlone(true, 4, "fenced"));
        assertThat(resultAmong(ordered(new Command.Promote(false)))).isNull();
    }
}
