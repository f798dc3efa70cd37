package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerRead;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a Primary that has no good disk reads from ours: each question has one answer, of its own connection. */
class PeerReadsTest extends PeerWriteFixture {
    private static final int BLOCK = 4096;
    private static final VolumeState SERVING = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.DISKLESS);

    private final PeerReads reads = new PeerReads(Unpooled::buffer, path);

    @BeforeEach
    void serve() {
        world.commit(SERVING);
        reads.connected(CONNECTION);
    }

    private List<Action> asks() {
        return asks(64);
    }

    private List<Action> asks(long firstSector) {
        Packet.BlockRequest request = new Packet.BlockRequest();
        request.kind = Packet.BlockRequest.Kind.DATA;
        request.volume = 2;
        request.firstSector = firstSector;
        request.lengthBytes = 2 * BLOCK;
        request.blockId = 0x1122334455667788L;
        reads.arrived(world.volume, request, world.out);
        return world.actions();
    }

    private List<Action> readAnswers(List<Action> ordered, int errno) {
        DiskOperation read = orderedAmong(ordered).getFirst();
        world.answered(read, errno);
        reads.done(world.volume, (PeerRead) read.owner, world.out);
        return world.actions();
    }

    private static void isRefusal(List<Action> actions, int sequence) {
        assertThat(sentAmong(actions)).hasSize(1);
        BlockAck refusal = (BlockAck) sentAmong(actions).getFirst();
        assertThat(refusal.kind).isEqualTo(BlockAck.Kind.NEGATIVE_DATA_REPLY);
        assertThat(refusal.volume).isEqualTo(2);
        assertThat(refusal.firstSector).isEqualTo(64);
        assertThat(refusal.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(refusal.blockId).isEqualTo(0x1122334455667788L);
        assertThat(refusal.sequence).isEqualTo(sequence);
    }

    @Test
    void whatIsReadIsSentAndItsMemoryGivenBack() {
        List<Action> ordered = asks();
        DiskOperation read = orderedAmong(ordered).getFirst();
        assertThat(read.kind).isEqualTo(DiskOperation.Kind.READ);
        assertThat(read.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(read.offsetBytes).isEqualTo(64 * 512);
        assertThat(read.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(reads.inFlight()).isEqualTo(1);
        ByteBuf buffer = read.buffer;
        List<Action> actions = readAnswers(ordered, 0);
        Packet.Data reply = (Packet.Data) sentAmong(actions).getFirst();
        assertThat(reply.kind).isEqualTo(Packet.Data.Kind.READ_REPLY);
        assertThat(reply.volume).isEqualTo(2);
        assertThat(reply.firstSector).isEqualTo(64);
        assertThat(reply.lengthBytes).isEqualTo(2 * BLOCK);
        assertThat(reply.blockId).isEqualTo(0x1122334455667788L);
        assertThat(reply.payload).isSameAs(buffer);
        assertThat(releasedAmong(actions)).containsExactly(buffer);
        assertThat(reads.inFlight()).isZero();
    }

    @Test
    void whatCannotBeReadIsRefused() {
        List<Action> actions = readAnswers(asks(), Errno.EIO);
        isRefusal(actions, 1);
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
        assertThat(world.volume.unreadableSector()).isEqualTo(64);
        isRefusal(readAnswers(asks(), Errno.EIO), 2);
    }

    @ParameterizedTest
    @EnumSource(value = DiskState.class, names = {"UP_TO_DATE", "CONSISTENT", "DISKLESS"})
    void aDiskThatIsNotGoodRefuses(DiskState disk) {
        world.commit(SERVING.withDisk(disk));
        if (disk == DiskState.UP_TO_DATE) world.volume.stopUsingDisk(world.out);
        List<Action> actions = asks();
        isRefusal(actions, 1);
        assertThat(orderedAmong(actions)).isEmpty();
        assertThat(reads.inFlight()).isZero();
    }

    @ParameterizedTest
    @EnumSource(value = ConnectionState.class, names = {"CONNECTED", "UNCONNECTED"})
    void aReadThatEndsAfterItsConnectionIsAnsweredToNobody(ConnectionState now) {
        List<Action> ordered = asks();
        if (now == ConnectionState.CONNECTED) reads.connected(CONNECTION + 1);
        world.commit(SERVING.withConnection(now));
        List<Action> actions = readAnswers(ordered, now == ConnectionState.CONNECTED ? 0 : Errno.EIO);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(reads.inFlight()).isZero();
    }

    /** Found by reasoning: a kernel in A or B has answered its host by then, and asks at once. */
    @Test
    void whatIsBeingWrittenIsReadWhenItIsThere() {
        world.commit(MIRRORED);
        DiskOperation write = oneOrdered(arrives(8, 1));
        assertThat(orderedAmong(asks())).isEmpty();
        List<Action> written = new ArrayList<>(diskAnswers(write, 0));
        assertThat(orderedAmong(written)).isEmpty();
        reads.nothingOverlaps(world.volume, (PeerRead) world.volume.overlap().pollUnblocked(), world.out);
        List<Action> read = world.actions();
        assertThat(sentAmong(readAnswers(read, 0))).hasSize(1);
        assertThat(world.volume.overlap().presentUsers()).isZero();
    }

    @Test
    void whatWaitsForABarrierIsReadWhenItIsThere() {
        world.commit(MIRRORED);
        diskAnswers(arrives(20, 1));
        List<Action> flush = barrier(1);
        assertThat(orderedAmong(arrives(8, 1))).as("waits for the barrier").isEmpty();
        assertThat(orderedAmong(asks())).isEmpty();
        reads.checkBarriers(List.of(world.volume), world.out);
        assertThat(world.actions()).isEmpty();
        DiskOperation write = orderedAmong(flushed(flush)).getFirst();
        reads.checkBarriers(List.of(world.volume), world.out);
        assertThat(orderedAmong(world.actions())).as("is being written").isEmpty();
        diskAnswers(write, 0);
        assertThat(world.volume.overlap().pollUnblocked()).isInstanceOf(PeerRead.class);
    }

    @Test
    void whatWaitsIsAnsweredToNobodyWhenTheConnectionEnds() {
        world.commit(MIRRORED);
        diskAnswers(arrives(20, 1));
        barrier(1);
        arrives(8, 1);
        asks();
        reads.connectionLost();
        assertThat(reads.inFlight()).isZero();
    }

    /** The actions of one event are performed after it: until then an answer is not to change. */
    @Test
    void aSlotIsUsedAgainOnlyAfterTheEventThatGaveItBack() {
        List<Action> first = asks();
        DiskOperation read = orderedAmong(first).getFirst();
        readAnswers(first, 0);
        assertThat(orderedAmong(asks(640)).getFirst()).isNotSameAs(read);
        reads.eventIsOver();
        assertThat(orderedAmong(asks()).getFirst()).isSameAs(read);
    }
}
