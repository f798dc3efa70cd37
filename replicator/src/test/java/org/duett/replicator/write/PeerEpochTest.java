package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;

/** The epochs of the peer's writes: what a barrier ack waits for, and what follows only then (spec wire 4.5, rule 16). */
class PeerEpochTest extends PeerWriteFixture {
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
        path = new PeerWritePath(List.of(world.volume, second.volume), SLOTS, PAYLOAD_BYTES);
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
        path = new PeerWritePath(List.of(world.volume, second.volume), SLOTS, PAYLOAD_BYTES);
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
            PeerWritePath quick = new PeerWritePath(List.of(other.volume), SLOTS, PAYLOAD_BYTES);
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
}
