package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Event;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.state.Role;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;

/** What somebody sends who is not our peer, or is a broken one: the connection goes, nothing else changes (promise 5). */
class HostilePeerStoriesTest {
    private final ResourceMachine machine = new ResourceMachine(SimulatedPair.usualSettings(), new SimulatedBuffers());

    private void deliver(Event event) {
        machine.handle(event, new ActionQueue());
    }

    private void socketsComeUp() {
        deliver(new Event.TimeAdvanced(1));
        deliver(new Event.RandomArrived(new long[256]));
        deliver(new Event.CommandArrived(1, new Command.Connect(false)));
        deliver(new Event.PeerConnected(machine.connection(), false));
    }

    private void sends(Packet packet) {
        deliver(new Event.PeerPacketArrived().with(machine.connection(), packet));
    }

    @Test
    void aBarrierBeforeTheHandshakeEndsOnlyTheConnection() {
        socketsComeUp();
        sends(new Packet.Barrier());
        assertThat(machine.state(0).connection().isEstablished()).isFalse();
    }

    @Test
    void nobodyChangesOurRoleBeforeTheHandshake() {
        socketsComeUp();
        sends(new Packet.StateChangeRequest(false, 0, 0xc, 0x4));
        assertThat(machine.state(0).role()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void aConnectedPeerHasNoSayInOurRole() {
        var pair = SimulatedPair.connected(19);
        var beta = pair.beta();
        beta.deliver(new Event.PeerPacketArrived().with(beta.machine().connection(), new Packet.StateChangeRequest(false, 0, 0xc, 0x4)));
        assertThat(pair.state(beta).role()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void norWhenItAsksToLeave() {
        var pair = SimulatedPair.connected(20);
        var beta = pair.beta();
        beta.deliver(new Event.PeerPacketArrived().with(beta.machine().connection(), new Packet.StateChangeRequest(true, 0, 0xc, 0x4)));
        assertThat(pair.state(beta).role()).isEqualTo(Role.SECONDARY);
        assertThat(beta.machine().state(0).connection().isEstablished()).isTrue();
    }
}
