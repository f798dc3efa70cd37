package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
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

/** What the peer's host writes, as this node carries it out: each write, the epochs between its barriers, and what is left when the connection or the disk goes. */
class PeerWritePathTest {
    private static final int BLOCK = 4096;
    private static final int SLOTS = 4;
    private static final long SECTORS = 1 << 20;
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState TARGET = MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT);
    /** A Primary without a disk: nobody but us can name what it writes (rule 6). */
    private static final VolumeState DUTY = MIRRORED.withPeerDisk(DiskState.DISKLESS);

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final AttachedVolume second = new AttachedVolume(SECTORS, s -> new VolumeSettings(3, s.metadataKind(), 0, 67, true, s.fencing(), s.onIoError(), s.onReadError(), true,
            true, 0, s.resync()));
    private PeerWritePath path = new PeerWritePath(List.of(world.volume), SLOTS);
    private long blockId = 0x1122334455667788L;

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
        second.commit(MIRRORED);
        path.connected(CONNECTION);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
        second.close();
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private Packet.Data data(long bit, int blocks, int flags) {
        Packet.Data data = new Packet.Data();
        data.kind = Packet.Data.Kind.WRITE;
        data.volume = 2;
        data.firstSector = bit * 8;
        data.lengthBytes = blocks * BLOCK;
        data.blockId = blockId++;
        data.flags = flags;
        data.payload = Unpooled.buffer(blocks * BLOCK);
        return data;
    }

    private List<Action> arrives(Packet.Data data) {
        path.arrived(world.volume, data, world.out);
        return world.actions();
    }

    private List<Action> arrives(long bit, int blocks) {
        return arrives(data(bit, blocks, DataFlags.SEND_WRITE_ACK));
    }

    private List<Action> barrier(int number) {
        Packet.Barrier barrier = new Packet.Barrier();
        barrier.number = number;
        path.barrier(barrier, world.out);
        return world.actions();
    }

    private List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        if (operation.owner instanceof PeerWrite write) path.done(world.volume, write, world.out);
        else if (operation.purpose == DiskOperation.Purpose.PEER_FLUSH) path.flushDone(world.volume, operation, world.out);
        else world.volume.metadata().diskDone(operation, world.out);
        List<Action> actions = world.actions();
        path.eventIsOver();
        return actions;
    }

    private List<Action> diskAnswers(List<Action> actions) {
        return diskAnswers(oneOrdered(actions), 0);
    }

    private static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    private static BlockAck oneAck(List<Action> actions, BlockAck.Kind kind) {
        List<Packet> packets = sentAmong(actions);
        assertThat(packets).hasSize(1);
        assertThat(((BlockAck) packets.getFirst()).kind).isEqualTo(kind);
        return (BlockAck) packets.getFirst();
    }

    private DiskOperation isFlush(List<Action> actions) {
        DiskOperation flush = oneOrdered(actions);
        assertThat(flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
        assertThat(flush.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(flush.lengthBytes).isZero();
        return flush;
    }

    private void isBarrierAck(List<Action> actions, int number, int writes) {
        assertThat(sentAmong(actions)).hasSize(1);
        Packet.BarrierAck ack = (Packet.BarrierAck) sentAmong(actions).getFirst();
        assertThat(ack.number).isEqualTo(number);
        assertThat(ack.writes).isEqualTo(writes);
    }

    private static final class Other extends BlockUser {
        Other(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

    // ---- one write

    @Test
    void whatComesIsWrittenAndAcknowledged() {
        Packet.Data data = data(8, 2, DataFlags.SEND_WRITE_ACK);
        DiskOperation write = oneOrdered(arrives(data));
        assertThat(write.kind).isEqualTo(DiskOperation.Kind.WRITE);
        assertThat(write.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(write.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(write.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(write.buffer).isSameAs(data.payload);
        assertThat(write.bufferIndex).isZero();
        assertThat(write.forceUnitAccess).isFalse();
        assertThat(path.writesInWork()).isEqualTo(1);
        assertThat(path.isDrained()).isFalse();
        List<Action> actions = diskAnswers(write, 0);
        BlockAck ack = oneAck(actions, BlockAck.Kind.WRITE_ACK);
        assertThat(ack.volume).isEqualTo(2);
        assertThat(ack.firstSector).isEqualTo(64);
        assertThat(ack.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(ack.blockId).isEqualTo(data.blockId);
        assertThat(ack.sequence).isEqualTo(1);
        assertThat(releasedAmong(actions)).containsExactly(data.payload);
        assertThat(path.writesInWork()).isZero();
        assertThat(path.isDrained()).isTrue();
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(bitmap().isAllClear()).isTrue();
        assertThat(path.kibReceived()).isEqualTo(8);
        assertThat(path.kibWritten()).isEqualTo(8);
    }

    @Test
    void aWriteThatAsksForNoAckGetsNone() {
        assertThat(sentAmong(diskAnswers(arrives(data(8, 2, 0))))).isEmpty();
    }

    @Test
    void aReceiveAckGoesBeforeTheDisk() {
        Packet.Data data = data(8, 2, DataFlags.SEND_RECEIVE_ACK);
        List<Action> actions = arrives(data);
        BlockAck ack = oneAck(actions, BlockAck.Kind.RECEIVE_ACK);
        assertThat(ack.blockId).isEqualTo(data.blockId);
        assertThat(ack.firstSector).isEqualTo(64);
        assertThat(sentAmong(diskAnswers(actions))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({DataFlags.FUA + ", true", DataFlags.FLUSH + ", true", DataFlags.SYNC + ", false"})
    void forceUnitAccessGoesThroughToTheDisk(int flag, boolean through) {
        assertThat(oneOrdered(arrives(data(8, 2, flag))).forceUnitAccess).isEqualTo(through);
    }

    @Test
    void aTargetSaysThatTheBlocksAreEqualWhereItMay() {
        world.commit(TARGET);
        bitmap().setRange(8, 20);
        oneAck(diskAnswers(arrives(data(8, 2, DataFlags.SEND_WRITE_ACK | DataFlags.MAY_SET_IN_SYNC))), BlockAck.Kind.RESYNC_WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(10);
        oneAck(diskAnswers(arrives(data(10, 2, DataFlags.SEND_WRITE_ACK))), BlockAck.Kind.WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(10);
        world.commit(MIRRORED);
        oneAck(diskAnswers(arrives(data(12, 2, DataFlags.SEND_WRITE_ACK | DataFlags.MAY_SET_IN_SYNC))), BlockAck.Kind.WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(10);
    }

    @Test
    void aWriteThatFailsIsRefusedWhetherAnAckWasAskedForOrNot() {
        DiskOperation write = oneOrdered(arrives(data(8, 2, 0)));
        List<Action> actions = diskAnswers(write, Errno.EIO);
        oneAck(actions, BlockAck.Kind.NEGATIVE_ACK);
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.failureSector()).isEqualTo(64);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(path.kibWritten()).isZero();
    }

    @Test
    void withoutADiskAWriteIsRefused() {
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        List<Action> actions = arrives(8, 2);
        oneAck(actions, BlockAck.Kind.NEGATIVE_ACK);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(path.writesInWork()).isZero();
        isBarrierAck(flushed(barrier(7)), 7, 1);
    }

    private List<Action> flushed(List<Action> actions) {
        isFlush(actions);
        return diskAnswers(actions);
    }

    @Test
    void overlappingWritesGoOneAfterTheOther() {
        List<Action> first = arrives(8, 2);
        assertThat(arrives(9, 2)).isEmpty();
        diskAnswers(first);
        PeerWrite second = (PeerWrite) world.volume.overlap().pollUnblocked();
        path.nothingOverlaps(world.volume, second, world.out);
        assertThat(oneOrdered(world.actions()).offsetBytes).isEqualTo(9 * BLOCK);
    }

    // ---- zeroing

    private static Packet.Zeroing zeroing(Packet.Zeroing.Kind kind, long firstSector, long sectors, int flags) {
        Packet.Zeroing zeroing = new Packet.Zeroing();
        zeroing.kind = kind;
        zeroing.volume = 2;
        zeroing.firstSector = firstSector;
        zeroing.lengthBytes = (int) (sectors * 512);
        zeroing.blockId = 99;
        zeroing.flags = flags | DataFlags.SEND_WRITE_ACK;
        return zeroing;
    }

    @ParameterizedTest
    @CsvSource({"TRIM, 0, DISCARD", "TRIM, " + DataFlags.DISCARD + ", DISCARD", "ZEROES, " + DataFlags.DISCARD + ", DISCARD", "ZEROES, 0, WRITE_ZEROES"})
    void onlyWhereThePeerAllowsItAnAllocationIsGivenBack(Packet.Zeroing.Kind kind, int flags, DiskOperation.Kind expected) {
        path.arrived(world.volume, zeroing(kind, 64, 16, flags), world.out);
        DiskOperation operation = world.orderedOne();
        assertThat(operation.kind).isEqualTo(expected);
        assertThat(operation.offsetBytes).isEqualTo(64 * 512);
        assertThat(operation.lengthBytes).isEqualTo(16 * 512);
        assertThat(operation.buffer).isNull();
    }

    @Test
    void aLongZeroingGoesExtentByExtentAndIsAcknowledgedAsAWhole() {
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 8191, 2 * 8192, 0), world.out);
        List<String> parts = new ArrayList<>();
        List<Action> actions = world.actions();
        while (!orderedAmong(actions).isEmpty()) {
            DiskOperation part = oneOrdered(actions);
            parts.add(part.offsetBytes / 512 + "+" + part.lengthBytes / 512);
            assertThat(sentAmong(actions)).isEmpty();
            assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
            actions = diskAnswers(part, 0);
        }
        assertThat(parts).containsExactly("8191+1", "8192+8192", "16384+8191");
        BlockAck ack = oneAck(actions, BlockAck.Kind.WRITE_ACK);
        assertThat(ack.firstSector).isEqualTo(8191);
        assertThat(ack.lengthBytes).isEqualTo(2 * 8192 * 512);
        assertThat(ack.blockId).isEqualTo(99);
        assertThat(path.kibWritten()).isEqualTo(8192);
    }

    @Test
    void aZeroingOfWhichAPartFailsIsRefusedAsAWhole() {
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 0, 2 * 8192, 0), world.out);
        List<Action> actions = diskAnswers(world.orderedOne(), Errno.EIO);
        assertThat(orderedAmong(actions)).isEmpty();
        BlockAck ack = oneAck(actions, BlockAck.Kind.NEGATIVE_ACK);
        assertThat(ack.lengthBytes).isEqualTo(2 * 8192 * 512);
        assertThat(bitmap().setBits()).isEqualTo(2048);
    }

    @Test
    void aZeroingGoesOnOnlyAsLongAsItsConnection() {
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 0, 2 * 8192, 0), world.out);
        DiskOperation first = world.orderedOne();
        path.connectionLost(world.out);
        List<Action> actions = diskAnswers(first, 0);
        assertThat(orderedAmong(actions)).as("the flush of what came").singleElement().extracting(operation -> operation.kind).isEqualTo(DiskOperation.Kind.FLUSH);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(path.writesInWork()).isZero();
    }

    // ---- epochs

    @Test
    void aBarrierIsAcknowledgedWhenAllBeforeItIsFlushed() {
        List<Action> one = arrives(8, 1);
        List<Action> two = arrives(20, 1);
        assertThat(barrier(5)).isEmpty();
        assertThat(orderedAmong(diskAnswers(two))).isEmpty();
        List<Action> last = diskAnswers(one);
        isFlush(last);
        assertThat(path.isDrained()).as("a flush is under way").isFalse();
        assertThat(path.openEpochs()).isEqualTo(2);
        isBarrierAck(diskAnswers(last), 5, 2);
        assertThat(path.openEpochs()).isEqualTo(1);
        assertThat(path.isDrained()).isTrue();
    }

    @Test
    void aBarrierAfterAllIsWrittenIsFlushedAtOnce() {
        diskAnswers(arrives(8, 1));
        isBarrierAck(flushed(barrier(5)), 5, 1);
    }

    @Test
    void anEmptyEpochGetsNoAck() {
        assertThat(barrier(5)).isEmpty();
        assertThat(path.openEpochs()).isEqualTo(1);
        diskAnswers(arrives(8, 1));
        isBarrierAck(flushed(barrier(6)), 6, 1);
    }

    @Test
    void whatFollowsABarrierWaitsForItsAck() {
        List<Action> one = arrives(8, 1);
        barrier(5);
        assertThat(arrives(data(20, 1, DataFlags.SEND_RECEIVE_ACK))).as("nobody is told yet that it is here").isEmpty();
        assertThat(arrives(30, 1)).isEmpty();
        assertThat(barrier(6)).isEmpty();
        assertThat(arrives(40, 1)).isEmpty();
        PeerEpoch latest = path.latestEpoch();
        assertThat(path.hasBegun(latest)).isFalse();
        List<Action> through = diskAnswers(diskAnswers(one));
        assertThat(sentAmong(through)).hasSize(2);
        assertThat(sentAmong(through).get(0)).isInstanceOf(Packet.BarrierAck.class);
        assertThat(((BlockAck) sentAmong(through).get(1)).kind).isEqualTo(BlockAck.Kind.RECEIVE_ACK);
        assertThat(orderedAmong(through)).extracting(operation -> operation.offsetBytes / BLOCK).containsExactly(20L, 30L);
        diskAnswers(orderedAmong(through).get(0), 0);
        List<Action> flush = diskAnswers(orderedAmong(through).get(1), 0);
        List<Action> last = diskAnswers(flush);
        assertThat(((Packet.BarrierAck) sentAmong(last).getFirst()).number).isEqualTo(6);
        assertThat(((Packet.BarrierAck) sentAmong(last).getFirst()).writes).isEqualTo(2);
        assertThat(oneOrdered(last).offsetBytes).isEqualTo(40 * BLOCK);
        assertThat(path.hasBegun(latest)).isTrue();
    }

    @Test
    void anEpochThatIsOverHasBegun() {
        diskAnswers(arrives(8, 1));
        PeerEpoch epoch = path.latestEpoch();
        assertThat(path.hasBegun(epoch)).isTrue();
        flushed(barrier(5));
        assertThat(path.hasBegun(epoch)).isTrue();
    }

    /** So that the Primary marks what it covers (rule 7). */
    @Test
    void afterAFailedWriteTheBarrierIsNeverAcknowledged() {
        diskAnswers(oneOrdered(arrives(8, 1)), Errno.EIO);
        assertThat(path.brokenEpoch()).isFalse();
        assertThat(sentAmong(flushed(barrier(5)))).isEmpty();
        assertThat(path.brokenEpoch()).isTrue();
        path.connectionLost(world.out);
        assertThat(path.brokenEpoch()).isFalse();
    }

    @Test
    void norAfterAFailedFlush() {
        diskAnswers(arrives(8, 1));
        List<Action> flush = barrier(5);
        assertThat(sentAmong(diskAnswers(oneOrdered(flush), Errno.EIO))).isEmpty();
        assertThat(path.brokenEpoch()).isTrue();
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.FLUSH);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
    }

    @Test
    void norWhenTheDiskIsGivenUpWithItsFlushUnderWay() {
        diskAnswers(arrives(8, 1));
        List<Action> flush = barrier(5);
        path.localDiskLost(world.volume, world.out);
        assertThat(sentAmong(world.actions())).isEmpty();
        assertThat(path.brokenEpoch()).isTrue();
        assertThat(path.isDrained()).isTrue();
        assertThat(sentAmong(diskAnswers(flush))).as("nobody waits for it").isEmpty();
        assertThat(path.isDrained()).isTrue();
    }

    @Test
    void norWhenTheDiskIsGivenUpBeforeTheBarrier() {
        diskAnswers(arrives(8, 1));
        path.localDiskLost(world.volume, world.out);
        world.volume.stopUsingDisk(world.out);
        assertThat(sentAmong(barrier(5))).isEmpty();
        assertThat(path.brokenEpoch()).isTrue();
    }

    @Test
    void aDiskThatIsGivenUpWithNothingReceivedBreaksNothing() {
        path.localDiskLost(world.volume, world.out);
        oneAck(diskAnswers(arrives(8, 1)), BlockAck.Kind.WRITE_ACK);
        isBarrierAck(flushed(barrier(5)), 5, 1);
    }

    @Test
    void aBarrierIsForTheDisksOfAllVolumes() {
        path = new PeerWritePath(List.of(world.volume, second.volume), SLOTS);
        path.connected(CONNECTION);
        diskAnswers(arrives(8, 1));
        List<DiskOperation> flushes = orderedAmong(barrier(5));
        assertThat(flushes).extracting(flush -> flush.volume).containsExactly(2, 3);
        assertThat(sentAmong(diskAnswers(flushes.get(0), 0))).isEmpty();
        second.answered(flushes.get(1), 0);
        path.flushDone(second.volume, flushes.get(1), world.out);
        isBarrierAck(world.actions(), 5, 1);
        second.volume.stopUsingDisk(second.out);
        diskAnswers(arrives(8, 1));
        assertThat(orderedAmong(barrier(6))).as("of the disks that there are").hasSize(1);
    }

    @Test
    void eachVolumeIsDrainedByItself() {
        path = new PeerWritePath(List.of(world.volume, second.volume), SLOTS);
        path.connected(CONNECTION);
        second.commit(DUTY);
        second.volume.log().enable(false);
        Packet.Data data = data(8, 1, 0);
        data.volume = 3;
        path.arrived(second.volume, data, second.out);
        path.checkMarks(second.out);
        assertThat(path.writesOnlyHereAreThrough(second.volume)).isFalse();
        assertThat(path.writesOnlyHereAreThrough(world.volume)).isTrue();
        path.connectionLost(world.out);
        assertThat(path.earlierIsDurable(second.volume)).isFalse();
        assertThat(path.earlierIsDurable(world.volume)).as("it is being flushed").isFalse();
        diskAnswers(isFlush(world.actions()), 0);
        assertThat(path.earlierIsDurable(world.volume)).isTrue();
        assertThat(second.actions()).as("not before what came is written").isEmpty();
        assertThat(path.earlierIsDurable(second.volume)).isFalse();
        assertThat(path.isDrained()).isFalse();
        second.volume.stopUsingDisk(second.out);
        assertThat(path.earlierIsDurable(second.volume)).as("a disk that is given up").isTrue();
        assertThat(path.isDrained()).isTrue();
    }

    @Test
    void aDeviceThatNeedsNoFlushGetsNone() {
        try (AttachedVolume other = new AttachedVolume(SECTORS, AttachedVolume.flushes(false, true))) {
            other.commit(MIRRORED);
            PeerWritePath quick = new PeerWritePath(List.of(other.volume), SLOTS);
            quick.connected(CONNECTION);
            quick.arrived(other.volume, data(8, 1, DataFlags.FUA), other.out);
            DiskOperation write = other.orderedOne();
            assertThat(write.forceUnitAccess).isFalse();
            other.answered(write, 0);
            quick.done(other.volume, (PeerWrite) write.owner, other.out);
            other.actions();
            Packet.Barrier barrier = new Packet.Barrier();
            barrier.number = 5;
            quick.barrier(barrier, other.out);
            List<Action> actions = other.actions();
            assertThat(orderedAmong(actions)).isEmpty();
            isBarrierAck(actions, 5, 1);
        }
    }

    // ---- slots

    @Test
    void theDataSocketWaitsWhileTooMuchIsInWork() {
        List<List<Action>> arrived = new ArrayList<>();
        for (int i = 0; i < SLOTS; i++) arrived.add(arrives(8 * i, 1));
        assertThat(arrived.stream().flatMap(List::stream)).noneMatch(Action.PauseReading.class::isInstance);
        arrived.add(arrives(80, 1));
        assertThat(arrived.getLast()).contains(new Action.PauseReading(CONNECTION));
        arrived.add(arrives(88, 1));
        assertThat(arrived.getLast()).as("once").noneMatch(Action.PauseReading.class::isInstance);
        for (int left = SLOTS + 1; left > SLOTS / 2; left--) assertThat(diskAnswers(arrived.removeFirst())).noneMatch(Action.ResumeReading.class::isInstance);
        assertThat(diskAnswers(arrived.removeFirst())).as("half of them are through").contains(new Action.ResumeReading(CONNECTION));
        assertThat(diskAnswers(arrived.removeFirst())).noneMatch(Action.ResumeReading.class::isInstance);
    }

    /** The actions of one event are performed after it: until then an ack is not to change. */
    @Test
    void aSlotIsUsedAgainOnlyAfterTheEventThatGaveItBack() {
        DiskOperation first = oneOrdered(arrives(8, 1));
        world.answered(first, 0);
        path.done(world.volume, (PeerWrite) first.owner, world.out);
        DiskOperation next = oneOrdered(arrives(20, 1));
        assertThat(next).isNotSameAs(first);
        path.eventIsOver();
        assertThat(oneOrdered(arrives(30, 1))).isSameAs(first);
    }

    // ---- the connection goes

    /** It was received, and in A and B may have been answered: what has begun is written, what waited for a barrier is dropped (rule 21). */
    @Test
    void whatHasBegunIsStillWrittenAndThenFlushed() {
        DiskOperation begun = oneOrdered(arrives(8, 1));
        barrier(5);
        Packet.Data waiting = data(20, 1, 0);
        arrives(waiting);
        path.connectionLost(world.out);
        List<Action> actions = world.actions();
        assertThat(releasedAmong(actions)).containsExactly(waiting.payload);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(path.writesInWork()).isEqualTo(1);
        assertThat(path.earlierIsDurable(world.volume)).isFalse();
        assertThat(path.isDrained()).isFalse();
        List<Action> last = diskAnswers(begun, 0);
        assertThat(sentAmong(last)).isEmpty();
        assertThat(releasedAmong(last)).hasSize(1);
        assertThat(path.earlierIsDurable(world.volume)).isFalse();
        diskAnswers(isFlush(last), 0);
        assertThat(path.earlierIsDurable(world.volume)).isTrue();
        assertThat(path.isDrained()).isTrue();
        assertThat(path.openEpochs()).isZero();
    }

    @Test
    void whatIsWrittenAlreadyIsFlushedAtOnce() {
        diskAnswers(arrives(8, 1));
        path.connectionLost(world.out);
        isFlush(world.actions());
    }

    @Test
    void whatABarrierCoversNeedsNoFlush() {
        diskAnswers(arrives(8, 1));
        flushed(barrier(5));
        path.connectionLost(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aDiskThatIsGoneIsNotFlushed() {
        diskAnswers(arrives(8, 1));
        world.volume.stopUsingDisk(world.out);
        path.connectionLost(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aWriteOfAnEarlierConnectionIsNotAcknowledgedInThisOne() {
        DiskOperation earlier = oneOrdered(arrives(8, 1));
        path.connectionLost(world.out);
        path.connected(CONNECTION + 1);
        assertThat(sentAmong(diskAnswers(earlier, 0))).isEmpty();
        assertThat(path.openEpochs()).isEqualTo(1);
        assertThat(path.latestEpoch().open).isZero();
    }

    /** What an earlier connection had ordered covers none of the writes of this one. */
    @Test
    void aFlushOfAnEarlierConnectionAcknowledgesNoBarrierOfThisOne() {
        path = new PeerWritePath(List.of(world.volume), SLOTS);
        path.connected(CONNECTION - 1);
        diskAnswers(arrives(8, 1));
        DiskOperation earlier = oneOrdered(barrier(5));
        path.connectionLost(world.out);
        world.actions();
        path.connected(CONNECTION);
        diskAnswers(arrives(20, 1));
        assertThat(barrier(0)).as("one flush at a time").isEmpty();
        List<Action> actions = diskAnswers(earlier, 0);
        assertThat(sentAmong(actions)).isEmpty();
        isBarrierAck(flushed(actions), 0, 1);
    }

    @Test
    void aNewConnectionReadsAlsoWhereTheLastOneWaited() {
        for (int i = 0; i < SLOTS + 1; i++) arrives(8 * i, 1);
        path.connectionLost(world.out);
        world.actions();
        path.connected(CONNECTION);
        assertThat(arrives(80, 1)).as("it is too much already").contains(new Action.PauseReading(CONNECTION));
    }

    // ---- the disk goes

    @Test
    void aWriteOfADiskThatIsGivenUpKeepsItsSlotUntilItAnswers() {
        DiskOperation hanging = oneOrdered(arrives(8, 1));
        world.commit(MIRRORED.withDisk(DiskState.FAILED));
        path.localDiskLost(world.volume, world.out);
        assertThat(path.writesInWork()).isEqualTo(1);
        world.volume.stopUsingDisk(world.out);
        assertThat(path.isDrained()).as("nobody waits for a disk that is gone").isTrue();
        oneAck(diskAnswers(hanging, Errno.EIO), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(path.writesInWork()).isZero();
    }

    // ---- for a Primary without a disk (rule 6)

    private void logMarkIsDurable() {
        world.volume.metadata().writeSuperblock(null, world.out);
        world.metadataAnswersAll();
        assertThat(world.volume.logMarkDurable()).isTrue();
    }

    private PeerWrite hot() {
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        return (PeerWrite) world.volume.log().pollReady();
    }

    @Test
    void whatItWritesIsMarkedAndLogged() {
        world.commit(DUTY);
        logMarkIsDurable();
        assertThat(orderedAmong(arrives(8, 2))).isEmpty();
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        PeerWrite write = hot();
        path.extentIsHot(world.volume, write, world.out);
        DiskOperation operation = world.orderedOne();
        assertThat(operation.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(path.writesOnlyHereAreThrough(world.volume)).isFalse();
        oneAck(diskAnswers(operation, 0), BlockAck.Kind.WRITE_ACK);
        assertThat(path.writesOnlyHereAreThrough(world.volume)).isTrue();
        assertThat(world.volume.log().referencesInUse()).isZero();
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void nothingIsWrittenBeforeTheSuperblockSaysThatTheLogCounts() {
        world.commit(DUTY);
        assertThat(arrives(8, 2)).isEmpty();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isZero();
        logMarkIsDurable();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
        path.extentIsHot(world.volume, hot(), world.out);
        assertThat(world.ordered()).hasSize(1);
    }

    @Test
    void norBeforeOurGenerationForItIsOnDisk() {
        world.commit(DUTY);
        logMarkIsDurable();
        world.volume.generationForPeerBegins();
        arrives(8, 2);
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isZero();
        world.volume.generationForPeerIsThrough();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    @Test
    void whoWaitsForThatIsRefusedWhenTheDiskGoes() {
        world.commit(DUTY);
        arrives(8, 2);
        world.volume.stopUsingDisk(world.out);
        world.actions();
        path.checkMarks(world.out);
        oneAck(world.actions(), BlockAck.Kind.NEGATIVE_ACK);
        assertThat(path.writesInWork()).isZero();
    }

    /** It has attached its disk since, and its bitmap does not name what it wrote before. */
    @Test
    void whatItWroteWithoutADiskIsMarkedAlsoWhenItHasOneSince() {
        HostsOrOthers present = new HostsOrOthers();
        world.commit(DUTY);
        logMarkIsDurable();
        assertThat(arrives(8, 2)).isEmpty();
        world.commit(MIRRORED);
        world.volume.overlap().leave(present.user);
        path.nothingOverlaps(world.volume, (PeerWrite) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(bitmap().countRange(8, 10)).isEqualTo(2);
        assertThat(world.volume.keepsLogOfPeer()).as("until the bitmap on disk names it").isTrue();
        world.metadataAnswersAll();
        assertThat(world.volume.keepsLogOfPeer()).isFalse();
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    @Test
    void thenTheSuperblockSaysSoAnew() {
        HostsOrOthers present = new HostsOrOthers();
        world.commit(DUTY);
        arrives(8, 2);
        world.commit(MIRRORED);
        world.volume.overlap().leave(present.user);
        path.nothingOverlaps(world.volume, (PeerWrite) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.isSuperblock(world.out.size() == 1 ? peekOrdered() : null)).isTrue();
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).as("it is not on disk").isZero();
        world.metadataAnswers(world.ordered().getFirst(), 0);
        path.checkMarks(world.out);
        assertThat(world.volume.log().waiting()).isEqualTo(1);
    }

    /** Before it could be written that the log counts, the Primary had a disk again. */
    @Test
    void whoWaitsForTheMarkHasItKeptForHim() {
        world.commit(DUTY);
        assertThat(arrives(8, 2)).isEmpty();
        world.commit(MIRRORED);
        assertThat(world.volume.keepsLogOfPeer()).isFalse();
        path.checkMarks(world.out);
        assertThat(world.volume.keepsLogOfPeer()).isTrue();
    }

    /** Found by seed 1730989: the bitmap on disk named its block already; the mark was taken back as soon as it was there, and asked for again, for ever. */
    @Test
    void whoWaitsForTheMarkGoesOnBeforeItIsTakenBack() {
        try (AttachedVolume other = new AttachedVolume(SECTORS, AttachedVolume.flushes(false, false))) {
            path = new PeerWritePath(List.of(other.volume), SLOTS);
            path.connected(CONNECTION);
            other.volume.bitmap().setRange(8, 10);
            other.volume.metadata().writeBitmap(null, other.out);
            other.commit(DUTY);
            other.metadataAnswersAll();
            other.commit(MIRRORED.withPeerDisk(DiskState.DISKLESS).withPeer(Role.SECONDARY));
            other.metadataAnswersAll();
            path.arrived(other.volume, data(8, 2, DataFlags.SEND_WRITE_ACK), other.out);
            other.commit(MIRRORED);
            for (int events = 0; events < 20; events++) {
                if (other.volume.superblockStale()) other.volume.metadata().writeSuperblock(null, other.out);
                path.checkMarks(other.out);
                other.ordered().forEach(operation -> other.metadataAnswers(operation, 0));
            }
            assertThat(other.volume.log().waiting()).isEqualTo(1);
            assertThat(other.volume.superblockStale()).isFalse();
        }
    }

    @Test
    void aLongZeroingIsLoggedExtentByExtent() {
        world.commit(DUTY);
        logMarkIsDurable();
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 0, 2 * 8192, 0), world.out);
        for (int extent = 0; extent < 2; extent++) {
            PeerWrite write = hot();
            assertThat(write.firstSector).isEqualTo(extent * 8192L);
            path.extentIsHot(world.volume, write, world.out);
            diskAnswers(world.orderedOne(), 0);
            assertThat(world.volume.log().referencesInUse()).isEqualTo(1 - extent);
        }
        assertThat(bitmap().setBits()).isEqualTo(2048);
        assertThat(path.writesInWork()).isZero();
    }

    private DiskOperation peekOrdered() {
        return ((Action.StartDiskOperation) world.out.get(0)).operation;
    }

    /** Another one's work on the first blocks. */
    private final class HostsOrOthers {
        final Other user = new Other(8, 1);

        HostsOrOthers() {
            assertThat(world.volume.overlap().enter(user)).isTrue();
        }
    }

    @Test
    void payloadsAreReleasedOnce() {
        Packet.Data data = data(8, 1, 0);
        List<ByteBuf> released = releasedAmong(diskAnswers(arrives(data)));
        assertThat(released).containsExactly(data.payload);
        path.connectionLost(world.out);
        assertThat(releasedAmong(world.actions())).isEmpty();
    }
}
