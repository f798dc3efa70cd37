package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A copy of everything on demand: who may ask for it, and what is marked while the other node is away. Nobody's data is replaced by worse (promise 3). */
class FullSyncTest {
    private static final long TICKET = 7;
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.STAND_ALONE, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private final TwoVolumes world = new TwoVolumes(Fencing.RESOURCE_AND_STONITH);
    private final Connecting connecting = world.connecting;
    private final ResyncControl resync = world.resync;
    private final PeerRequests requests = world.requests;
    private final FullSync fullSync = new FullSync(world.parts, connecting, resync, requests);
    private final VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.parts.keepalive.start(9);
        world.commit(MIRRORED);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private static CommandResult resultAmong(List<Action> actions) {
        return actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).findFirst().orElse(null);
    }

    private void isRefused(StateChangeResult code, String why) {
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(world.actions());
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.report().whatHappened()).contains(why);
    }

    private void marked() {
        while (each.wholeBitmap.wantsStep()) each.wholeBitmap.step(world.out);
    }

    @ParameterizedTest
    @CsvSource({
            "UP_TO_DATE, UP_TO_DATE, STARTING_SYNC_S, SUCCESS",
            "UP_TO_DATE, INCONSISTENT, STARTING_SYNC_S, SUCCESS",
            "INCONSISTENT, UP_TO_DATE, STARTING_SYNC_S, NO_UP_TO_DATE_DISK",
            "INCONSISTENT, UP_TO_DATE, STARTING_SYNC_T, SUCCESS",
            "UP_TO_DATE, OUTDATED, STARTING_SYNC_T, NO_UP_TO_DATE_DISK",
            "NEGOTIATING, UP_TO_DATE, STARTING_SYNC_T, NO_LOCAL_DISK",
            "DISKLESS, DISKLESS, STARTING_SYNC_T, NO_LOCAL_DISK",
            "UP_TO_DATE, DISKLESS, STARTING_SYNC_S, NO_REMOTE_DISK",
            "UP_TO_DATE, UNKNOWN, STARTING_SYNC_S, NO_REMOTE_DISK",
            "DISKLESS, DISKLESS, CONNECTED, SUCCESS"})
    void theSourceHasToBeUpToDateAndBothDisksThere(DiskState disk, DiskState peerDisk, ConnectionState start, StateChangeResult expected) {
        world.commit(MIRRORED.withDisk(disk).withPeerDisk(peerDisk));
        assertThat(FullSync.obstacle(world.parts, each, start)).isEqualTo(expected);
    }

    // ---- alone

    @Test
    void aStandAloneSecondaryMarksEverythingForTheNextConnect() {
        world.commit(ALONE);
        fullSync.invalidate(each, TICKET, world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
        world.answerAll();
        marked();
        CommandResult result = resultAmong(world.answerAll());
        assertThat(((CommandResult.Done) result).text()).contains("the next connect copies everything");
        assertThat(each.volume.bitmap().isAllSet()).isTrue();
    }

    @Test
    void whoseDiskFailsMeanwhileIsTold() {
        world.commit(ALONE);
        fullSync.invalidate(each, TICKET, world.out);
        world.answerAll();
        each.volume.stopUsingDisk(world.out);
        marked();
        isRefused(StateChangeResult.NO_LOCAL_DISK, "the disk failed while its bitmap was written");
    }

    @Test
    void withoutADiskThereIsNothingToReplace() {
        world.commit(ALONE.withDisk(DiskState.NEGOTIATING));
        fullSync.invalidate(each, TICKET, world.out);
        isRefused(StateChangeResult.NO_LOCAL_DISK, "no data here to be replaced");
        world.commit(ALONE);
        each.volume.stopUsingDisk(world.out);
        fullSync.invalidate(each, TICKET, world.out);
        isRefused(StateChangeResult.NO_LOCAL_DISK, "no data here to be replaced");
    }

    /** Its host would lose all data. */
    @Test
    void aPrimaryAloneReplacesNothing() {
        world.commit(ALONE.withRole(Role.PRIMARY));
        world.parts.socketsUp = false;
        fullSync.invalidate(each, TICKET, world.out);
        isRefused(StateChangeResult.NEED_CONNECTION, "it takes a connection");
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void aPrimaryAloneMarksAllForItsPeer() {
        each.volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        world.commit(ALONE.withRole(Role.PRIMARY).withPeerDisk(DiskState.OUTDATED));
        world.parts.socketsUp = false;
        fullSync.invalidateRemote(each, TICKET, world.out);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(each.volume.identifiers().bitmap()).as("bits count from what the peer may have").isEqualTo(20);
        world.answerAll();
        marked();
        assertThat(resultAmong(world.answerAll())).isInstanceOf(CommandResult.Done.class);
        assertThat(each.volume.bitmap().isAllSet()).isTrue();
        GenerationIdentifiers before = each.volume.identifiers();
        fullSync.invalidateRemote(each, TICKET, world.out);
        assertThat(each.volume.identifiers()).as("they count from one already").isEqualTo(before);
    }

    @Test
    void aPrimaryWhoseDiskIsNotGoodIsNoSource() {
        world.commit(ALONE.withRole(Role.PRIMARY).withDisk(DiskState.INCONSISTENT));
        world.parts.socketsUp = false;
        fullSync.invalidateRemote(each, TICKET, world.out);
        isRefused(StateChangeResult.NO_UP_TO_DATE_DISK, "cannot be the source");
    }

    @Test
    void aFrozenPrimaryHasNotGoneOnYet() {
        world.commit(MIRRORED.withRole(Role.PRIMARY));
        world.commit(ALONE.withRole(Role.PRIMARY));
        world.parts.socketsUp = false;
        world.parts.record.peerLost(each.volume, MIRRORED.withRole(Role.PRIMARY), false, world.out);
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
        fullSync.invalidateRemote(each, TICKET, world.out);
        isRefused(StateChangeResult.IN_TRANSIENT_STATE, "has not gone on without its peer yet");
    }

    // ---- connected

    private Packet.StateChangeRequest question() {
        return (Packet.StateChangeRequest) world.sent().stream().filter(Packet.StateChangeRequest.class::isInstance).findFirst().orElseThrow();
    }

    private void peerAnswers(StateChangeResult result) {
        requests.replied(new Packet.StateChangeReply(false, 0, result.wireCode()), world.out);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void theOtherNodeIsAskedAndThenItBegins(boolean remote) {
        int before = each.volume.markEra();
        if (remote) fullSync.invalidateRemote(each, TICKET, world.out);
        else fullSync.invalidate(each, TICKET, world.out);
        assertThat(question().volume()).isZero();
        assertThat(each.asksForFullSync).isTrue();
        assertThat(each.asksToBeTarget).isEqualTo(!remote);
        peerAnswers(StateChangeResult.SUCCESS);
        assertThat(each.asksForFullSync).isFalse();
        assertThat(each.asksToBeTarget).isFalse();
        assertThat(world.state(0).connection()).isEqualTo(remote ? ConnectionState.STARTING_SYNC_S : ConnectionState.WF_SYNC_UUID);
        assertThat(each.targetBeforeSourceKnows).isEqualTo(!remote);
        assertThat(each.wholeBitmap.isSetting()).isTrue();
        assertThat(each.volume.markEra()).isNotEqualTo(before);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Done("full sync begins"));
    }

    @Test
    void whatItRefusesDoesNotBegin() {
        fullSync.invalidate(each, TICKET, world.out);
        world.actions();
        peerAnswers(StateChangeResult.NO_UP_TO_DATE_DISK);
        isRefused(StateChangeResult.REFUSED_BY_PEER, "beta refused the full sync");
        assertThat(world.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        assertThat(each.asksForFullSync).isFalse();
    }

    @Test
    void whoBeginsWhatItRefusesLosesTheConnection() {
        fullSync.invalidate(each, TICKET, world.out);
        world.actions();
        each.pendingSyncIdentifier = 5;
        peerAnswers(StateChangeResult.NO_UP_TO_DATE_DISK);
        assertThat(world.parts.socketsUp).isFalse();
    }

    @Test
    void aLostConnectionIsTheAnswer() {
        fullSync.invalidate(each, TICKET, world.out);
        world.actions();
        world.parts.socketsUp = false;
        requests.connectionLost(world.out);
        isRefused(StateChangeResult.NEED_CONNECTION, "the connection was lost");
    }

    /** It was ordered one in the other direction at the same time, and that has begun (seed 2710239). */
    @Test
    void whoRefusesOneBecauseOfItsOwnIsNotLost() {
        fullSync.invalidateRemote(each, TICKET, world.out);
        world.actions();
        world.commit(MIRRORED.withConnection(ConnectionState.WF_SYNC_UUID).withDisk(DiskState.INCONSISTENT));
        each.pendingSyncIdentifier = 5;
        peerAnswers(StateChangeResult.NO_UP_TO_DATE_DISK);
        isRefused(StateChangeResult.REFUSED_BY_PEER, "beta refused the full sync");
        assertThat(world.parts.socketsUp).isTrue();
    }

    /** The peer has begun: it will find out in a new handshake. */
    @Test
    void whoCannotFollowAnyMoreBeginsAnew() {
        fullSync.invalidate(each, TICKET, world.out);
        world.actions();
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        peerAnswers(StateChangeResult.SUCCESS);
        assertThat(world.parts.socketsUp).isFalse();
        isRefused(StateChangeResult.NO_LOCAL_DISK, "r0/0");
    }

    @ParameterizedTest
    @CsvSource({"INCONSISTENT, INCONSISTENT, NO_UP_TO_DATE_DISK, is not UpToDate", "UP_TO_DATE, DISKLESS, NO_REMOTE_DISK, has no disk"})
    void whatCannotBeIsNotAskedFor(DiskState disk, DiskState peerDisk, StateChangeResult code, String why) {
        world.commit(MIRRORED.withDisk(disk).withPeerDisk(peerDisk));
        fullSync.invalidate(each, TICKET, world.out);
        isRefused(code, why);
        assertThat(requests.isBusy()).isFalse();
    }

    /** The rules would call that fulfilled, and it would begin twice. */
    @Test
    void whatHasBegunIsNotAskedFor() {
        world.commit(MIRRORED.withConnection(ConnectionState.STARTING_SYNC_T));
        fullSync.invalidate(each, TICKET, world.out);
        isRefused(StateChangeResult.RESYNC_RUNNING, "a resync runs");
    }
}
