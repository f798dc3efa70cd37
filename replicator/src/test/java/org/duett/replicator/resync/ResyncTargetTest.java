package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.Test;

/** What a target asks for, and what becomes of the answers (rules 12, 18). */
class ResyncTargetTest extends ResyncTargetFixture {
    // ---- what is asked for

    @Test
    void onlyBlocksThatDifferAreAskedForAlignedByTheirSize() {
        bitmap().setRange(1, 12);
        bitmap().setRange(40, 41);
        start();
        assertThat(asked()).containsExactly("1+1", "2+2", "4+4", "8+4", "40+1");
        assertThat(target.isRunning()).isTrue();
        assertThat(target.inWork()).isEqualTo(5);
        assertThat(target.requestedBytes()).isEqualTo(12 * BLOCK);
    }

    @Test
    void aRequestIsOneMebibyteAtMostAndTheLastBlockMayBeAPart() {
        bitmap().setRange(0, 300);
        bitmap().setRange(20_000, 20_001);
        start();
        assertThat(asked()).containsExactly("0+256", "256+44", "20000+1536b");
    }

    @Test
    void eightMebibytesAreUnderWayAndEachAnswerMakesRoom() {
        bitmap().setRange(0, 4096);
        start();
        assertThat(asked()).hasSize(8);
        assertThat(target.deadlineNanos()).as("the next turn").isEqualTo(SECOND + 20 * MILLI);
        List<Action> actions = written(writeOf(512, 1 << 20), 0);
        assertThat(sentAmong(actions)).hasSize(2);
        BlockRequest next = (BlockRequest) sentAmong(actions).get(1);
        assertThat(range(next.firstSector, next.lengthBytes)).isEqualTo("2048+256");
        assertThat(target.inWork()).isEqualTo(8);
    }

    @Test
    void aWindowThatIsFullIsLookedAtAgainInTheNextTurn() {
        target = new ResyncTarget(world.volume, Unpooled::buffer, new ResyncSettings(0, 0, 0, 0, 100 * 1024, 0), 100_000, null);
        bitmap().setRange(0, 4096);
        start();
        assertThat(asked()).as("one turn is 2 MiB").hasSize(2);
        target.timeIs(SECOND + 20 * MILLI - 1, world.out);
        assertThat(asked()).isEmpty();
        target.timeIs(SECOND + 20 * MILLI, world.out);
        assertThat(asked()).containsExactly("512+256", "768+256");
        assertThat(target.deadlineNanos()).isEqualTo(SECOND + 40 * MILLI);
    }

    @Test
    void besideWritesOfThePeersHostThereIsLessUnderWay() {
        target.applicationWrote();
        bitmap().setRange(0, 4096);
        start();
        asked();
        target.applicationWrote();
        for (int request = 0; request < 8; request++) assertThat(sentAmong(written(writeOf(request * 256, 1 << 20), 0))).hasSize(request < 7 ? 1 : 2);
    }

    // ---- answers

