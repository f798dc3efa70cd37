package org.duett.replicator.write;

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
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.DiskFailure;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The reads of this node's host: where they are answered from, how long they wait, and what is repaired on the way (rules 9, 15). */
class ReadPathTest {
    private static final long SECOND = 1_000_000_000;
    private static final int BLOCK = 4096;
    private static final int MIB = 1 << 20;
    private static final long SECTORS = 1 << 20;
    private static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState DISKLESS = MIRRORED.withDisk(DiskState.DISKLESS);

    private final AttachedVolume world = new AttachedVolume(SECTORS);
    private ReadPath reads = path(Protocol.C);

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
        reads.connected(CONNECTION);
        world.volume.log().enable(false);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private ReadPath path(Protocol protocol) {
        ReadPath path = new ReadPath(List.of(world.volume), Unpooled::buffer, protocol);
        path.connected(CONNECTION);
        return path;
    }

    private DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    private static HostRequest request(long bit, int lengthBytes) {
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.READ;
        request.volume = 2;
        request.firstSector = bit * 8;
        request.lengthBytes = lengthBytes;
        request.payload = Unpooled.buffer(lengthBytes);
        return request;
    }

    private List<Action> arrives(HostRequest request) {
        reads.arrived(request, world.out);
        return world.actions();
    }

    private List<Action> reads(long bit, int blocks) {
        return arrives(request(bit, blocks * BLOCK));
    }

    private static List<Integer> answers(List<Action> actions) {
        return actions.stream().filter(Action.CompleteHostRequest.class::isInstance).map(action -> ((Action.CompleteHostRequest) action).request.errno).toList();
    }

