package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.Event;
import org.duett.replicator.resource.ResourceMachine;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
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

    private static void sends(SimulatedNode receiver, Packet packet) {
        receiver.deliver(new Event.PeerPacketArrived().with(receiver.machine().connection(), packet));
    }

    private static Packet.Zeroing discard() {
        var discard = new Packet.Zeroing();
        discard.kind = Packet.Zeroing.Kind.TRIM;
        discard.firstSector = 8;
        discard.lengthBytes = 4096;
        return discard;
    }

    @Test
    void aPrimaryTakesNoWritesFromItsPeer() {
        var pair = SimulatedPair.connected(21);
        pair.done(pair.write(pair.alpha(), 8, 8));
        sends(pair.alpha(), discard());
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSecondaryTakesNoWritesFromASecondary() {
        var pair = SimulatedPair.connected(22);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.runUntil(() -> pair.state(pair.beta()).peer() == Role.SECONDARY);
        sends(pair.beta(), discard());
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aResyncAckUnnamesNothingWhereNoResyncRuns() {
        var pair = SimulatedPair.connected(23);
        Stories.volume(pair.beta()).bitmap().setOutOfSync(8, 4096);
        var ack = new Packet.BlockAck();
        ack.kind = Packet.BlockAck.Kind.RESYNC_WRITE_ACK;
        ack.blockId = Packet.SYNCER_BLOCK_ID;
        ack.firstSector = 8;
        ack.lengthBytes = 4096;
        sends(pair.beta(), ack);
        assertThat(Stories.isOutOfSync(pair.beta(), 8)).isTrue();
    }

    @Test
    void aPeerThatMakesItselfPrimaryBesideUsIsLeft() {
        var pair = SimulatedPair.connected(24);
        VolumeState claimed = pair.state(pair.beta()).withRole(Role.PRIMARY);
        sends(pair.alpha(), new Packet.State(0, claimed.toWire()));
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.STAND_ALONE);
        Stories.told(pair.alpha(), "Primary");
    }
}
