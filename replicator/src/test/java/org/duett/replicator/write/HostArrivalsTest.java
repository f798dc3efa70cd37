package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a host asks for, until it begins: the parts it is cut into, what is refused or held, and who waits for a slot. */
class HostArrivalsTest extends WritePathFixture {
    // ---- parts

    @Test
    void aLargeWriteIsCutAtMebibytesAndAtTheEndOfItsExtent() {
        HostRequest request = request(Kind.WRITE, 8192 - 1024, 3 * MIB);
        List<Action> actions = arrives(request);
        List<DiskOperation> parts = orderedAmong(actions);
        assertThat(parts).extracting(part -> part.offsetBytes).containsExactly(4L * MIB - 512 * 1024, 4L * MIB, 5L * MIB, 6L * MIB);
        assertThat(parts).extracting(part -> part.lengthBytes).containsExactly(512 * 1024, MIB, MIB, 512 * 1024);
        assertThat(parts).extracting(part -> part.bufferIndex).containsExactly(0, 512 * 1024, 3 * MIB / 2, 5 * MIB / 2);
        assertThat(parts).allMatch(part -> part.buffer == request.payload && part.kind == DiskOperation.Kind.WRITE && part.area == DiskOperation.Area.DATA && !part.forceUnitAccess);
        List<Packet> packets = data(actions);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).payloadIndex).containsExactly(0, 512 * 1024, 3 * MIB / 2, 5 * MIB / 2);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).sequence).containsExactly(1, 2, 3, 4);
        assertThat(packets).extracting(packet -> ((Packet.Data) packet).blockId).doesNotHaveDuplicates();
        for (DiskOperation part : parts) assertThat(answers(diskAnswers(part, 0))).isEmpty();
        for (int i = 0; i < 3; i++) assertThat(answers(peerAnswers(packets.get(i), BlockAck.Kind.WRITE_ACK))).isEmpty();
        assertThat(writes.requestsOpen()).isEqualTo(1);
        assertThat(isAnswered(peerAnswers(packets.get(3), BlockAck.Kind.WRITE_ACK), request)).isTrue();
        assertThat(request.errno).isZero();
        assertThat(writes.requestsOpen()).isZero();
        assertThat(writes.kibSent()).isEqualTo(3 << 10);
        assertThat(writes.kibWritten()).isEqualTo(3 << 10);
    }

    @Test
    void whatFailsOnOnePartFailsTheRequestOnceAllAreThrough() {
        world.commit(ALONE);
        writes.connectionLost(world.out);
        HostRequest request = request(Kind.WRITE, 0, 2 * MIB);
        List<DiskOperation> parts = orderedAmong(arrives(request));
        assertThat(answers(diskAnswers(parts.get(0), Errno.EIO))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(1), 0))).containsExactly(Errno.EIO);
    }

    /** So that bitmap and data speak of the same blocks (rule 27). */
    @ParameterizedTest
    @CsvSource({"8, 16, 8, 16", "9, 16, 16, 8", "1, 23, 8, 16", "8, 23, 8, 16", "0, 8, 0, 8"})
    void aTrimIsRoundedInwardToWholeBlocks(long firstSector, int sectors, long first, int length) {
        DiskOperation part = oneOrdered(arrives(request(Kind.TRIM, firstSector, sectors * 512L)));
        assertThat(part.kind).isEqualTo(DiskOperation.Kind.DISCARD);
        assertThat(part.offsetBytes).isEqualTo(first * 512);
        assertThat(part.lengthBytes).isEqualTo(length * 512);
        assertThat(part.buffer).isNull();
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "1, 14", "9, 3"})
    void aTrimOfNoWholeBlockIsDoneAtOnce(long firstSector, int sectors) {
        List<Action> actions = arrives(request(Kind.TRIM, firstSector, sectors * 512L));
        assertThat(answers(actions)).containsExactly(0);
        assertThat(actions).hasSize(1);
    }

    @Test
    void aZeroingGoesExtentByExtentAndIsNotRounded() {
        List<Action> actions = arrives(request(Kind.WRITE_ZEROES, 8191, 10_000 * 512L));
        assertThat(orderedAmong(actions)).extracting(part -> part.lengthBytes / 512).containsExactly(1, 8192, 1807);
        assertThat(orderedAmong(actions)).allMatch(part -> part.kind == DiskOperation.Kind.DISCARD);
        Packet.Zeroing zeroing = (Packet.Zeroing) data(actions).get(1);
        assertThat(zeroing.kind).isEqualTo(Packet.Zeroing.Kind.ZEROES);
        assertThat(zeroing.volume).isEqualTo(2);
        assertThat(zeroing.firstSector).isEqualTo(8192);
        assertThat(zeroing.lengthBytes).isEqualTo(8192 * 512);
        assertThat(zeroing.flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.ZEROES | DataFlags.DISCARD);
        assertThat(zeroing.sequence).isEqualTo(2);
    }

    @Test
    void aZeroingMayForbidThatItsAllocationIsGivenBack() {
        HostRequest request = request(Kind.WRITE_ZEROES, 0, BLOCK);
        request.keepAllocated = true;
        List<Action> actions = arrives(request);
        assertThat(oneOrdered(actions).kind).isEqualTo(DiskOperation.Kind.WRITE_ZEROES);
        assertThat(((Packet.Zeroing) data(actions).getFirst()).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.ZEROES);
    }

    @Test
    void aTrimMayGiveItsAllocationBackWhateverTheClientSaysOfZeroes() {
        HostRequest request = request(Kind.TRIM, 0, BLOCK);
        request.keepAllocated = true;
        Packet.Zeroing zeroing = (Packet.Zeroing) data(arrives(request)).getFirst();
        assertThat(zeroing.kind).as("a kernel's plain discard need not read back as zeroes").isEqualTo(Packet.Zeroing.Kind.ZEROES);
        assertThat(zeroing.flags & DataFlags.DISCARD).isNotZero();
    }

    @Test
    void toAPeerThatKnowsNoZeroesTheyTravelAsData() {
        writes.connectionLost(world.out);
        writes.connected(CONNECTION, false);
        List<Action> actions = arrives(request(Kind.WRITE_ZEROES, 0, 3 * MIB / 2));
        assertThat(orderedAmong(actions)).extracting(part -> part.lengthBytes).containsExactly(MIB, MIB / 2);
        for (Packet packet : data(actions)) {
            ByteBuf payload = ((Packet.Data) packet).payload;
            int length = ((Packet.Data) packet).lengthBytes;
            assertThat(payload.slice(((Packet.Data) packet).payloadIndex, length)).isEqualTo(Unpooled.buffer(length).writeZero(length));
        }
        Packet.Zeroing trim = (Packet.Zeroing) data(arrives(request(Kind.TRIM, 8192, 8192 * 512))).getFirst();
        assertThat(trim.kind).isEqualTo(Packet.Zeroing.Kind.TRIM);
        assertThat(trim.lengthBytes).as("carries no data").isEqualTo(8192 * 512);
        assertThat(trim.flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.DISCARD);
    }

    @Test
    void aZeroingThatWaitedUntilAnotherPeerCameFails() {
        HostWrite blocking = (HostWrite) oneOrdered(written(0, 1)).owner;
        HostRequest request = request(Kind.WRITE_ZEROES, 0, 2 * MIB);
        assertThat(arrives(request)).isEmpty();
        writes.connectionLost(world.out);
        writes.connected(CONNECTION, false);
        world.actions();
        diskAnswers(blocking.disk, 0);
        writes.nothingOverlaps((HostWrite) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> actions = world.actions();
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(answers(actions)).containsExactly(Errno.EIO);
        assertThat(orderedAmong(arrives(request(Kind.WRITE_ZEROES, 8192, 2 * MIB)))).as("cut for this one").hasSize(2);
    }

    @Test
    void forceUnitAccessGoesToBothDisks() {
        HostRequest request = request(Kind.WRITE, 0, BLOCK);
        request.forceUnitAccess = true;
        List<Action> actions = arrives(request);
        assertThat(oneOrdered(actions).forceUnitAccess).isTrue();
        assertThat(oneData(actions).flags).isEqualTo(DataFlags.SYNC | DataFlags.SEND_WRITE_ACK | DataFlags.FUA);
    }

    // ---- what is not begun

    @Test
    void whatComesWhileTheRoleIsGivenUpIsRefused() {
        writes.refuseNew(true);
        List<Action> actions = written(0, 1);
        assertThat(answers(actions)).containsExactly(Errno.ESHUTDOWN);
        assertThat(actions).hasSize(1);
        writes.refuseNew(false);
        assertThat(answers(written(0, 1))).isEmpty();
    }

    @Test
    void aSecondaryWritesNothing() {
        world.commit(MIRRORED.withRole(Role.SECONDARY));
        assertThat(answers(written(0, 1))).containsExactly(Errno.ESHUTDOWN);
        assertThat(answers(arrives(request(Kind.FLUSH, 0, 0)))).containsExactly(Errno.ESHUTDOWN);
    }

    @Test
    void whatIsHeldBackBeginsLaterInItsOrder() {
        writes.holdBack(true, world.out);
        assertThat(written(0, 1)).isEmpty();
        assertThat(written(8, 1)).isEmpty();
        assertThat(writes.requestsWaiting()).isEqualTo(2);
        assertThat(writes.isIdle()).isFalse();
        assertThat(writes.blockedForNothing()).isNull();
        writes.holdBack(false, world.out);
        assertThat(orderedAmong(world.actions())).extracting(part -> part.offsetBytes).containsExactly(0L, 8L * BLOCK);
        assertThat(writes.requestsWaiting()).isZero();
    }

    @Test
    void whatIsHeldBackMayBeFailed() {
        writes.holdBack(true, world.out);
        written(0, 1);
        arrives(request(Kind.FLUSH, 0, 0));
        writes.failQueued(Errno.EIO, world.out);
        assertThat(answers(world.actions())).containsExactly(Errno.EIO, Errno.EIO);
        assertThat(writes.isIdle()).isTrue();
        assertThat(writes.requestsOpen()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"INCONSISTENT, UNKNOWN", "OUTDATED, OUTDATED", "DISKLESS, INCONSISTENT", "DISKLESS, DISKLESS"})
    void whereNoGoodCopyIsReachedWritesAndFlushesFail(DiskState disk, DiskState peerDisk) {
        world.commit(MIRRORED.withDisk(disk).withPeerDisk(peerDisk));
        assertThat(answers(written(0, 1))).containsExactly(Errno.EIO);
        assertThat(answers(arrives(request(Kind.FLUSH, 0, 0)))).containsExactly(Errno.EIO);
        assertThat(writes.isIdle()).isTrue();
        assertThat(bitmap().isAllClear()).isTrue();
    }

    // ---- slots

    @Test
    void whoFindsNoSlotWaitsAndTheEpochIsClosed() {
        make(Protocol.C, 3);
        writes.connected(CONNECTION, true);
        List<Action> actions = written(0, 1);
        actions.addAll(written(1, 1));
        actions.addAll(written(2, 1));
        assertThat(sentAmong(actions).stream().filter(Packet.Barrier.class::isInstance)).as("an epoch is full with one write where there are three slots").hasSize(3);
        HostRequest fourth = request(Kind.WRITE, 80, BLOCK);
        assertThat(arrives(fourth)).isEmpty();
        assertThat(writes.requestsWaiting()).isEqualTo(1);
        assertThat(writes.writesInFlight()).isEqualTo(3);
        long blockId = ((Packet.Data) data(actions).getFirst()).blockId;
        diskAnswers(actions);
        for (Packet packet : data(actions)) peerAnswers(packet, BlockAck.Kind.WRITE_ACK);
        assertThat(writes.requestsWaiting()).as("the slots are taken until the barrier ack").isEqualTo(1);
        Packet.Data sent = oneData(barrierAnswered(0, 1, true));
        assertThat(sent.firstSector).isEqualTo(80);
        assertThat(sent.blockId).as("a slot's second use").isNotEqualTo(blockId);
    }

    @Test
    void aRequestOfMorePartsThanSlotsGoesOnAsTheyComeFree() {
        make(Protocol.C, 2);
        world.commit(ALONE);
        HostRequest request = request(Kind.WRITE, 0, 5 * MIB);
        List<DiskOperation> parts = new ArrayList<>(orderedAmong(arrives(request)));
        assertThat(parts).hasSize(2);
        for (int i = 0; i < 4; i++) {
            assertThat(parts.get(i).offsetBytes).isEqualTo((long) i * MIB);
            List<Action> actions = diskAnswers(parts.get(i), 0);
            assertThat(answers(actions)).isEmpty();
            parts.addAll(orderedAmong(actions));
        }
        assertThat(parts).hasSize(5);
        assertThat(answers(diskAnswers(parts.get(4), 0))).containsExactly(0);
        assertThat(writes.isIdle()).isTrue();
    }

    @Test
    void aRequestThatFailedIsNotCutAnyFurther() {
        make(Protocol.C, 2);
        world.commit(ALONE);
        HostRequest request = request(Kind.WRITE, 0, 5 * MIB);
        List<DiskOperation> parts = orderedAmong(arrives(request));
        assertThat(orderedAmong(diskAnswers(parts.get(0), Errno.EIO))).isEmpty();
        assertThat(answers(diskAnswers(parts.get(1), 0))).containsExactly(Errno.EIO);
        assertThat(writes.requestsWaiting()).isZero();
    }

    @Test
    void whoFindsNoSlotClosesTheOpenEpoch() {
        make(Protocol.C, 4);
        writes.connected(CONNECTION, true);
        written(8, 1);
        for (int i = 0; i < 3; i++) assertThat(written(8, 1)).as("it overlaps").isEmpty();
        assertThat(sentAmong(written(20, 1))).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(written(30, 1)).as("once").isEmpty();
        assertThat(writes.blockedForNothing()).isNull();
    }

    /** The slots had no epoch yet when the request began to wait for one of them (rule 16). */
    @Test
    void anEpochThatIsOpenedWhileSomebodyWaitsForSlotsIsClosed() {
        make(Protocol.C, 4);
        writes.connected(CONNECTION, true);
        world.volume.log().enable(true);
        for (int i = 0; i < 4; i++) written(8, 1);
        writes.closeEpochIfShort(world.out);
        assertThat(written(20, 1)).isEmpty();
        writes.closeEpochIfShort(world.out);
        assertThat(world.actions()).as("there is none").isEmpty();
        world.volume.metadata().writeLogTransaction(world.out);
        diskAnswersAll(world.actions());
        writes.extentIsHot((HostWrite) world.volume.log().pollReady(), world.out);
        assertThat(data(world.actions())).hasSize(1);
        assertThat(writes.blockedForNothing()).contains("waits for slots, and the epoch is open");
        writes.closeEpochIfShort(world.out);
        assertThat(world.sent()).singleElement().isInstanceOf(Packet.Barrier.class);
        assertThat(writes.blockedForNothing()).isNull();
    }
}
