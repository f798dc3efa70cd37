package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.PeerWrite;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The peer's writes, with two volumes' disks that answer as a test says. */
abstract class PeerWriteFixture {
    static final int BLOCK = 4096;
    static final int SLOTS = 4;
    static final int PAYLOAD_BYTES = 64 << 10;
    static final long SECTORS = 1 << 20;
    static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    static final VolumeState TARGET = MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT);
    /** A Primary without a disk: nobody but us can name what it writes (rule 6). */
    static final VolumeState DUTY = MIRRORED.withPeerDisk(DiskState.DISKLESS);

    final AttachedVolume world = new AttachedVolume(SECTORS);
    final AttachedVolume second = new AttachedVolume(SECTORS, s -> new VolumeSettings(3, s.metadataKind(), 0, 67, true, s.fencing(), s.onIoError(), s.onReadError(), true,
            true, 0, s.resync()));
    PeerWritePath path = new PeerWritePath(List.of(world.volume), SLOTS, PAYLOAD_BYTES);
    long blockId = 0x1122334455667788L;

    @BeforeEach
    void connect() {
        world.commit(MIRRORED);
        second.commit(MIRRORED);
        path.connected(CONNECTION);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
        second.close();
    }

    DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    Packet.Data data(long bit, int blocks, int flags) {
        Packet.Data data = new Packet.Data();
        data.kind = Packet.Data.Kind.WRITE;
        data.volume = 2;
        data.firstSector = bit * 8;
        data.lengthBytes = blocks * BLOCK;
        data.blockId = blockId++;
        data.flags = flags;
        data.payload = Unpooled.buffer(blocks * BLOCK);
        return data;
    }

    List<Action> arrives(Packet.Data data) {
        path.arrived(world.volume, data, world.out);
        return world.actions();
    }

    List<Action> arrives(long bit, int blocks) {
        return arrives(data(bit, blocks, DataFlags.SEND_WRITE_ACK));
    }

    List<Action> barrier(int number) {
        Packet.Barrier barrier = new Packet.Barrier();
        barrier.number = number;
        path.barrier(barrier, world.out);
        return world.actions();
    }

    List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        if (operation.owner instanceof PeerWrite write) path.done(world.volume, write, world.out);
        else if (operation.purpose == DiskOperation.Purpose.PEER_FLUSH) path.flushDone(world.volume, operation, world.out);
        else world.volume.metadata().diskDone(operation, world.out);
        List<Action> actions = world.actions();
        path.eventIsOver();
        return actions;
    }

    List<Action> diskAnswers(List<Action> actions) {
        return diskAnswers(oneOrdered(actions), 0);
    }

    static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    static BlockAck oneAck(List<Action> actions, BlockAck.Kind kind) {
        List<Packet> packets = sentAmong(actions);
        assertThat(packets).hasSize(1);
        assertThat(((BlockAck) packets.getFirst()).kind).isEqualTo(kind);
        return (BlockAck) packets.getFirst();
    }

    DiskOperation isFlush(List<Action> actions) {
        DiskOperation flush = oneOrdered(actions);
        assertThat(flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
        assertThat(flush.area).isEqualTo(DiskOperation.Area.DATA);
        assertThat(flush.lengthBytes).isZero();
        return flush;
    }

    void isBarrierAck(List<Action> actions, int number, int writes) {
        assertThat(sentAmong(actions)).hasSize(1);
        Packet.BarrierAck ack = (Packet.BarrierAck) sentAmong(actions).getFirst();
        assertThat(ack.number).isEqualTo(number);
        assertThat(ack.writes).isEqualTo(writes);
    }

    static final class Other extends BlockUser {
        Other(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

    List<Action> flushed(List<Action> actions) {
        isFlush(actions);
        return diskAnswers(actions);
    }

    static Packet.Zeroing zeroing(Packet.Zeroing.Kind kind, long firstSector, long sectors, int flags) {
        Packet.Zeroing zeroing = new Packet.Zeroing();
        zeroing.kind = kind;
        zeroing.volume = 2;
        zeroing.firstSector = firstSector;
        zeroing.lengthBytes = (int) (sectors * 512);
        zeroing.blockId = 99;
        zeroing.flags = flags | DataFlags.SEND_WRITE_ACK;
        return zeroing;
    }
}
