package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.IntegrityAlgorithm;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a source answers, and what it may conclude from the acks: each request gets one answer, and a bit is cleared only where the target has what we have. */
class ResyncSourceTest {
    private static final long SECOND = 1_000_000_000;
    private static final int BLOCK = 4096;
    private static final long SECTORS = 4096 * 8;
    private static final VolumeState SOURCE = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.SYNC_SOURCE, DiskState.UP_TO_DATE, DiskState.INCONSISTENT);

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private final ResyncSource source = new ResyncSource(world.volume, Unpooled::buffer, IntegrityAlgorithm.named("md5"));

    @BeforeEach
    void start() {
        world.commit(SOURCE);
        source.start(CONNECTION, SECOND);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private static BlockRequest request(long bit, int blocks) {
        BlockRequest request = new BlockRequest();
        request.kind = BlockRequest.Kind.RESYNC_DATA;
        request.firstSector = bit * 8;
        request.lengthBytes = blocks * BLOCK;
        return request;
    }

    private static BlockAck ack(BlockAck.Kind kind, long bit, int blocks) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.firstSector = bit * 8;
        ack.lengthBytes = blocks * BLOCK;
        return ack;
    }

    private DiskOperation readOf(BlockRequest request) {
        source.requested(request, CONNECTION, world.out);
        DiskOperation read = world.orderedOne();
        assertThat(read.kind).isEqualTo(DiskOperation.Kind.READ);
        assertThat(read.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(read.offsetBytes).isEqualTo(request.firstSector * 512);
        assertThat(read.lengthBytes).isEqualTo(request.lengthBytes);
        return read;
    }

    private List<Action> read(DiskOperation read, int errno) {
        world.answered(read, errno);
        source.readDone((ResyncBlock) read.owner, world.out);
        return world.actions();
    }

    /** The target is sent this range. */
    private void replied(long bit, int blocks) {
        List<Packet> sent = sentAmong(read(readOf(request(bit, blocks)), 0));
        assertThat(sent).hasSize(1);
        Packet.Data reply = (Packet.Data) sent.getFirst();
        assertThat(reply.firstSector).isEqualTo(bit * 8);
        source.eventIsOver();
    }

    private void written(long bit, int blocks) {
        source.acknowledged(ack(BlockAck.Kind.RESYNC_WRITE_ACK, bit, blocks));
        source.eventIsOver();
    }

    private void isRefusal(Packet packet, long bit, int blocks) {
        BlockAck ack = (BlockAck) packet;
        assertThat(ack.kind).isEqualTo(BlockAck.Kind.NEGATIVE_RESYNC_REPLY);
        assertThat(ack.volume).isEqualTo(2);
        assertThat(ack.firstSector).isEqualTo(bit * 8);
        assertThat(ack.lengthBytes).isEqualTo(blocks * BLOCK);
        assertThat(ack.blockId).isEqualTo(Packet.SYNCER_BLOCK_ID);
    }

    private static final class HostsWrite extends BlockUser {
        HostsWrite(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

    // ---- one answer to each request

    @Test
    void whatIsReadIsSent() {
        DiskOperation read = readOf(request(8, 4));
        assertThat(source.inWork()).isEqualTo(1);
        ByteBuf buffer = read.buffer;
        List<Action> actions = read(read, 0);
        Packet.Data reply = (Packet.Data) sentAmong(actions).getFirst();
        assertThat(reply.kind).isEqualTo(Packet.Data.Kind.RESYNC_REPLY);
        assertThat(reply.volume).isEqualTo(2);
        assertThat(reply.firstSector).isEqualTo(64);
        assertThat(reply.lengthBytes).isEqualTo(4 * BLOCK);
        assertThat(reply.blockId).isEqualTo(Packet.SYNCER_BLOCK_ID);
        assertThat(reply.payload).isSameAs(buffer);
        assertThat(reply.payloadIndex).isZero();
        assertThat(actions.indexOf(actions.stream().filter(Action.ReleasePayload.class::isInstance).findFirst().orElseThrow())).as("behind the send").isEqualTo(1);
        assertThat(releasedAmong(actions)).containsExactly(buffer);
        assertThat(source.inWork()).isZero();
        assertThat(source.kibRead()).isEqualTo(16);
        assertThat(source.kibSent()).isEqualTo(16);
        assertThat(source.progress().figures(SECOND, 0).totalBytes()).isZero();
    }

    @Test
    void whatCannotBeReadIsRefusedAndTheDiskStays() {
        bitmap().setRange(8, 12);
        List<Action> actions = read(readOf(request(8, 4)), Errno.EIO);
        isRefusal(sentAmong(actions).getFirst(), 8, 4);
        assertThat(sentAmong(actions)).hasSize(1);
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
        assertThat(world.volume.unreadableSector()).isEqualTo(64);
        assertThat(world.volume.unreadableErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(source.inWork()).isZero();
        assertThat(source.kibRead()).isZero();
        assertThat(source.kibSent()).isZero();
    }

    @ParameterizedTest
    @EnumSource(value = DiskState.class, names = {"UP_TO_DATE", "CONSISTENT", "FAILED"})
    void aDiskThatIsNotGoodRefuses(DiskState disk) {
        world.commit(SOURCE.withDisk(disk));
        if (disk == DiskState.UP_TO_DATE) world.volume.stopUsingDisk(world.out);
        source.requested(request(8, 4), CONNECTION, world.out);
        List<Action> actions = world.actions();
        assertThat(orderedAmong(actions)).isEmpty();
        isRefusal(sentAmong(actions).getFirst(), 8, 4);
        assertThat(source.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void blocksThatAreEqualByTheirDigestAreNotSent() {
        bitmap().setRange(8, 12);
        BlockRequest byDigest = request(8, 4);
        byDigest.digest = IntegrityAlgorithm.named("md5").digest(Unpooled.buffer(4 * BLOCK), 0, 4 * BLOCK);
        DiskOperation read = readOf(byDigest);
        List<Action> actions = read(read, 0);
        BlockAck ack = (BlockAck) sentAmong(actions).getFirst();
        assertThat(ack.kind).isEqualTo(BlockAck.Kind.IN_SYNC);
        assertThat(ack.sequence).isEqualTo(1);
        assertThat(bitmap().isAllClear()).isTrue();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(source.kibSent()).isZero();
        assertThat(source.kibRead()).isEqualTo(16);
    }

    private void writeFailedHere(long bit) {
        HostWrite write = new HostWrite(0);
        write.firstSector = bit * DirtyBitmap.SECTORS_PER_BIT;
        write.lengthBytes = BLOCK;
        world.volume.writeFailedHere(write);
    }

    /** Promise 3: the target may have it since it made its digest. */
    @Test
    void blocksOfWhichAWriteFailedHereAreSentWhateverTheirDigest() {
        bitmap().setRange(8, 12);
        writeFailedHere(11);
        BlockRequest byDigest = request(8, 4);
        byDigest.digest = IntegrityAlgorithm.named("md5").digest(Unpooled.buffer(4 * BLOCK), 0, 4 * BLOCK);
        assertThat(sentAmong(read(readOf(byDigest), 0)).getFirst()).isInstanceOf(Packet.Data.class);
        assertThat(bitmap().setBits()).isEqualTo(4);
    }

    @Test
    void blocksThatDifferByTheirDigestAreSent() {
        bitmap().setRange(8, 12);
        BlockRequest byDigest = request(8, 4);
        byDigest.digest = new byte[16];
        DiskOperation read = readOf(byDigest);
        assertThat(sentAmong(read(read, 0)).getFirst()).isInstanceOf(Packet.Data.class);
        assertThat(bitmap().setBits()).isEqualTo(4);
    }

    // ---- beside writes of the host

    @Test
    void theReadWaitsForAWriteUnderWayAndAWriteForTheRead() {
        HostsWrite write = new HostsWrite(9, 1);
        world.volume.overlap().enter(write);
        source.requested(request(8, 4), CONNECTION, world.out);
        assertThat(world.ordered()).isEmpty();
        assertThat(source.inWork()).isEqualTo(1);
        world.volume.overlap().leave(write);
        source.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        DiskOperation read = world.orderedOne();
        HostsWrite later = new HostsWrite(10, 1);
        assertThat(world.volume.overlap().enter(later)).isFalse();
        assertThat(sentAmong(read(read, 0))).hasSize(1);
        assertThat(world.volume.overlap().pollUnblocked()).as("its data goes behind the reply").isSameAs(later);
    }

    /** Found by seed 2254976: in the next connection it was read, and found equal to what the target had had when it asked. */
    @Test
    void aDigestOfAResyncThatHasEndedSaysNothing() {
        bitmap().setRange(8, 12);
        HostsWrite write = new HostsWrite(9, 1);
        world.volume.overlap().enter(write);
        BlockRequest byDigest = request(8, 4);
        byDigest.digest = IntegrityAlgorithm.named("md5").digest(Unpooled.buffer(4 * BLOCK), 0, 4 * BLOCK);
        source.requested(byDigest, CONNECTION, world.out);
        source.end();
        world.volume.overlap().leave(write);
        source.nothingOverlaps((ResyncBlock) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(source.inWork()).isZero();
    }

    private ResyncBlock waiting() {
        HostsWrite write = new HostsWrite(9, 1);
        world.volume.overlap().enter(write);
        source.requested(request(8, 4), CONNECTION, world.out);
        world.volume.overlap().leave(write);
        return (ResyncBlock) world.volume.overlap().pollUnblocked();
    }

    @Test
    void aDiskThatWasLostMeanwhileRefuses() {
        ResyncBlock block = waiting();
        world.volume.stopUsingDisk(world.out);
        source.nothingOverlaps(block, world.out);
        List<Action> actions = world.actions();
        isRefusal(sentAmong(actions).getFirst(), 8, 4);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(source.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void nobodyWaitsForTheAnswerOfAFormerResync() {
        ResyncBlock block = waiting();
        source.start(CONNECTION, SECOND);
        source.nothingOverlaps(block, world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(source.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void norForThatOfAFormerConnection() {
        ResyncBlock block = waiting();
        source.start(CONNECTION + 1, SECOND);
        world.volume.stopUsingDisk(world.out);
        source.nothingOverlaps(block, world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aReadThatEndsAfterItsResyncIsNotSent() {
        DiskOperation read = readOf(request(8, 4));
        source.start(CONNECTION, SECOND);
        List<Action> actions = read(read, 0);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(source.inWork()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(sentAmong(read(readOf(request(8, 4)), 0))).as("this one's is").hasSize(1);
    }

    @Test
    void aReadThatEndsAfterTheConnectionIsNotSent() {
        DiskOperation read = readOf(request(8, 4));
        world.commit(SOURCE.withConnection(ConnectionState.UNCONNECTED));
        assertThat(sentAmong(read(read, Errno.EIO))).isEmpty();
        assertThat(world.volume.pollUnreadable()).as("the disk's errors count all the same").isEqualTo(1);
    }

    // ---- acks

    @Test
    void aBlockIsEqualWhenTheTargetHasWrittenIt() {
        bitmap().setRange(8, 16);
        replied(8, 4);
        replied(12, 4);
        written(12, 4);
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(bitmap().isSet(8)).isTrue();
        written(8, 4);
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @Test
    void whatTheTargetCouldNotWriteStaysMarked() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        assertThat(source.targetWasThrough(0)).as("it may have written all").isTrue();
        source.acknowledged(ack(BlockAck.Kind.NEGATIVE_ACK, 8, 4));
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(source.targetMayHaveFinished(0)).as("it does not have that one").isFalse();
        assertThat(source.targetWasThrough(0)).isFalse();
        source.start(CONNECTION, SECOND);
        replied(8, 4);
        assertThat(source.targetWasThrough(0)).as("that was the resync before").isTrue();
    }

    /** The target has a write that failed here, after what it was sent of these blocks before: only our bit names what differs. */
    @Test
    void whatFailedHereSinceTheReplyStaysMarked() {
        bitmap().setRange(8, 20);
        replied(8, 4);
        replied(12, 4);
        replied(16, 4);
        source.writeFailedHere(new HostsWrite(13, 1));
        written(8, 4);
        written(12, 4);
        written(16, 4);
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(bitmap().countRange(12, 16)).isEqualTo(4);
        replied(12, 4);
        written(12, 4);
        assertThat(bitmap().isAllClear()).as("it was sent again").isTrue();
    }

    @Test
    void ofTwoRepliesOfOneRangeTheFirstIsTheOneThatIsAcknowledgedFirst() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        source.writeFailedHere(new HostsWrite(8, 1));
        replied(8, 4);
        written(8, 4);
        assertThat(bitmap().setBits()).isEqualTo(4);
        written(8, 4);
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @Test
    void repliesThatAreTakenOutOfTheMiddleAndFromTheEndLeaveTheOthers() {
        bitmap().setRange(0, 5);
        for (int bit = 0; bit < 3; bit++) replied(bit, 1);
        written(1, 1);
        written(2, 1);
        replied(3, 1);
        replied(4, 1);
        source.writeFailedHere(new HostsWrite(0, 5));
        for (int bit : new int[]{4, 0, 3}) written(bit, 1);
        assertThat(bitmap().setBits()).as("each of the three differs again").isEqualTo(3);
        replied(0, 1);
        written(0, 1);
        assertThat(bitmap().setBits()).isEqualTo(2);
    }

    @Test
    void anAckOfAFormerResyncNamesNoReplyOfThisOne() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        source.writeFailedHere(new HostsWrite(8, 1));
        source.start(CONNECTION, SECOND);
        replied(8, 4);
        written(8, 4);
        assertThat(bitmap().isAllClear()).isTrue();
    }

    @Test
    void anAckOfAnotherLengthIsNoneOfThisReply() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        source.writeFailedHere(new HostsWrite(8, 1));
        written(8, 2);
        assertThat(bitmap().setBits()).isEqualTo(2);
        written(8, 4);
        assertThat(bitmap().setBits()).as("the reply still differs").isEqualTo(2);
    }

    // ---- the end

    /** Before we hear of it: every bit that is left is covered by a reply (rule 3). */
    @Test
    void theTargetMayHaveFinishedWhenAllThatIsLeftWasSentToIt() {
        bitmap().setRange(8, 16);
        replied(8, 4);
        assertThat(source.targetMayHaveFinished(0)).isFalse();
        replied(12, 4);
        assertThat(source.targetMayHaveFinished(0)).isTrue();
        written(8, 4);
        assertThat(source.targetMayHaveFinished(0)).isTrue();
        bitmap().setRange(40, 41);
        assertThat(source.targetMayHaveFinished(0)).as("another block differs").isFalse();
        source.start(CONNECTION, SECOND);
        bitmap().clearRange(40, 41);
        assertThat(source.targetMayHaveFinished(0)).as("of this resync it was sent nothing").isFalse();
    }

    @Test
    void aPartOfABlockThatWasSentCoversItsBit() {
        world.close();
        world.volume.adopt(new DirtyBitmap(SECTORS + 3), world.volume.log(), SECTORS + 3);
        bitmap().setRange(4096, 4097);
        BlockRequest last = request(4096, 0);
        last.lengthBytes = 3 * 512;
        read(readOf(last), 0);
        assertThat(source.targetMayHaveFinished(0)).isTrue();
    }

    @Test
    void whatWasAcknowledgedCoversNothingElse() {
        bitmap().setRange(8, 16);
        replied(8, 4);
        written(8, 4);
        assertThat(bitmap().setBits()).isEqualTo(4);
        assertThat(source.targetMayHaveFinished(0)).isFalse();
    }

    /** Its ack is on the way, or our own disk is slower (seed 1926400). */
    @Test
    void aWriteThatTheTargetMayHaveCoversWhatItTouches() {
        bitmap().setRange(8, 16);
        replied(8, 4);
        assertThat(source.targetMayHaveFinished(3)).isFalse();
        assertThat(source.targetMayHaveFinished(4)).isTrue();
        assertThat(source.targetWasThrough(4)).isTrue();
    }

    @Test
    void whatTheTargetRefusesIsOfThisResync() {
        assertThat(source.hasTargetRefused()).isFalse();
        source.writeRefused();
        assertThat(source.hasTargetRefused()).isTrue();
        source.start(CONNECTION, SECOND);
        assertThat(source.hasTargetRefused()).isFalse();
        bitmap().setRange(8, 12);
        replied(8, 4);
        source.acknowledged(ack(BlockAck.Kind.NEGATIVE_ACK, 8, 4));
        assertThat(source.hasTargetRefused()).isTrue();
    }

    @Test
    void whatFailedHereAloneTheTargetNeedNotAskFor() {
        bitmap().setRange(8, 9);
        assertThat(source.targetMayHaveFinished(0)).isFalse();
        assertThat(source.mayTargetReportEnd(0)).isFalse();
        writeFailedHere(8);
        assertThat(source.targetMayHaveFinished(0)).isTrue();
        assertThat(source.mayTargetReportEnd(0)).isTrue();
        assertThat(source.mayTargetReportFailedBlocks()).as("those are blocks that it asked for").isFalse();
    }

    @Test
    void aReportFromBeforeItsFirstQuestionIsOfTheTimeBefore() {
        bitmap().setRange(8, 9);
        assertThat(source.mayTargetReportEnd(0)).isFalse();
        assertThat(source.mayTargetReportFailedBlocks()).isFalse();
        assertThat(source.mayTargetReportEnd(1)).as("a host has written there what was left").isTrue();
        source.targetHasAsked();
        assertThat(source.mayTargetReportEnd(0)).isTrue();
        assertThat(source.mayTargetReportFailedBlocks()).isTrue();
        source.start(CONNECTION, SECOND);
        assertThat(source.mayTargetReportEnd(0)).isFalse();
        bitmap().clearRange(8, 9);
        assertThat(source.mayTargetReportEnd(0)).as("there is nothing to ask for").isTrue();
        assertThat(source.mayTargetReportFailedBlocks()).isTrue();
    }

    @Test
    void itIsThroughWhenTheTargetSaysSoAndNothingIsLeft() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        source.targetFinished(5 * SECOND);
        assertThat(source.hasTargetFinished()).isTrue();
        assertThat(source.targetFinishedNanos()).isEqualTo(5 * SECOND);
        assertThat(source.isThrough()).isFalse();
        bitmap().setRange(40, 41);
        assertThat(source.targetMayHaveFinished(0)).as("it has").isTrue();
        bitmap().clearRange(40, 41);
        written(8, 4);
        assertThat(source.isThrough()).isTrue();
        source.start(CONNECTION, SECOND);
        assertThat(source.hasTargetFinished()).isFalse();
        assertThat(source.isThrough()).isFalse();
    }

    /** What is left are acks on their way, and what failed here alone (seed 8602561). */
    @Test
    void aTargetThatSaidSoHasAllButWhatItRefusedSince() {
        bitmap().setRange(8, 12);
        replied(8, 4);
        assertThat(source.hasTargetAll(0)).as("it has not said so").isFalse();
        source.targetFinished(5 * SECOND);
        assertThat(source.hasTargetAll(0)).isTrue();
        bitmap().setRange(40, 41);
        assertThat(source.hasTargetAll(0)).isFalse();
        assertThat(source.hasTargetAll(1)).isTrue();
    }

    @Test
    void itTellsHowMuchThereWasAtItsBegin() {
        bitmap().setRange(8, 12);
        source.start(CONNECTION, SECOND);
        assertThat(source.progress().figures(2 * SECOND, 1).doneBytes()).isEqualTo(3 * BLOCK);
    }

    // ---- slots

    /** The actions of one event are performed after it: until then its packets are not to change. */
    @Test
    void aSlotIsUsedAgainOnlyAfterTheEventThatGaveItBack() {
        Object first = refusedSlot();
        Object second = refusedSlot();
        assertThat(second).isNotSameAs(first);
        source.eventIsOver();
        assertThat(List.of(refusedSlot(), refusedSlot())).containsExactlyInAnyOrder(first, second);
    }

    private Object refusedSlot() {
        world.commit(SOURCE.withDisk(DiskState.FAILED));
        source.requested(request(8, 4), CONNECTION, world.out);
        return world.sent().getFirst();
    }

    @Test
    void slotsOfRepliesThatNobodyAcknowledgesAreNotLost() {
        Packet.Data first = (Packet.Data) sentAmong(read(readOf(request(8, 4)), 0)).getFirst();
        Packet.Data second = (Packet.Data) sentAmong(read(readOf(request(12, 4)), 0)).getFirst();
        source.start(CONNECTION, SECOND);
        source.eventIsOver();
        Packet.Data third = (Packet.Data) sentAmong(read(readOf(request(8, 4)), 0)).getFirst();
        Packet.Data fourth = (Packet.Data) sentAmong(read(readOf(request(12, 4)), 0)).getFirst();
        assertThat(List.of(third, fourth)).containsExactlyInAnyOrder(first, second);
    }

    @Test
    void theSlotOfAnAcknowledgedReplyIsUsedAgain() {
        Packet.Data first = (Packet.Data) sentAmong(read(readOf(request(8, 4)), 0)).getFirst();
        written(8, 4);
        assertThat(sentAmong(read(readOf(request(8, 4)), 0)).getFirst()).isSameAs(first);
    }
}
