package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.resource.AttachedMachine.request;
import static org.duett.replicator.resource.AttachedMachine.sent;

import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.NetSettings;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeRequest;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.DataFlags;
import org.duett.replicator.wire.Packet;
import org.duett.replicator.wire.Packet.BlockAck;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In A and B an operator takes no copy away that is the only one of what was answered (rule 1). */
class CopyReleaseTest {
    private AttachedMachine world;

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private void primaryWith(Protocol protocol) {
        world = new AttachedMachine(Fencing.DONT_CARE, settings -> with(protocol, settings));
        world.isConnected(Role.PRIMARY, Role.SECONDARY);
        for (int number = 0; number < 2; number++) {
            world.answered(world.comes(AttachedMachine.word(number, world.machine.state(number).withRole(Role.SECONDARY).withPeer(Role.PRIMARY))));
        }
    }

    private static ResourceSettings with(Protocol protocol, ResourceSettings s) {
        NetSettings n = s.net();
        NetSettings net = new NetSettings(protocol, n.timeoutMillis(), n.connectIntervalMillis(), n.pingIntervalMillis(), n.pingTimeoutMillis(), n.koCount(), n.maxEpochWrites(),
                n.maxBuffersPages(), n.cramHmacAlgorithm(), n.sharedSecret(), n.integrityAlgorithm(), n.checksumAlgorithm(), n.verifyAlgorithm(), n.runLengthBitmaps(), n.splitBrain());
        return new ResourceSettings(s.name(), s.localNode(), s.peerNode(), s.cluster(), s.onNoData(), net, s.volumes());
    }

    /** What the host writes is on our disk, and on its way. */
    private List<Action> hostWrites() {
        return world.answered(world.handle(request(HostRequest.Kind.WRITE).arrived));
    }

    private static boolean isAnswered(List<Action> actions) {
        return actions.stream().anyMatch(Action.CompleteHostRequest.class::isInstance);
    }

    private List<Action> acknowledges(BlockAck.Kind kind, Packet.Data write) {
        BlockAck ack = new BlockAck();
        ack.kind = kind;
        ack.firstSector = write.firstSector;
        ack.blockId = write.blockId;
        ack.lengthBytes = write.lengthBytes;
        return world.answered(world.comes(ack));
    }

    private static Packet.Data write(List<Action> actions) {
        return sent(actions, Packet.Data.class).getFirst();
    }

    private List<Action> coversEpoch(List<Action> closing) {
        Packet.BarrierAck ack = new Packet.BarrierAck();
        ack.number = sent(closing, Packet.Barrier.class).getFirst().number;
        ack.writes = 1;
        return world.answered(world.comes(ack));
    }

    @ParameterizedTest
    @EnumSource(names = {"A", "B"})
    void aDetachWaitsUntilThePeersDiskHasWhatWasAnswered(Protocol protocol) {
        primaryWith(protocol);
        List<Action> written = hostWrites();
        boolean answered = isAnswered(written);
        if (protocol == Protocol.B) answered = isAnswered(acknowledges(BlockAck.Kind.RECEIVE_ACK, write(written)));
        assertThat(answered).isTrue();
        List<Action> ordered = world.answered(world.orders(new Command.Detach(0, false)));
        assertThat(sent(ordered, Packet.StateChangeRequest.class)).isEmpty();
        assertThat(sent(coversEpoch(ordered), Packet.StateChangeRequest.class)).hasSize(1);
        world.answered(world.comes(new Packet.StateChangeReply(false, 0, StateChangeResult.SUCCESS.wireCode())));
        assertThat(world.machine.state(0).disk()).isEqualTo(DiskState.DISKLESS);
    }

