package org.duett.replicator.resource;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.generation.SplitBrainPolicy;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.ResyncSettings;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.metadata.MetadataKind;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.Volume;
import org.duett.replicator.wire.Packet;

/** The joined parts of a resource of two volumes, 0 and 1, both attached and connected on {@link AttachedVolume#CONNECTION}: the test says what happens to them. */
final class TwoVolumes implements AutoCloseable {
    static final long SECTORS = 1 << 20;

    final ActionQueue out = new ActionQueue();
    final Parts parts;
    /** Joined as {@link ResourceMachine} joins them. */
    final Outdating outdating;
    final Connecting connecting;
    final ResyncControl resync;
    final DiskControl diskControl;
    final PeerRequests requests;
    final RoleControl roles;
    final ResyncDecision decision;
    final Resizing resizing;
    final PeerReports reports;
    final PeerConversation conversation;
    private final TreeMap<Integer, AttachedVolume> disks = new TreeMap<>();

    TwoVolumes() {
        this(Fencing.DONT_CARE);
    }

    TwoVolumes(Fencing fencing) {
        this(fencing, settings -> settings);
    }

    TwoVolumes(Fencing fencing, UnaryOperator<ResourceSettings> change) {
        NetSettings net = new NetSettings(Protocol.C, 6_000, 10_000, 10_000, 500, 7, 2048, 2048, "", new byte[0], "", "", "", true, SplitBrainPolicy.DEFAULT);
        parts = new Parts(change.apply(new ResourceSettings("r0", "alpha", "beta", false, OnNoData.IO_ERROR, net, List.of(volume(0, fencing), volume(1, fencing)))), Unpooled::buffer);
        for (Volume volume : parts.volumes) disks.put(volume.number, new AttachedVolume(volume, SECTORS, out));
        parts.random.arrived(LongStream.range(1000, 1200).toArray());
        parts.connection = AttachedVolume.CONNECTION;
        parts.socketsUp = true;
        outdating = new Outdating(parts);
        connecting = new Connecting(parts, outdating, new FencePolicy(parts));
        resync = new ResyncControl(parts, connecting);
        diskControl = new DiskControl(parts, connecting);
        requests = new PeerRequests(parts, connecting, resync, outdating);
        roles = new RoleControl(parts, requests, connecting);
        requests.joins(roles);
        decision = new ResyncDecision(parts, connecting, resync, diskControl, roles);
        resizing = new Resizing(parts);
        SizeAgreement sizes = new SizeAgreement(parts, connecting, resync, resizing);
        reports = new PeerReports(parts, connecting, decision, resync, diskControl, new MirrorDuty(parts), sizes);
        conversation = new PeerConversation(parts, connecting, resync, requests, resizing, sizes, reports);
        resizing.joins(sizes);
    }

    static ResourceSettings underTheFailoverDaemon(ResourceSettings s) {
        return new ResourceSettings(s.name(), s.localNode(), s.peerNode(), true, s.onNoData(), s.net(), s.volumes());
    }

    private static VolumeSettings volume(int number, Fencing fencing) {
        return new VolumeSettings(number, new MetadataKind.FlexExternal(), 0, 67, true, fencing, OnIoError.DETACH, OnReadError.REPAIR, true, true, 0,
                new ResyncSettings(0, 0, 0, 0, 0, 0));
    }

    /** Its disk was lost, and has just been opened again. */
    void attachedAgain(int number) {
        Volume volume = volume(number);
        volume.stopUsingDisk(out);
        volume.bitmap().close();
        volume.diskClosed();
        disks.get(number).attach(SECTORS);
    }

    VolumeParts each(int number) {
        return parts.partsOrNull(number);
    }

    Volume volume(int number) {
        return parts.volume(number);
    }

    VolumeState state(int number) {
        return volume(number).state();
    }