    private static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    private List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        reads.localDone((HostRead) operation.owner, world.out);
        return world.actions();
    }

    private static Packet.BlockRequest oneAsked(List<Action> actions) {
        assertThat(sentAmong(actions)).hasSize(1);
        return (Packet.BlockRequest) sentAmong(actions).getFirst();
    }

    private static Packet.Data replyTo(Packet.BlockRequest asked) {
        Packet.Data reply = new Packet.Data();
        reply.kind = Packet.Data.Kind.READ_REPLY;
        reply.volume = 2;
        reply.blockId = asked.blockId;
        reply.firstSector = asked.firstSector;
        reply.lengthBytes = asked.lengthBytes;
        reply.payload = Unpooled.buffer(asked.lengthBytes + 16);
        reply.payloadIndex = 16;
        reply.payload.setByte(16, 42);
        return reply;
    }

    private List<Action> peerAnswers(Packet.BlockRequest asked) {
        assertThat(reads.replied(replyTo(asked), world.out)).isTrue();
        return world.actions();
    }

    private static BlockAck refusalOf(Packet.BlockRequest asked) {
        BlockAck ack = new BlockAck();
        ack.kind = BlockAck.Kind.NEGATIVE_DATA_REPLY;
        ack.blockId = asked.blockId;
        ack.firstSector = asked.firstSector;
        return ack;
    }

    private static final class HostsWrite extends BlockUser {
        HostsWrite(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

    private HostsWrite writing(long bit, int blocks) {
        HostsWrite write = new HostsWrite(bit, blocks);
        assertThat(world.volume.overlap().enter(write)).isTrue();
        return write;
    }

    // ---- from the own disk

    @Test
    void whatIsGoodHereIsReadHere() {
        HostRequest request = request(8, 2 * BLOCK);
        DiskOperation read = oneOrdered(arrives(request));
        assertThat(read.kind).isEqualTo(DiskOperation.Kind.READ);
        assertThat(read.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(read.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(read.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(read.buffer).isSameAs(request.payload);
        assertThat(read.bufferIndex).isZero();
        assertThat(reads.isIdle()).isFalse();
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(answers(diskAnswers(read, 0))).containsExactly(0);
        assertThat(reads.isIdle()).isTrue();
        assertThat(reads.kibRead()).isEqualTo(8);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void aLargeReadIsCutAtMebibytes() {
        HostRequest request = request(8, 5 * MIB / 2);
        List<DiskOperation> parts = orderedAmong(arrives(request));
        assertThat(parts).extracting(part -> part.offsetBytes).containsExactly(8L * BLOCK, 8L * BLOCK + MIB, 8L * BLOCK + 2 * MIB);
        assertThat(parts).extracting(part -> part.lengthBytes).containsExactly(MIB, MIB, MIB / 2);
        assertThat(parts).extracting(part -> part.bufferIndex).containsExactly(0, MIB, 2 * MIB);
        assertThat(answers(diskAnswers(parts.get(2), 0))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(0), 0))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(1), 0))).containsExactly(0);
    }

    @Test
    void aSecondaryReadsNothing() {
        world.commit(MIRRORED.withRole(Role.SECONDARY));
        assertThat(answers(reads(8, 1))).containsExactly(Errno.ESHUTDOWN);
    }

    @Test
    void whatComesWhileTheRoleIsGivenUpIsRefused() {
        reads.refuseNew(true);
        List<Action> actions = reads(8, 1);
        assertThat(actions).hasSize(1);
        assertThat(answers(actions)).containsExactly(Errno.ESHUTDOWN);
        reads.refuseNew(false);
        assertThat(orderedAmong(reads(8, 1))).hasSize(1);
    }

    // ---- how long a read waits, and may take (rule 9)

    @Test
    void aFrozenNodesReadsWaitToo() {
        reads.holdBack(true, world.out);
        assertThat(reads(8, 1)).isEmpty();
        assertThat(reads(20, 1)).isEmpty();
        assertThat(reads.isIdle()).isFalse();
        reads.holdBack(false, world.out);
        assertThat(world.ordered()).extracting(read -> read.offsetBytes / BLOCK).containsExactly(8L, 20L);
    }

    @Test
    void whatWaitsMayBeFailed() {
        reads.holdBack(true, world.out);
        reads(8, 1);
        reads.failQueued(Errno.EIO, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
        assertThat(reads.isIdle()).isTrue();
    }

    @Test
    void aReadBearsTheDeadlineOfTheMomentAtWhichItBegins() {
        reads.setReadDeadline(5 * SECOND, world.out);
        HostRequest atOnce = request(8, BLOCK);
        arrives(atOnce);
        assertThat(atOnce.notAfterBootNanos).isEqualTo(5 * SECOND);
        reads.holdBack(true, world.out);
        HostRequest held = request(20, BLOCK);
        arrives(held);
        reads.setReadDeadline(9 * SECOND, world.out);
        assertThat(world.actions()).as("frozen").isEmpty();
        reads.holdBack(false, world.out);
        assertThat(held.notAfterBootNanos).isEqualTo(9 * SECOND);
        reads.refuseNew(true);
        HostRequest refused = request(20, BLOCK);
        arrives(refused);
        assertThat(refused.notAfterBootNanos).isEqualTo(9 * SECOND);
    }

    @Test
    void whoTakesTheRoleOverFromItsFormerProcessWaitsForADeadline() {
        reads.awaitDeadline();
        HostRequest request = request(8, BLOCK);
        assertThat(arrives(request)).isEmpty();
        reads.holdBack(false, world.out);
        assertThat(world.actions()).isEmpty();
        reads.setReadDeadline(5 * SECOND, world.out);
        assertThat(world.ordered()).hasSize(1);
        assertThat(request.notAfterBootNanos).isEqualTo(5 * SECOND);
        reads.awaitDeadline();
        assertThat(orderedAmong(reads(20, 1))).as("one was given").hasSize(1);
    }

    @Test
    void orForAWordThatItMayGoOnWithoutOne() {
        reads.awaitDeadline();
        reads(8, 1);
        reads.goOnWithoutDeadline(world.out);
        assertThat(world.ordered()).hasSize(1);
    }

    /** It was alone with leave, and its peer has all again: that one could take over from a node that does not know yet that it is cut off. */
    @ParameterizedTest
    @CsvSource({"-1, false", Long.MAX_VALUE + ", true", 5 * SECOND + ", false"})
    void whoHasReadWithoutALimitWaitsForOneWhenThePeerIsBack(long deadline, boolean waits) {
        if (deadline >= 0) reads.setReadDeadline(deadline, world.out);
        reads.limitIsDue();
        assertThat(orderedAmong(reads(8, 1)).isEmpty()).isEqualTo(waits);
    }

    // ---- from the peer

    @Test
    void withoutADiskThePeerIsAsked() {
        world.commit(DISKLESS);
        reads.timeIs(7 * SECOND);
        HostRequest request = request(8, 2 * BLOCK);
        List<Action> actions = arrives(request);
        assertThat(orderedAmong(actions)).isEmpty();
        Packet.BlockRequest asked = oneAsked(actions);
        assertThat(asked.kind).isEqualTo(Packet.BlockRequest.Kind.DATA);
        assertThat(asked.volume).isEqualTo(2);
        assertThat(asked.firstSector).isEqualTo(64);
        assertThat(asked.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(7 * SECOND);
        reads.timeIs(8 * SECOND);
        reads(20, 1);
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(7 * SECOND);
        Packet.Data reply = replyTo(asked);
        assertThat(reads.replied(reply, world.out)).isTrue();
        actions = world.actions();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(releasedAmong(actions)).containsExactly(reply.payload);
        assertThat(request.payload.getByte(0)).isEqualTo((byte) 42);
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(8 * SECOND);
        assertThat(reads.kibRead()).isEqualTo(8);
    }

    @Test
    void aTargetAsksForWhatItDoesNotHaveYet() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        bitmap().setRange(8, 9);
        assertThat(oneAsked(reads(8, 1)).firstSector).isEqualTo(64);
        assertThat(orderedAmong(reads(9, 1))).hasSize(1);
    }

    @Test
    void whereNoGoodCopyIsReachedAReadFails() {
        world.commit(DISKLESS.withPeerDisk(DiskState.INCONSISTENT));
        assertThat(answers(reads(8, 1))).containsExactly(Errno.EIO);
        world.commit(DISKLESS.withConnection(ConnectionState.WF_REPORT_PARAMS));
        assertThat(answers(reads(8, 1))).containsExactly(Errno.EIO);
        world.commit(DISKLESS);
        reads.connectionLost(world.out);
        assertThat(answers(reads(8, 1))).containsExactly(Errno.EIO);
    }

    @Test
    void partsOfOneReadGoIntoTheirPlaces() {
        world.commit(DISKLESS);
        HostRequest request = request(0, MIB + BLOCK);
        List<Packet> asked = sentAmong(arrives(request));
        assertThat(asked).hasSize(2);
        assertThat(answers(peerAnswers((Packet.BlockRequest) asked.get(1)))).isEmpty();
        assertThat(request.payload.getByte(0)).isZero();
        assertThat(request.payload.getByte(MIB)).isEqualTo((byte) 42);
        assertThat(answers(peerAnswers((Packet.BlockRequest) asked.get(0)))).containsExactly(0);
    }

    @Test
    void whatThePeerRefusesFails() {
        world.commit(DISKLESS);
        Packet.BlockRequest asked = oneAsked(reads(8, 1));
        assertThat(reads.refused(refusalOf(asked), world.out)).isTrue();
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
        assertThat(reads.refused(refusalOf(asked), world.out)).as("answered already").isFalse();
        assertThat(reads.isIdle()).isTrue();
    }

    @Test
    void anAnswerToWhatWasNotAskedForIsAMistakeOfThePeers() {
        world.commit(DISKLESS);
        Packet.BlockRequest asked = oneAsked(reads(8, 2));
        Packet.Data reply = replyTo(asked);
        reply.firstSector++;
        assertThat(reads.replied(reply, world.out)).isFalse();
        assertThat(releasedAmong(world.actions())).containsExactly(reply.payload);
        for (long other : new long[]{0, 1L << 32, 1L << 32 | 2, 2L << 32 | 1, -1}) {
            reply = replyTo(asked);
            reply.blockId = other;
            assertThat(reads.replied(reply, world.out)).as("%x", other).isFalse();
        }
        reply = replyTo(asked);
        reply.lengthBytes = BLOCK;
        assertThat(reads.replied(reply, world.out)).isFalse();
        assertThat(answers(world.actions())).isEmpty();
        assertThat(answers(peerAnswers(asked))).containsExactly(0);
        assertThat(reads.replied(replyTo(asked), world.out)).as("a second time").isFalse();
        world.actions();
    }

    @Test
    void aReadOfTheOwnDiskIsNoneThatThePeerMayAnswer() {
        HostRead read = (HostRead) oneOrdered(reads(8, 1)).owner;
        Packet.BlockRequest asked = new Packet.BlockRequest();
        asked.blockId = read.blockId();
        asked.firstSector = 64;
        asked.lengthBytes = BLOCK;
        assertThat(reads.replied(replyTo(asked), world.out)).isFalse();
        assertThat(reads.refused(refusalOf(asked), world.out)).isFalse();
    }

    /** The peer reads when it is asked, and writes when its epoch has come: what we answered already could be overtaken. */
    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aReadWaitsForAWriteThatThePeerMayNotHaveYet(Protocol protocol) {
        reads = path(protocol);
        world.commit(DISKLESS);
        HostsWrite write = writing(9, 1);
        assertThat(reads(8, 2)).isEmpty();
        assertThat(reads.takeWaitsForBarrier()).as("in A and B the epoch has to be closed").isEqualTo(protocol != Protocol.C);
        assertThat(reads.takeWaitsForBarrier()).as("once").isFalse();
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        world.volume.overlap().leave(write);
        reads.nothingOverlaps((HostRead) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(answers(peerAnswers(oneAsked(world.actions())))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void aReadThatWaitedTakesTheOwnDiskWhereThatIsGoodByThen() {
        world.commit(DISKLESS);
        HostsWrite write = writing(9, 1);
        reads(8, 2);
        world.commit(MIRRORED);
        world.volume.overlap().leave(write);
        reads.nothingOverlaps((HostRead) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> actions = world.actions();
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(answers(diskAnswers(oneOrdered(actions), 0))).containsExactly(0);
    }

    @Test
    void aReadThatWaitedForAPeerThatIsGoneFails() {
        world.commit(DISKLESS);
        HostsWrite write = writing(9, 1);
        reads(8, 2);
        reads.connectionLost(world.out);
        assertThat(answers(world.actions())).as("it was not asked yet").isEmpty();
        world.volume.overlap().leave(write);
        reads.nothingOverlaps((HostRead) world.volume.overlap().pollUnblocked(), world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    // ---- a sector that cannot be read here (rule 15)

    @Test
    void whatCannotBeReadHereIsFetchedAndWrittenBack() {
        HostRequest request = request(8, 2 * BLOCK);
        List<Action> actions = diskAnswers(oneOrdered(arrives(request)), Errno.EIO);
        assertThat(world.volume.failure()).isNull();
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
        assertThat(world.volume.unreadableSector()).isEqualTo(64);
        assertThat(world.volume.unreadableErrno()).isEqualTo(Errno.EIO);
        assertThat(world.volume.overlap().presentUsers()).as("no write comes between").isEqualTo(1);
        actions = peerAnswers(oneAsked(actions));
        assertThat(answers(actions)).isEmpty();
        DiskOperation repair = oneOrdered(actions);
        assertThat(repair.kind).isEqualTo(DiskOperation.Kind.WRITE);
        assertThat(repair.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(repair.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(repair.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(repair.buffer).isSameAs(request.payload);
        assertThat(repair.buffer.getByte(repair.bufferIndex)).isEqualTo((byte) 42);
        assertThat(reads.repairs()).isEqualTo(1);
        assertThat(answers(diskAnswers(repair, 0))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(reads.isIdle()).isTrue();
    }

    @Test
    void aRepairOfAPartIsOneOfThatPart() {
        List<DiskOperation> parts = orderedAmong(arrives(request(8, 2 * MIB)));
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(parts.get(1), Errno.EIO))));
        assertThat(repair.offsetBytes).isEqualTo(8 * BLOCK + MIB);
        assertThat(repair.bufferIndex).isEqualTo(MIB);
        assertThat(answers(diskAnswers(repair, 0))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(0), 0))).containsExactly(0);
    }

    @Test
    void aRepairThatFailsIsTheLossOfTheDiskAndTheReadIsAnswered() {
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))));
        assertThat(answers(diskAnswers(repair, Errno.EIO))).containsExactly(0);
        assertThat(world.volume.failure()).isEqualTo(DiskFailure.WRITE);
        assertThat(world.volume.failureSector()).isEqualTo(64);
    }

    @Test
    void whereNobodyElseHasItTheReadFails() {
        world.commit(MIRRORED.withPeerDisk(DiskState.INCONSISTENT));
        assertThat(answers(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))).containsExactly(Errno.EIO);
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
    }

    @Test
    void withDetachTheDiskIsLostAndThePeerIsAsked() {
        VolumeSettings s = AttachedVolume.usualSettings();
        try (AttachedVolume other = new AttachedVolume(SECTORS, settings -> new VolumeSettings(s.number(), s.metadataKind(), 0, 67, true, s.fencing(), s.onIoError(),
                OnReadError.DETACH, true, true, 0, s.resync()))) {
            other.commit(MIRRORED);
            ReadPath path = new ReadPath(List.of(other.volume), Unpooled::buffer, Protocol.C);
            path.connected(CONNECTION);
            path.arrived(request(8, BLOCK), other.out);
            DiskOperation read = other.orderedOne();
            other.answered(read, Errno.EIO);
            other.commit(DISKLESS);
            path.localDone((HostRead) read.owner, other.out);
            Packet.BlockRequest asked = oneAsked(other.actions());
            assertThat(other.volume.failure()).isEqualTo(DiskFailure.READ);
            assertThat(other.volume.failureSector()).isEqualTo(64);
            assertThat(path.replied(replyTo(asked), other.out)).isTrue();
            List<Action> actions = other.actions();
            assertThat(orderedAmong(actions)).as("nothing is repaired").isEmpty();
            assertThat(answers(actions)).containsExactly(0);
        }
    }

    /** Else it could undo a newer write, or hide that the peer has none. */
    @ParameterizedTest
    @ValueSource(strings = {"marked", "disk is not good", "disk is gone"})
    void whatMayNotBeRepairedIsOnlyFetched(String what) {
        DiskOperation read = oneOrdered(reads(8, 2));
        switch (what) {
            case "marked" -> bitmap().setRange(9, 10);
            case "disk is not good" -> world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
            case "disk is gone" -> world.volume.stopUsingDisk(world.out);
            default -> throw new AssertionError(what);
        }
        List<Action> actions = peerAnswers(oneAsked(diskAnswers(read, Errno.EIO)));
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(reads.repairs()).isZero();
    }

    /** That disk may be another one. */
    @Test
    void onADiskThatWasAttachedSinceItIsReadOnceMore() {
        DiskOperation read = oneOrdered(reads(8, 1));
        read.attach--;
        DiskOperation again = oneOrdered(diskAnswers(read, Errno.EIO));
        assertThat(again.kind).isEqualTo(DiskOperation.Kind.READ);
        assertThat(answers(diskAnswers(again, 0))).containsExactly(0);
    }

    @Test
    void aRepairThatHasToWaitLooksAgainWhetherItMay() {
        DiskOperation read = oneOrdered(reads(8, 2));
        HostsWrite write = writing(9, 1);
        assertThat(diskAnswers(read, Errno.EIO)).isEmpty();
        bitmap().setRange(9, 10);
        world.volume.overlap().leave(write);
        reads.nothingOverlaps((HostRead) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> actions = peerAnswers(oneAsked(world.actions()));
        assertThat(orderedAmong(actions)).as("it is only fetched").isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    /** After a crash in its midst the extent has to be named. */
    @Test
    void aRepairWaitsUntilItsExtentIsInTheLog() {
        world.volume.log().enable(true);
        assertThat(diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO)).isEmpty();
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        List<Action> actions = peerAnswers(oneAsked(world.actions()));
        diskAnswers(oneOrdered(actions), 0);
        assertThat(world.volume.log().referencesInUse()).isZero();
    }

    @Test
    void alsoThenItLooksAgainWhetherItMay() {
        world.volume.log().enable(true);
        diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO);
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        world.commit(MIRRORED.withPeerDisk(DiskState.FAILED));
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        assertThat(answers(world.actions())).as("nobody has it any more").containsExactly(Errno.EIO);
        assertThat(world.volume.log().referencesInUse()).isZero();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatWasMarkedMeanwhileIsOnlyFetched() {
        world.volume.log().enable(true);
        diskAnswers(oneOrdered(reads(8, 2)), Errno.EIO);
        world.volume.metadata().writeLogTransaction(world.out);
        world.metadataAnswersAll();
        bitmap().setRange(9, 10);
        reads.extentIsHot((HostRead) world.volume.log().pollReady(), world.out);
        Packet.BlockRequest asked = oneAsked(world.actions());
        assertThat(world.volume.log().referencesInUse()).isZero();
        List<Action> actions = peerAnswers(asked);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
    }

    @Test
    void whatMayNotBeRepairedAnyMoreWhenItComesIsAnswered() {
        List<Action> actions = diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO);
        world.commit(DISKLESS);
        actions = peerAnswers(oneAsked(actions));
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    // ---- the peer and the disk go

    @Test
    void whatThePeerWasAskedForIsReadHereWhereThatMayBe() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        bitmap().setRange(8, 10);
        Packet.BlockRequest asked = oneAsked(reads(8, 1));
        reads(9, 1);
        bitmap().clearRange(8, 9);
        reads.connectionLost(world.out);
        List<Action> actions = world.actions();
        assertThat(answers(actions)).containsExactly(Errno.EIO);
        DiskOperation read = oneOrdered(actions);
        assertThat(read.offsetBytes).isEqualTo(8 * BLOCK);
        assertThat(reads.replied(replyTo(asked), world.out)).as("it was asked of nobody").isFalse();
        world.actions();
        assertThat(answers(diskAnswers(read, 0))).containsExactly(0);
        assertThat(reads.isIdle()).isTrue();
    }

    /** A read that the peer was asked for, then our disk, and then the peer again as that one could not. */
    @Test
    void aPeerThatIsBackIsAskedAgain() {
        world.commit(MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT));
        bitmap().setRange(8, 9);
        oneAsked(reads(8, 1));
        world.commit(MIRRORED);
        reads.connectionLost(world.out);
        DiskOperation read = oneOrdered(world.actions());
        reads.connected(CONNECTION);
        Packet.BlockRequest asked = oneAsked(diskAnswers(read, Errno.EIO));
        assertThat(answers(peerAnswers(asked))).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatIsReadHereGoesOnWithoutThePeer() {
        DiskOperation read = oneOrdered(reads(8, 1));
        reads.connectionLost(world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(answers(diskAnswers(read, 0))).containsExactly(0);
    }

    @Test
    void whatCouldNotBeReadHereFailsWithItsPeer() {
        diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO);
        reads.connectionLost(world.out);
        List<Action> actions = world.actions();
        assertThat(answers(actions)).containsExactly(Errno.EIO);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void aRepairThatIsBeingWrittenIsNotFailedWithItsPeer() {
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))));
        reads.connectionLost(world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(reads.oldestUnansweredNanos()).isEqualTo(Long.MAX_VALUE);
        assertThat(answers(diskAnswers(repair, 0))).containsExactly(0);
    }

    @Test
    void aDiskThatFailsAnswersItsReadsItself() {
        DiskOperation read = oneOrdered(reads(8, 1));
        reads.localDiskLost(world.volume, false, world.out);
        assertThat(world.actions()).isEmpty();
        world.commit(DISKLESS);
        assertThat(sentAmong(diskAnswers(read, Errno.EIO))).as("the peer is asked then").hasSize(1);
    }

    /** It may still write into the request's memory (rule 18). */
    @Test
    void aReadThatHangsIsAskedOfThePeerIntoFreshMemory() {
        HostRequest request = request(8, 2 * BLOCK);
        ByteBuf first = request.payload;
        DiskOperation hanging = oneOrdered(arrives(request));
        world.commit(DISKLESS);
        reads.localDiskLost(world.volume, true, world.out);
        List<Action> actions = world.actions();
        assertThat(releasedAmong(actions)).containsExactly(first);
        assertThat(request.payload).isNotSameAs(first);
        Packet.BlockRequest asked = oneAsked(actions);
        assertThat(asked.firstSector).isEqualTo(64);
        assertThat(asked.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(answers(peerAnswers(asked))).containsExactly(0);
        assertThat(request.payload.getByte(0)).isEqualTo((byte) 42);
        assertThat(reads.isIdle()).as("the slot waits for the disk").isFalse();
        assertThat(diskAnswers(hanging, 0)).isEmpty();
        assertThat(reads.isIdle()).isTrue();
    }

    @Test
    void aReadOfSeveralPartsOfWhichOneHangsFails() {
        List<DiskOperation> parts = orderedAmong(arrives(request(8, 2 * MIB)));
        world.commit(DISKLESS);
        diskAnswers(parts.get(0), 0);
        reads.localDiskLost(world.volume, true, world.out);
        List<Action> actions = world.actions();
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(Errno.EIO);
    }

    @Test
    void aRepairThatHangsIsNotWaitedFor() {
        DiskOperation repair = oneOrdered(peerAnswers(oneAsked(diskAnswers(oneOrdered(reads(8, 1)), Errno.EIO))));
        reads.localDiskLost(world.volume, true, world.out);
        assertThat(answers(world.actions())).containsExactly(0);
        assertThat(world.volume.overlap().presentUsers()).isZero();
        assertThat(answers(diskAnswers(repair, Errno.EIO))).isEmpty();
        assertThat(reads.isIdle()).isTrue();
    }
}
