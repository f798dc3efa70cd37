package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.releasedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.PeerRead;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a Primary that has no good disk reads from ours: each question has one answer, of its own connection. */
class PeerReadsTest {
    private static final int BLOCK = 4096;
    private static final VolumeState SERVING = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.DISKLESS);

    private final AttachedVolume world = new AttachedVolume(1 << 20);
    private final PeerReads reads = new PeerReads(Unpooled::buffer);

    @BeforeEach
    void connect() {
        world.commit(SERVING);
        reads.connected(CONNECTION);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<Action> asks() {
        Packet.BlockRequest request = new Packet.BlockRequest();
        request.kind = Packet.BlockRequest.Kind.DATA;
        request.volume = 2;
        request.firstSector = 64;
        request.lengthBytes = 2 * BLOCK;
        request.blockId = 0x1122334455667788L;
        reads.arrived(world.volume, request, world.out);
        return world.actions();
    }

    private List<Action> diskAnswers(List<Action> ordered, int errno) {
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
        List<Action> actions = diskAnswers(ordered, 0);
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
        List<Action> actions = diskAnswers(asks(), Errno.EIO);
        isRefusal(actions, 1);
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(world.volume.pollUnreadable()).isEqualTo(1);
        assertThat(world.volume.unreadableSector()).isEqualTo(64);
        isRefusal(diskAnswers(asks(), Errno.EIO), 2);
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
        List<Action> actions = diskAnswers(ordered, now == ConnectionState.CONNECTED ? 0 : Errno.EIO);
        assertThat(sentAmong(actions)).isEmpty();
        assertThat(releasedAmong(actions)).hasSize(1);
        assertThat(reads.inFlight()).isZero();
    }

    /** The actions of one event are performed after it: until then an answer is not to change. */
    @Test
    void aSlotIsUsedAgainOnlyAfterTheEventThatGaveItBack() {
        List<Action> first = asks();
        DiskOperation read = orderedAmong(first).getFirst();
        diskAnswers(first, 0);
        assertThat(orderedAmong(asks()).getFirst()).isNotSameAs(read);
        reads.eventIsOver();
        assertThat(orderedAmong(asks()).getFirst()).isSameAs(read);
    }
}
