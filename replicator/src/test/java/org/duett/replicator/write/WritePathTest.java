package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One write of the host, once it has begun, to the barrier ack of its epoch. */
class WritePathTest extends WritePathFixture {
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

    /** Found by seed 2865556: sent in a resync that had ended, and acknowledged when all was marked by order. The source marks all after it had that write, and asked for nothing more. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whatWasSentBeforeAFullSyncTakesNoneOfItsMarksAway(boolean diskFirst) {
        world.commit(SOURCE);
        List<Action> actions = written(8, 2);
        if (diskFirst) diskAnswers(actions);
        else peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        world.volume.marksBeginAnew();
        bitmap().setRange(8, 10);
        if (diskFirst) peerAnswers(oneData(actions), BlockAck.Kind.RESYNC_WRITE_ACK);
        else diskAnswers(actions);
        assertThat(bitmap().setBits()).isEqualTo(2);
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
    void withoutALogNeitherLegStartsBeforeTheSuperblockSaysThatTheDiskIsAPrimarys() {
        try (AttachedVolume unlogged = new AttachedVolume(SECTORS, s -> new VolumeSettings(s.number(), s.metadataKind(), s.sizeLimitSectors(), s.activityLogExtents(), false, s.fencing(),
                s.onIoError(), s.onReadError(), s.diskFlushes(), s.metadataFlushes(), s.diskTimeoutMillis(), s.resync()))) {
            unlogged.commit(MIRRORED.withConnection(ConnectionState.WF_SYNC_UUID).withDisk(DiskState.OUTDATED));
            WritePath unloggedWrites = new WritePath(List.of(unlogged.volume), Protocol.C, 64, 100);
            unloggedWrites.recordsIn(new LossRecord(List.of(unlogged.volume), new RandomStock(1), unloggedWrites, false));
            unloggedWrites.connected(CONNECTION, true);
            unloggedWrites.arrived(request(Kind.WRITE, 64, BLOCK), unlogged.out);
            assertThat(unlogged.actions()).isEmpty();
            assertThat(unlogged.volume.log().hasReady()).isFalse();
            unlogged.volume.metadata().writeSuperblock(null, unlogged.out);
            unlogged.metadataAnswersAll();
            unloggedWrites.extentIsHot((HostWrite) unlogged.volume.log().pollReady(), unlogged.out);
            List<Action> actions = unlogged.actions();
            assertThat(orderedAmong(actions)).hasSize(1);
            assertThat(sentAmong(actions)).hasSize(1);
            unloggedWrites.arrived(request(Kind.WRITE, 128, BLOCK), unlogged.out);
            assertThat(orderedAmong(unlogged.actions())).hasSize(1);
        }
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
