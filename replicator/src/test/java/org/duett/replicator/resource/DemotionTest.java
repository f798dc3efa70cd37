package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.HostWrite;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A demotion from its order to its answer (rules 13, 22). */
class DemotionTest extends RoleFixture {
    private void promoted() {
        promotes(false);
        written(stored(termAmong(peerAgrees())));
        assertThat(world.parts.isPrimary()).isTrue();
        world.actions();
    }

    @Test
    void theTermIsErasedThenTheDisksSaySoThenThePeerHearsOfIt() {
        promoted();
        roles.demote(TICKET, false, world.out);
        List<Action> actions = world.actions();
        assertThat(actions).contains(new Action.CloseExport(0), new Action.CloseExport(1));
        roles.check(world.out);
        actions.addAll(world.actions());
        assertThat(termAmong(actions)).isZero();
        assertThat(world.parts.isPrimary()).isTrue();
        assertThat(stored(5)).as("that is no answer").isEmpty();
        actions = stored(0);
        assertThat(world.parts.term).isZero();
        assertThat(resultAmong(actions)).isNull();
        Superblock last = null;
        List<Action> others = new ArrayList<>();
        for (List<Action> next = actions; !next.isEmpty(); next = world.actions()) {
            for (Action action : next) {
                if (!(action instanceof Action.StartDiskOperation start)) {
                    others.add(action);
                    continue;
                }
                assertThat(others).as("nobody hears of it before").isEmpty();
                if (world.isSuperblock(start.operation)) last = world.superblockIn(start.operation);
                world.answer(start.operation, 0);
            }
        }
        assertThat(last.has(Superblock.PRIMARY_INDICATED)).isFalse();
        assertThat(last.currentUuid()).isEqualTo(20);
        assertThat(sentAmong(others).stream().filter(Packet.State.class::isInstance)).hasSize(2);
        assertThat(resultAmong(others)).isEqualTo(new CommandResult.Done("is Secondary"));
        assertThat(world.state(0).role()).isEqualTo(Role.SECONDARY);
        roles.demote(TICKET, false, world.out);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Done("is Secondary already"));
    }

    private void promotedWithHotExtents() {
        world.parts.writes.connected(9, true);
        world.parts.reads.connected(9);
        for (VolumeParts each : world.parts.volumeParts) each.volume.log().enable(false);
        promoted();
    }

    /** The host hears that it is let in no more, until a promotion lets it in again; what has begun is finished. */
    @ParameterizedTest
    @CsvSource({"WRITE", "READ"})
    void whileItIsBeingDemotedNothingNewBegins(HostRequest.Kind kind) {
        promotedWithHotExtents();
        asks(HostRequest.Kind.WRITE, 8);
        List<Action> begun = world.actions();
        roles.demote(TICKET, false, world.out);
        roles.check(world.out);
        assertThat(world.actions().stream().filter(Action.StoreTerm.class::isInstance)).as("a write is under way").isEmpty();
        HostRequest late = asks(kind, 80);
        assertThat(world.actions()).contains(late.complete);
        assertThat(late.errno).isEqualTo(Errno.ESHUTDOWN);

        world.parts.socketsUp = false;
        world.commit(world.state(0).withConnection(ConnectionState.WF_CONNECTION).withPeerDisk(DiskState.OUTDATED));
        world.parts.writes.connectionLost(world.out);
        world.parts.reads.connectionLost(world.out);
        for (DiskOperation operation : orderedAmong(begun)) {
            world.volume(0).answered(operation);
            world.parts.writes.localDone((HostWrite) operation.owner, world.out);
        }
        roles.check(world.out);
        written(stored(termAmong(world.actions())));
        assertThat(world.parts.isPrimary()).isFalse();
        written(stored(termAmong(promotes(false))));
        HostRequest again = asks(kind, 80);
        List<Action> actions = world.actions();
        assertThat(actions).doesNotContain(again.complete);
        assertThat(orderedAmong(actions)).as("it begins").isNotEmpty();
    }

    /** It waits for the peer's barrier ack, and that is asked for at once. */
    @Test
    void theEpochThatIsOpenIsClosed() {
        promotedWithHotExtents();
        asks(HostRequest.Kind.WRITE, 8);
        world.actions();
        roles.demote(TICKET, false, world.out);
        assertThat(world.sent()).anyMatch(Packet.Barrier.class::isInstance);
    }

    /** It was never acknowledged, and is not now (rule 1). */
    @Test
    void whatIsHeldForWantOfLeaveFails() {
        with(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(MIRRORED);
        promotedWithHotExtents();
        HostRequest held = asks(HostRequest.Kind.WRITE, 8);
        DiskOperation own = orderedAmong(world.actions()).getFirst();
        world.connecting.lose(ConnectionState.BROKEN_PIPE, "", world.out);
        world.volume(0).answered(own);
        world.parts.writes.localDone((HostWrite) own.owner, world.out);
        assertThat(written(world.actions())).doesNotContain(held.complete);
        assertThat(world.parts.record.freezes()).isTrue();
        roles.demote(TICKET, true, world.out);
        List<Action> actions = written(world.actions());
        assertThat(actions).contains(held.complete);
        assertThat(held.errno).isEqualTo(Errno.EIO);
        roles.check(world.out);
        actions.addAll(written(world.actions()));
        written(stored(termAmong(actions)));
        assertThat(world.parts.isPrimary()).isFalse();
        assertThat(world.parts.record.freezes()).as("nothing waits for leave any more").isFalse();
    }

    /** Refused as Primary, it connects as Secondary: nobody has to say twice that the peer's data is to go on. */
    @Test
    void whoWasRefusedForItsRoleConnectsWithoutIt() {
        promoted();
        world.connecting.giveUpAsPrimary("both are Primary", "Demote one.", world.out);
        written(world.actions());
        roles.demote(TICKET, true, world.out);
        roles.check(world.out);
        List<Action> last = written(stored(termAmong(world.actions())));
        assertThat(last).contains(new Action.Connect(world.parts.connection));
    }

    @Test
    void aVolumeWithoutADiskIsDemotedToo() {
        promoted();
        world.volume(1).stopUsingDisk(world.out);
        world.volume(1).commit(world.state(1).withDisk(DiskState.DISKLESS), "it has none");
        world.actions();
        roles.demote(TICKET, true, world.out);
        roles.check(world.out);
        List<Action> last = written(stored(termAmong(world.actions())));
        assertThat(world.state(1).role()).isEqualTo(Role.SECONDARY);
        assertThat(resultAmong(last)).isEqualTo(new CommandResult.Done("is Secondary"));
    }

    @Test
    void clientsHaveASecondToLeave() {
        promoted();
        world.each(0).exportUsers = 1;
        world.each(1).exportUsers = 2;
        assertThat(roles.isInUse()).isTrue();
        roles.demote(TICKET, false, world.out);
        assertThat(world.actions()).isEmpty();
        assertThat(roles.deadlineNanos()).isEqualTo(1000 * MILLI);
        timeIs(1000 * MILLI - 1);
        assertThat(world.actions()).isEmpty();
        timeIs(1000 * MILLI);
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(world.actions());
        assertThat(refused.code()).isEqualTo(StateChangeResult.DEVICE_IN_USE);
        assertThat(refused.report().whatHappened()).contains("3 clients have the device open");
        assertThat(world.parts.isPrimary()).isTrue();
        assertThat(world.each(0).exportOpen).isTrue();
    }

    /** Beside 1893006: the others tell of it when they are through. */
    @Test
    void aVolumeThatIsThroughWithTheHandshakeTellsOfTheDemotionItself() {
        promoted();
        world.parts.fact(world.each(1), world.state(1).withConnection(ConnectionState.WF_REPORT_PARAMS), "a handshake");
        roles.demote(TICKET, true, world.out);
        roles.check(world.out);
        world.actions();
        List<Action> actions = written(stored(0));
        assertThat(resultAmong(actions)).isInstanceOf(CommandResult.Done.class);
        assertThat(sentAmong(actions)).singleElement().isInstanceOf(Packet.State.class).extracting("volume").isEqualTo(0);
    }

    @Test
    void aClientThatLeavesInTimeLetsItGoOn() {
        promoted();
        world.each(0).exportUsers = 1;
        roles.demote(TICKET, false, world.out);
        world.each(0).exportUsers = 0;
        roles.check(world.out);
        assertThat(world.actions()).contains(new Action.CloseExport(0), new Action.CloseExport(1));
    }

    @Test
    void byForceClientsAreCutOff() {
        promoted();
        world.each(0).exportUsers = 1;
        roles.demote(TICKET, true, world.out);
        assertThat(world.actions()).contains(new Action.CloseExport(0));
    }

    @Test
    void aSplitBrainIsDecidedAgainstItWhenItIsNotBusyOtherwise() {
        promoted();
        roles.giveUp(world.out);
        assertThat(world.actions()).contains(new Action.CloseExport(0));
        roles.giveUp(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aDiskThatFailsMeanwhileIsTold() {
        promoted();
        roles.demote(TICKET, false, world.out);
        roles.check(world.out);
        world.actions();
        List<Action> actions = stored(0);
        world.answer(((Action.StartDiskOperation) actions.getFirst()).operation, Errno.EIO);
        actions.removeFirst();
        assertThat(((CommandResult.Done) resultAmong(written(actions))).text()).contains("its disk failed meanwhile");
        assertThat(world.state(0).role()).isEqualTo(Role.SECONDARY);
    }

    /** Found by seed 2201433 (rule 13): it was attached as a Secondary's, and its superblock had not said so yet when the demotion was answered. */
    @Test
    void aDiskThatIsAttachedMeanwhileSaysThatItIsASecondarysBeforeTheAnswer() {
        promoted();
        world.volume(1).commit(world.state(1).withDisk(DiskState.ATTACHING), "it is being attached");
        roles.demote(TICKET, false, world.out);
        roles.check(world.out);
        world.actions();
        List<Action> actions = stored(0);
        assertThat(orderedAmong(actions)).allMatch(operation -> operation.volume == 0);
        world.volume(1).commit(world.state(1).withDisk(DiskState.UP_TO_DATE), "attached");
        actions = isThrough(0, actions);
        assertThat(resultAmong(actions)).isNull();
        assertThat(orderedAmong(actions)).as("that of the other disk").isNotEmpty();
        assertThat(resultAmong(written(actions))).isInstanceOf(CommandResult.Done.class);
        assertThat(roles.isBusy()).isFalse();
    }

    /** Found by seed 2600140 (rule 13): its disk failed in the demotion, and was attached again while the other volume's was slow. */
    @Test
    void soDoesADiskThatFailedMeanwhileAndIsBack() {
        promoted();
        roles.demote(TICKET, false, world.out);
        roles.check(world.out);
        world.actions();
        List<Action> actions = stored(0);
        List<DiskOperation> ofOther = orderedAmong(actions).stream().filter(operation -> operation.volume == 1).toList();
        for (DiskOperation operation : orderedAmong(actions)) {
            if (operation.volume == 0) world.answer(operation, Errno.EIO);
        }
        world.attachedAgain(0);
        world.volume(0).commit(world.state(0).withDisk(DiskState.UP_TO_DATE), "attached");
        world.actions();
        for (DiskOperation operation : ofOther) world.answer(operation, 0);
        actions = isThrough(1, world.actions());
        assertThat(resultAmong(actions)).isNull();
        assertThat(orderedAmong(actions)).as("that of the one that is back").isNotEmpty();
        assertThat(((CommandResult.Done) resultAmong(written(actions))).text()).contains("its disk failed meanwhile");
    }
}
