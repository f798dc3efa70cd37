package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Two volumes beside a peer with which a resync begins, runs and ends. */
abstract class ResyncFixture {
    static final long SECOND = 1_000_000_000;
    static final VolumeState HANDSHAKE = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    static final VolumeState MIRRORED = HANDSHAKE.withConnection(ConnectionState.CONNECTED);

    TwoVolumes world = new TwoVolumes(Fencing.DONT_CARE);
    ResyncControl resync = world.resync;
    VolumeParts each = world.each(0);

    @BeforeEach
    void connect() {
        world.parts.keepalive.start(9);
        world.parts.peerWrites.connected(9);
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        world.commit(HANDSHAKE);
        each.roleTold = Role.SECONDARY;
        world.ours(20, 0, 0, 0);
        world.peers(20, 0, 0, 0);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    void with(UnaryOperator<ResourceSettings> change) {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE, change);
        resync = world.resync;
        each = world.each(0);
        connect();
    }

    /** A Primary under the failover daemon, which has no leave to go on without its peer. */
    void lossIsOpen() {
        with(TwoVolumes::underTheFailoverDaemon);
        world.commit(HANDSHAKE.withRole(Role.PRIMARY).withConnection(ConnectionState.WF_CONNECTION).withPeerDisk(DiskState.UNKNOWN));
        each.roleTold = Role.PRIMARY;
        world.parts.record.peerLost(each.volume, MIRRORED, false, world.out);
        assertThat(world.parts.record.isOpen(each.volume)).isTrue();
    }

    ConnectionState connection() {
        return world.state(0).connection();
    }

    static List<Packet> ofKind(List<Action> actions, Class<? extends Packet> kind) {
        return sentAmong(actions).stream().filter(kind::isInstance).toList();
    }

    /** An empty bitmap of a peer of this size. */
    List<Action> bitmapArrives() {
        while (!each.exchange.received()) {
            long left = each.volume.bitmap().words() * 8 - bitmapBytes;
            int length = (int) Math.min(4080, left);
            bitmapBytes += length;
            resync.bitmapArrived(each, new Packet.PlainBitmap(0, new byte[length]), world.out);
        }
        return world.actions();
    }

    long bitmapBytes;

    /** What the disk of volume 0 says in the end. */
    Superblock onDisk;

    /** The disks answer all that is ordered; what else was ordered. */
    List<Action> written(List<Action> actions) {
        List<Action> others = new ArrayList<>();
        for (List<Action> next = actions; !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (!(action instanceof Action.StartDiskOperation start) || start.operation.purpose == DiskOperation.Purpose.RESYNC_WRITE) {
                    others.add(action);
                    continue;
                }
                if (start.operation.volume == 0 && world.isSuperblock(start.operation)) onDisk = world.superblockIn(start.operation);
                world.answer(start.operation, 0);
            }
        }
        return others;
    }

    List<Action> checked() {
        resync.checkEnds(world.out);
        return world.actions();
    }

    static Packet.Data peersWrite() {
        Packet.Data data = new Packet.Data();
        data.kind = Packet.Data.Kind.WRITE;
        data.firstSector = 800;
        data.lengthBytes = 4096;
        data.payload = Unpooled.buffer(4096);
        return data;
    }
}
