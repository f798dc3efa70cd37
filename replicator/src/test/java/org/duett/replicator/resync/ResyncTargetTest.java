package org.duett.replicator.resync;

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
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a target asks for, and what it makes of each answer. Blocks are counted in bits of 4 KiB; nothing of the rate is in the way. */
class ResyncTargetTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    private static final int BLOCK = 4096;
    /** Not a whole number of blocks. */
    private static final long SECTORS = 20_000 * 8L + 3;
    private static final ResyncSettings FAST = new ResyncSettings(0, 0, 0, 0, 100_000_000, 0);

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private ResyncTarget target = new ResyncTarget(world.volume, Unpooled::buffer, FAST, 100_000, null);

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private void role(Role role) {
        world.commit(VolumeState.of(role, Role.SECONDARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE));
    }

    private void start() {
        if (world.volume.state().connection() != ConnectionState.SYNC_TARGET) role(Role.SECONDARY);
        target.start(CONNECTION, SECOND, false, world.out);
    }

    /** The ranges, first bit and bytes, that were asked for since anything was asked. */
    private List<String> asked() {
        return askedAmong(world.actions());
    }

    private static List<String> askedAmong(List<Action> actions) {
        List<String> ranges = new ArrayList<>();
        for (Packet packet : sentAmong(actions)) {
            BlockRequest request = (BlockRequest) packet;
            assertThat(request.kind).isEqualTo(BlockRequest.Kind.RESYNC_DATA);
            assertThat(request.volume).isEqualTo(2);
            assertThat(request.blockId).isEqualTo(Packet.SYNCER_BLOCK_ID);
            assertThat(request.digest).isNull();
            ranges.add(range(request.firstSector, request.lengthBytes));
        }
        return ranges;
    }

    private static String range(long firstSector, int lengthBytes) {
        return firstSector / 8 + "+" + (lengthBytes % BLOCK == 0 ? lengthBytes / BLOCK + "" : lengthBytes + "b");
    }

    private static Packet.Data reply(long bit, int lengthBytes) {
        Packet.Data reply = new Packet.Data();
        reply.kind = Packet.Data.Kind.RESYNC_REPLY;
        reply.firstSector = bit * 8;
        reply.lengthBytes = lengthBytes;
        reply.payload = Unpooled.buffer(lengthBytes);
        return reply;
    }

    private static BlockAck ack(BlockAck.Kind kind, long bit, int lengthBytes) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.firstSector = bit * 8;
        ack.lengthBytes = lengthBytes;
        return ack;
    }

    /** The reply comes; what is ordered then is its write. */
    private DiskOperation writeOf(long bit, int lengthBytes) {
        assertThat(target.replied(reply(bit, lengthBytes), world.out)).isTrue();
        DiskOperation write = world.orderedOne();
        assertThat(write.offsetBytes).isEqualTo(bit * BLOCK);
        assertThat(write.lengthBytes).isEqualTo(lengthBytes);
        return write;
    }

    private List<Action> written(DiskOperation write, int errno) {
        world.answered(write, errno);
        target.writeDone((ResyncBlock) write.owner, world.out);
        return world.actions();
    }

    private void replyAndWrite(long bit, int lengthBytes) {
        written(writeOf(bit, lengthBytes), 0);
    }

    private static final class HostsWrite extends BlockUser {
        HostsWrite(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

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

    // ---- the end

    /** The block is the source's of a moment when the bit was set on both sides, and stays set on the other. */
    @Test
    void aWriteThatEndsAfterTheResyncIsNotAcknowledgedAndItsBitStays() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        asked();
        DiskOperation write = writeOf(8, 2 * BLOCK);
        target.stop();
        assertThat(target.inWork()).as("the one that was only asked for is forgotten").isEqualTo(1);
        assertThat(target.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        List<Action> actions = written(write, 0);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(bitmap().setBits()).isEqualTo(3);
        assertThat(target.inWork()).isZero();
    }

    @Test
    void aWriteOfAnEarlierConnectionIsNotAcknowledgedInThisOne() {
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION - 1, SECOND, false, world.out);
        world.actions();
        DiskOperation write = writeOf(8, 2 * BLOCK);
        target.stop();
        start();
        assertThat(asked()).containsExactly("8+2");
        assertThat(sentAmong(written(write, 0))).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(2);
        assertThat(target.inWork()).isEqualTo(1);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void aResyncThatIsNotRunningIsNotThrough() {
        assertThat(target.isThrough()).isFalse();
        assertThat(target.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        target.timeIs(100 * SECOND, world.out);
        target.pause(false, world.out);
        target.roundAgain(world.out);
        assertThat(world.actions()).isEmpty();
    }

    /** A host's write that failed has set a bit behind the cursor. */
    @Test
    void whatIsMarkedBehindTheCursorMakesAnotherRound() {
        bitmap().setRange(8, 10);
        start();
        asked();
        target.roundAgain(world.out);
        assertThat(asked()).as("one is under way").isEmpty();
        bitmap().setRange(2, 3);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isFalse();
        target.pause(true, world.out);
        target.roundAgain(world.out);
        assertThat(asked()).as("paused").isEmpty();
        target.pause(false, world.out);
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("2+1");
    }

    /** Found by seed 2101495: there was no block to ask for, and writes of its host failed before it had ended: it waited for ever. */
    @Test
    void whatIsMarkedWhenThereWasNothingLeftIsAskedFor() {
        start();
        assertThat(target.isThrough()).isTrue();
        bitmap().setRange(0, 2);
        assertThat(target.isThrough()).isFalse();
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("0+2");
    }

    @Test
    void anotherRoundAsksAgainForWhatWasRefusedInThisOne() {
        bitmap().setRange(8, 10);
        start();
        asked();
        bitmap().setRange(2, 3);
        target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out);
        target.roundAgain(world.out);
        assertThat(asked()).containsExactly("2+1", "8+2");
        assertThat(target.failedBits()).isZero();
    }

    @Test
    void whatIsStillAheadIsNoOtherRound() {
        target = new ResyncTarget(world.volume, Unpooled::buffer, new ResyncSettings(0, 0, 0, 0, 64, 0), 100_000, null);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2");
        replyAndWrite(8, 2 * BLOCK);
        target.roundAgain(world.out);
        assertThat(asked()).as("its turn comes").isEmpty();
        target.timeIs(3 * SECOND, world.out);
        assertThat(asked()).containsExactly("16+1");
    }

    @Test
    void aNewResyncBeginsFromTheStart() {
        bitmap().setRange(8, 10);
        start();
        asked();
        target.refused(ack(BlockAck.Kind.NEGATIVE_RESYNC_REPLY, 8, 2 * BLOCK), world.out);
        target.stop();
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2", "16+1");
        assertThat(target.failedBits()).isZero();
        assertThat(target.requestedBytes()).isEqualTo(3 * BLOCK);
        assertThat(target.progress().figures(2 * SECOND, 3).totalBytes()).isEqualTo(3 * BLOCK);
    }

    // ---- pauses and time

    @Test
    void aPausedResyncAsksForNothingButTakesWhatComes() {
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION, SECOND, true, world.out);
        assertThat(asked()).isEmpty();
        target.timeIs(2 * SECOND, world.out);
        assertThat(asked()).isEmpty();
        assertThat(target.deadlineNanos()).as("the bitmap").isEqualTo(6 * SECOND);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("8+2");
        target.pause(true, world.out);
        bitmap().setRange(16, 17);
        assertThat(sentAmong(written(writeOf(8, 2 * BLOCK), 0))).as("its ack").hasSize(1);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("16+1");
    }

    /** So that an interrupted resync does not start over. */
    @Test
    void theBitmapIsWrittenEveryFiveSeconds() {
        bitmap().setRange(8, 10);
        start();
        asked();
        assertThat(target.deadlineNanos()).isEqualTo(6 * SECOND);
        target.timeIs(6 * SECOND - 1, world.out);
        assertThat(world.ordered()).isEmpty();
        target.timeIs(6 * SECOND, world.out);
        DiskOperation flush = world.orderedOne();
        assertThat(flush.kind).isEqualTo(Kind.FLUSH);
        assertThat(target.deadlineNanos()).isEqualTo(11 * SECOND);
        target.timeIs(11 * SECOND, world.out);
        assertThat(world.ordered()).as("the last one hangs").isEmpty();
        world.metadataAnswers(flush, 0);
        world.metadataAnswersAll();
        assertThat(bitmap().dirtyPages().anyDirty()).isFalse();
        target.timeIs(12 * SECOND, world.out);
        assertThat(world.ordered()).as("the next one").hasSize(1);
        assertThat(target.deadlineNanos()).isEqualTo(17 * SECOND);
    }

    @Test
    void theOldestRequestWithoutAnAnswerIsKnown() {
        assertThat(target.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        bitmap().setRange(8, 10);
        start();
        asked();
        target.timeIs(2 * SECOND, world.out);
        bitmap().setRange(16, 17);
        target.pause(false, world.out);
        assertThat(asked()).containsExactly("16+1");
        assertThat(target.oldestUnansweredNanos()).isEqualTo(SECOND);
        writeOf(8, 2 * BLOCK);
        assertThat(target.oldestUnansweredNanos()).as("the first is answered").isEqualTo(2 * SECOND);
        writeOf(16, BLOCK);
        assertThat(target.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void itTellsHowFarItIs() {
        bitmap().setRange(0, 4);
        start();
        asked();
        bitmap().clearRange(0, 3);
        for (int second = 2; second <= 31; second++) target.timeIs(second * SECOND, world.out);
        ResyncProgress.Figures figures = target.progress().figures(31 * SECOND, 1);
        assertThat(figures.doneBytes()).isEqualTo(3 * BLOCK);
        assertThat(figures.bytesPerSecondAverage()).isEqualTo(3 * BLOCK / 30);
        assertThat(figures.bytesPerSecondNow()).as("nothing moves since long").isZero();
    }

    // ---- beside writes of a host

    /** The reply may be older than such a write. */
    @Test
    void onAPrimaryItsOwnWritesKeepAwayFromWhatWasAskedFor() {
        role(Role.PRIMARY);
        bitmap().setRange(8, 10);
        start();
        asked();
        HostsWrite write = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(write)).isFalse();
        replyAndWrite(8, 2 * BLOCK);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(write);
    }

    @Test
    void onAPrimaryABlockThatIsBeingWrittenIsAskedForAfterwards() {
        role(Role.PRIMARY);
        HostsWrite write = new HostsWrite(9, 1);
        world.volume.overlap().enter(write);
        bitmap().setRange(8, 10);
        start();
        assertThat(asked()).isEmpty();
        assertThat(target.inWork()).isEqualTo(1);
        assertThat(target.oldestUnansweredNanos()).as("it was not asked for").isEqualTo(Long.MAX_VALUE);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).isFalse();
        world.actions();
        world.volume.overlap().leave(write);
        target.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(asked()).containsExactly("8+2");
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    /** The source orders its host's writes and its replies on one socket: only what is being written at this moment is in the way. */
    @Test
    void onASecondaryABlockIsKeptOnlyWhileItIsWritten() {
        bitmap().setRange(8, 10);
        start();
        asked();
        HostsWrite write = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(write)).isTrue();
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).isTrue();
        assertThat(world.ordered()).as("it waits for the write").isEmpty();
        HostsWrite later = new HostsWrite(8, 1);
        assertThat(world.volume.overlap().enter(later)).isFalse();
        world.volume.overlap().leave(write);
        ResyncBlock block = (ResyncBlock) world.volume.overlap().pollUnblocked();
        target.nothingOverlaps(block, world.out);
        written(world.orderedOne(), 0);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(later);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void whoIsPromotedKeepsItsWritesAwayFromWhatWasAskedForBefore() {
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        bitmap().setRange(32, 33);
        start();
        asked();
        HostsWrite present = new HostsWrite(16, 1);
        assertThat(world.volume.overlap().enter(present)).isTrue();
        DiskOperation underWay = writeOf(32, BLOCK);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        target.roleChanged(world.out);
        assertThat(world.volume.overlap().enter(new HostsWrite(9, 1))).isFalse();
        assertThat(target.replied(reply(16, BLOCK), world.out)).isTrue();
        assertThat(world.ordered()).as("behind the write").isEmpty();
        world.volume.overlap().leave(present);
        ResyncBlock block = (ResyncBlock) world.volume.overlap().pollUnblocked();
        target.nothingOverlaps(block, world.out);
        written(world.orderedOne(), 0);
        written(underWay, 0);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
        assertThat(world.volume.overlap().pollUnblocked().firstSector).isEqualTo(72);
    }

    @Test
    void whoIsDemotedKeepsNothingAwayAndAsksForWhatHadToWait() {
        role(Role.PRIMARY);
        HostsWrite present = new HostsWrite(16, 1);
        world.volume.overlap().enter(present);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        assertThat(asked()).containsExactly("8+2");
        role(Role.SECONDARY);
        target.roleChanged(world.out);
        assertThat(asked()).containsExactly("16+1");
        assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
        assertThat(world.volume.overlap().behindUsers()).isZero();
        world.volume.overlap().leave(present);
        replyAndWrite(8, 2 * BLOCK);
        replyAndWrite(16, BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(value = Role.class, names = {"PRIMARY", "SECONDARY"})
    void whatIsBrokenOffIsInNobodysWay(Role role) {
        role(role);
        HostsWrite present = new HostsWrite(16, 1);
        world.volume.overlap().enter(present);
        bitmap().setRange(8, 10);
        bitmap().setRange(16, 17);
        start();
        target.stop();
        assertThat(target.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isEqualTo(1);
        assertThat(world.volume.overlap().behindUsers()).isZero();
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

    // ---- by digest

    private void byDigest() {
        target = new ResyncTarget(world.volume, Unpooled::buffer, FAST, 100_000, IntegrityAlgorithm.named("sha1"));
    }

    private DiskOperation readOf(long bit, int lengthBytes) {
        DiskOperation read = world.orderedOne();
        assertThat(read.kind).isEqualTo(Kind.READ);
        assertThat(read.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(read.offsetBytes).isEqualTo(bit * BLOCK);
        assertThat(read.lengthBytes).isEqualTo(lengthBytes);
        return read;
    }

    private List<Action> read(DiskOperation read, int errno) {
        world.answered(read, errno);
        target.readDone((ResyncBlock) read.owner, world.out);
        return world.actions();
    }

    @Test
    void whatIsHereIsReadAndItsDigestSent() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        read.buffer.setByte(read.bufferIndex + 5000, 1);
        byte[] digest = IntegrityAlgorithm.named("sha1").digest(read.buffer, read.bufferIndex, 2 * BLOCK);
        assertThat(target.replied(reply(8, 2 * BLOCK), world.out)).as("it was not asked for yet").isFalse();
        world.actions();
        ByteBuf buffer = read.buffer;
        List<Action> actions = read(read, 0);
        BlockRequest request = (BlockRequest) sentAmong(actions).getFirst();
        assertThat(request.kind).isEqualTo(BlockRequest.Kind.RESYNC_CHECKSUM);
        assertThat(request.digest).isEqualTo(digest);
        assertThat(range(request.firstSector, request.lengthBytes)).isEqualTo("8+2");
        assertThat(releasedAmong(actions)).containsExactly(buffer);
        assertThat(target.kibRead()).isEqualTo(8);
        assertThat(target.inSync(ack(BlockAck.Kind.IN_SYNC, 8, 2 * BLOCK), world.out)).isTrue();
        assertThat(target.isThrough()).isTrue();
    }

    /** Found by seed 1922358: what its host wrote before the reply came was overwritten by that (promise 1). */
    @Test
    void whoIsPromotedKeepsItsWritesAwayFromWhatIsBeingReadForItsDigest() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        HostsWrite later = new HostsWrite(9, 1);
        assertThat(world.volume.overlap().enter(later)).isFalse();
        read(read, 0);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(world.volume.overlap().pollUnblocked()).isSameAs(later);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void whatIsReadForItsDigestBehindAWriteIsReadOnceAndWrittenAfterThat() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        HostsWrite present = new HostsWrite(9, 1);
        world.volume.overlap().enter(present);
        role(Role.PRIMARY);
        target.roleChanged(world.out);
        world.volume.overlap().leave(present);
        target.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.actions()).isEmpty();
        role(Role.SECONDARY);
        target.roleChanged(world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(sentAmong(read(read, 0))).hasSize(1);
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatCannotBeReadHereIsFetchedWhole() {
        byDigest();
        bitmap().setRange(8, 10);
        start();
        List<Action> actions = read(readOf(8, 2 * BLOCK), Errno.EIO);
        assertThat(askedAmong(actions)).containsExactly("8+2");
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(target.kibRead()).isZero();
        replyAndWrite(8, 2 * BLOCK);
        assertThat(target.isThrough()).isTrue();
    }

    @Test
    void aReadThatEndsAfterTheResyncAsksForNothing() {
        byDigest();
        role(Role.PRIMARY);
        bitmap().setRange(8, 10);
        start();
        DiskOperation read = readOf(8, 2 * BLOCK);
        target.stop();
        assertThat(target.inWork()).isEqualTo(1);
        List<Action> actions = read(read, 0);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(target.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void aReadOfAnEarlierConnectionAsksForNothingInThisOne() {
        byDigest();
        role(Role.SECONDARY);
        bitmap().setRange(8, 10);
        target.start(CONNECTION - 1, SECOND, false, world.out);
        DiskOperation earlier = readOf(8, 2 * BLOCK);
        target.stop();
        start();
        DiskOperation now = readOf(8, 2 * BLOCK);
        assertThat(sentAmong(read(earlier, 0))).isEmpty();
        assertThat(sentAmong(read(now, 0))).hasSize(1);
    }
}
