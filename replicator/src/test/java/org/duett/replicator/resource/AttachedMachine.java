package org.duett.replicator.resource;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** A whole machine of two volumes, 0 and 1, both attached: the test is its host, its disks and its peer. */
final class AttachedMachine implements AutoCloseable {
    /** As the attach leaves it, and alone. */
    static final VolumeState SECONDARY = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    final ActionQueue out = new ActionQueue();
    final ResourceMachine machine;
    private final List<AttachedVolume> disks = new ArrayList<>();

    AttachedMachine() {
        this(Fencing.DONT_CARE, settings -> settings);
    }

    AttachedMachine(Fencing fencing, UnaryOperator<ResourceSettings> change) {
        machine = new ResourceMachine(change.apply(settings(fencing)), Unpooled::buffer);
        for (int number = 0; number < 2; number++) disks.add(new AttachedVolume(volume(number), TwoVolumes.SECTORS, out));
        for (int number = 0; number < 2; number++) {
            volume(number).setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            volume(number).commit(SECONDARY, "as its attach leaves it");
        }
        answered(handle(new Event.RandomArrived(LongStream.range(1000, 1200).toArray())));
    }

    static ResourceSettings settings(Fencing fencing) {
        try (TwoVolumes like = new TwoVolumes(fencing)) {
            return like.parts.settings;
        }
    }

    Volume volume(int number) {
        return machine.volume(number);
    }

    List<Action> actions() {
        return disks.getFirst().actions();
    }

    boolean isSuperblock(DiskOperation operation) {
        return disks.get(operation.volume).isSuperblock(operation);
    }

    List<Action> handle(Event event) {
        machine.handle(event, out);
        return actions();
    }

    List<Action> orders(Command command) {
        return handle(new Event.CommandArrived(7, command));
    }

    /** Both volumes are in this state; what follows from it with the next event. */
    List<Action> becomes(VolumeState state) {
        for (int number = 0; number < 2; number++) volume(number).commit(state, "the test says so");
        return handle(new Event.WorkContinued());
    }

    // ---- its disks

    List<Action> answer(DiskOperation operation, int errno) {
        operation.errno = errno;
        return handle(operation.done);
    }

    /** The disks answer all that is ordered, and work in steps goes on; what else was ordered, in its order. */
    List<Action> answered(List<Action> actions) {
        List<Action> others = new ArrayList<>();
        List<Action> left = new ArrayList<>(actions);
        while (!left.isEmpty()) {
            Action action = left.removeFirst();
            if (action instanceof Action.StartDiskOperation start) left.addAll(answer(start.operation, 0));
            else if (action instanceof Action.ContinueWork) left.addAll(handle(new Event.WorkContinued()));
            else others.add(action);
        }
        return others;
    }

    /** As {@link #answered}, of the metadata alone: what waits for it goes on to the data. */
    List<Action> metadataAnswered(List<Action> actions) {
        List<Action> others = new ArrayList<>();
        List<Action> left = new ArrayList<>(actions);
        while (!left.isEmpty()) {
            Action action = left.removeFirst();
            if (action instanceof Action.StartDiskOperation start && start.operation.area == DiskOperation.Area.METADATA) left.addAll(answer(start.operation, 0));
            else others.add(action);
        }
        return others;
    }

    // ---- its host

    static HostRequest request(HostRequest.Kind kind) {
        HostRequest request = new HostRequest();
        request.kind = kind;
        request.lengthBytes = kind == HostRequest.Kind.FLUSH ? 0 : 4096;
        request.payload = Unpooled.buffer(4096);
        return request;
    }

    // ---- its peer

    List<Action> comes(Packet packet) {
        Event.PeerPacketArrived event = new Event.PeerPacketArrived();
        event.connection = machine.connection();
        event.packet = packet;
        return handle(event);
    }

    static List<Packet> sent(List<Action> actions) {
        return actions.stream().filter(Action.SendPacket.class::isInstance).map(action -> ((Action.SendPacket) action).packet).toList();
    }

    static <P extends Packet> List<P> sent(List<Action> actions, Class<P> kind) {
        return sent(actions).stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Another try to connect leads to a Duett node that is configured alike; it has not said yet what it has. */
    List<Action> findsPeer() {
        answered(becomes(volume(0).state().withConnection(ConnectionState.STAND_ALONE)));
        answered(orders(new Command.Connect(false)));
        handle(new Event.PeerConnected(machine.connection(), true));
        int all = Packet.ConnectionFeatures.DUETT | Packet.ConnectionFeatures.WSAME | Packet.ConnectionFeatures.WZEROES | Packet.ConnectionFeatures.TRIM;
        return comes(sent(answered(comes(new Packet.ConnectionFeatures(101, 101, all))), Packet.Protocol.class).getFirst());
    }

    /** It says that its volume 0 has this data, and volume 1 what ours has. */
    List<Action> introduces(GenerationIdentifiers data, Role role, DiskState disk) {
        List<Action> actions = new ArrayList<>();
        for (int number = 0; number < 2; number++) {
            GenerationIdentifiers each = number == 0 ? data : volume(number).identifiers();
            actions.addAll(comes(new Packet.Sizes(number, TwoVolumes.SECTORS, 0, TwoVolumes.SECTORS, 1 << 20, 0, null)));
            actions.addAll(comes(new Packet.Uuids(number, each.current(), each.bitmap(), each.history0(), each.history1(), 0, 0)));
            actions.addAll(comes(word(number, VolumeState.of(role, machine.state(number).role(), ConnectionState.WF_REPORT_PARAMS, disk, DiskState.UNKNOWN))));
        }
        return actions;
    }

    static Packet.State word(int number, VolumeState state) {
        return new Packet.State(number, state.toWire());
    }

    /** Both have the same data, and are connected. */
    void isConnected(Role ours, Role peers) {
        answered(becomes(SECONDARY.withRole(ours)));
        answered(findsPeer());
        answered(introduces(volume(0).identifiers(), peers, DiskState.UP_TO_DATE));
    }

    @Override
    public void close() {
        disks.forEach(AttachedVolume::close);
    }
}
