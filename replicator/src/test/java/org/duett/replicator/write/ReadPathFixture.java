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
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The reads of one volume's host, with a disk and a peer that answer as a test says. */
abstract class ReadPathFixture {
    static final long SECOND = 1_000_000_000;
    static final int BLOCK = 4096;
    static final int MIB = 1 << 20;
    static final long SECTORS = 1 << 20;
    static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    static final VolumeState DISKLESS = MIRRORED.withDisk(DiskState.DISKLESS);

    final AttachedVolume world = new AttachedVolume(SECTORS);
    ReadPath reads = path(Protocol.C);

    ReadPath path(Protocol protocol) {
        ReadPath path = new ReadPath(List.of(world.volume), Unpooled::buffer, protocol);
        path.connected(CONNECTION);
        return path;
    }

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

    DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    static HostRequest request(long bit, int lengthBytes) {
        HostRequest request = new HostRequest();
        request.kind = HostRequest.Kind.READ;
        request.volume = 2;
        request.firstSector = bit * 8;
        request.lengthBytes = lengthBytes;
        request.payload = Unpooled.buffer(lengthBytes);
        return request;
    }

    List<Action> arrives(HostRequest request) {
        reads.arrived(request, world.out);
        return world.actions();
    }

    List<Action> reads(long bit, int blocks) {
        return arrives(request(bit, blocks * BLOCK));
    }

    static List<Integer> answers(List<Action> actions) {
        return actions.stream().filter(Action.CompleteHostRequest.class::isInstance).map(action -> ((Action.CompleteHostRequest) action).request.errno).toList();
    }

    static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        reads.localDone((HostRead) operation.owner, world.out);
        return world.actions();
    }

    static Packet.BlockRequest oneAsked(List<Action> actions) {
        assertThat(sentAmong(actions)).hasSize(1);
        return (Packet.BlockRequest) sentAmong(actions).getFirst();
    }

    static Packet.Data replyTo(Packet.BlockRequest asked) {
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

    List<Action> peerAnswers(Packet.BlockRequest asked) {
        assertThat(reads.replied(replyTo(asked), world.out)).isTrue();
        return world.actions();
    }

    static final class HostsWrite extends BlockUser {
        HostsWrite(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }

    HostsWrite writing(long bit, int blocks) {
        HostsWrite write = new HostsWrite(bit, blocks);
        assertThat(world.volume.overlap().enter(write)).isTrue();
        return write;
    }
}