    @Test
    void whatComesIsWrittenAndThenEqual() {
        bitmap().setRange(8, 10);
        start();
        asked();
        DiskOperation write = writeOf(8, 2 * BLOCK);
        assertThat(write.kind).isEqualTo(Kind.WRITE);
        assertThat(write.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(write.forceUnitAccess).isFalse();
        assertThat(bitmap().setBits()).as("not before it is on the disk").isEqualTo(2);
        assertThat(target.isThrough()).isFalse();
        ByteBuf payload = write.buffer;
        List<Action> actions = written(write, 0);
        assertThat(releasedAmong(actions)).containsExactly(payload);
        BlockAck ack = (BlockAck) sentAmong(actions).getFirst();
        assertThat(ack.kind).isEqualTo(BlockAck.Kind.RESYNC_WRITE_ACK);
        assertThat(ack.volume).isEqualTo(2);
        assertThat(ack.blockId).isEqualTo(Packet.SYNCER_BLOCK_ID);
        assertThat(ack.sequence).isEqualTo(1);
        assertThat(range(ack.firstSector, ack.lengthBytes)).isEqualTo("8+2");
        assertThat(bitmap().isAllClear()).isTrue();
        assertThat(target.isThrough()).isTrue();
        assertThat(target.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(target.kibReceived()).isEqualTo(8);
        assertThat(target.kibWritten()).isEqualTo(8);
        assertThat(target.kibRead()).isZero();
    }

    @Test
    void zeroesAreNotWrittenButMade() {
        bitmap().setRange(8, 10);
        start();
        asked();
        Packet.BlockDescription range = new Packet.BlockDescription();
        range.firstSector = 64;
        range.lengthBytes = 2 * BLOCK;
        assertThat(target.deallocated(range, world.out)).isTrue();
        DiskOperation discard = world.orderedOne();
        assertThat(discard.kind).isEqualTo(Kind.DISCARD);
        assertThat(discard.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(discard.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(releasedAmong(written(discard, 0))).isEmpty();
        assertThat(target.isThrough()).isTrue();
        assertThat(target.kibReceived()).isZero();
        assertThat(target.deallocated(range, world.out)).as("answered already").isFalse();
    }

    @Test
    void anAnswerToWhatWasNotAskedForIsAMistakeOfThePeers() {
        bitmap().setRange(8, 10);
        start();
        asked();
        Packet.Data other = reply(8, BLOCK);
        assertThat(target.replied(other, world.out)).isFalse();
        assertThat(releasedAmong(world.actions())).containsExactly(other.payload);
        assertThat(target.replied(reply(9, 2 * BLOCK), world.out)).isFalse();
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, BLOCK), world.out)).isFalse();
        assertThat(target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, BLOCK), world.out)).isFalse();
        assertThat(target.cancelled(ack(BlockAck.Kind.RESYNC_CANCEL, 8, BLOCK), world.out)).isFalse();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.failedBits()).isZero();
        writeOf(8, 2 * BLOCK);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).as("a second time").isFalse();
    }

    @Test
    void aLateAnswerToAResyncThatWasBrokenOffIsNone() {
        bitmap().setRange(8, 10);
        start();
        asked();
        target.stop();
        assertThat(target.isRunning()).isFalse();
        Packet.Data late = reply(8, 2 * BLOCK);
        assertThat(target.replied(late, world.out)).isTrue();
        List<Action> actions = world.actions();
        assertThat(releasedAmong(actions)).containsExactly(late.payload);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.cancelled(ack(BlockAck.Kind.RESYNC_CANCEL, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.deallocated(new Packet.BlockDescription(), world.out)).isTrue();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.failedBits()).isZero();
    }

    /** Found by seed 8714353: that it was equal is of before the write; the target passed for UpToDate with what that should have replaced. */
    @Test
    void whatThePeersWriteDidNotReachSinceIsNotEqual() {
        bitmap().setRange(8, 10);
        start();
        asked();
        var refused = new PeerWrite();
        refused.firstSector = 9 * 8;
        refused.lengthBytes = BLOCK;
        target.writeFailedHere(refused);
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.isThrough()).isFalse();
    }

    @Test
    void whatIsEqualAlreadyIsNotWritten() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        asked();
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(world.ordered()).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(1);
        assertThat(target.inWork()).isEqualTo(1);
        assertThat(target.isThrough()).isFalse();
    }

    @Test
    void anAnswerWithoutDataMakesRoomAsWell() {
        bitmap().setRange(0, 4096);
        start();
        assertThat(asked()).hasSize(8);
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 0, 1 << 20), world.out)).isTrue();
        assertThat(asked()).containsExactly("2048+256");
    }

    @Test
    void whatTheSourceCannotReadStaysMarkedAndTheRestGoesOn() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        asked();
        assertThat(target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.failedBits()).isEqualTo(2);
        assertThat(target.isThrough()).isFalse();
        replyAndWrite(16, BLOCK);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.isThrough()).as("but for what the source could not read").isTrue();
        target.roundAgain(world.out);
        assertThat(asked()).as("it would be refused again").isEmpty();
    }

    @Test
    void aPartOfABlockThatIsRefusedCounts() {
        bitmap().setRange(20_000, 20_001);
        start();
        asked();
        assertThat(target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 20_000, 1536), world.out)).isTrue();
        assertThat(target.failedBits()).isEqualTo(1);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void whatTheSourcePutsOffIsAskedForAgain() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        asked();
        assertThat(target.cancelled(ack(BlockAck.Kind.RESYNC_CANCEL, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(asked()).first().isEqualTo("8+2");
        assertThat(target.failedBits()).isZero();
        assertThat(bitmap().setBits()).isEqualTo(3);
    }

    @Test
    void aWriteThatFailsIsTheLossOfTheDiskAndIsToldToTheSource() {
        bitmap().setRange(8, 10);
        start();
        asked();
        List<Action> actions = written(writeOf(8, 2 * BLOCK), Errno.EIO);
        assertThat(((BlockAck) sentAmong(actions).getFirst()).kind).isEqualTo(BlockAck.Kind.NEGATIVE_ACK);
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.failureSector()).isEqualTo(64);
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.failedBits()).isEqualTo(2);
        assertThat(target.kibWritten()).isZero();
        assertThat(target.kibReceived()).isEqualTo(8);
    }

    @Test
    void whatComesForADiskThatIsLostIsNotWritten() {
        bitmap().setRange(8, 10);
        start();
        asked();
        world.volume.stopUsingDisk(world.out);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).isTrue();
        List<Action> actions = world.actions();
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(((BlockAck) sentAmong(actions).getFirst()).kind).isEqualTo(BlockAck.Kind.NEGATIVE_ACK);
        assertThat(target.inWork()).isZero();
    }

    // ---- slots

    /** The actions of one event are performed after it: until then its packets are not to change. */
    @Test
    void aSlotIsUsedAgainOnlyAfterTheEventThatGaveItBack() {
        List<Packet> requests = new ArrayList<>();
        bitmap().setRange(0, 1);
        start();
        requests.add(world.sent().getFirst());
        for (int bit = 1; bit < 5; bit++) {
            bitmap().setRange(bit, bit + 1);
            assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, bit - 1, BLOCK), world.out)).isTrue();
            requests.add(world.sent().getFirst());
            target.eventIsOver();
        }
        for (int i = 1; i < 5; i++) assertThat(requests.get(i)).isNotSameAs(requests.get(i - 1));
        assertThat(requests.get(2)).isSameAs(requests.get(0));
        assertThat(requests.get(3)).isSameAs(requests.get(1));
    }
}
