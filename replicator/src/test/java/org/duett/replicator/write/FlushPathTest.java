package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;

/** What a host wants flushed: by both disks, and where one of them is lost. */
class FlushPathTest extends WritePathFixture {
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
            path.recordsIn(new LossRecord(List.of(other.volume), new RandomStock(1), path, false));
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
            path.recordsIn(new LossRecord(List.of(other.volume), new RandomStock(1), path, false));
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
}
