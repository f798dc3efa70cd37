package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One write of the peer's host, from its packet to its ack, and who is lost meanwhile (rules 7, 17, 18, 21). */
class PeerWritePathTest extends PeerWriteFixture {
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

    /** Likewise, of a Primary that is the source (seed 2865556). */
    @Test
    void aWriteOfBeforeAFullSyncTakesNoneOfItsMarksAway() {
        world.commit(TARGET);
        DiskOperation write = oneOrdered(arrives(data(8, 2, DataFlags.SEND_WRITE_ACK | DataFlags.MAY_SET_IN_SYNC)));
        world.volume.marksBeginAnew();
        bitmap().setRange(8, 20);
        oneAck(diskAnswers(write, 0), BlockAck.Kind.WRITE_ACK);
        assertThat(bitmap().setBits()).isEqualTo(12);
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

    /** Under B its host was told that it is here. */
    @Test
    void aZeroingThatWasConfirmedAsReceivedGoesOnWithoutItsConnection() {
        path.arrived(world.volume, zeroing(Packet.Zeroing.Kind.TRIM, 0, 2 * 8192, DataFlags.SEND_RECEIVE_ACK), world.out);
        DiskOperation first = world.ordered().getFirst();
        path.connectionLost(world.out);
        DiskOperation second = orderedAmong(diskAnswers(first, 0)).stream().filter(each -> each.kind != DiskOperation.Kind.FLUSH).findFirst().orElseThrow();
        assertThat(second.offsetBytes).isEqualTo(8192 * 512);
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

    @Test
    void whatTheDiskRefusesIsTold() {
        List<Long> failed = new ArrayList<>();
        path.tellsOfFailedWrites(write -> failed.add(write.firstSector));
        diskAnswers(arrives(8, 1));
        diskAnswers(oneOrdered(arrives(16, 1)), Errno.EIO);
        assertThat(failed).containsExactly(128L);
    }

    // ---- slots

    /** A kernel's writes are up to 1 MiB long, and its page cache sends thousands of them to a disk that is slow. */
    @Test
    void theDataSocketWaitsWhileTooMuchMemoryIsHeld() {
        List<Action> large = arrives(8, 16);
        assertThat(large).noneMatch(Action.PauseReading.class::isInstance);
        List<Action> small = arrives(80, 1);
        assertThat(small).contains(new Action.PauseReading(CONNECTION));
        assertThat(diskAnswers(small)).as("more than half is left").noneMatch(Action.ResumeReading.class::isInstance);
        assertThat(diskAnswers(large)).contains(new Action.ResumeReading(CONNECTION));
    }

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
        path = new PeerWritePath(List.of(world.volume), SLOTS, PAYLOAD_BYTES);
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
}