    @ParameterizedTest
    @EnumSource(names = {"A", "B"})
    void whatIsWrittenMeanwhileIsAnsweredByThePeersDisk(Protocol protocol) {
        primaryWith(protocol);
        List<Action> first = hostWrites();
        if (protocol == Protocol.B) acknowledges(BlockAck.Kind.RECEIVE_ACK, write(first));
        List<Action> closing = world.answered(world.orders(new Command.Detach(0, false)));
        List<Action> meanwhile = hostWrites();
        assertThat(isAnswered(meanwhile)).isFalse();
        assertThat(sent(meanwhile, Packet.Data.class)).isEmpty();
        // The same block: it goes out when the barrier ack has covered the first one.
        Packet.Data second = write(coversEpoch(closing));
        assertThat(second.flags & DataFlags.SEND_WRITE_ACK).isNotZero();
        if (protocol == Protocol.B) assertThat(isAnswered(acknowledges(BlockAck.Kind.RECEIVE_ACK, second))).isFalse();
        assertThat(isAnswered(acknowledges(BlockAck.Kind.WRITE_ACK, second))).isTrue();
    }

    @Test
    void whatThePeersDiskRefusesKeepsOurs() {
        primaryWith(Protocol.B);
        Packet.Data write = write(hostWrites());
        acknowledges(BlockAck.Kind.RECEIVE_ACK, write);
        List<Action> closing = world.answered(world.orders(new Command.Detach(0, false)));
        acknowledges(BlockAck.Kind.NEGATIVE_ACK, write);
        List<Action> refused = coversEpoch(closing);
        assertThat(refused).anySatisfy(action -> assertThat(action).isInstanceOfSatisfying(Action.FinishCommand.class,
                finish -> assertThat(finish.result()).isInstanceOf(CommandResult.Refused.class)));
        assertThat(world.machine.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void afterADetachThatThePeerRefusedTheOwnDiskVouchesAgain() {
        primaryWith(Protocol.B);
        world.answered(world.orders(new Command.Detach(0, false)));
        world.answered(world.comes(new Packet.StateChangeReply(false, 0, StateChangeResult.NO_UP_TO_DATE_DISK.wireCode())));
        assertThat(isAnswered(acknowledges(BlockAck.Kind.RECEIVE_ACK, write(hostWrites())))).isTrue();
    }

    @Test
    void withAConnectionThatIsLostMeanwhileTheOnlyCopyStays() {
        primaryWith(Protocol.B);
        acknowledges(BlockAck.Kind.RECEIVE_ACK, write(hostWrites()));
        world.answered(world.orders(new Command.Detach(0, false)));
        List<Action> lost = world.answered(world.handle(new Event.PeerLost(world.machine.connection(), Event.PeerLost.Reason.BROKEN_PIPE, "the cable")));
        assertThat(lost).anySatisfy(action -> assertThat(action).isInstanceOfSatisfying(Action.FinishCommand.class,
                finish -> assertThat(finish.result()).isInstanceOf(CommandResult.Refused.class)));
        assertThat(world.machine.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void soDoesAFullSyncToUs() {
        primaryWith(Protocol.B);
        acknowledges(BlockAck.Kind.RECEIVE_ACK, write(hostWrites()));
        List<Action> ordered = world.answered(world.orders(new Command.Invalidate(0)));
        assertThat(sent(ordered, Packet.StateChangeRequest.class)).isEmpty();
        assertThat(sent(coversEpoch(ordered), Packet.StateChangeRequest.class)).hasSize(1);
    }

    @Test
    void andOneThatThePeerAsksFor() {
        primaryWith(Protocol.B);
        acknowledges(BlockAck.Kind.RECEIVE_ACK, write(hostWrites()));
        VolumeState itsView = world.machine.state(0).withRole(Role.SECONDARY).withPeer(Role.PRIMARY);
        StateChangeRequest asked = StateChangeRequest.between(itsView, itsView.withConnection(ConnectionState.STARTING_SYNC_S));
        Packet.StateChangeRequest fullSync = new Packet.StateChangeRequest(false, 0, asked.mask(), asked.value());
        List<Action> ordered = world.answered(world.comes(fullSync));
        assertThat(sent(ordered, Packet.StateChangeReply.class)).isEmpty();
        assertThat(world.machine.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(sent(coversEpoch(ordered), Packet.StateChangeReply.class)).hasSize(1);
        assertThat(world.machine.state(0).disk()).isEqualTo(DiskState.INCONSISTENT);
    }
}
