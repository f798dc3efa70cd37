package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where a read is served from, and what becomes of it when the peer or the disk goes. */
class ReadPathTest extends ReadPathFixture {
    private static BlockAck refusalOf(Packet.BlockRequest asked) {
        BlockAck ack = new BlockAck();
        ack.kind = BlockAck.Kind.NEGATIVE_DATA_REPLY;
        ack.blockId = asked.blockId;
        ack.firstSector = asked.firstSector;
        return ack;
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
