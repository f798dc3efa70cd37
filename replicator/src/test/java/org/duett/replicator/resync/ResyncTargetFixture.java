package org.duett.replicator.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BlockUser;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResyncBlock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.duett.replicator.wire.Packet.BlockRequest;
import org.junit.jupiter.api.AfterEach;

/** The target of a resync of one volume, with a disk and a source that answer as a test says. Blocks are counted in bits of 4 KiB; nothing of the rate is in the way. */
abstract class ResyncTargetFixture {
    static final long MILLI = 1_000_000;
    static final long SECOND = 1000 * MILLI;
    static final int BLOCK = 4096;
    /** Not a whole number of blocks. */
    static final long SECTORS = 20_000 * 8L + 3;
    static final ResyncSettings FAST = new ResyncSettings(0, 0, 0, 0, 100_000_000, 0);

    final AttachedVolume world = new AttachedVolume(SECTORS);
    ResyncTarget target = new ResyncTarget(world.volume, Unpooled::buffer, FAST, 100_000, null);

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    void role(Role role) {
        world.commit(VolumeState.of(role, Role.SECONDARY, ConnectionState.SYNC_TARGET, DiskState.INCONSISTENT, DiskState.UP_TO_DATE));
    }

    void start() {
        if (world.volume.state().connection() != ConnectionState.SYNC_TARGET) role(Role.SECONDARY);
        target.start(CONNECTION, SECOND, false, world.out);
    }

    /** The ranges, first bit and bytes, that were asked for since anything was asked. */
    List<String> asked() {
        return askedAmong(world.actions());
    }

    static List<String> askedAmong(List<Action> actions) {
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

    static String range(long firstSector, int lengthBytes) {
        return firstSector / 8 + "+" + (lengthBytes % BLOCK == 0 ? lengthBytes / BLOCK + "" : lengthBytes + "b");
    }

    static Packet.Data reply(long bit, int lengthBytes) {
        Packet.Data reply = new Packet.Data();
        reply.kind = Packet.Data.Kind.RESYNC_REPLY;
        reply.firstSector = bit * 8;
        reply.lengthBytes = lengthBytes;
        reply.payload = Unpooled.buffer(lengthBytes);
        return reply;
    }

    static BlockAck ack(BlockAck.Kind kind, long bit, int lengthBytes) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.firstSector = bit * 8;
        ack.lengthBytes = lengthBytes;
        return ack;
    }

    /** The reply comes; what is ordered then is its write. */
    DiskOperation writeOf(long bit, int lengthBytes) {
        assertThat(target.replied(reply(bit, lengthBytes), world.out)).isTrue();
        DiskOperation write = world.orderedOne();
        assertThat(write.offsetBytes).isEqualTo(bit * BLOCK);
        assertThat(write.lengthBytes).isEqualTo(lengthBytes);
        return write;
    }

    List<Action> written(DiskOperation write, int errno) {
        world.answered(write, errno);
        target.writeDone((ResyncBlock) write.owner, world.out);
        return world.actions();
    }

    void replyAndWrite(long bit, int lengthBytes) {
        written(writeOf(bit, lengthBytes), 0);
    }

    static final class HostsWrite extends BlockUser {
        HostsWrite(long bit, int blocks) {
            firstSector = bit * 8;
            lengthBytes = blocks * BLOCK;
        }
    }
}
