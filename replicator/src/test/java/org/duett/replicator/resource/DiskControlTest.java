package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk is given back, or fails: what goes to its metadata, to the peer and to who waits, and in which order (rules 1b, 7, 14). */
class DiskControlTest {
    private static final long TICKET = 7;
    private static final VolumeState SECONDARY = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState PRIMARY = SECONDARY.withRole(Role.PRIMARY);
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world = new TwoVolumes();
    private DiskControl disks = world.diskControl;
    private VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.parts.writes.connected(9, true);
        world.parts.peerWrites.connected(9);
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
        world.volume(0).log().enable(false);
        state(SECONDARY);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void state(VolumeState state) {
        world.commit(state);
        world.volume(0).metadata().writeSuperblock(null, world.out);
        world.answerAll();
    }

    private List<Action> checked() {
        disks.checkDetach(each, world.out);
        disks.checkFailure(each, world.out);
        disks.checkClose(each, world.out);
        return world.actions();
    }

    private List<Action> answer(List<Action> ordered, int errno) {
        DiskOperation operation = orderedAmong(ordered).getFirst();
        world.answer(operation, errno);
        return world.actions();
    }

    private static CommandResult resultAmong(List<Action> actions) {
        return actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).findFirst().orElse(null);
    }

    private static VolumeState toldAmong(List<Action> actions) {
        Packet.State told = (Packet.State) sentAmong(actions).stream().filter(Packet.State.class::isInstance).findFirst().orElseThrow();
        return VolumeState.fromWire(told.word()).orElseThrow();
    }

    private static HostRequest write() {
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.WRITE;
        request.lengthBytes = 4096;
        request.payload = Unpooled.buffer(4096);
        return request;
    }

    /** A write that both disks had under way, and that the peer's has. */
    private HostRequest writeThatThePeerHas(DiskOperation[] own) {
        HostRequest request = write();
        world.parts.writes.arrived(request, world.out);
        List<Action> actions = world.actions();
        if (!orderedAmong(actions).isEmpty()) own[0] = orderedAmong(actions).getFirst();
        Packet.Data data = (Packet.Data) sentAmong(actions).getFirst();
        BlockAck ack = new BlockAck();
        ack.kind = BlockAck.Kind.WRITE_ACK;
        ack.volume = data.volume;
        ack.firstSector = data.firstSector;
        ack.blockId = data.blockId;
        assertThat(world.parts.writes.acknowledged(ack, world.out)).isTrue();
        return request;
    }

    // ---- detach

    @Test
    void aSecondaryLeavesItsMetadataAsApplyAlWould() {
        world.volume(0).bitmap().setRange(1, 2);
        disks.detach(each, TICKET, world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.FAILED);
        assertThat(toldAmong(world.actions()).disk()).isEqualTo(DiskState.FAILED);
        Superblock last = null;
        int blocksOfRing = 0;
        List<Action> actions = checked();
        while (!orderedAmong(actions).isEmpty()) {
            DiskOperation operation = orderedAmong(actions).getFirst();
            assertThat(last).as("nothing is written behind it").isNull();
            if (world.isSuperblock(operation)) last = world.superblockIn(operation);
            else if (operation.kind == DiskOperation.Kind.WRITE) blocksOfRing++;
            assertThat(checked()).as("once").isEmpty();
            actions = answer(actions, 0);
        }
        assertThat(blocksOfRing).as("a page of the bitmap, and the ring").isEqualTo(1 + 8);
        assertThat(last.isClean()).isTrue();
        assertThat(last.has(Superblock.CONSISTENT)).isTrue();
        assertThat(world.volume(0).bitmap().dirtyPages().anyDirty()).isFalse();
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(toldAmong(actions).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        assertThat(resultAmong(actions)).as("the shell has not closed it").isNull();
        disks.closed(new Event.DiskClosed(0, world.volume(0).attach() - 1), world.out);
        assertThat(world.actions()).as("that was another attach").isEmpty();
        disks.closed(new Event.DiskClosed(0, world.volume(0).attach()), world.out);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Done("detached"));
        assertThat(each.closingDisk).isFalse();
        assertThat(world.volume(0).diskOpen()).isFalse();
    }

    @Test
    void whatIsUnderWayFinishesOnItFirst() {
        world.volume(0).metadata().flushData(null, world.out);
        List<Action> flush = world.actions();
        disks.detach(each, TICKET, world.out);
        world.actions();
        assertThat(checked()).isEmpty();
        answer(flush, 0);
        assertThat(orderedAmong(checked())).isNotEmpty();
    }

    /** The next attach marks what its log names; and that its disk lacks something is written down. */
    @Test
    void aPrimarysDiskIsNotCleanAndNotConsistent() {
        state(PRIMARY);
        disks.detach(each, TICKET, world.out);
        world.actions();
        List<Action> actions = checked();
        Superblock last = null;
        while (!orderedAmong(actions).isEmpty()) {
            DiskOperation operation = orderedAmong(actions).getFirst();
            if (world.isSuperblock(operation)) last = world.superblockIn(operation);
            else assertThat(operation.kind).as("no ring").isEqualTo(DiskOperation.Kind.FLUSH);
            actions = answer(actions, 0);
        }
        assertThat(last.isClean()).isFalse();
        assertThat(last.has(Superblock.CONSISTENT)).isFalse();
        assertThat(last.has(Superblock.PRIMARY_INDICATED)).isTrue();
    }

    /** Until then its disk passes for as good as the peer's (rule 1). */
    @Test
    void whatAPrimaryWritesThroughThePeerMeanwhileIsAnsweredWhenThatIsOnDisk() {
        state(PRIMARY);
        disks.detach(each, TICKET, world.out);
        world.actions();
        HostRequest request = writeThatThePeerHas(new DiskOperation[1]);
        assertThat(world.actions()).as("it is held").isEmpty();
        List<Action> actions = checked();
        while (!orderedAmong(actions).isEmpty()) {
            assertThat(actions).doesNotContain(request.complete);
            actions = answer(actions, 0);
        }
        assertThat(actions).contains(request.complete);
        assertThat(request.errno).isZero();
    }

    @Test
    void theLossOfADiskThatIsBehindAnywayHoldsNothing() {
        state(PRIMARY.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        world.volume(0).setExposedIdentifier(999);
        disks.detach(each, TICKET, world.out);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
    }

    @Test
    void metadataThatCannotBeWrittenIsToldAndTheDiskIsClosedAllTheSame() {
        disks.detach(each, TICKET, world.out);
        world.actions();
        List<Action> actions = answer(checked(), Errno.EIO);
        assertThat(TwoVolumes.reportsAmong(actions)).singleElement().extracting(report -> report.report().whatHappened()).asString().contains("could not be written");
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
    }

    @Test
    void inTheMidstOfAHandshakeNothingIsToldOfADetach() {
        state(SECONDARY.withConnection(ConnectionState.WF_CONNECTION).withPeer(Role.UNKNOWN).withPeerDisk(DiskState.UNKNOWN));
        disks.detach(each, TICKET, world.out);
        assertThat(sentAmong(world.actions())).isEmpty();
        world.volume(1).commit(SECONDARY.withConnection(ConnectionState.WF_REPORT_PARAMS), "the handshake runs");
        disks.detach(world.each(1), TICKET, world.out);
        assertThat(sentAmong(world.actions())).hasSize(1);
    }

    // ---- failure

    private List<Action> fails(DiskFailure failure) {
        world.volume(0).diskFailed(failure, Errno.EIO, 80);
        return checked();
    }

    @ParameterizedTest
    @EnumSource(DiskFailure.class)
    void aDiskThatFailsIsGivenUpAndMarked(DiskFailure failure) {
        state(PRIMARY);
        List<Action> actions = fails(failure);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(world.volume(0).diskUsable()).isFalse();
        assertThat(toldAmong(actions).disk()).as("at once").isEqualTo(DiskState.FAILED);
        DiskOperation mark = orderedAmong(actions).getFirst();
        assertThat(world.isSuperblock(mark)).isTrue();
        assertThat(world.superblockIn(mark).has(Superblock.CONSISTENT)).isFalse();
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        assertThat(TwoVolumes.reportsAmong(actions)).hasSize(1);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isTrue();
        assertThat(world.parts.socketsUp).as("a Primary goes on through its peer").isTrue();
        world.answer(mark, 0);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
        assertThat(checked()).isEmpty();
    }

    @Test
    void aWriteThatTheLostDiskHadUnderWayIsAnsweredWhenTheLossIsOnRecord() {
        state(PRIMARY);
        DiskOperation[] own = new DiskOperation[1];
        HostRequest request = writeThatThePeerHas(own);
        List<Action> actions = fails(DiskFailure.TIMEOUT);
        assertThat(actions).doesNotContain(request.complete);
        world.answer(orderedAmong(actions).getFirst(), 0);
        assertThat(world.actions()).contains(request.complete);
        assertThat(((HostWrite) own[0].owner).request).isNull();
        assertThat(request.errno).isZero();
    }

    @Test
    void withoutAPeerItFails() {
        state(PRIMARY);
        DiskOperation[] own = new DiskOperation[1];
        HostRequest request = writeThatThePeerHas(own);
        world.parts.socketsUp = false;
        world.commit(ALONE);
        world.parts.record.peerLost(world.volume(0), PRIMARY, false, world.out);
        world.parts.writes.connectionLost(world.out);
        world.actions();
        List<Action> actions = fails(DiskFailure.FLUSH);
        assertThat(actions).contains(request.complete);
        assertThat(request.errno).isEqualTo(Errno.EIO);
        assertThat(sentAmong(actions)).isEmpty();
    }

    private void with(OnIoError policy) {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, TwoVolumes.onIoError(policy));
        disks = world.diskControl;
        each = world.each(0);
        connect();
    }

    /** Where the peer has good data it lacks a block until it is compared again, and says so, also on disk (spec states 6.4). */
    @ParameterizedTest
    @CsvSource({"WRITE, UP_TO_DATE, INCONSISTENT", "READ, UP_TO_DATE, INCONSISTENT", "WRITE, OUTDATED, UP_TO_DATE"})
    void anErrorMayBePassedOn(DiskFailure failure, DiskState peerDisk, DiskState expected) {
        with(OnIoError.PASS_ON);
        state(PRIMARY.withPeerDisk(peerDisk));
        List<Action> actions = fails(failure);
        assertThat(world.volume(0).diskUsable()).isTrue();
        assertThat(world.state(0).disk()).isEqualTo(expected);
        assertThat(sentAmong(actions).isEmpty()).isEqualTo(expected == DiskState.UP_TO_DATE);
        assertThat(TwoVolumes.reportsAmong(actions)).singleElement().satisfies(told -> assertThat(told.report().keptSafe()).contains("stays in use"));
        DiskOperation superblock = orderedAmong(actions).getFirst();
        assertThat(world.superblockIn(superblock).has(Superblock.CONSISTENT)).isEqualTo(expected == DiskState.UP_TO_DATE);
        world.answer(superblock, 0);
        world.actions();
        assertThat(checked()).as("once").isEmpty();
    }

    /** What cannot be flushed or written down any more is no disk. */
    @ParameterizedTest
    @EnumSource(value = DiskFailure.class, names = {"FLUSH", "METADATA", "TIMEOUT"})
    void butNotThatOfADiskThatIsOfNoUse(DiskFailure failure) {
        with(OnIoError.PASS_ON);
        state(PRIMARY);
        fails(failure);
        assertThat(world.volume(0).diskUsable()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"CALL_LOCAL_IO_ERROR, true", "DETACH, false"})
    void aProgramIsCalledWhereThatIsConfigured(OnIoError policy, boolean called) {
        with(policy);
        state(PRIMARY);
        List<Action> actions = fails(DiskFailure.WRITE);
        assertThat(actions.stream().anyMatch(action -> action instanceof Action.RunHandler run && run.handler().equals("local-io-error") && run.volume() == 0)).isEqualTo(called);
        assertThat(world.volume(0).diskUsable()).isFalse();
    }

    /** Only this disk has not taken down yet that the target has everything, and it never will (seed 1631338). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aTargetThatHasAllServesAPrimaryThatLosesItsDisk(boolean through) {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(30, 20, 0, 0));
        if (!through) world.volume(0).bitmap().setRange(1, 2);
        state(PRIMARY.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
        each.source.start(9, 0);
        each.source.targetFinished(0);
        fails(DiskFailure.WRITE);
        assertThat(world.state(0).peerDisk().servesHostAlone()).isEqualTo(through);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isEqualTo(through);
    }

    /** The mark of the write that it failed is of none that the target lacks (seed 8602561). */
    @Test
    void soDoesOneThatIsSentTheWriteWhichTheDiskHasFailed() {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(30, 20, 0, 0));
        state(PRIMARY.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT));
        each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
        each.source.start(9, 0);
        each.source.targetFinished(0);
        world.volume(0).bitmap().setRange(1, 2);
        var failed = new HostWrite(0);
        failed.firstSector = 8;
        failed.lengthBytes = 4096;
        world.volume(0).writeFailedHere(failed);
        fails(DiskFailure.WRITE);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    /** What hangs may never come back: the peer has the block. */
    @ParameterizedTest
    @CsvSource({"TIMEOUT, true", "FLUSH, false"})
    void aReadThatHangsIsAskedOfThePeer(DiskFailure failure, boolean asked) {
        state(PRIMARY);
        world.parts.reads.connected(9);
        HostRequest request = write();
        request.kind = HostRequest.Kind.READ;
        world.parts.reads.arrived(request, world.out);
        assertThat(orderedAmong(world.actions())).hasSize(1);
        assertThat(sentAmong(fails(failure)).stream().anyMatch(Packet.BlockRequest.class::isInstance)).as("any other is answered, with an error").isEqualTo(asked);
    }

    /** Its Primary has to mark all that its barriers have not covered (rule 7). */
    @ParameterizedTest
    @EnumSource(DiskFailure.class)
    void aSecondaryClosesTheConnectionUnlessItWasARead(DiskFailure failure) {
        List<Action> actions = fails(failure);
        assertThat(world.parts.socketsUp).isEqualTo(failure == DiskFailure.READ);
        assertThat(actions.stream().anyMatch(Action.Disconnect.class::isInstance)).isEqualTo(failure != DiskFailure.READ);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"PRIMARY, UP_TO_DATE, this node goes on through it", "PRIMARY, OUTDATED, Nothing more is written", "SECONDARY, UP_TO_DATE, and goes on"})
    void aPersonIsToldWhoHasTheData(Role role, DiskState peerDisk, String kept) {
        state(SECONDARY.withRole(role).withPeerDisk(peerDisk));
        assertThat(TwoVolumes.reportsAmong(fails(DiskFailure.READ)).getFirst().report().keptSafe()).contains(kept);
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isEqualTo(role == Role.PRIMARY && peerDisk == DiskState.UP_TO_DATE);
    }

    @Test
    void theLossOfATargetsDiskNeedsNoRecordAndEndsItsResync() {
        state(PRIMARY.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        world.volume(0).setExposedIdentifier(999);
        world.volume(0).bitmap().setRange(1, 2);
        each.target.start(9, 0, false, world.out);
        world.actions();
        fails(DiskFailure.WRITE);
        assertThat(each.target.isRunning()).isFalse();
        assertThat(world.parts.record.localLossIsOpen(world.volume(0))).isFalse();
    }

    @Test
    void aTargetThatIsDetachedAsksForNoMore() {
        state(SECONDARY.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        world.volume(0).bitmap().setRange(1, 2);
        each.target.start(9, 0, false, world.out);
        disks.detach(each, TICKET, world.out);
        assertThat(each.target.isRunning()).isFalse();
    }

    @Test
    void aDiskThatFailsInTheMidstOfItsDetachIsClosedOnce() {
        disks.detach(each, TICKET, world.out);
        world.actions();
        List<Action> flush = checked();
        List<Action> actions = fails(DiskFailure.METADATA);
        assertThat(actions.stream().filter(Action.CloseDisk.class::isInstance)).hasSize(1);
        world.answer(orderedAmong(flush).getFirst(), 0);
        assertThat(checked()).noneMatch(Action.CloseDisk.class::isInstance);
    }

    @Test
    void aDiskThatTookTooLongHasFailed() {
        world.parts.nowNanos = 1;
        disks.timeIs();
        assertThat(world.volume(0).failure()).as("there is no limit").isNull();
        assertThat(disks.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void oneMessageASecondTellsOfSectorsThatCannotBeRead() {
        world.volume(0).sectorUnreadable(Errno.EIO, 80);
        disks.checkUnreadable(each, world.out);
        List<Action.Report> reports = TwoVolumes.reportsAmong(world.actions());
        assertThat(reports).hasSize(1);
        assertThat(reports.getFirst().report().whatHappened()).contains("sector 80 cannot be read (errno 5).");
        assertThat(reports.getFirst().report().keptSafe()).contains("read from beta");
        world.volume(0).sectorUnreadable(Errno.EIO, 88);
        world.volume(0).sectorUnreadable(Errno.EIO, 96);
        world.parts.nowNanos = 999_999_999;
        disks.checkUnreadable(each, world.out);
        assertThat(world.actions()).isEmpty();
        world.parts.nowNanos = 1_000_000_000;
        world.commit(SECONDARY.withPeerDisk(DiskState.INCONSISTENT));
        disks.checkUnreadable(each, world.out);
        reports = TwoVolumes.reportsAmong(world.actions());
        assertThat(reports.getFirst().report().whatHappened()).contains("the last of 2 reads that failed");
        assertThat(reports.getFirst().report().keptSafe()).contains("only this read has failed");
        world.parts.nowNanos = 5_000_000_000L;
        disks.checkUnreadable(each, world.out);
        assertThat(world.actions()).isEmpty();
    }

    // ---- attach

    @Test
    void anAttachThatIsRefusedIsAnsweredAndItsDiskClosed() {
        world.volume(0).stopUsingDisk(world.out);
        world.volume(0).diskClosed();
        world.commit(SECONDARY.withDisk(DiskState.DISKLESS));
        world.actions();
        disks.attach(each, TICKET, world.out);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.ATTACHING);
        assertThat(world.actions()).contains(new Action.OpenDisk(0, world.volume(0).attach()));
        disks.openFailed(new Event.DiskOpenFailed(0, world.volume(0).attach() - 1, null));
        disks.checkAttach(each, world.out);
        assertThat(world.actions()).as("that was another attach").isEmpty();
        var report = new OperatorReport(OperatorReport.Level.ERROR, "It is not there.", "Nothing was changed.", "Look.");
        disks.openFailed(new Event.DiskOpenFailed(0, world.volume(0).attach(), report));
        disks.checkAttach(each, world.out);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Refused(StateChangeResult.NO_LOCAL_DISK, report));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(world.parts.trouble).isEqualTo(report);
        assertThat(each.attachTicket).isZero();
    }

    @Test
    void aDiskThatWaitsForThePeersWordIsClosedWhenThatNeverComes() {
        each.attachTicket = TICKET;
        world.commit(SECONDARY.withDisk(DiskState.DISKLESS));
        disks.checkAbandoned(each, world.out);
        List<Action> actions = world.actions();
        assertThat(((CommandResult.Refused) resultAmong(actions)).code()).isEqualTo(StateChangeResult.NEED_CONNECTION);
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        disks.checkAbandoned(each, world.out);
        assertThat(world.actions()).as("once").isEmpty();
    }

    /** As if that one had had none all the time. */
    @Test
    void aPeerThatHasLostItsDiskHasNoSay() {
        each.parkedDisk = DiskState.OUTDATED;
        world.commit(SECONDARY.withDisk(DiskState.NEGOTIATING).withPeerDisk(DiskState.DISKLESS));
        disks.peerHasNoSay(each);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.OUTDATED);
        assertThat(each.introduceDisk).isTrue();
        each.introduceDisk = false;
        world.commit(SECONDARY.withDisk(DiskState.NEGOTIATING).withPeerDisk(DiskState.DISKLESS));
        world.volume(0).setExposedIdentifier(999);
        disks.peerHasNoSay(each);
        assertThat(world.state(0).disk()).as("the host has seen other data").isEqualTo(DiskState.DISKLESS);
        assertThat(each.introduceDisk).isFalse();
    }

    /** The disk of volume 0 is gone, and one with this superblock, an empty log and no marks is attached in its place. */
    private List<Action> attached(VolumeState before, Superblock superblock) {
        world.volume(0).stopUsingDisk(world.out);
        world.volume(0).diskClosed();
        world.commit(before.withDisk(DiskState.DISKLESS));
        world.actions();
        var geometry = world.volume(1).geometry();
        disks.attach(each, TICKET, world.out);
        disks.opened(new Event.DiskOpened(0, world.volume(0).attach() - 1, geometry), world.out);
        assertThat(world.volume(0).diskOpen()).as("that was another attach").isFalse();
        world.actions();
        disks.opened(new Event.DiskOpened(0, world.volume(0).attach(), geometry), world.out);
        List<Action> others = new ArrayList<>();
        for (List<Action> next = world.actions(); !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (action instanceof Action.StartDiskOperation start) attachAnswers(start.operation, superblock);
                else others.add(action);
            }
            disks.checkAttach(each, world.out);
        }
        return others;
    }

    private void attachAnswers(DiskOperation operation, Superblock superblock) {
        if (operation.kind != DiskOperation.Kind.READ) {
            world.answer(operation, 0);
            return;
        }
        operation.buffer.setZero(operation.bufferIndex, operation.lengthBytes);
        var layout = MetadataLayout.of(new MetadataKind.FlexExternal(), world.volume(1).geometry().metadataBytes());
        if (operation.offsetBytes == layout.superblockByte()) superblock.encode(operation.buffer, operation.bufferIndex);
        else if (operation.offsetBytes < layout.bitmapByte()) {
            for (int at = 0; at < operation.lengthBytes; at += 4096) operation.buffer.setBytes(operation.bufferIndex + at, ActivityLogRing.initialisedBlock());
        }
        world.volume(0).answered(operation);
        each.attach.readDone(world.out);
    }

    private static Superblock good(long current) {
        MetadataLayout layout = MetadataLayout.of(new MetadataKind.FlexExternal(), 8 << 20);
        return Superblock.created(layout, 77, 0).withUuids(current, 0, 0, 0).withLastAgreedSectors(TwoVolumes.SECTORS).withFlags(Superblock.CONSISTENT | Superblock.WAS_UP_TO_DATE)
                .clean();
    }

    @Test
    void aDiskOfANodeThatIsAloneIsWhatItsSuperblockSays() {
        world.parts.socketsUp = false;
        List<Action> actions = attached(ALONE.withRole(Role.SECONDARY), good(40));
        assertThat(world.state(0).disk().isAtLeast(DiskState.CONSISTENT)).isTrue();
        assertThat(((CommandResult.Done) resultAmong(actions)).text()).startsWith("attached, ");
        assertThat(world.volume(0).identifiers().current()).isEqualTo(40);
        assertThat(each.introduceDisk).isFalse();
        assertThat(each.attachTicket).isZero();
    }

    /** What its superblock knows of the peer's disk counts until somebody asks that one. */
    @ParameterizedTest
    @CsvSource({"true, OUTDATED", "false, UNKNOWN"})
    void aDiskThatHadOutlivedThePeersRemembersSo(boolean outdated, DiskState peerDisk) {
        world.parts.socketsUp = false;
        Superblock superblock = good(40);
        attached(ALONE.withRole(Role.SECONDARY), outdated ? superblock.withFlags(superblock.flags() | Superblock.PEER_OUTDATED) : superblock);
        assertThat(world.state(0).peerDisk()).isEqualTo(peerDisk);
    }

    @Test
    void besideAPeerThatHasADiskThatOneHasASay() {
        attached(SECONDARY, good(40));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.NEGOTIATING);
        assertThat(each.parkedDisk.isAtLeast(DiskState.CONSISTENT)).isTrue();
        assertThat(each.introduceDisk).isTrue();
    }

    @Test
    void besideAPeerThatHasNoneNot() {
        attached(SECONDARY.withPeerDisk(DiskState.DISKLESS), good(40));
        assertThat(world.state(0).disk().isAtLeast(DiskState.CONSISTENT)).isTrue();
        assertThat(each.introduceDisk).isTrue();
    }

    /** The peer was told in this handshake that there is no disk. */
    @Test
    void inTheMidstOfAHandshakeThatOneBeginsAnew() {
        attached(SECONDARY.withConnection(ConnectionState.WF_REPORT_PARAMS).withPeerDisk(DiskState.UNKNOWN), good(40));
        assertThat(world.parts.socketsUp).isFalse();
        assertThat(each.introduceDisk).isFalse();
    }

    /** Also beside a peer that has no disk to compare with. */
    @ParameterizedTest
    @CsvSource({"PRIMARY, 41, true", "PRIMARY, 20, false", "SECONDARY, 41, false"})
    void aDiskOfAnotherGenerationThanTheHostHasSeenIsNotUsed(Role role, long current, boolean refused) {
        world.parts.socketsUp = false;
        List<Action> actions = attached(ALONE.withRole(role), good(current));
        if (!refused) {
            assertThat(resultAmong(actions)).isInstanceOf(CommandResult.Done.class);
            return;
        }
        assertThat(((CommandResult.Refused) resultAmong(actions)).code()).isEqualTo(StateChangeResult.NO_UP_TO_DATE_DISK);
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
    }

    @Test
    void anAttachedDiskBearsTheLowestBitOfTheRole() {
        world.parts.socketsUp = false;
        attached(ALONE, good(20));
        assertThat(world.volume(0).identifiers().current()).isEqualTo(21);
    }

    @Test
    void metadataThatCannotBeUsedIsRefusedAndTheDeviceClosed() {
        world.parts.socketsUp = false;
        List<Action> actions = attached(ALONE.withRole(Role.SECONDARY), good(40).withFlags(0).inUse().withLastAgreedSectors(Long.MAX_VALUE / 1024));
        assertThat(resultAmong(actions)).isInstanceOf(CommandResult.Refused.class);
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(world.volume(0).diskUsable()).isFalse();
    }

    @Test
    void aDiskThatDoesNotFitThePeersIsClosedAgain() {
        each.attachTicket = TICKET;
        world.commit(SECONDARY.withDisk(DiskState.NEGOTIATING));
        disks.giveUp(each, "its data does not fit", world.out);
        List<Action> actions = world.actions();
        assertThat(((CommandResult.Refused) resultAmong(actions)).report().whatHappened()).contains("its data does not fit");
        assertThat(actions).contains(new Action.CloseDisk(0, world.volume(0).attach()));
        assertThat(world.volume(0).diskUsable()).isFalse();
        assertThat(toldAmong(actions).disk()).isEqualTo(DiskState.DISKLESS);
    }
}
