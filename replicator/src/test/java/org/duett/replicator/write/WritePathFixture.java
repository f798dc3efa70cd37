package org.duett.replicator.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.CONNECTION;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.duett.replicator.bitmap.DirtyBitmap;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.HostFlush;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.machine.RandomStock;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.record.LossRecord;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The writes of one volume's host, with a disk and a peer that answer as a test says. An extent is 8192 sectors, a block 8. */
abstract class WritePathFixture {
    static final long MILLI = 1_000_000;
    static final int BLOCK = 4096;
    static final int MIB = 1 << 20;
    static final long SECTORS = 1 << 20;
    static final VolumeState MIRRORED = VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.OUTDATED);
    static final VolumeState LOST = ALONE.withPeerDisk(DiskState.UNKNOWN);
    static final VolumeState SOURCE = MIRRORED.withConnection(ConnectionState.SYNC_SOURCE).withPeerDisk(DiskState.INCONSISTENT);
    static final VolumeState TARGET = MIRRORED.withConnection(ConnectionState.SYNC_TARGET).withDisk(DiskState.INCONSISTENT);

    final AttachedVolume world = new AttachedVolume(SECTORS);
    final List<HostWrite> failedHere = new ArrayList<>();
    final List<Volume> refusedThere = new ArrayList<>();
    WritePath writes;
    LossRecord record;
    boolean targetMayHaveFinished;

    @BeforeEach
    void connect() {
        make(Protocol.C, 64);
        world.commit(MIRRORED);
        writes.connected(CONNECTION, true);
        // What the log does is told by its own tests and by those below that say so.
        world.volume.log().enable(false);
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    void make(Protocol protocol, int slots) {
        writes = new WritePath(List.of(world.volume), protocol, slots, 100);
        RandomStock random = new RandomStock(1);
        random.arrived(LongStream.range(1000, 1200).toArray());
        record = new LossRecord(List.of(world.volume), random, writes, false);
        writes.recordsIn(record);
        writes.asksOfTargets(volume -> targetMayHaveFinished);
        writes.tellsOfFailedWrites(failedHere::add);
        writes.tellsOfRefusedWrites(refusedThere::add);
    }

    void protocol(Protocol protocol) {
        make(protocol, 64);
        writes.connected(CONNECTION, true);
    }

    DirtyBitmap bitmap() {
        return world.volume.bitmap();
    }

    static HostRequest request(Kind kind, long firstSector, long lengthBytes) {
        HostRequest request = new HostRequest();
        request.kind = kind;
        request.volume = 2;
        request.firstSector = firstSector;
        request.lengthBytes = lengthBytes;
        if (kind == Kind.WRITE) request.payload = Unpooled.buffer((int) lengthBytes);
        return request;
    }

    List<Action> arrives(HostRequest request) {
        writes.arrived(request, world.out);
        return world.actions();
    }

    List<Action> written(long bit, int blocks) {
        return arrives(request(Kind.WRITE, bit * 8, blocks * BLOCK));
    }

    static boolean isAnswered(List<Action> actions, HostRequest request) {
        return actions.contains(request.complete);
    }

    /** Requests that were answered, each with its errno. */
    static List<Integer> answers(List<Action> actions) {
        return actions.stream().filter(Action.CompleteHostRequest.class::isInstance).map(action -> ((Action.CompleteHostRequest) action).request.errno).toList();
    }

    List<Action> diskAnswers(DiskOperation operation, int errno) {
        world.answered(operation, errno);
        switch (operation.owner) {
            case HostWrite write -> writes.localDone(write, world.out);
            case HostFlush flush -> writes.flushDone(flush, world.out);
            default -> world.volume.metadata().diskDone(operation, world.out);
        }
        return actionsOfEvent();
    }

    /** With what begins at its end. */
    private List<Action> actionsOfEvent() {
        writes.beginWaiting(world.out);
        return world.actions();
    }

    List<Action> diskAnswers(List<Action> actions) {
        List<Action> all = new ArrayList<>();
        for (DiskOperation operation : orderedAmong(actions)) all.addAll(diskAnswers(operation, 0));
        return all;
    }

    /** The disk answers all that is ordered, and what is ordered then. */
    List<Action> diskAnswersAll(List<Action> actions) {
        List<Action> all = new ArrayList<>();
        for (List<Action> next = diskAnswers(actions); !next.isEmpty(); next = diskAnswers(next)) all.addAll(next);
        return all;
    }

    static BlockAck ackOf(Packet packet, BlockAck.Kind kind) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.volume = 2;
        switch (packet) {
            case Packet.Data data -> {
                ack.firstSector = data.firstSector;
                ack.blockId = data.blockId;
            }
            case Packet.Zeroing zeroing -> {
                ack.firstSector = zeroing.firstSector;
                ack.blockId = zeroing.blockId;
            }
            default -> throw new AssertionError(packet);
        }
        return ack;
    }

    List<Action> peerAnswers(Packet packet, BlockAck.Kind kind) {
        assertThat(writes.acknowledged(ackOf(packet, kind), world.out)).isTrue();
        return world.actions();
    }

    static List<Packet> data(List<Action> actions) {
        return sentAmong(actions).stream().filter(packet -> !(packet instanceof Packet.Barrier)).toList();
    }

    static Packet.Data oneData(List<Action> actions) {
        List<Packet> packets = data(actions);
        assertThat(packets).hasSize(1);
        return (Packet.Data) packets.getFirst();
    }

    static DiskOperation oneOrdered(List<Action> actions) {
        List<DiskOperation> operations = orderedAmong(actions);
        assertThat(operations).hasSize(1);
        return operations.getFirst();
    }

    List<Action> closed() {
        writes.closeEpoch(world.out);
        return world.actions();
    }

    /** The epoch is closed, if it is not yet, and acknowledged. */
    List<Action> barrierAnswered(int number, int count, boolean asItHasTo) {
        closed();
        Packet.BarrierAck ack = new Packet.BarrierAck();
        ack.number = number;
        ack.writes = count;
        assertThat(writes.barrierAcknowledged(ack, world.out)).isEqualTo(asItHasTo);
        return actionsOfEvent();
    }

    void loseConnection() {
        VolumeState before = world.volume.state();
        world.commit(LOST.withDisk(before.disk()));
        record.peerLost(world.volume, before, false, world.out);
        writes.connectionLost(world.out);
    }

    void allowAlone() {
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(diskAnswersAll(world.actions()))).isNotEmpty().containsOnly(0);
    }

    /** The connection is lost, and a write has had the new generation made: later ones need no record. */
    void goOnAlone() {
        loseConnection();
        record.allowAlone(true, "the test", world.out);
        assertThat(answers(diskAnswersAll(written(100, 1)))).containsExactly(0);
        assertThat(record.newWritesNeedRecord(world.volume)).isFalse();
    }
}
