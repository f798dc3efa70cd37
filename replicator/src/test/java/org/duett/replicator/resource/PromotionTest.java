package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A promotion from its order to its answer (rules 2, 13, 21). */
class PromotionTest extends RoleFixture {
    private void isRefused(List<Action> actions, StateChangeResult code, String why) {
        CommandResult.Refused refused = (CommandResult.Refused) resultAmong(actions);
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.report().whatHappened()).contains(why);
        assertThat(roles.isBusy()).isFalse();
        assertThat(world.parts.isPrimary()).isFalse();
    }

    // ---- promotion

    @Test
    void thePeerIsAskedThenTheTermIsStoredThenTheDisksSaySoThenTheHostIsLetIn() {
        List<Action> actions = promotes(false);
        assertThat(sentAmong(actions).stream().filter(Packet.StateChangeRequest.class::isInstance)).hasSize(1);
        assertThat(roles.isBusy()).isTrue();
        assertThat(roles.hasLeaveToBePrimary()).isFalse();
        actions = peerAgrees();
        assertThat(roles.hasLeaveToBePrimary()).isTrue();
        long term = termAmong(actions);
        assertThat(term).isNotZero().isEqualTo(world.parts.term);
        assertThat(world.parts.isPrimary()).isFalse();
        assertThat(stored(term + 2)).as("that was another one").isEmpty();
        actions = stored(term);
        assertThat(world.state(0).role()).isEqualTo(Role.PRIMARY);
        assertThat(world.state(1).role()).isEqualTo(Role.PRIMARY);
        assertThat(actions).as("data flushed first, and nobody let in").allMatch(action -> action instanceof Action.StartDiskOperation start && start.operation.kind == DiskOperation.Kind.FLUSH);
        assertThat(actions).hasSize(2);
        List<Action> last = written(actions);
        assertThat(last.stream().filter(Action.OpenExport.class::isInstance)).hasSize(2);
        assertThat(sentAmong(last).stream().filter(Packet.State.class::isInstance)).hasSize(2);
        assertThat(sentAmong(last).stream().filter(Packet.Uuids.class::isInstance)).as("no generation began").isEmpty();
        assertThat(resultAmong(last)).isEqualTo(new CommandResult.Done(String.format("is Primary, term %016x", term)));
        assertThat(world.volume(0).identifiers()).isEqualTo(new GenerationIdentifiers(21, 0, 0, 0));
        assertThat(world.each(0).exportOpen).isTrue();
        assertThat(roles.isBusy()).isFalse();
        roles.promote(TICKET, false, world.out);
        assertThat(resultAmong(world.actions())).isEqualTo(new CommandResult.Done("is Primary already"));
    }

    @Test
    void thePeerMayRefuseIt() {
        promotes(false);
        requests.replied(new Packet.StateChangeReply(false, 0, StateChangeResult.TWO_PRIMARIES.wireCode()), world.out);
        isRefused(world.actions(), StateChangeResult.REFUSED_BY_PEER, "beta refused the promotion");
    }

    @Test
    void aConnectionThatIsLostMeanwhileIsTheAnswer() {
        promotes(false);
        requests.connectionLost(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "the connection was lost while the peer was asked");
    }

    @Test
    void aDeviceOfAFormerTermIsInTheWay() {
        roles.promote(TICKET, false, world.out);
        world.actions();
        roles.attachedDevicesSeen(List.of(new Event.AttachedVolume(1, 0xabc)), world.out);
        isRefused(world.actions(), StateChangeResult.DEVICE_IN_USE, "in term 0000000000000abc");
    }

    @Test
    void withoutAPeerItIsPromotedAloneInAGenerationOfItsOwn() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        List<Action> actions = promotes(false);
        List<Action> last = written(stored(termAmong(actions)));
        assertThat(resultAmong(last)).isInstanceOf(CommandResult.Done.class);
        assertThat(sentAmong(last)).isEmpty();
        assertThat(world.volume(0).identifiers().bitmap()).isEqualTo(20);
        assertThat(world.volume(0).identifiers().current() & 1).isEqualTo(1);
        assertThat(world.each(0).begunByPromotion).isTrue();
    }

    /** The first host write may come as soon as one export is open: each disk has said so by then (rule 13). */
    @Test
    void nobodyIsLetInBeforeEachDiskSaysSo() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        List<Action> first = new ArrayList<>();
        List<Action> second = new ArrayList<>();
        for (Action action : stored(termAmong(promotes(false)))) (((Action.StartDiskOperation) action).operation.volume == 0 ? first : second).add(action);
        assertThat(written(first)).isEmpty();
        assertThat(written(second).stream().filter(Action.OpenExport.class::isInstance)).hasSize(2);
    }

    /** That nobody could ask the peer is no leave to go on without it; a person's force is (rule 8). */
    @ParameterizedTest
    @CsvSource({"false, UNKNOWN, true", "true, UNKNOWN, false", "false, OUTDATED, false"})
    void whoIsPromotedBesideNobodyWaitsForLeave(boolean force, DiskState peerDisk, boolean freezes) {
        with(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(ALONE.withPeerDisk(peerDisk));
        world.parts.socketsUp = false;
        written(stored(termAmong(promotes(force))));
        assertThat(world.parts.isPrimary()).isTrue();
        assertThat(world.parts.record.freezes()).isEqualTo(freezes);
        assertThat(world.parts.record.proof()).isEqualTo(force ? "operator: primary --force" : "none");
    }

    /** It has to compare before it hears who is Primary (spec states 4). */
    @Test
    void aGenerationThatForceBeginsBesideThePeerIsToldFirst() {
        world.commit(MIRRORED.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.INCONSISTENT));
        promotes(true);
        List<Packet> told = sentAmong(written(stored(termAmong(peerAgrees()))));
        assertThat(told.subList(0, 2)).extracting(packet -> packet.getClass().getSimpleName()).containsExactly("Uuids", "State");
        assertThat(told).hasSize(4);
    }

    /** It has given its leave, and learns that nothing came of it. */
    @Test
    void aPeerThatWasAskedInVainHearsSo() {
        promotes(false);
        long term = termAmong(peerAgrees());
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS).withPeerDisk(DiskState.INCONSISTENT));
        List<Action> actions = stored(term);
        isRefused(actions, StateChangeResult.NO_UP_TO_DATE_DISK, "cannot be promoted");
        assertThat(sentAmong(actions).stream().filter(Packet.State.class::isInstance)).hasSize(2);
    }

    /** Neither its role nor that end is taken down any more: what serves the host is the peer. */
    @Test
    void aDiskThatIsLostMeanwhileIsNotWaitedFor() {
        promotes(false);
        List<Action> actions = stored(termAmong(peerAgrees()));
        world.each(0).endIsBeingWritten = true;
        DiskOperation flush = orderedAmong(actions).stream().filter(operation -> operation.volume == 0).findFirst().orElseThrow();
        isThrough(1, actions.stream().filter(action -> !orderedAmong(List.of(action)).contains(flush)).toList());
        world.answer(flush, Errno.EIO);
        assertThat(resultAmong(world.actions())).isInstanceOf(CommandResult.Done.class);
    }

    /** It had agreed for the first volume, and would hold us for its Primary. */
    @Test
    void aPeerThatRefusesForOneVolumeHearsThatNothingCameOfTheOthers() {
        promotes(false);
        requests.replied(new Packet.StateChangeReply(false, 0, StateChangeResult.SUCCESS.wireCode()), world.out);
        requests.replied(new Packet.StateChangeReply(false, 1, StateChangeResult.TWO_PRIMARIES.wireCode()), world.out);
        List<Action> actions = world.actions();
        isRefused(actions, StateChangeResult.REFUSED_BY_PEER, "beta refused the promotion");
        assertThat(sentAmong(actions).stream().filter(Packet.State.class::isInstance)).containsExactly(new Packet.State(0, MIRRORED.toWire()));
        assertThat(world.each(0).peerAgreedToPrimary).isFalse();
    }

    /** Found by seed 3053207: it had been told of a Secondary once more meanwhile, and its host's first write cost the connection. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whereTheEndOfAResyncIsOnItsWayToDiskTheHostIsLetInAfterIt(boolean connected) {
        promotes(false);
        List<Action> actions = stored(termAmong(peerAgrees()));
        world.each(0).endIsBeingWritten = true;
        world.each(0).volume.metadata().writeSuperblock((durable, out) -> world.each(0).endIsBeingWritten = false, world.out);
        if (!connected) world.commit(ALONE.withRole(Role.PRIMARY));
        List<Action> last = written(actions);
        assertThat(last.stream().filter(Action.OpenExport.class::isInstance)).hasSize(2);
        assertThat(sentAmong(last)).filteredOn(Packet.State.class::isInstance).hasSize(connected ? 2 : 0);
    }

    @Test
    void whatCountsFromAnOlderGenerationNeedsNoOther() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(1).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(1).leaveResyncOpen();
        List<Action> actions = promotes(false);
        written(stored(termAmong(actions)));
        assertThat(world.volume(0).identifiers()).isEqualTo(new GenerationIdentifiers(21, 10, 0, 0));
        assertThat(world.volume(1).identifiers().bitmap()).as("but where the target may have ours").isEqualTo(20);
    }

    @Test
    void withoutGoodDataItIsRefused() {
        world.commit(ALONE.withDisk(DiskState.INCONSISTENT));
        world.parts.socketsUp = false;
        isRefused(promotes(false), StateChangeResult.NO_UP_TO_DATE_DISK, "cannot be promoted");
    }

    @Test
    void byForceADiskThatIsBehindIsRaised() {
        world.commit(ALONE.withDisk(DiskState.INCONSISTENT));
        world.parts.socketsUp = false;
        written(stored(termAmong(promotes(true))));
        assertThat(world.state(0).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(world.volume(0).identifiers().bitmap()).isEqualTo(20);
        assertThat(world.state(0).role()).isEqualTo(Role.PRIMARY);
    }

    @Test
    void itWaitsUntilAllDisksAreDecidedAndWhatThePeerHadSentIsWritten() {
        world.parts.socketsUp = false;
        world.commit(ALONE);
        world.volume(1).commit(ALONE.withDisk(DiskState.ATTACHING), "it is being attached");
        assertThat(promotes(false)).isEmpty();
        roles.check(world.out);
        assertThat(world.actions()).isEmpty();
        world.volume(1).commit(ALONE, "attached");
        world.each(0).wholeBitmap.clearAll((done, out) -> {
        }, world.out);
        roles.check(world.out);
        assertThat(world.actions()).as("bits are being cleared").isEmpty();
        while (world.each(0).wholeBitmap.wantsStep()) world.each(0).wholeBitmap.step(world.out);
        world.parts.socketsUp = true;
        roles.check(world.out);
        assertThat(world.actions()).as("a handshake runs").isEmpty();
        world.parts.socketsUp = false;
        roles.check(world.out);
        assertThat(termAmong(world.actions())).isNotZero();
    }

    /** What it waited for was to be judged by the peer, or served from it (promise 1). */
    @Test
    void whoWaitsForADiskBesideThePeerIsNotPromotedWithoutIt() {
        world.volume(1).commit(MIRRORED.withDisk(DiskState.NEGOTIATING), "the peer has a say");
        assertThat(promotes(false)).isEmpty();
        roles.check(world.out);
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.check(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "while the promotion waited for a disk");
    }

    /** Found by seed 2103421: it was promoted with a disk of long ago, which nobody had compared. Force takes what there is. */
    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, DISKLESS, false, true", "UP_TO_DATE, FAILED, false, true", "UP_TO_DATE, DISKLESS, true, false", "DISKLESS, DISKLESS, false, false", "UP_TO_DATE, INCONSISTENT, false, false"})
    void whoWaitsForADiskBesideAGoodOneIsNotPromotedWithoutThatOne(DiskState before, DiskState after, boolean force, boolean refused) {
        world.volume(1).commit(MIRRORED.withDisk(DiskState.ATTACHING).withPeerDisk(before), "it is being attached");
        assertThat(promotes(force)).isEmpty();
        world.volume(1).commit(MIRRORED.withDisk(DiskState.ATTACHING).withPeerDisk(after), "the peer's word");
        roles.check(world.out);
        if (refused) isRefused(world.actions(), StateChangeResult.NO_UP_TO_DATE_DISK, "was given up while the promotion waited for this node's");
        else assertThat(world.actions()).isEmpty();
    }

    @Test
    void aDiskThatDoesNotFitEndsAPromotionThatWaitedForIt() {
        world.volume(1).commit(MIRRORED.withDisk(DiskState.NEGOTIATING), "the peer has a say");
        promotes(false);
        roles.diskDoesNotFit(world.out);
        isRefused(world.actions(), StateChangeResult.NO_UP_TO_DATE_DISK, "does not fit the peer's data");
        roles.diskDoesNotFit(world.out);
        assertThat(world.actions()).as("nobody waits").isEmpty();
        promotes(true);
        roles.diskDoesNotFit(world.out);
        assertThat(world.actions()).as("by force it takes the peer's").isEmpty();
    }

    /** It may not have told us yet that it was demoted: ping-timeout and 100 ms. */
    @Test
    void aPeerThatIsPrimaryIsWaitedForAMoment() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        assertThat(promotes(false)).isEmpty();
        assertThat(roles.deadlineNanos()).isEqualTo(600 * MILLI);
        timeIs(600 * MILLI - 1);
        assertThat(world.actions()).isEmpty();
        timeIs(600 * MILLI);
        isRefused(world.actions(), StateChangeResult.TWO_PRIMARIES, "cannot be promoted");
        assertThat(roles.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void asSoonAsItIsDemotedItIsAsked() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        promotes(false);
        roles.check(world.out);
        assertThat(world.actions()).isEmpty();
        world.commit(MIRRORED);
        roles.check(world.out);
        assertThat(sentAmong(world.actions())).isNotEmpty();
        assertThat(requests.isBusy()).isTrue();
    }

    @Test
    void aConnectionThatIsLostWhileItIsWaitedForEndsIt() {
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        promotes(false);
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.check(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "for the peer's demotion");
    }

    // ---- what changes while the term is being stored

    @Test
    void aPeerThatCameMeanwhileHasASay() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        long term = termAmong(promotes(false));
        world.parts.socketsUp = true;
        world.commit(MIRRORED);
        List<Action> actions = stored(term);
        assertThat(termAmong(actions)).as("it is taken back").isZero();
        assertThat(actions).contains(new Action.LookForAttachedDevices());
        assertThat(world.parts.term).isZero();
        assertThat(world.parts.isPrimary()).isFalse();
        roles.attachedDevicesSeen(List.of(), world.out);
        assertThat(requests.isBusy()).isTrue();
    }

    /** Found by seed 2865656: with its data of before (promise 1). */
    @Test
    void whoWasToServeThePeersDiskIsNotPromotedWithAnOwnOneThatCameMeanwhile() {
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        promotes(false);
        long term = termAmong(peerAgrees());
        world.parts.socketsUp = false;
        world.commit(ALONE);
        List<Action> actions = stored(term);
        assertThat(termAmong(actions)).as("it is taken back").isZero();
        isRefused(actions, StateChangeResult.NEED_CONNECTION, "the connection was lost while the promotion waited for its term");
        assertThat(world.parts.term).isZero();
        assertThat(termAmong(promotes(false))).as("it is asked for with that disk now").isNotZero();
    }

    /** Likewise: under cluster control it goes on without the peer, and is frozen until there is leave. */
    @Test
    void norWithOneThatCameWhileThePeersDemotionWasWaitedFor() {
        with(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(MIRRORED.withPeer(Role.PRIMARY).withDisk(DiskState.DISKLESS));
        assertThat(promotes(false)).isEmpty();
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.check(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "the connection was lost while the promotion waited for the peer");
    }

    /** Found by seed 3022191: the peer had given its leave, of which nobody heard, and gone on without it. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void norWithOneThatWasToBeGivenUp(boolean detached) {
        with(Fencing.DONT_CARE, TwoVolumes::underTheFailoverDaemon);
        world.commit(MIRRORED.withPeer(Role.PRIMARY));
        world.each(1).asksToDetach = detached;
        world.each(1).asksToBeTarget = !detached;
        assertThat(promotes(false)).isEmpty();
        world.each(1).asksToDetach = false;
        world.each(1).asksToBeTarget = false;
        world.parts.socketsUp = false;
        world.commit(ALONE);
        roles.check(world.out);
        isRefused(world.actions(), StateChangeResult.NEED_CONNECTION, "the connection was lost while the promotion waited for the peer");
    }

    @Test
    void aDiskThatIsLostMeanwhileEndsIt() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        long term = termAmong(promotes(false));
        world.commit(ALONE.withDisk(DiskState.DISKLESS));
        List<Action> actions = stored(term);
        assertThat(termAmong(actions)).isZero();
        isRefused(actions, StateChangeResult.NO_UP_TO_DATE_DISK, "cannot be promoted");
        assertThat(world.parts.term).isZero();
    }

    @Test
    void aDiskThatCannotSaySoDoesNotEndItWhereThePeerHasAll() {
        promotes(false);
        List<Action> actions = stored(termAmong(peerAgrees()));
        for (Action action : actions) world.answer(((Action.StartDiskOperation) action).operation, Errno.EIO);
        assertThat(resultAmong(world.actions())).isInstanceOf(CommandResult.Done.class);
    }

    /** Found by seed 2591895 (rule 13): its disk failed in the promotion, and was attached again while the other volume's was slow. */
    @Test
    void aDiskThatFailedMeanwhileAndIsBackSaysSoBeforeTheAnswer() {
        promotes(false);
        List<DiskOperation> ordered = orderedAmong(stored(termAmong(peerAgrees())));
        List<DiskOperation> ofOther = ordered.stream().filter(operation -> operation.volume == 1).toList();
        for (DiskOperation operation : ordered) {
            if (operation.volume == 0) world.answer(operation, Errno.EIO);
        }
        world.attachedAgain(0);
        world.volume(0).commit(world.state(0).withDisk(DiskState.UP_TO_DATE), "attached");
        world.actions();
        for (DiskOperation operation : ofOther) world.answer(operation, 0);
        List<Action> actions = isThrough(1, world.actions());
        assertThat(resultAmong(actions)).isNull();
        assertThat(orderedAmong(actions)).as("that of the one that is back").isNotEmpty();
        assertThat(resultAmong(written(actions))).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void whereNobodyHasItNoHostIsLetIn() {
        world.commit(ALONE);
        world.parts.socketsUp = false;
        List<Action> actions = stored(termAmong(promotes(false)));
        world.commit(ALONE.withRole(Role.PRIMARY).withDisk(DiskState.FAILED));
        for (Action action : actions) world.answer(((Action.StartDiskOperation) action).operation, Errno.EIO);
        actions = world.actions();
        assertThat(((CommandResult.Refused) resultAmong(actions)).report().whatHappened()).contains("could not be recorded on disk");
        assertThat(actions).noneMatch(Action.OpenExport.class::isInstance);
        assertThat(world.volume(0).exposedIdentifier()).as("nobody has seen that generation").isEqualTo(20);
    }

    // ---- another disk than the peer's (promise 1)

    @ParameterizedTest
    @CsvSource({"20, false, true", "10, false, true", "30, false, false", "30, true, true"})
    void whoseOwnDiskMayBeNewerIsNotServedFromThePeerUnlessByForce(long ownCurrent, boolean force, boolean goesOn) {
        for (VolumeParts each : world.parts.volumeParts) {
            each.volume.setIdentifiers(new GenerationIdentifiers(ownCurrent, 0, 0, 0));
            each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 10, 0, 0), 0, 0);
        }
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        List<Action> actions = promotes(force);
        if (goesOn) assertThat(requests.isBusy()).isTrue();
        else isRefused(actions, StateChangeResult.IS_DISKLESS, "may hold newer data");
    }

    @Test
    void withoutADiskNoGenerationBeginsHereAndThePeersIsWhatTheHostSees() {
        for (VolumeParts each : world.parts.volumeParts) each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(40, 20, 0, 0), 0, 0);
        world.commit(MIRRORED.withDisk(DiskState.DISKLESS));
        for (VolumeParts each : world.parts.volumeParts) each.volume.stopUsingDisk(world.out);
        promotes(false);
        List<Action> actions = stored(termAmong(peerAgrees()));
        assertThat(resultAmong(actions)).isInstanceOf(CommandResult.Done.class);
        assertThat(world.volume(0).exposedIdentifier()).isEqualTo(40);
        assertThat(actions.stream().filter(Action.OpenExport.class::isInstance)).hasSize(2);
    }

    // ---- fencing

    private int fenced(List<Action> actions) {
        return ((Action.RunHandler) actions.stream().filter(Action.RunHandler.class::isInstance).findFirst().orElseThrow()).run();
    }

    @Test
    void aPeerThatMayBeGoodIsFencedFirst() {
        with(Fencing.RESOURCE_ONLY);
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        int run = fenced(promotes(false));
        assertThat(roles.handlerFinished(run + 1, 4, world.out)).isFalse();
        assertThat(roles.handlerFinished(run, 4, world.out)).isTrue();
        assertThat(roles.handlerFinished(run, 4, world.out)).as("once").isFalse();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.OUTDATED);
        assertThat(resultAmong(written(stored(termAmong(world.actions()))))).isInstanceOf(CommandResult.Done.class);
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aFencingThatFailsEndsItUnlessByForce(boolean force) {
        with(Fencing.RESOURCE_ONLY);
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        int run = fenced(promotes(force));
        assertThat(roles.handlerFinished(run, 1, world.out)).isTrue();
        List<Action> actions = world.actions();
        if (!force) {
            isRefused(actions, StateChangeResult.PRIMARY_NOP, "cannot be promoted");
            return;
        }
        assertThat(resultAmong(written(stored(termAmong(actions))))).isInstanceOf(CommandResult.Done.class);
        assertThat(world.state(0).peerDisk()).as("whatever it has does not count").isEqualTo(DiskState.OUTDATED);
        assertThat(world.parts.record.hasLeave()).isTrue();
    }

    /** Contact may have made good what the handler had outdated (rule 8, seed 5002). */
    @Test
    void anAnswerFromBeforeAContactProvesNothing() {
        with(Fencing.RESOURCE_ONLY);
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        int run = fenced(promotes(false));
        world.parts.connectionLastUp++;
        assertThat(roles.handlerFinished(run, 4, world.out)).isTrue();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(fenced(world.actions())).as("it is fenced anew").isNotEqualTo(run);
    }

    /** It would cost the only good disk of that volume (seed 10426). */
    @Test
    void whoCannotBePromotedAnywayFencesNobody() {
        with(Fencing.RESOURCE_ONLY);
        world.parts.socketsUp = false;
        world.commit(ALONE.withPeerDisk(DiskState.UNKNOWN));
        world.volume(1).commit(ALONE.withDisk(DiskState.INCONSISTENT).withPeerDisk(DiskState.UNKNOWN), "it is behind");
        List<Action> actions = promotes(false);
        assertThat(actions).noneMatch(Action.RunHandler.class::isInstance);
        isRefused(actions, StateChangeResult.NO_UP_TO_DATE_DISK, "r0/1");
    }

    /** Found by seed 2701614 (rule 1): its target had been Primary as the resync was asked for, and had the same generation when it was promoted beside that. */
    @ParameterizedTest
    @CsvSource({"STARTING_SYNC_S, true", "WF_BITMAP_S, true", "SYNC_SOURCE, true", "PAUSED_SYNC_S, false"})
    void untilItsTargetHasWrittenDownThatItIsBehindItIsNotPromoted(ConnectionState connection, boolean waits) {
        world.commit(MIRRORED.withConnection(connection).withPeerDisk(DiskState.INCONSISTENT));
        world.each(0).targetMayPass = true;
        List<Action> actions = promotes(false);
        if (waits) assertThat(((CommandResult.Refused) resultAmong(actions)).code()).isEqualTo(StateChangeResult.IN_TRANSIENT_STATE);
        else assertThat(resultAmong(actions)).isNull();
    }
}
