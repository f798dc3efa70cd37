package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRead;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The role that an earlier process had (rule 22). */
class RoleControlTest extends RoleFixture {
    @Test
    void aFormerTermGoesOnByThePeersWord() {
        roles.termFound(42);
        assertThat(roles.isHeldOrMayBeResumed()).isTrue();
        roles.check(world.out);
        assertThat(world.actions()).containsExactly(new Action.LookForAttachedDevices());
        assertThat(roles.joinsResumption(TICKET)).isTrue();
        assertThat(roles.joinsResumption(TICKET + 1)).as("one of them").isFalse();
        roles.attachedDevicesSeen(List.of(new Event.AttachedVolume(0, 42)), world.out);
        world.actions();
        assertThat(termAmong(peerAgrees())).isEqualTo(42);
        List<Action> last = written(stored(42));
        assertThat(((CommandResult.Done) resultAmong(last)).text()).isEqualTo("is Primary, term 000000000000002a");
        assertThat(TwoVolumes.reportsAmong(last).getFirst().report().whatHappened()).contains("is Primary again");
    }

    /** Found by seed 3117585: its role was on the way to disk, and a detach that was asked for then kept the peer from hearing of it. */
    @Test
    void aPromotionLastsUntilThePeerIsToldOfIt() {
        promotes(false);
        List<Action> actions = stored(termAmong(peerAgrees()));
        assertThat(roles.isPromoting()).isTrue();
        written(actions);
        assertThat(roles.isPromoting()).isFalse();
    }

    /** Found by seed 2853405: it was refused with what the resumption was refused with. */
    @Test
    void anOrderThatComesWhenThePeerIsLostIsNotTheResumptions() {
        roles.termFound(42);
        roles.check(world.out);
        roles.attachedDevicesSeen(List.of(), world.out);
        world.actions();
        peerAgrees();
        world.parts.socketsUp = false;
        world.commit(ALONE);
        assertThat(roles.joinsResumption(TICKET)).isFalse();
        assertThat(roles.isBusy()).isTrue();
        stored(42);
        assertThat(roles.isBusy()).isFalse();
        assertThat(world.parts.isPrimary()).isFalse();
    }

    @Test
    void orWhenThePeerIsDownForCertain() {
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        roles.termFound(42);
        roles.check(world.out);
        assertThat(world.actions()).isEmpty();
        world.parts.record.allowAlone(true, "the test", world.out);
        roles.aloneAllowed(world.out);
        assertThat(world.actions()).containsExactly(new Action.LookForAttachedDevices());
        roles.attachedDevicesSeen(List.of(), world.out);
        written(stored(termAmong(world.actions())));
        assertThat(world.parts.isPrimary()).isTrue();
        assertThat(world.parts.term).isEqualTo(42);
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
    }

    @Test
    void aPeerThatIsThereAfterAllIsAskedInstead() {
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        roles.termFound(42);
        roles.aloneAllowed(world.out);
        world.actions();
        world.parts.socketsUp = true;
        world.commit(MIRRORED);
        roles.attachedDevicesSeen(List.of(), world.out);
        assertThat(world.parts.isPrimary()).isFalse();
        assertThat(roles.isBusy()).isFalse();
        assertThat(roles.isHeldOrMayBeResumed()).as("its handshake says whether it goes on").isTrue();
    }

    /** Another promotion begins another one, and whoever still holds data of the former is not let into that. */
    @Test
    void aFormerTermIsOverWithAnother() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.termFound(42);
        long term = termAmong(promotes(false));
        assertThat(term).isNotEqualTo(42);
        written(stored(term));
        roles.demote(TICKET, true, world.out);
        roles.check(world.out);
        written(stored(termAmong(world.actions())));
        assertThat(roles.isHeldOrMayBeResumed()).isFalse();
    }

    /** How long the peer's word is good for is the failover daemon's to say (rule 9). By leave, or without that daemon, there is nothing to wait for. */
    @ParameterizedTest
    @CsvSource({"true, false, true", "true, true, false", "false, false, false"})
    void readsOfATermThatGoesOnByThePeersWordWaitForTheDeadline(boolean cluster, boolean byLeave, boolean wait) {
        if (cluster) with(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(byLeave ? ALONE.withPeerDisk(DiskState.UNKNOWN) : MIRRORED);
        world.parts.socketsUp = !byLeave;
        roles.termFound(42);
        if (byLeave) {
            world.parts.record.allowAlone(true, "the test", world.out);
            roles.aloneAllowed(world.out);
        } else {
            roles.check(world.out);
        }
        roles.attachedDevicesSeen(List.of(), world.out);
        List<Action> actions = world.actions();
        if (!byLeave) actions.addAll(peerAgrees());
        written(stored(termAmong(actions)));
        assertThat(world.parts.isPrimary()).isTrue();
        HostRequest read = asks(HostRequest.Kind.READ, 8);
        List<Action> begun = world.actions();
        for (DiskOperation operation : orderedAmong(begun)) {
            world.volume(0).answered(operation);
            world.parts.reads.localDone((HostRead) operation.owner, world.out);
        }
        assertThat(world.actions().contains(read.complete)).isEqualTo(!wait);
    }

    @Test
    void aFormerTermMayBeGivenUp() {
        roles.termFound(42);
        roles.demote(TICKET, false, world.out);
        assertThat(termAmong(world.actions())).isZero();
        assertThat(resultAmong(stored(0))).isEqualTo(new CommandResult.Done("is Secondary; its former term is given up"));
        assertThat(roles.isHeldOrMayBeResumed()).isFalse();
        roles.check(world.out);
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void aDeviceOfTheFormerTermTellsHowToLetItGoOn() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.termFound(42);
        roles.promote(TICKET, false, world.out);
        world.actions();
        roles.attachedDevicesSeen(List.of(new Event.AttachedVolume(0, 42)), world.out);
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(world.actions());
        assertThat(refused.report().whatToDo()).contains("duett resume-io r0");
    }
}
