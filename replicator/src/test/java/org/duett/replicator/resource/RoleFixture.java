package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A Secondary of two volumes beside its peer, that is to be promoted or demoted. */
abstract class RoleFixture {
    static final long TICKET = 7;
    static final long MILLI = 1_000_000;
    static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    static final VolumeState ALONE = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.OUTDATED);

    TwoVolumes world;
    PeerRequests requests;
    RoleControl roles;

    @BeforeEach
    void connect() {
        with(Fencing.DONT_CARE);
        world.commit(MIRRORED);
    }

    void with(Fencing fencing) {
        with(fencing, settings -> settings);
    }

    void with(Fencing fencing, UnaryOperator<ResourceSettings> change) {
        if (world != null) world.close();
        world = new TwoVolumes(fencing, change);
        requests = world.requests;
        roles = world.roles;
        world.parts.keepalive.start(9);
        for (VolumeParts each : world.parts.volumeParts) {
            each.volume.setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, 0);
        }
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    static CommandResult resultAmong(List<Action> actions) {
        return actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).findFirst().orElse(null);
    }

    List<Action> promotes(boolean force) {
        roles.promote(TICKET, force, world.out);
        assertThat(world.actions()).containsExactly(new Action.LookForAttachedDevices());
        roles.attachedDevicesSeen(List.of(), world.out);
        return world.actions();
    }

    /** The peer is asked of each volume, and agrees. */
    List<Action> peerAgrees() {
        for (int volume = 0; volume < 2; volume++) requests.replied(new Packet.StateChangeReply(false, volume, StateChangeResult.SUCCESS.wireCode()), world.out);
        return world.actions();
    }

    static long termAmong(List<Action> actions) {
        return actions.stream().filter(Action.StoreTerm.class::isInstance).map(action -> ((Action.StoreTerm) action).term()).findFirst().orElseThrow();
    }

    List<Action> stored(long term) {
        roles.termStored(term, world.out);
        return world.actions();
    }

    /** The disks answer all that is ordered; what else was ordered. */
    List<Action> written(List<Action> actions) {
        return world.answerAll(actions);
    }

    /** The disks answer until nothing more is ordered of this volume's; what is ordered then. */
    List<Action> isThrough(int volume, List<Action> ordered) {
        List<Action> actions = ordered;
        while (orderedAmong(actions).stream().anyMatch(operation -> operation.volume == volume)) {
            for (DiskOperation operation : orderedAmong(actions)) world.answer(operation, 0);
            actions = world.actions();
        }
        return actions;
    }

    void timeIs(long nanos) {
        world.parts.nowNanos = nanos;
        roles.timeIs(world.out);
    }

    HostRequest asks(HostRequest.Kind kind, long sector) {
        HostRequest request = new HostRequest();
        request.kind = kind;
        request.firstSector = sector;
        request.lengthBytes = 4096;
        request.payload = Unpooled.buffer(4096);
        if (kind == HostRequest.Kind.READ) world.parts.reads.arrived(request, world.out);
        else world.parts.writes.arrived(request, world.out);
        return request;
    }
}
