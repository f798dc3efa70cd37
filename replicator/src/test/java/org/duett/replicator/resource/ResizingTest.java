package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An operator orders another size: both devices are measured, both nodes agree, and it is answered when this one has it on disk. */
class ResizingTest {
    private static final long TICKET = 7;
    private static final long ROOM = AttachedVolume.DATA_BYTES / 512;
    private static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private TwoVolumes world = new TwoVolumes();
    private Resizing resizing = world.resizing;
    private VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
        world.actions();
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<Action> ordered(long sectors) {
        resizing.ordered(each, TICKET, new Command.Resize(0, sectors, false), world.out);
        return world.actions();
    }

    private List<Action> measured() {
        resizing.measured(new Event.DiskMeasured(0, each.volume.attach(), each.volume.geometry()), world.out);
        return world.actions();
    }

    private static CommandResult resultAmong(List<Action> actions) {
        return actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).findFirst().orElse(null);
    }

    private void isRefused(List<Action> actions, StateChangeResult code, String why) {
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(actions);
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.report().whatHappened()).contains(why);
        assertThat(each.resizeTicket).isZero();
    }

    private static Packet.Sizes sizes(long disk, long current) {
        return new Packet.Sizes(0, disk, 0, current, 1 << 20, 0, null);
    }

    private List<Action> peerTells(Packet.Sizes sizes) {
        resizing.sizesArrived(each, sizes, world.out);
        return world.actions();
    }

    private void asked(long sectors) {
        assertThat(ordered(sectors)).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        assertThat(AttachedVolume.sentAmong(measured())).hasSize(2);
    }

    @Test
    void theDeviceIsMeasuredThenThePeerIsAsked() {
        each.volume.orderSizeLimit(5);
        assertThat(ordered(3 * TwoVolumes.SECTORS)).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        Geometry grown = new Geometry(2 * AttachedVolume.DATA_BYTES, 8 << 20, false, 512, 4096, true);
        resizing.measured(new Event.DiskMeasured(0, each.volume.attach() - 1, grown), world.out);
        assertThat(world.actions()).as("that was another attach").isEmpty();
        resizing.measured(new Event.DiskMeasured(0, each.volume.attach(), grown), world.out);
        assertThat(each.volume.geometry()).isEqualTo(grown);
        List<Packet> sent = world.sent();
        assertThat(sent.get(0)).isInstanceOf(Packet.Uuids.class);
        Packet.Sizes told = (Packet.Sizes) sent.get(1);
        assertThat(told.diskSectors()).isEqualTo(2 * ROOM);
        assertThat(told.currentSectors()).as("a question").isZero();
        assertThat(told.flags() & Packet.Sizes.NO_RESYNC).isZero();
        assertThat(each.volume.orderedLimitSectors()).isEqualTo(3 * TwoVolumes.SECTORS);
        assertThat(each.resizeAskedOn).isEqualTo(9);
        assertThat(measured()).as("once").isEmpty();
    }

    @Test
    void itIsAnsweredWhenTheSizeIsOnDisk() {
        asked(2 * TwoVolumes.SECTORS);
        assertThat(peerTells(sizes(ROOM, 0))).as("that is a question").isEmpty();
        each.volume.setSizeSectors(2 * TwoVolumes.SECTORS);
        each.volume.bitmap().resize(2 * TwoVolumes.SECTORS, false);
        each.volume.sizeIsInBitmap();
        List<Action> actions = peerTells(sizes(ROOM, 2 * TwoVolumes.SECTORS));
        assertThat(resultAmong(actions)).isNull();
        DiskOperation superblock = AttachedVolume.orderedAmong(actions).getFirst();
        assertThat(world.superblockIn(superblock).lastAgreedSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        world.answer(superblock, 0);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Done("has " + 2 * TwoVolumes.SECTORS + " sectors"));
        assertThat(each.resizeTicket).isZero();
        assertThat(each.volume.orderedLimitSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
    }

    /** The bitmap of this size has to be there first. */
    @Test
    void notBeforeTheBitmapOfThatSizeIs() {
        asked(2 * TwoVolumes.SECTORS);
        each.volume.setSizeSectors(2 * TwoVolumes.SECTORS);
        each.volume.bitmap().resize(2 * TwoVolumes.SECTORS, true);
        List<Action> actions = peerTells(sizes(ROOM, 2 * TwoVolumes.SECTORS));
        world.answer(AttachedVolume.orderedAmong(actions).getFirst(), 0);
        actions = world.actions();
        assertThat(resultAmong(actions)).isNull();
        each.volume.sizeIsInBitmap();
        CommandResult result = null;
        while (result == null) {
            world.answer(AttachedVolume.orderedAmong(actions).getFirst(), 0);
            actions = world.actions();
            result = resultAmong(actions);
        }
        assertThat(result).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void aDiskThatFailsMeanwhileIsTheAnswer() {
        asked(2 * TwoVolumes.SECTORS);
        each.volume.setSizeSectors(2 * TwoVolumes.SECTORS);
        List<Action> actions = peerTells(sizes(ROOM, 2 * TwoVolumes.SECTORS));
        world.answer(AttachedVolume.orderedAmong(actions).getFirst(), Errno.EIO);
        isRefused(world.actions(), StateChangeResult.NO_LOCAL_DISK, "the disk failed while its new size was recorded");
    }

    /** Ordered and present size, and what the peer has: of all the room there is, or of a size that was named, nothing less is an answer. */
    @ParameterizedTest
    @CsvSource({"0, 1, 1, true", "0, 2, 2, false", "2, 2, 2, false", "2, 1, 1, true", "2, 2, 1, true"})
    void whatIsNotCarriedOutIsRefused(int wanted, int has, int peerHas, boolean refused) {
        long unit = TwoVolumes.SECTORS;
        each.volume.orderSizeLimit(5);
        asked(wanted * unit);
        each.volume.setSizeSectors(has * unit);
        List<Action> actions = peerTells(sizes(unit, peerHas * unit));
        if (!refused) {
            assertThat(resultAmong(actions)).isNull();
            assertThat(each.resizeTicket).isZero();
            return;
        }
        isRefused(actions, StateChangeResult.NOT_SUPPORTED, "has room for " + unit);
        assertThat(each.volume.orderedLimitSectors()).as("as before").isEqualTo(5);
    }

    @Test
    void allTheRoomThereIsMayBeWhatItHasAlready() {
        asked(0);
        each.volume.setSizeSectors(ROOM);
        each.sectorsBeforeResize = ROOM;
        assertThat(resultAmong(peerTells(sizes(ROOM, ROOM)))).isNull();
        assertThat(each.resizeTicket).as("it goes to disk").isZero();
    }

    @ParameterizedTest
    @CsvSource({"1, less than the present", "1000000000, has room for"})
    void whatDoesNotFitIsNotAskedFor(long sectors, String why) {
        ordered(sectors);
        isRefused(measured(), StateChangeResult.NOT_SUPPORTED, why);
    }

    @Test
    void twoResizesAtOnceAreOneTooMany() {
        ordered(0);
        CommandResult.Refused second = (CommandResult.Refused) resultAmong(ordered(0));
        assertThat(second.code()).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        assertThat(each.resizeTicket).isEqualTo(TICKET);
        each.resizeTicket = 0;
        each.sizesToJudge = sizes(ROOM, 0);
        isRefused(ordered(0), StateChangeResult.IN_TRANSIENT_STATE, "a resize is under way");
    }

    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE, UP_TO_DATE, UP_TO_DATE", "CONNECTED, NEGOTIATING, UP_TO_DATE", "CONNECTED, UP_TO_DATE, DISKLESS"})
    void onlyWhileBothDisksAreThereAndNothingElseGoesOn(ConnectionState connection, DiskState disk, DiskState peerDisk) {
        world.commit(MIRRORED.withConnection(connection).withDisk(disk).withPeerDisk(peerDisk));
        isRefused(ordered(0), StateChangeResult.NEED_CONNECTION, "r0/0");
    }

    @Test
    void norWhileAFullSyncIsAskedFor() {
        each.asksForFullSync = true;
        isRefused(ordered(0), StateChangeResult.NEED_CONNECTION, "r0/0");
    }

    // ---- what ends it

    private List<Action> checked() {
        resizing.check(each, world.out);
        return world.actions();
    }

    @Test
    void asLongAsNothingHappensItGoesOn() {
        assertThat(checked()).isEmpty();
        ordered(2 * TwoVolumes.SECTORS);
        assertThat(checked()).isEmpty();
        measured();
        assertThat(checked()).isEmpty();
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_SOURCE));
        assertThat(checked()).as("the new area is resynced already").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"connection", "sockets", "disk"})
    void whatCannotBeCarriedOutAnyMoreIsAnswered(String what) {
        asked(2 * TwoVolumes.SECTORS);
        switch (what) {
            case "connection" -> world.parts.connection++;
            case "sockets" -> world.parts.socketsUp = false;
            default -> each.volume.stopUsingDisk(world.out);
        }
        isRefused(checked(), StateChangeResult.NEED_CONNECTION, "since the resize began");
        assertThat(each.volume.orderedLimitSectors()).isZero();
    }

    @Test
    void beforeThePeerWasAskedAResyncEndsIt() {
        ordered(2 * TwoVolumes.SECTORS);
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_SOURCE));
        assertThat(measured()).as("nobody is asked").isEmpty();
        isRefused(checked(), StateChangeResult.NEED_CONNECTION, "since the resize began");
    }

    // ---- the peer asks

    private boolean asks(Packet.Sizes sizes) {
        return resizing.asksAnew(each, sizes, world.out);
    }

    @Test
    void whoAsksForOurSizeHasTheDeviceMeasured() {
        assertThat(asks(sizes(ROOM, TwoVolumes.SECTORS))).as("it tells its own").isFalse();
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        assertThat(world.actions()).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        assertThat(each.sizesToJudge).isEqualTo(sizes(ROOM, 0));
        world.commit(MIRRORED.withDisk(DiskState.NEGOTIATING));
        assertThat(asks(sizes(ROOM, 0))).as("that is of the attach").isFalse();
        world.commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS));
        assertThat(asks(sizes(ROOM, 0))).as("that is of the handshake").isFalse();
        world.commit(MIRRORED);
        each.volume.stopUsingDisk(world.out);
        assertThat(asks(sizes(ROOM, 0))).isFalse();
    }

    /** The target, which is through, may ask before its source has written down that it is (seed 3071). */
    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE", "WF_BITMAP_S"})
    void aSourceMeasuresWhenItsResyncHasEnded(ConnectionState connection) {
        world.commit(MIRRORED.withConnection(connection));
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        assertThat(world.actions()).isEmpty();
        assertThat(checked()).isEmpty();
        world.commit(MIRRORED);
        assertThat(checked()).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        assertThat(checked()).as("once").isEmpty();
    }

    /** Its source has not heard yet that a resync begins, and drops the connection when the size changes in the midst of that (seed 2632727). */
    @ParameterizedTest
    @CsvSource({"WF_BITMAP_T", "WF_SYNC_UUID", "SYNC_TARGET"})
    void aTargetKeepsItsSize(ConnectionState connection) {
        world.commit(MIRRORED.withConnection(connection).withDisk(DiskState.INCONSISTENT));
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        world.actions();
        Packet.Sizes answer = (Packet.Sizes) AttachedVolume.sentAmong(measured()).getFirst();
        assertThat(answer.currentSectors()).isEqualTo(TwoVolumes.SECTORS);
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
        assertThat(each.sizesToJudge).isNull();
    }

    /** Found by seed 3054618: its next disk was being compared when the device had been measured, and that cost the connection. */
    @ParameterizedTest
    @CsvSource({"FAILED", "DISKLESS", "ATTACHING"})
    void whatAPeerAskedWhoseDiskIsLostIsForgotten(DiskState peerDisk) {
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        world.actions();
        world.commit(MIRRORED.withPeerDisk(peerDisk));
        assertThat(checked()).isEmpty();
        world.commit(MIRRORED.withConnection(ConnectionState.WF_BITMAP_S).withPeerDisk(DiskState.INCONSISTENT));
        assertThat(measured()).isEmpty();
        world.commit(MIRRORED);
        assertThat(checked()).isEmpty();
        assertThat(each.sizesToJudge).isNull();
    }

    /** Found by seed 3105613: every resize from then on was refused, as one was under way. */
    @Test
    void whatIsAskedOfADiskThatIsGivenUpIsForgotten() {
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        each.volume.stopUsingDisk(world.out);
        world.actions();
        assertThat(measured()).isEmpty();
        checked();
        assertThat(each.sizesToJudge).isNull();
    }

    /** It asks as one of two good disks, and may decide to keep its own: no resync of another kind is to begin by that (seeds 2446495, 2463032). */
    @Test
    void whoMayGiveItsDiskUpIsAnsweredWhenItHasDecided() {
        each.peerAsksToDetach = true;
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        assertThat(world.actions()).isEmpty();
        assertThat(checked()).isEmpty();
        each.peerAsksToDetach = false;
        assertThat(checked()).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        each.peerAsksToDetach = true;
        assertThat(measured()).as("it has asked meanwhile").isEmpty();
        assertThat(each.volume.sizeSectors()).isEqualTo(TwoVolumes.SECTORS);
        each.peerAsksToDetach = false;
        assertThat(checked()).containsExactly(new Action.MeasureDisk(0, each.volume.attach()));
        each.volume.peerGenerations = new PeerGenerations(each.volume.identifiers(), 0, 0);
        measured();
        assertThat(each.volume.sizeSectors()).isGreaterThan(TwoVolumes.SECTORS);
    }

    /** It answers with the size that both have then. */
    @Test
    void whatWasMeasuredForThePeerIsCarriedOut() {
        Packet.Sizes question = new Packet.Sizes(0, ROOM, 2 * TwoVolumes.SECTORS, 0, 1 << 20, Packet.Sizes.NO_RESYNC, null);
        assertThat(asks(question)).isTrue();
        world.actions();
        Packet.Sizes answer = (Packet.Sizes) AttachedVolume.sentAmong(measured()).stream().filter(Packet.Sizes.class::isInstance).findFirst().orElseThrow();
        assertThat(each.volume.sizeSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(answer.currentSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(each.volume.orderedLimitSectors()).isEqualTo(2 * TwoVolumes.SECTORS);
        assertThat(measured()).as("once").isEmpty();
    }

    // ---- internal metadata

    private void hasInternalMetadata() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes.withVolumes(ResizingTest::internal));
        resizing = world.resizing;
        each = world.each(0);
        connect();
    }

    private static VolumeSettings internal(VolumeSettings v) {
        return new VolumeSettings(v.number(), new MetadataKind.Internal(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(), v.onIoError(), v.onReadError(),
                v.diskFlushes(), v.metadataFlushes(), v.diskTimeoutMillis(), v.resync());
    }

    private List<Action> measured(long bytes) {
        resizing.measured(new Event.DiskMeasured(0, each.volume.attach(), new Geometry(bytes, 8 << 20, false, 512, 4096, true)), world.out);
        return world.actions();
    }

    /** It lies at the old end, in the midst of what would become data. */
    @Test
    void aDeviceThatHasGrownAroundItsMetadataIsNotUsedFurther() {
        hasInternalMetadata();
        ordered(0);
        List<Action> actions = measured(2 * AttachedVolume.DATA_BYTES);
        isRefused(actions, StateChangeResult.NOT_SUPPORTED, "its metadata is internal");
        assertThat(AttachedVolume.sentAmong(actions)).isEmpty();
        assertThat(each.volume.geometry().dataBytes()).isEqualTo(AttachedVolume.DATA_BYTES);
    }

    @Test
    void thePeersQuestionIsAnsweredWithTheOldSizeThenAndSomebodyIsTold() {
        hasInternalMetadata();
        asks(new Packet.Sizes(0, ROOM, ROOM, 0, 1 << 20, Packet.Sizes.NO_RESYNC, null));
        world.actions();
        List<Action> actions = measured(2 * AttachedVolume.DATA_BYTES);
        assertThat(TwoVolumes.reportsAmong(actions)).singleElement().satisfies(told -> assertThat(told.report().whatHappened()).contains("its metadata is internal"));
        assertThat(each.volume.usableSectors()).isEqualTo(ROOM);
    }

    @Test
    void oneThatHasNotGrownIsAskedAsUsual() {
        hasInternalMetadata();
        ordered(2 * TwoVolumes.SECTORS);
        assertThat(AttachedVolume.sentAmong(measured(AttachedVolume.DATA_BYTES))).hasSize(2);
    }

    @Test
    void ofTwoThatAskAtOnceTheOneWithTheFlagGoesOn() {
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        asked(2 * TwoVolumes.SECTORS);
        world.parts.resolveConflicts = true;
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        assertThat(world.actions()).isEmpty();
        assertThat(each.resizeTicket).isEqualTo(TICKET);
        world.parts.resolveConflicts = false;
        assertThat(asks(sizes(ROOM, 0))).isTrue();
        List<Action> actions = world.actions();
        assertThat(actions).contains(new Action.MeasureDisk(0, each.volume.attach()));
        isRefused(actions, StateChangeResult.CONCURRENT_STATE_CHANGE, "at the same time");
    }
}
