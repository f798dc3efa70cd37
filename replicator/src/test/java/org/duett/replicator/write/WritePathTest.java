package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One write of the host from its arrival to the barrier ack of its epoch, on both legs and where one of them is lost. An extent is 8192 sectors, a block 8. */
class WritePathTest {
    private static final long MILLI = 1_000_000;
    private static final int BLOCK = 4096;
    private static final int MIB = 1 << 20;
    private static final long SECTORS = 1 << 20;
    private static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.OUTDATED);
    private static final VolumeState LOST = ALONE.withPeerDisk(DiskState.UNKNOWN);
    private static final VolumeState SOURCE = MIRRORED.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT);
    private static final VolumeState TARGET = MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT);

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final List<HostWrite> failedHere = new ArrayList<>();
    private final List<Volume> refusedThere = new ArrayList<>();
    private WritePath writes;
    private LossRecord record;
    private boolean targetMayHaveFinished;

    @BeforeEach
    void connect() {
        make(Protocol.C, 64);
        world.commit(MIRRORED);
        writes.connected(CONNECTION, true);
        // What the log does is told by its own tests and by those below that say so.
        world.volume.log().enable(false);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void make(Protocol protocol, int slots) {
        writes = new WritePath(List.of(world.volume), protocol, slots, 100);
        RandomStock random = new RandomStock();
        random.arrived(LongStream.range(1000, 1200).toArray());
        record = new LossRecord(List.of(world.volume), random, writes, false);
        writes.recordsIn(record);
        writes.asksOfTargets(volume -> targetMayHaveFinished);
        writes.tellsOfFailedWrites(failedHere::add);
        writes.tellsOfRefusedWrites(refusedThere::add);
    }

    private void protocol(Protocol protocol) {
        make(protocol, 64);
        writes.connected(CONNECTION, true);
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private static HostRequest request(Kind kind, long firstSector, long lengthBytes) {
        HostRequest request = new HostRequest();
        request.kind = kind;
        request.volume = 2;
        request.firstSector = firstSector;
        request.lengthBytes = lengthBytes;
        if (kind == Kind.WRITE) request.payload = Unpooled.buffer((int) lengthBytes);
        return request;
    }

    private List<Action> arrives(HostRequest request) {
        writes.arrived(request, world.out);
        return world.actions();
    }

    private List<Action> written(long bit, int blocks) {
        return arrives(request(Kind.WRITE, bit * 8, blocks * BLOCK));
    }

    private static boolean isAnswered(List<Action> actions, HostRequest request) {
        return actions.contains(request.complete);
    }

    /** Requests that were answered, each with its errno. */
    private static List<Integer> answers(List<Action> actions) {
        return actions.stream().filter(Action.CompleteHostRequest.class::isInstance).map(action -> ((Action.CompleteHostRequest) action).request.errno).toList();
    }

    private List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        switch (operation.owner) {
            case HostWrite write -> writes.localDone(write, world.out);
            case HostFlush flush -> writes.flushDone(flush, world.out);
            default -> world.volume.metadata().diskDone(operation, world.out);
        }
        return world.actions();
    }

    private List<Action> diskAnswers(List<Action> actions) {
        List<Action> all = new ArrayList<>();
        for (DiskOperation operation : orderedAmong(actions)) all.addAll(diskAnswers(operation, 0));
        return all;
    }

    /** The disk answers all that is ordered, and what is ordered then. */
    private List<Action> diskAnswersAll(List<Action> actions) {
        List<Action> all = new ArrayList<>();
        for (List<Action> next = diskAnswers(actions); !next.isEmpty(); next = diskAnswers(next)) all.addAll(next);
        return all;
    }

    private static BlockAck ackOf(Packet packet, BlockAck.Kind kind) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.volume = 2;
        switch (packet) {
            case Packet.Data data -> {
                ack.firstSector = data.firstSector;
                ack.blockId = data.blockId;
            }
            case Packet.Zeroing zeroing -> {
                ack.firstSector = zeroing.firstSector;
                ack.blockId = zeroing.blockId;
            }
            default -> throw new AssertionError(packet);
        }
        return ack;
    }

    private List<Action> peerAnswers(Packet packet, BlockAck.Kind kind) {
        assertThat(writes.acknowledged(ackOf(packet, kind), world.out)).isTrue();
        return world.actions();
    }

    private static List<Packet> data(List<Action> actions) {
        return sentAmong(actions).stream().filter(packet -> !(packet instanceof Packet.Barrier)).toList();
    }

    private static Packet.Data oneData(List<Action> actions) {
        List<Packet> packets = data(actions);
        assertThat(packets).hasSize(1);
        return (Packet.Data) packets.getFirst();
    }

    private static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    private List<Action> closed() {
        writes.closeEpoch(world.out);
        return world.actions();
    }

    /** The epoch is closed, if it is not yet, and acknowledged. */
    private List<Action> barrierAnswered(int number, int count, boolean asItHasTo) {
        closed();
        Packet.BarrierAck ack = new Packet.BarrierAck();
        ack.number = number;
        ack.writes = count;
        assertThat(writes.barrierAcknowledged(ack, world.out)).isEqualTo(asItHasTo);
        return world.actions();
    }

    // ---- parts

    @Test
    void aLargeWriteIsCutAtMebibytesAndAtTheEndOfItsExtent() {
        HostRequest request = request(Kind.WRITE, 8192 - 1024, 3 * MIB);
        List<Action> actions = arrives(request);
        List<DiskOperation> parts = orderedAmong(actions);
        assertThat(parts).extracting(part -> part.offsetBytes).containsExactly(4L * MIB - 512 * 1024, 4L * MIB, 5L * MIB, 6L * MIB);
        assertThat(parts).extracting(part -> part.lengthBytes).containsExactly(512 * 1024, MIB, MIB, 512 * 1024);
        assertThat(parts).extracting(part -> part.bufferIndex).containsExactly(0, 512 * 1024, 3 * MIB / 2, 5 * MIB / 2);
        assertThat(parts).allMatch(part -> part.buffer == request.payload && part.kind == DiskOperation.Kind.WRITE && part.area == DiskOperation.Area.DATA && !part.forceUnitAccess);
        List<Packet> packets = data(actions);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).payloadIndex).containsExactly(0, 512 * 1024, 3 * MIB / 2, 5 * MIB / 2);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).sequence).containsExactly(1, 2, 3, 4);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).blockId).doesNotHaveDuplicates();
        for (DiskOperation part : parts) assertThat(answers(diskAnswers(part, 0))).isEmpty();
        for (int i = 0; i < 3; i++) assertThat(answers(peerAnswers(packets.get(i), BlockAck.Kind.WRITE_ACK))).isEmpty();
        assertThat(writes.requestsOpen()).isEqualTo(1);
        assertThat(isAnswered(peerAnswers(packets.get(3), BlockAck.Kind.WRITE_ACK), request)).isTrue();
        assertThat(request.errno).isZero();
        assertThat(writes.requestsOpen()).isZero();
        assertThat(writes.kibSent()).isEqualTo(3 << 10);
        assertThat(writes.kibWritten()).isEqualTo(3 << 10);
    }

    @Test
    void whatFailsOnOnePartFailsTheRequestOnceAllAreThrough() {
        world.commit(ALONE);
        writes.connectionLost(world.out);
        HostRequest request = request(Kind.WRITE, 0, 2 * MIB);
        List<DiskOperation> parts = orderedAmong(arrives(request));
        assertThat(answers(diskAnswers(parts.get(0), Errno.EIO))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(1), 0))).containsExactly(Errno.EIO);
    }

    /** So that bitmap and data speak of the same blocks (rule 27). */
    @ParameterizedTest
    @CsvSource({"8, 16, 8, 16", "9, 16, 16, 8", "1, 23, 8, 16", "8, 23, 8, 16", "0, 8, 0, 8"})
    void aTrimIsRoundedInwardToWholeBlocks(long firstSector, int sectors, long first, int length) {
        DiskOperation part = oneOrdered(arrives(request(Kind.TRIM, firstSector, sectors * 512L)));
        assertThat(part.kind).isEqualTo(DiskOperation.Kind.DISCARD);
        assertThat(part.offsetBytes).isEqualTo(first * 512);
        assertThat(part.lengthBytes).isEqualTo(length * 512);
        assertThat(part.buffer).isNull();
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "1, 14", "9, 3"})
    void aTrimOfNoWholeBlockIsDoneAtOnce(long firstSector, int sectors) {
        List<Action> actions = arrives(request(Kind.TRIM, firstSector, sectors * 512L));
        assertThat(answers(actions)).containsExactly(0);
        assertThat(actions).hasSize(1);
    }

    @Test
    void aZeroingGoesExtentByExtentAndIsNotRounded() {
        List<Action> actions = arrives(request(Kind.WRITE_ZEROES, 8191, 10_000 * 512L));
        assertThat(orderedAmong(actions)).extracting(part -> part.lengthBytes / 512).containsExactly(1, 8192, 1807);
        assertThat(orderedAmong(actions)).allMatch(part -> part.kind == DiskOperation.Kind.DISCARD);
        Packet.Zeroing zeroing = (Packet.Zeroing) data(actions).get(1);
        assertThat(zeroing.kind).isEqualTo(Packet.Zeroing.Kind.ZEROES);
        assertThat(zeroing.volume).isEqualTo(2);
        assertThat(zeroing.firstSector).isEqualTo(8192);
        assertThat(zeroing.lengthBytes).isEqualTo(8192 * 512);
        assertThat(zeroing.flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.ZEROES | DataFlags.DISCARD);
        assertThat(zeroing.sequence).isEqualTo(2);
    }

    @Test
    void aZeroingMayForbidThatItsAllocationIsGivenBack() {
        HostRequest request = request(Kind.WRITE_ZEROES, 0, BLOCK);
        request.keepAllocated = true;
        List<Action> actions = arrives(request);
        assertThat(oneOrdered(actions).kind).isEqualTo(DiskOperation.Kind.WRITE_ZEROES);
        assertThat(((Packet.Zeroing) data(actions).getFirst()).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.ZEROES);
    }

    @Test
    void aTrimMayGiveItsAllocationBackWhateverTheClientSaysOfZeroes() {
        HostRequest request = request(Kind.TRIM, 0, BLOCK);
        request.keepAllocated = true;
        Packet.Zeroing zeroing = (Packet.Zeroing) data(arrives(request)).getFirst();
        assertThat(zeroing.kind).as("a kernel's plain discard need not read back as zeroes").isEqualTo(Packet.Zeroing.Kind.ZEROES);
        assertThat(zeroing.flags & DataFlags.DISCARD).isNotZero();
    }

    @Test
    void toAPeerThatKnowsNoZeroesTheyTravelAsData() {
        writes.connectionLost(world.out);
        writes.connected(CONNECTION, false);
        List<Action> actions = arrives(request(Kind.WRITE_ZEROES, 0, 3 * MIB / 2));
        assertThat(orderedAmong(actions)).extracting(part -> part.lengthBytes).containsExactly(MIB, MIB / 2);
        for (Packet packet : data(actions)) {
            ByteBuf payload = ((Packet.Data) packet).payload;
            int length = ((Packet.Data) packet).lengthBytes;
            assertThat(payload.slice(((Packet.Data) packet).payloadIndex, length)).isEqualTo(Unpooled.buffer(length).writeZero(length));
        }
        Packet.Zeroing trim = (Packet.Zeroing) data(arrives(request(Kind.TRIM, 8192, 8192 * 512))).getFirst();
        assertThat(trim.kind).isEqualTo(Packet.Zeroing.Kind.TRIM);
        assertThat(trim.lengthBytes).as("carries no data").isEqualTo(8192 * 512);
        assertThat(trim.flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.DISCARD);
    }

    @Test
    void aZeroingThatWaitedUntilAnotherPeerCameFails() {
        HostWrite blocking = (HostWrite) oneOrdered(written(0, 1)).owner;
        HostRequest request = request(Kind.WRITE_ZEROES, 0, 2 * MIB);
        assertThat(arrives(request)).isEmpty();
        writes.connectionLost(world.out);
        writes.connected(CONNECTION, false);
        world.actions();
        diskAnswers(blocking.disk, 0);
        writes.nothingOverlaps((HostWrite) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> actions = world.actions();
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(Errno.EIO);
        assertThat(orderedAmong(arrives(request(Kind.WRITE_ZEROES, 8192, 2 * MIB)))).as("cut for this one").hasSize(2);
    }

    @Test
    void forceUnitAccessGoesToBothDisks() {
        HostRequest request = request(Kind.WRITE, 0, BLOCK);
        request.forceUnitAccess = true;
        List<Action> actions = arrives(request);
        assertThat(oneOrdered(actions).forceUnitAccess).isTrue();
        assertThat(oneData(actions).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.FUA);
    }

    // ---- what is not begun

    @Test
    void whatComesWhileTheRoleIsGivenUpIsRefused() {
        writes.refuseNew(true);
        List<Action> actions = written(0, 1);
        assertThat(answers(actions)).containsExactly(Errno.ESHUTDOWN);
        assertThat(actions).hasSize(1);
        writes.refuseNew(false);
        assertThat(answers(written(0, 1))).isEmpty();
    }

    @Test
    void aSecondaryWritesNothing() {
        world.commit(MIRRORED.withRole(Role.SECONDARY));
        assertThat(answers(written(0, 1))).containsExactly(Errno.ESHUTDOWN);
        assertThat(answers(arrives(request(Kind.FLUSH, 0, 0)))).containsExactly(Errno.ESHUTDOWN);
    }

    @Test
    void whatIsHeldBackBeginsLaterInItsOrder() {
        writes.holdBack(true, world.out);
        assertThat(written(0, 1)).isEmpty();
        assertThat(written(8, 1)).isEmpty();
        assertThat(writes.requestsWaiting()).isEqualTo(2);
        assertThat(writes.isIdle()).isFalse();
        assertThat(writes.blockedForNothing()).isNull();
        writes.holdBack(false, world.out);
        assertThat(orderedAmong(world.actions())).extracting(part -> part.offsetBytes).containsExactly(0L, 8L * BLOCK);
        assertThat(writes.requestsWaiting()).isZero();
    }

    @Test
    void whatIsHeldBackMayBeFailed() {
        writes.holdBack(true, world.out);
        written(0, 1);
        arrives(request(Kind.FLUSH, 0, 0));
        writes.failQueued(Errno.EIO, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO, Errno.EIO);
        assertThat(writes.isIdle()).isTrue();
        assertThat(writes.requestsOpen()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"INCONSISTENT, UNKNOWN", "OUTDATED, OUTDATED", "DISKLESS, INCONSISTENT", "DISKLESS, DISKLESS"})
    void whereNoGoodCopyIsReachedWritesAndFlushesFail(DiskState disk, DiskState peerDisk) {
        world.commit(MIRRORED.withDisk(disk).withPeerDisk(peerDisk));
        assertThat(answers(written(0, 1))).containsExactly(Errno.EIO);
        assertThat(answers(arrives(request(Kind.FLUSH, 0, 0)))).containsExactly(Errno.EIO);
        assertThat(writes.isIdle()).isTrue();
        assertThat(bitmap().isAllClear()).isTrue();
    }

    // ---- slots

    @Test
    void whoFindsNoSlotWaitsAndTheEpochIsClosed() {
        make(Protocol.C, 3);
        writes.connected(CONNECTION, true);
        List<Action> actions = written(0, 1);
        actions.addAll(written(1, 1));
        actions.addAll(written(2, 1));
        assertThat(sentAmong(actions).stream().filter(Packet.Barrier.class::isInstance)).as("an epoch is full with one write where there are three slots").hasSize(3);
        HostRequest fourth = request(Kind.WRITE, 80, BLOCK);
        assertThat(arrives(fourth)).isEmpty();
        assertThat(writes.requestsWaiting()).isEqualTo(1);
        assertThat(writes.writesInFlight()).isEqualTo(3);
        long blockId = ((Packet.Data) data(actions).getFirst()).blockId;
        diskAnswers(actions);
        for (Packet packet : data(actions)) peerAnswers(packet, BlockAck.Kind.WRITE_ACK);
        assertThat(writes.requestsWaiting()).as("the slots are taken until the barrier ack").isEqualTo(1);
        Packet.Data sent = oneData(barrierAnswered(0, 1, true));
        assertThat(sent.firstSector).isEqualTo(80);
        assertThat(sent.blockId).as("a slot's second use").isNotEqualTo(blockId);
    }

    @Test
    void aRequestOfMorePartsThanSlotsGoesOnAsTheyComeFree() {
        make(Protocol.C, 2);
        world.commit(ALONE);
        HostRequest request = request(Kind.WRITE, 0, 5 * MIB);
        List<DiskOperation> parts = new ArrayList<>(orderedAmong(arrives(request)));
        assertThat(parts).hasSize(2);
        for (int i = 0; i < 4; i++) {
            assertThat(parts.get(i).offsetBytes).isEqualTo((long) i * MIB);
            List<Action> actions = diskAnswers(parts.get(i), 0);
            assertThat(answers(actions)).isEmpty();
            parts.addAll(orderedAmong(actions));
        }
        assertThat(parts).hasSize(5);
        assertThat(answers(diskAnswers(parts.get(4), 0))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void aRequestThatFailedIsNotCutAnyFurther() {
        make(Protocol.C, 2);
        world.commit(ALONE);
        HostRequest request = request(Kind.WRITE, 0, 5 * MIB);
        List<DiskOperation> parts = orderedAmong(arrives(request));
        assertThat(orderedAmong(diskAnswers(parts.get(0), Errno.EIO))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(1), 0))).containsExactly(Errno.EIO);
        assertThat(writes.requestsWaiting()).isZero();
    }

    @Test
    void whoFindsNoSlotClosesTheOpenEpoch() {
        make(Protocol.C, 4);
        writes.connected(CONNECTION, true);
        written(8, 1);
        for (int i = 0; i < 3; i++) assertThat(written(8, 1)).as("it overlaps").isEmpty();
        assertThat(sentAmong(written(20, 1))).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(written(30, 1)).as("once").isEmpty();
        assertThat(writes.blockedForNothing()).isNull();
    }

    /** The slots had no epoch yet when the request began to wait for one of them (rule 16). */
    @Test
    void anEpochThatIsOpenedWhileSomebodyWaitsForSlotsIsClosed() {
        make(Protocol.C, 4);
        writes.connected(CONNECTION, true);
        world.volume.log().enable(true);
        for (int i = 0; i < 4; i++) written(8, 1);
        writes.closeEpochIfShort(world.out);
        assertThat(written(20, 1)).isEmpty();
        writes.closeEpochIfShort(world.out);
        assertThat(world.actions()).as("there is none").isEmpty();
        world.volume.metadata().writeLogTransaction(world.out);
        diskAnswersAll(world.actions());
        writes.extentIsHot((HostWrite) world.volume.log().pollReady(), world.out);
        assertThat(data(world.actions())).hasSize(1);
        assertThat(writes.blockedForNothing()).contains("waits for slots, and the epoch is open");
        writes.closeEpochIfShort(world.out);
        assertThat(world.sent()).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(writes.blockedForNothing()).isNull();
    }

    // ---- both legs

    @Test
    void inProtocolCTheHostIsAnsweredWhenBothDisksHaveIt() {
        List<Action> actions = written(8, 2);
        Packet.Data sent = oneData(actions);
        assertThat(sent.kind).isEqualTo(Packet.Data.Kind.WRITE);
        assertThat(sent.volume).isEqualTo(2);
        assertThat(sent.firstSector).isEqualTo(64);
        assertThat(sent.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(sent.flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK);
        assertThat(writes.awaitingPeer()).isEqualTo(1);
        assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(peerAnswers(sent, BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(writes.awaitingPeer()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(writes.writesInFlight()).as("until the barrier ack").isEqualTo(1);
        assertThat(writes.isIdle()).isFalse();
        barrierAnswered(0, 1, true);
        assertThat(writes.isIdle()).isTrue();
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @Test
    void thePeerMayBeFirst() {
        List<Action> actions = written(8, 2);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).isEmpty();
        assertThat(barrierAnswered(0, 1, true)).isEmpty();
        assertThat(writes.writesInFlight()).isEqualTo(1);
        assertThat(answers(diskAnswers(actions))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void inProtocolBItIsEnoughThatThePeerHasReceivedIt() {
        protocol(Protocol.B);
        List<Action> actions = written(8, 2);
        assertThat(oneData(actions).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_RECEIVE_ACK);
        assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).as("that disk write may be under way (rule 16)").isEqualTo(1);
        HostRequest overlapping = request(Kind.WRITE, 64, BLOCK);
        assertThat(sentAmong(arrives(overlapping))).singleElement().isInstanceOf(Packet.Barrier.class);
        barrierAnswered(0, 1, true);
        assertThat(world.volume.overlap().pollUnblocked()).isNotNull();
    }

    @Test
    void inProtocolAItIsEnoughThatItIsOnItsWay() {
        protocol(Protocol.A);
        List<Action> actions = written(8, 2);
        assertThat(oneData(actions).flags).isEqualTo(DataFlags.SYNC);
        assertThat(writes.awaitingPeer()).isZero();
        assertThat(answers(diskAnswers(actions))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
        barrierAnswered(0, 1, true);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(writes.isIdle()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void forceUnitAccessWaitsForThePeersDiskInAnyProtocol(Protocol protocol) {
        protocol(protocol);
        HostRequest request = request(Kind.WRITE, 64, BLOCK);
        request.forceUnitAccess = true;
        List<Action> actions = arrives(request);
        assertThat(oneData(actions).flags & (DataFlags.SEND_WRITE_ACK | DataFlags.FUA)).isEqualTo(DataFlags.SEND_WRITE_ACK | DataFlags.FUA);
        diskAnswers(actions);
        if (protocol == Protocol.B) assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK))).isEmpty();
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).as("that disk has it").isZero();
    }

    /** On its way is no copy, in any protocol (rule 1). */
    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void withoutAGoodDiskHereThePeersDiskIsWaitedFor(Protocol protocol) {
        protocol(protocol);
        world.commit(TARGET);
        List<Action> actions = written(8, 1);
        assertThat(oneData(actions).flags & DataFlags.SEND_WRITE_ACK).isNotZero();
        diskAnswers(actions);
        if (protocol == Protocol.B) assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK))).isEmpty();
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
    }

    @Test
    void withoutAPeerTheBlocksAreMarkedAndTheDiskIsEnough() {
        world.commit(ALONE);
        writes.connectionLost(world.out);
        List<Action> actions = written(8, 2);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(answers(diskAnswers(actions))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
        assertThat(world.volume.crashedPrimary()).isFalse();
        assertThat(writes.kibSent()).isZero();
    }

    /** While the bitmaps are exchanged the target is told what differs since. */
    @Test
    void aPeerThatTakesNoDataYetIsToldOfEachNewMark() {
        world.commit(MIRRORED.withConnection(ConnectionState.WF_BITMAP_S).withPeerDisk(DiskState.CONSISTENT));
        Packet.BlockDescription note = (Packet.BlockDescription) sentAmong(written(8, 2)).getFirst();
        assertThat(note.kind).isEqualTo(Packet.BlockDescription.Kind.OUT_OF_SYNC);
        assertThat(note.volume).isEqualTo(2);
        assertThat(note.firstSector).isEqualTo(64);
        assertThat(note.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(sentAmong(written(20, 1))).hasSize(1);
        bitmap().setRange(30, 31);
        assertThat(sentAmong(written(30, 1))).as("it is marked already").isEmpty();
    }

    /** Found by seed 1821986: answered here alone it would be lost with us, as that one may not have heard that it is behind (rule 20). */
    @Test
    void aTargetThatHasHeardOfGrowthTakesWhatIsWrittenBeforeTheResyncBegins() {
        world.commit(MIRRORED.withConnection(ConnectionState.WF_BITMAP_S).withPeerDisk(DiskState.CONSISTENT));
        world.volume.targetTakesWrites(true);
        List<Action> actions = written(8, 2);
        assertThat(oneData(actions).firstSector).isEqualTo(64);
        assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        world.volume.connectionEnded();
        assertThat(world.volume.targetTakesWrites()).isFalse();
    }

    // ---- beside a resync

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aBlockThatTheTargetHasIsEqualWhenOurDiskHasItToo(boolean diskFirst) {
        world.commit(SOURCE);
        bitmap().setRange(8, 10);
        List<Action> actions = written(8, 2);
        assertThat(oneData(actions).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.MAY_SET_IN_SYNC);
        if (diskFirst) diskAnswers(actions);
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        assertThat(bitmap().isAllClear()).isEqualTo(diskFirst);
        if (!diskFirst) diskAnswers(actions);
        assertThat(bitmap().isAllClear()).isTrue();
    }

    /** Found by seed 1926400. */
    @Test
    void whatTheTargetMayHaveByWritesThatAreOpenIsCounted() {
        world.commit(SOURCE);
        bitmap().setRange(8, 11);
        List<Action> slowHere = written(8, 2);
        List<Action> slowThere = written(10, 2);
        assertThat(writes.blocksWrittenAtTarget(world.volume, false)).as("one of the four is not marked").isEqualTo(3);
        assertThat(writes.blocksWrittenAtTarget(world.volume, true)).isZero();
        peerAnswers(oneData(slowHere), BlockAck.Kind.RESYNC_WRITE_ACK);
        diskAnswers(slowThere);
        assertThat(writes.blocksWrittenAtTarget(world.volume, true)).isEqualTo(2);
        assertThat(writes.blocksWrittenAtTarget(world.volume, false)).isEqualTo(3);
        peerAnswers(oneData(slowThere), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(writes.blocksWrittenAtTarget(world.volume, false)).as("that one it does not have").isEqualTo(2);
        assertThat(refusedThere).containsExactly(world.volume);
        diskAnswers(oneOrdered(slowHere), Errno.EIO);
        assertThat(writes.blocksWrittenAtTarget(world.volume, false)).as("those count as failed here").isZero();
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
    }

    @Test
    void anAckWithoutThatWordLeavesTheMark() {
        world.commit(SOURCE);
        bitmap().setRange(8, 10);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void aLeaveToTakeMarksAwayEndsWithItsConnection() {
        world.commit(SOURCE);
        bitmap().setRange(8, 10);
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        barrierAnswered(0, 1, true);
        writes.connectionLost(world.out);
        diskAnswers(actions);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    // ---- acks that fit no write

    @Test
    void anAckThatFitsNoWriteIsAMistakeOfThePeers() {
        Packet sent = oneData(written(8, 2));
        BlockAck ack = ackOf(sent, BlockAck.Kind.WRITE_ACK);
        ack.volume = 3;
        assertThat(writes.acknowledged(ack, world.out)).isFalse();
        ack = ackOf(sent, BlockAck.Kind.WRITE_ACK);
        ack.firstSector = 72;
        assertThat(writes.acknowledged(ack, world.out)).isFalse();
        for (long other : new long[]{0, 1L << 32, 1L << 32 | 2, 2L << 32 | 1, -1}) {
            ack = ackOf(sent, BlockAck.Kind.WRITE_ACK);
            ack.blockId = other;
            assertThat(writes.acknowledged(ack, world.out)).as("%x", other).isFalse();
            ack.kind = BlockAck.Kind.NEGATIVE_ACK;
            assertThat(writes.acknowledged(ack, world.out)).as("may be late").isTrue();
        }
        assertThat(world.actions()).isEmpty();
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = BlockAck.Kind.class, names = {"SUPERSEDED", "NEGATIVE_DATA_REPLY", "NEGATIVE_RESYNC_REPLY", "VERIFY_RESULT", "IN_SYNC", "RESYNC_CANCEL", "RETRY_WRITE"})
    void anAckOfAnotherKindIsNoneForAWrite(BlockAck.Kind kind) {
        Packet sent = oneData(written(8, 2));
        assertThat(writes.acknowledged(ackOf(sent, kind), world.out)).isFalse();
    }

    @Test
    void afterItsBarrierAWriteHasNoMoreAcks() {
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        Packet.Data sent = oneData(actions);
        peerAnswers(sent, BlockAck.Kind.WRITE_ACK);
        barrierAnswered(0, 1, true);
        assertThat(writes.acknowledged(ackOf(sent, BlockAck.Kind.WRITE_ACK), world.out)).isFalse();
    }

    @Test
    void aBarrierAckOfAnotherNumberOrCountIsAMistakeOfThePeers() {
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        barrierAnswered(1, 1, false);
        barrierAnswered(0, 2, false);
        barrierAnswered(0, 1, true);
    }

    @Test
    void aBarrierAckBeforeAnAckThatWasAskedForIsAMistakeOfThePeers() {
        written(8, 2);
        barrierAnswered(0, 1, false);
    }

    // ---- our own disk fails

    /** Until the peer's word on a new generation, or our own superblock, has it down (rule 1). */
    @Test
    void aWriteThatFailsHereIsAnsweredWhenTheLossIsOnRecord() {
        List<Action> actions = written(8, 2);
        assertThat(answers(diskAnswers(oneOrdered(actions), Errno.EIO))).isEmpty();
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.failureSector()).isEqualTo(64);
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
        assertThat(failedHere).singleElement().extracting(write -> write.firstSector).isEqualTo(64L);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).isEmpty();
        assertThat(writes.holdsAny(world.volume)).isTrue();
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(writes.holdsAny(world.volume)).isFalse();
        assertThat(writes.kibWritten()).isZero();
    }

    @Test
    void aDiskThatWasKnownToBeBehindNeedsNoRecord() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
    }

    @Test
    void aFailureBehindOneThatIsNotOnRecordWaitsForThatRecord() {
        List<Action> first = written(8, 1);
        List<Action> second = written(9, 1);
        diskAnswers(oneOrdered(first), Errno.EIO);
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        diskAnswers(oneOrdered(second), Errno.EIO);
        peerAnswers(oneData(first), BlockAck.Kind.WRITE_ACK);
        assertThat(answers(peerAnswers(oneData(second), BlockAck.Kind.WRITE_ACK))).isEmpty();
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0, 0);
    }

    /** It would be overwritten with what our disk has (rule 1). */
    @Test
    void aCopyOnTheTargetOfOurResyncIsNone() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK))).containsExactly(Errno.EIO);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    /** In A and B the host waits for the barrier then: nobody else has it (rule 1). */
    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void aWriteThatFailsHereWaitsForThePeersDisk(Protocol protocol) {
        protocol(protocol);
        List<Action> actions = written(8, 2);
        if (protocol == Protocol.B) peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void inBAReceiveAckAfterThatIsNotEnoughEither() {
        protocol(Protocol.B);
        List<Action> actions = written(8, 2);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK))).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
    }

    /** It was good when the write went out: on its way to the peer is no copy any more (rule 1). */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void inBAWriteOfADiskThatHasCeasedToBeGoodWaitsForThePeersDisk(boolean diskFirst) {
        protocol(Protocol.B);
        List<Action> actions = written(8, 2);
        if (diskFirst) diskAnswers(actions);
        else peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT));
        if (diskFirst) peerAnswers(oneData(actions), BlockAck.Kind.RECEIVE_ACK);
        else assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
    }

    @Test
    void whatFailedHereIsCountedOnlyWhereThePeerHasIt() {
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        diskAnswers(oneOrdered(actions), Errno.EIO);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
        world.commit(ALONE);
        writes.connectionLost(world.out);
        diskAnswers(oneOrdered(written(20, 1)), Errno.EIO);
        assertThat(world.volume.failedHere().blocks()).isEqualTo(2);
    }

    @Test
    void aDiskThatWasBehindAnywayIsGivenUpAndWhatThePeerHasIsAnswered() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        writes.localDiskLost(world.volume, false, false, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    /** The peer knows of it already, and does not name for it what it lacks (rule 6). */
    @Test
    void aDiskThatAwaitsThePeersWordIsMarkedWithWhatItLacks() {
        world.commit(MIRRORED.withDisk(DiskState.NEGOTIATING));
        List<Action> actions = written(8, 2);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        written(20, 1);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void aDiskThatIsGivenUpWithWritesUnderWayIsNotWaitedFor() {
        List<Action> actions = written(8, 2);
        List<Action> other = written(20, 1);
        diskAnswers(other);
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        writes.localDiskLost(world.volume, true, false, world.out);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(answers(peerAnswers(oneData(other), BlockAck.Kind.WRITE_ACK))).containsExactly(0);
        assertThat(bitmap().setBits()).as("what the disk has answered it has").isEqualTo(2);
        barrierAnswered(0, 2, true);
        assertThat(writes.writesInFlight()).as("the slot waits for the disk's answer (rule 18)").isEqualTo(1);
        assertThat(answers(diskAnswers(oneOrdered(actions), 0))).isEmpty();
        assertThat(writes.isIdle()).isTrue();
        assertThat(writes.kibWritten()).isEqualTo(4);
    }

    @Test
    void whereItWasTheLastGoodCopyWhatItHasAnsweredCountsNoMore() {
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        world.commit(MIRRORED.withDisk(DiskState.FAILED).withPeerDisk(DiskState.OUTDATED));
        writes.localDiskLost(world.volume, true, true, world.out);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK))).containsExactly(Errno.EIO);
    }

    // ---- the peer is lost

    /** Held until leave is given: what it has answered one by one it may lack, too, but for what a barrier covers (rules 1, 2). */
    @Test
    void whatNoBarrierCoversIsMarkedAndWhatIsOpenIsHeld() {
        List<Action> covered = written(4, 1);
        diskAnswers(covered);
        peerAnswers(oneData(covered), BlockAck.Kind.WRITE_ACK);
        barrierAnswered(0, 1, true);
        List<Action> answered = written(8, 1);
        diskAnswers(answered);
        peerAnswers(oneData(answered), BlockAck.Kind.WRITE_ACK);
        List<Action> open = written(12, 1);
        diskAnswers(open);
        loseConnection();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(bitmap().isSet(4)).isFalse();
        assertThat(bitmap().isSet(8)).isTrue();
        assertThat(bitmap().isSet(12)).isTrue();
        assertThat(writes.writesInFlight()).isEqualTo(1);
        assertThat(writes.openEpochs()).isZero();
        assertThat(world.volume.crashedPrimary()).as("the next handshake makes us source").isTrue();
        assertThat(writes.blockedForNothing()).isNull();
        List<Action> later = written(16, 1);
        assertThat(answers(diskAnswers(later))).isEmpty();
        assertThat(bitmap().isSet(16)).isTrue();
        allowAlone();
        assertThat(writes.isIdle()).isTrue();
    }

    private void loseConnection() {
        VolumeState before = world.volume.state();
        world.commit(LOST.withDisk(before.disk()));
        record.peerLost(world.volume, before, false, world.out);
        writes.connectionLost(world.out);
    }

    private void allowAlone() {
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(diskAnswersAll(world.actions()))).isNotEmpty().containsOnly(0);
    }

    @Test
    void aFrozenNodeThatHasWrittenWillBeTheSource() {
        loseConnection();
        assertThat(world.volume.crashedPrimary()).as("nothing was open").isFalse();
        diskAnswers(written(8, 1));
        assertThat(world.volume.crashedPrimary()).isTrue();
    }

    @Test
    void whatWasAnsweredByBothIsNotHeldWhereTheLossNeedsNoRecord() {
        world.commit(SOURCE);
        world.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        List<Action> actions = written(8, 1);
        diskAnswers(actions);
        loseConnection();
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(world.volume.crashedPrimary()).isFalse();
    }

    @Test
    void onATargetWhatThePeerHasNotGoneThroughWithFails() {
        world.commit(TARGET);
        List<Action> actions = written(8, 1);
        diskAnswers(actions);
        loseConnection();
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    /** The connection is lost, and a write has had the new generation made: later ones need no record. */
    private void goOnAlone() {
        loseConnection();
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(diskAnswersAll(written(100, 1)))).containsExactly(0);
        assertThat(record.newWritesNeedRecord(world.volume)).isFalse();
    }

    @Test
    void withdrawnLeaveHoldsWhatHasBegun() {
        goOnAlone();
        List<Action> actions = written(8, 1);
        record.allowAlone(false, "", world.out);
        assertThat(answers(diskAnswersAll(actions))).isEmpty();
        assertThat(writes.holdsAny(world.volume)).isTrue();
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    // ---- the peer's disk is lost

    /** A negative ack is the loss of that copy: hold, new generation, complete (rule 4). */
    @Test
    void aNegativeAckIsHeldUntilOurNewGenerationIsOnDisk() {
        long before = world.volume.identifiers().current();
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(answers(ordered)).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(GenerationIdentifiers.sameGeneration(world.volume.identifiers().current(), before)).isFalse();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
        assertThat(record.pollIdentifiersChanged()).isSameAs(world.volume);
    }

    @Test
    void aNegativeAckOfADiskThatIsKnownToBeBehindIsOnlyAMark() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK))).containsExactly(0);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(record.pollIdentifiersChanged()).isNull();
    }

    @Test
    void aTargetThatMayBeThroughIsAsGoodAsWeAre() {
        world.commit(SOURCE);
        world.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        targetMayHaveFinished = true;
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(answers(ordered)).isEmpty();
        assertThat(world.volume.identifiers().current()).as("a new generation").isNotEqualTo(21);
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
    }

    /** A FLUSH that covers it is not answered yet. */
    @Test
    void aNegativeAckOfAWriteThatIsAnsweredIsTheLossOfThatCopyAsWell() {
        protocol(Protocol.A);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        List<Action> flush = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(answers(diskAnswers(flush))).isEmpty();
        List<Action> ordered = peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(answers(barrierAnswered(0, 1, true))).as("that copy lacks it").isEmpty();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
    }

    @Test
    void onATargetANegativeAckOfItsSourceIsAnError() {
        world.commit(TARGET);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        assertThat(answers(peerAnswers(oneData(actions), BlockAck.Kind.NEGATIVE_ACK))).containsExactly(Errno.EIO);
    }

    @Test
    void withThePeersDiskAllIsMarkedThatItsBarrierDidNotCover() {
        List<Action> covered = written(4, 1);
        diskAnswers(covered);
        peerAnswers(oneData(covered), BlockAck.Kind.WRITE_ACK);
        barrierAnswered(0, 1, true);
        List<Action> answered = written(8, 1);
        diskAnswers(answered);
        peerAnswers(oneData(answered), BlockAck.Kind.WRITE_ACK);
        List<Action> open = written(12, 1);
        diskAnswers(open);
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        record.peerLost(world.volume, MIRRORED, false, world.out);
        writes.peerDiskLost(world.volume, world.out);
        List<Action> ordered = world.actions();
        assertThat(answers(ordered)).isEmpty();
        assertThat(bitmap().isSet(4)).isFalse();
        assertThat(bitmap().isSet(8)).isTrue();
        assertThat(bitmap().isSet(12)).isTrue();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
        peerAnswers(oneData(open), BlockAck.Kind.NEGATIVE_ACK);
        barrierAnswered(1, 2, true);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void withThePeersDiskATargetLosesWhatItCouldServe() {
        world.commit(TARGET);
        diskAnswers(written(8, 1));
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void theLossOfACopyThatWasBehindHoldsNothing() {
        world.commit(SOURCE);
        diskAnswers(written(8, 1));
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    @Test
    void aLeaveToTakeMarksAwayEndsWithThePeersDisk() {
        world.commit(SOURCE);
        bitmap().setRange(8, 10);
        List<Action> actions = written(8, 2);
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        barrierAnswered(0, 1, true);
        writes.peerDiskLost(world.volume, world.out);
        diskAnswers(actions);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    // ---- FLUSH

    /** Found by seed 1784515: our disk alone had been written to in the same block since, and that was not resynced (promise 3). */
    @Test
    void norDoesALateAckOfThatDiskTakeAny() {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        diskAnswers(actions);
        writes.peerDiskLost(world.volume, world.out);
        world.commit(SOURCE.withConnection(ConnectionState.CONNECTED).withPeerDisk(DiskState.FAILED));
        diskAnswers(written(9, 1));
        peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void aFlushWithNothingOpenIsOneOfTheOwnDisk() {
        List<Action> actions = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(sentAmong(actions)).isEmpty();
        DiskOperation flush = oneOrdered(actions);
        assertThat(flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
        assertThat(flush.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(flush.lengthBytes).isZero();
        assertThat(writes.isIdle()).isFalse();
        assertThat(answers(diskAnswers(flush, 0))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void aFlushWaitsForTheBarrierOfWhatWasSent() {
        List<Action> write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        List<Action> actions = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(sentAmong(actions)).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(answers(diskAnswers(actions))).isEmpty();
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(0);
    }

    @Test
    void aFlushThatTheConnectionLostIsHeldLikeAWrite() {
        List<Action> write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        diskAnswers(arrives(request(Kind.FLUSH, 0, 0)));
        loseConnection();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(writes.holdsAny(world.volume)).isTrue();
        assertThat(writes.blockedForNothing()).isNull();
        List<Action> later = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(answers(diskAnswers(later))).isEmpty();
        allowAlone();
        assertThat(writes.holdsAny(world.volume)).isFalse();
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void withdrawnLeaveHoldsAFlush() {
        goOnAlone();
        List<Action> flush = arrives(request(Kind.FLUSH, 0, 0));
        record.allowAlone(false, "", world.out);
        assertThat(answers(diskAnswersAll(flush))).isEmpty();
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    @Test
    void aFlushHasTheRecordMadeToo() {
        loseConnection();
        record.allowAlone(true, "the test", world.out);
        assertThat(world.actions()).as("nobody wants it yet").isEmpty();
        List<Action> actions = arrives(request(Kind.FLUSH, 0, 0));
        assertThat(answers(diskAnswersAll(actions))).containsExactly(0);
        assertThat(record.newWritesNeedRecord(world.volume)).isFalse();
    }

    @Test
    void aFlushThatFailsHereIsAnsweredWhenTheLossIsOnRecord() {
        DiskOperation flush = oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        assertThat(answers(diskAnswers(flush, Errno.EIO))).isEmpty();
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.FLUSH);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).as("the peer has all").containsExactly(0);
    }

    @Test
    void aFlushThatFailsWithoutAPeerFails() {
        world.commit(ALONE);
        writes.connectionLost(world.out);
        DiskOperation flush = oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        diskAnswers(flush, Errno.EIO);
        record.noCopyLeft(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void aFlushOfADiskThatIsGivenUpIsNotWaitedFor() {
        DiskOperation flush = oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        writes.localDiskLost(world.volume, true, false, world.out);
        assertThat(answers(world.actions())).isEmpty();
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(answers(diskAnswers(flush, 0))).isEmpty();
        world.commit(MIRRORED);
        DiskOperation next = oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        assertThat(next).as("its slot is free again").isSameAs(flush);
    }

    @Test
    void ofADiskThatIsKnownToBeBehindTheLossHoldsNoFlush() {
        world.commit(TARGET);
        oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        writes.localDiskLost(world.volume, false, false, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
    }

    /** The barrier ack says nothing of a disk that was lost since. */
    @Test
    void aFlushBehindWhichThePeersDiskIsLostIsHeldForTheRecord() {
        List<Action> write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        diskAnswers(arrives(request(Kind.FLUSH, 0, 0)));
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        record.peerLost(world.volume, MIRRORED, false, world.out);
        writes.peerDiskLost(world.volume, world.out);
        List<Action> ordered = world.actions();
        assertThat(answers(barrierAnswered(0, 1, true))).isEmpty();
        assertThat(answers(diskAnswersAll(ordered))).containsExactly(0);
    }

    @Test
    void onATargetAFlushBehindWhichItsSourceIsLostFails() {
        world.commit(TARGET);
        List<Action> write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        diskAnswers(arrives(request(Kind.FLUSH, 0, 0)));
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(barrierAnswered(0, 1, true))).containsExactly(Errno.EIO);
        write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        diskAnswers(arrives(request(Kind.FLUSH, 0, 0)));
        loseConnection();
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void aFlushThatBothDisksHaveNotCarriedOutFails() {
        List<Action> write = written(8, 1);
        diskAnswers(write);
        peerAnswers(oneData(write), BlockAck.Kind.WRITE_ACK);
        DiskOperation flush = oneOrdered(arrives(request(Kind.FLUSH, 0, 0)));
        world.commit(SOURCE);
        writes.peerDiskLost(world.volume, world.out);
        assertThat(answers(barrierAnswered(0, 1, true))).isEmpty();
        diskAnswers(flush, Errno.EIO);
        record.localLossOnRecord(world.volume, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
    }

    @Test
    void aFlushThatNobodyHasToCarryOutIsDoneAtOnce() {
        try (AttachedVolume other = new AttachedVolume(SECTORS, AttachedVolume.flushes(false, false))) {
            WritePath path = new WritePath(List.of(other.volume), Protocol.C, 64, 100);
            path.recordsIn(new LossRecord(List.of(other.volume), new RandomStock(), path, false));
            other.commit(ALONE);
            path.arrived(request(Kind.FLUSH, 0, 0), other.out);
            assertThat(answers(other.actions())).containsExactly(0);
            assertThat(path.isIdle()).isTrue();
        }
    }

    @Test
    void aFlushOnADeviceThatNeedsNoneWaitsForThePeerOnly() {
        try (AttachedVolume other = new AttachedVolume(SECTORS, AttachedVolume.flushes(false, false))) {
            WritePath path = new WritePath(List.of(other.volume), Protocol.C, 64, 100);
            path.recordsIn(new LossRecord(List.of(other.volume), new RandomStock(), path, false));
            other.commit(MIRRORED);
            path.connected(CONNECTION, true);
            other.volume.log().enable(false);
            HostRequest fua = request(Kind.WRITE, 0, BLOCK);
            fua.forceUnitAccess = true;
            path.arrived(fua, other.out);
            assertThat(oneOrdered(other.actions()).forceUnitAccess).isFalse();
            path.arrived(request(Kind.FLUSH, 0, 0), other.out);
            List<Action> actions = other.actions();
            assertThat(orderedAmong(actions)).isEmpty();
            assertThat(answers(actions)).isEmpty();
            assertThat(sentAmong(actions)).hasSize(1);
        }
    }

    // ---- overlaps and the log

    @Test
    void anOverlappingWriteWaitsAndInProtocolCNeedsNoBarrier() {
        List<Action> first = written(8, 2);
        assertThat(written(9, 2)).isEmpty();
        diskAnswers(first);
        peerAnswers(oneData(first), BlockAck.Kind.WRITE_ACK);
        HostWrite second = (HostWrite) world.volume.overlap().pollUnblocked();
        writes.nothingOverlaps(second, world.out);
        assertThat(oneOrdered(world.actions()).offsetBytes).isEqualTo(9 * BLOCK);
    }

    @Test
    void neitherLegStartsBeforeTheExtentIsInTheLogOnDisk() {
        world.volume.log().enable(true);
        assertThat(written(8, 1)).isEmpty();
        world.volume.metadata().writeLogTransaction(world.out);
        assertThat(diskAnswersAll(world.actions())).isEmpty();
        HostWrite write = (HostWrite) world.volume.log().pollReady();
        writes.extentIsHot(write, world.out);
        List<Action> actions = world.actions();
        assertThat(orderedAmong(actions)).hasSize(1);
        assertThat(data(actions)).hasSize(1);
        diskAnswers(actions);
        peerAnswers(oneData(actions), BlockAck.Kind.WRITE_ACK);
        assertThat(world.volume.log().referencesInUse()).as("until its barrier").isEqualTo(1);
        barrierAnswered(0, 1, true);
        assertThat(world.volume.log().referencesInUse()).isZero();
    }

    @Test
    void aWriteThatFindsNoExtentClosesTheEpochSoThatOneComesFree() {
        make(Protocol.C, 200);
        writes.connected(CONNECTION, true);
        written(8, 1);
        world.volume.log().enable(true);
        for (int extent = 1; extent <= ActivityLog.MAX_CHANGES; extent++) assertThat(written(extent * 1024L, 1)).isEmpty();
        assertThat(writes.blockedForNothing()).as("a transaction is to be written").contains("no transaction is being written");
        assertThat(sentAmong(written(100 * 1024L, 1))).singleElement().isInstanceOf(Packet.Barrier.class);
    }

    // ---- time and figures

    @Test
    void anEpochThatNobodyClosesIsClosedAfterATenthOfASecond() {
        writes.timeIs(1000 * MILLI, world.out);
        assertThat(writes.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(writes.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        written(8, 1);
        assertThat(writes.deadlineNanos()).isEqualTo(1100 * MILLI);
        assertThat(writes.oldestUnansweredNanos()).isEqualTo(1000 * MILLI);
        writes.timeIs(1100 * MILLI - 1, world.out);
        assertThat(world.actions()).isEmpty();
        writes.timeIs(1100 * MILLI, world.out);
        assertThat(sentAmong(world.actions())).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(writes.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(writes.openEpochs()).isEqualTo(1);
    }

    @Test
    void aRequestThatNothingWillEverMoveOnIsTold() {
        List<Action> actions = written(8, 1);
        assertThat(writes.blockedForNothing()).isNull();
        HostWrite write = (HostWrite) oneOrdered(actions).owner;
        world.answered(write.disk, 0);
        assertThat(writes.blockedForNothing()).contains("its disk was not asked");
        writes.localDone(write, world.out);
        assertThat(writes.blockedForNothing()).isNull();
        write.inEpoch = false;
        assertThat(writes.blockedForNothing()).contains("the peer has nothing to answer");
    }
}