    /** Both volumes are configured otherwise. */
    static UnaryOperator<ResourceSettings> withVolumes(UnaryOperator<VolumeSettings> change) {
        return s -> new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), s.net(), s.volumes().stream().map(change).toList());
    }

    static UnaryOperator<ResourceSettings> onIoError(OnIoError policy) {
        return onIoError(policy, true);
    }

    static UnaryOperator<ResourceSettings> onIoError(OnIoError policy, boolean diskFlushes) {
        return withVolumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(), v.activityLogUpdates(), v.fencing(), policy,
                v.onReadError(), diskFlushes, v.metadataFlushes(), v.diskTimeoutMillis(), v.resync()));
    }

    /** What the peer can do, as it says at the begin of a handshake. */
    void peerAnnounces(int features) {
        parts.handshake.start(AttachedVolume.CONNECTION, false, out);
        parts.handshake.arrived(new Packet.ConnectionFeatures(101, 101, features), out);
        actions();
    }

    List<Action> comes(Packet packet) {
        Event.PeerPacketArrived event = new Event.PeerPacketArrived();
        event.connection = parts.connection;
        event.packet = packet;
        conversation.arrived(event, out);
        return actions();
    }

    /** Features, then the protocol: as between two nodes that are configured alike. */
    void handshakeIsThrough(int features) {
        parts.handshake.start(AttachedVolume.CONNECTION, false, out);
        Packet ours = AttachedVolume.sentAmong(comes(new Packet.ConnectionFeatures(101, 101, features))).stream().filter(Packet.Protocol.class::isInstance)
                .findFirst().orElseThrow();
        comes(ours);
    }

    /** Another peer than before, at the same stage. */
    void meetsAnother(int features) {
        parts.peerWrites.connectionLost(out);
        handshakeIsThrough(features);
    }

    /** Volume 0 has this data, and its disk says so. */
    void ours(long current, long bitmap, long history0, long history1) {
        volume(0).setIdentifiers(new GenerationIdentifiers(current, bitmap, history0, history1));
        volume(0).metadata().flushData(null, out);
        answerAll();
    }

    /** The peer's volume 0 has this data. */
    void peers(long current, long bitmap, long history0, long history1) {
        peers(new GenerationIdentifiers(current, bitmap, history0, history1), 0);
    }

    void peers(GenerationIdentifiers identifiers, int flags) {
        volume(0).peerGenerations = new PeerGenerations(identifiers, 0, flags);
    }

    /** Both have introduced themselves with volume 0, and compare. */
    List<Action> meet() {
        parts.sendIdentifiers(each(0), 0, out);
        actions();
        VolumeState told = state(0);
        decision.decide(each(0), told, report(told.peer(), told.peerDisk()), true, out);
        return actions();
    }

    /** What the peer tells of itself in the handshake. */
    static VolumeState report(Role role, DiskState disk) {
        return VolumeState.of(role, Role.SECONDARY, ConnectionState.WF_REPORT_PARAMS, disk, DiskState.UNKNOWN);
    }

    /** Both volumes are in this state now. */
    void commit(VolumeState state) {
        parts.volumes.forEach(volume -> volume.commit(state, "the test says so"));
    }

    List<Action> actions() {
        return disks.firstEntry().getValue().actions();
    }

    List<Packet> sent() {
        return AttachedVolume.sentAmong(actions());
    }

    static List<Action.Report> reportsAmong(List<Action> actions) {
        return actions.stream().filter(Action.Report.class::isInstance).map(Action.Report.class::cast).toList();
    }

    boolean isSuperblock(DiskOperation operation) {
        return disks.get(operation.volume).isSuperblock(operation);
    }

    Superblock superblockIn(DiskOperation operation) {
        return Superblock.decode(operation.buffer, operation.bufferIndex);
    }

    void answer(DiskOperation operation, int errno) {
        disks.get(operation.volume).metadataAnswers(operation, errno);
    }

    /** The disks answer all that is ordered, and what is ordered then; what else was ordered meanwhile. */
    List<Action> answerAll() {
        return answerAll(actions());
    }

    List<Action> answerAll(List<Action> ordered) {
        List<Action> others = new ArrayList<>();
        for (List<Action> actions = ordered; !actions.isEmpty(); actions = actions()) {
            for (Action action : actions) {
                if (action instanceof Action.StartDiskOperation start) answer(start.operation, 0);
                else others.add(action);
            }
        }
        return others;
    }

    @Override
    public void close() {
        parts.volumes.forEach(volume -> volume.bitmap().close());
    }
}
