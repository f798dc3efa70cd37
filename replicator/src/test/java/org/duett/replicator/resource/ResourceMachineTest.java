package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.BackingDisk.Geometry;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The one front door: each event comes to its concept, and all that became possible by it happens before the next one. */
class ResourceMachineTest {
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.OUTDATED);
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private final AttachedMachine world = new AttachedMachine();
    private final ResourceMachine machine = world.machine;

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    // ---- events

    @Test
    void randomValuesAreOrderedWhenTheyRunShort() {
        ResourceMachine fresh = new ResourceMachine(AttachedMachine.settings(Fencing.DONT_CARE), Unpooled::buffer);
        fresh.handle(new Event.TimeAdvanced(1), world.out);
        assertThat(world.actions()).singleElement().isInstanceOf(Action.WantRandom.class);
        fresh.handle(new Event.TimeAdvanced(2), world.out);
        assertThat(world.actions()).as("once").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"READ", "WRITE", "FLUSH", "TRIM", "WRITE_ZEROES"})
    void whatTheHostAsksIsAnsweredWhenTheDiskHasIt(HostRequest.Kind kind) {
        world.answered(world.becomes(ALONE));
        HostRequest request = AttachedMachine.request(kind);
        List<Action> actions = world.handle(request.arrived);
        assertThat(machine.isQuiet()).isFalse();
        assertThat(actions).doesNotContain(request.complete);
        assertThat(world.answered(actions)).contains(request.complete);
        assertThat(request.errno).isZero();
        assertThat(machine.isQuiet()).isTrue();
        assertThat(machine.blockedForNothing()).isNull();
    }

    @Test
    void aSuspendedHostWaitsUntilAPersonResumes() {
        world.answered(world.becomes(ALONE));
        world.answered(world.handle(new Event.CommandArrived(7, new Command.SuspendIo())));
        HostRequest request = AttachedMachine.request(HostRequest.Kind.WRITE);
        assertThat(orderedAmong(world.handle(request.arrived))).isEmpty();
        assertThat(machine.status().frozen()).isTrue();
        assertThat(world.answered(world.handle(new Event.CommandArrived(8, new Command.ResumeIo())))).contains(request.complete);
    }

    @Test
    void whoWaitsBehindAnotherGoesOnWithItsEnd() {
        world.answered(world.becomes(ALONE));
        HostRequest first = AttachedMachine.request(HostRequest.Kind.WRITE);
        HostRequest second = AttachedMachine.request(HostRequest.Kind.WRITE);
        List<Action> actions = new ArrayList<>(world.handle(first.arrived));
        assertThat(orderedAmong(world.handle(second.arrived))).isEmpty();
        List<Action> others = world.answered(actions);
        assertThat(others).contains(first.complete, second.complete);
        assertThat(others.indexOf(first.complete)).isLessThan(others.indexOf(second.complete));
    }

    @Test
    void aDiskThatFailsIsGivenUpInTheSameEvent() {
        world.answered(world.becomes(ALONE));
        HostRequest request = AttachedMachine.request(HostRequest.Kind.FLUSH);
        DiskOperation flush = orderedAmong(world.handle(request.arrived)).getFirst();
        List<Action> actions = world.answer(flush, Errno.EIO);
        assertThat(machine.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(actions).contains(request.complete);
        assertThat(request.errno).isEqualTo(Errno.EIO);
        assertThat(actions).anyMatch(Action.CloseDisk.class::isInstance);
    }

    @Test
    void workInStepsIsOrderedOnceAtATime() {
        world.answered(world.becomes(ALONE.withRole(Role.SECONDARY).withConnection(ConnectionState.STAND_ALONE)));
        List<Action> actions = world.handle(new Event.CommandArrived(7, new Command.Invalidate(-1)));
        assertThat(actions.stream().filter(Action.ContinueWork.class::isInstance)).hasSize(1);
        assertThat(world.handle(new Event.TimeAdvanced(1))).noneMatch(Action.ContinueWork.class::isInstance);
        List<Action> others = world.answered(actions);
        assertThat(others.stream().filter(Action.FinishCommand.class::isInstance)).hasSize(1);
        assertThat(world.volume(0).bitmap().isAllSet()).isTrue();
        assertThat(world.volume(1).bitmap().isAllSet()).isTrue();
    }

    @Test
    void theTimeThatNobodyLookedIsNoSilence() {
        world.handle(new Event.TimeAdvanced(1_000_000_000));
        world.handle(new Event.LoopStalled(5_000_000_000L));
        assertThat(machine.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        world.handle(new Event.CommandArrived(7, new Command.Connect(false)));
        assertThat(machine.state(0).connection()).isEqualTo(ConnectionState.WF_CONNECTION);
    }

    /** It may be in a socket that nobody has read since. */
    @Test
    void anAnswerIsNotOverdueBeforeItCouldBeRead() {
        world.isConnected(Role.PRIMARY, Role.SECONDARY);
        world.handle(new Event.TimeAdvanced(1_000_000_000));
        HostRequest request = AttachedMachine.request(HostRequest.Kind.WRITE);
        world.metadataAnswered(world.handle(request.arrived));
        world.handle(new Event.LoopStalled(50_000_000_000L));
        world.handle(new Event.TimeAdvanced(51_000_000_000L));
        assertThat(machine.state(0).connection()).isEqualTo(ConnectionState.CONNECTED);
        world.handle(new Event.TimeAdvanced(57_000_000_000L));
        assertThat(machine.state(0).connection()).as("it was not in there").isEqualTo(ConnectionState.UNCONNECTED);
    }

    // ---- roles

    private List<Action> promotes() {
        world.answered(world.becomes(AttachedMachine.SECONDARY));
        assertThat(world.orders(new Command.Promote(false))).contains(new Action.LookForAttachedDevices());
        List<Action> actions = world.handle(new Event.AttachedDevicesSeen(List.of()));
        Action.StoreTerm term = (Action.StoreTerm) actions.stream().filter(Action.StoreTerm.class::isInstance).findFirst().orElseThrow();
        assertThat(machine.isQuiet()).isFalse();
        return world.answered(world.handle(new Event.TermStored(term.term())));
    }

    @Test
    void aPromotionOpensTheExportsOfItsTerm() {
        List<Action> actions = promotes();
        assertThat(machine.status().role()).isEqualTo(Role.PRIMARY);
        assertThat(machine.status().term()).isNotZero();
        assertThat(actions.stream().filter(Action.OpenExport.class::isInstance)).containsExactly(
                new Action.OpenExport(0, machine.status().term(), TwoVolumes.SECTORS * 512, 512), new Action.OpenExport(1, machine.status().term(), TwoVolumes.SECTORS * 512, 512));
        assertThat(machine.isQuiet()).isTrue();
    }

    @Test
    void aDemotionWaitsASecondForWhoHasADeviceOpen() {
        promotes();
        world.handle(new Event.ExportUsersChanged(1, 1));
        assertThat(world.orders(new Command.Demote(false))).isEmpty();
        assertThat(machine.deadlineNanos()).isEqualTo(1_000_000_000);
        List<Action> actions = world.handle(new Event.TimeAdvanced(1_000_000_000));
        assertThat(actions).anyMatch(action -> action instanceof Action.FinishCommand finish && finish.result() instanceof CommandResult.Refused);
        world.orders(new Command.Demote(false));
        actions = world.handle(new Event.ExportUsersChanged(1, 0));
        assertThat(actions).contains(new Action.CloseExport(0), new Action.CloseExport(1), new Action.StoreTerm(0));
    }

    /** Rule 22: its devices wait for it, and who vouches for the peer's end has it go on. */
    @Test
    void aTermThatWasFoundGoesOnWithLeave() {
        world.handle(new Event.TermFound(99));
        List<Action> actions = world.orders(new Command.ResumeIo());
        assertThat(actions).contains(new Action.LookForAttachedDevices());
    }

    // ---- the disk

    @Test
    void aBootThatTheDiskHasSurvivedIsNoLossOfIts() {
        assertThat(world.volume(1).cacheIntact()).isFalse();
        world.handle(new Event.CacheIntactFound(1));
        assertThat(world.volume(1).cacheIntact()).isTrue();
        assertThat(world.volume(0).cacheIntact()).isFalse();
    }

    private void isDetached() {
        world.answered(world.becomes(AttachedMachine.SECONDARY.withConnection(ConnectionState.STAND_ALONE)));
        List<Action> actions = world.answered(world.orders(new Command.Detach(0, false)));
        Action.CloseDisk close = (Action.CloseDisk) actions.stream().filter(Action.CloseDisk.class::isInstance).findFirst().orElseThrow();
        assertThat(finished(actions)).isEmpty();
        assertThat(finished(world.handle(new Event.DiskClosed(0, close.attach())))).singleElement().isInstanceOf(CommandResult.Done.class);
        assertThat(machine.state(0).disk()).isEqualTo(DiskState.DISKLESS);
    }

    private static List<CommandResult> finished(List<Action> actions) {
        return actions.stream().filter(Action.FinishCommand.class::isInstance).map(action -> ((Action.FinishCommand) action).result()).toList();
    }

    @Test
    void aDiskThatCannotBeOpenedIsNotAttached() {
        isDetached();
        Action.OpenDisk open = (Action.OpenDisk) world.orders(new Command.Attach(0)).stream().filter(Action.OpenDisk.class::isInstance).findFirst().orElseThrow();
        assertThat(machine.isQuiet()).isFalse();
        OperatorReport why = new OperatorReport(OperatorReport.Level.ERROR, "It is not there.", "Nothing was done.", "Look for it.");
        List<Action> actions = world.handle(new Event.DiskOpenFailed(0, open.attach(), why));
        assertThat(finished(actions)).singleElement().isInstanceOfSatisfying(CommandResult.Refused.class, refused -> assertThat(refused.report()).isEqualTo(why));
        assertThat(machine.status().trouble()).contains(why);
        assertThat(machine.isQuiet()).isTrue();
    }

    @Test
    void oneWhoseMetadataCannotBeReadIsClosedAgain() {
        isDetached();
        Action.OpenDisk open = (Action.OpenDisk) world.orders(new Command.Attach(0)).stream().filter(Action.OpenDisk.class::isInstance).findFirst().orElseThrow();
        List<Action> actions = world.handle(new Event.DiskOpened(0, open.attach(), new Geometry(AttachedVolume.DATA_BYTES, 8 << 20, false, 512, 4096, true)));
        List<Action> failed = world.answer(orderedAmong(actions).getFirst(), Errno.EIO);
        assertThat(failed).contains(new Action.CloseDisk(0, open.attach()));
        assertThat(machine.state(0).disk()).isEqualTo(DiskState.DISKLESS);
    }

    // ---- changes of state

    @Test
    void eachChangeIsToldAndWrittenDown() {
        VolumeState before = machine.state(0);
        List<Action> actions = world.becomes(ALONE.withRole(Role.SECONDARY));
        assertThat(actions).contains(new Action.StateChanged(0, before, ALONE.withRole(Role.SECONDARY), "the test says so"));
        DiskOperation written = orderedAmong(actions).getFirst();
        assertThat(world.isSuperblock(written)).isTrue();
        Superblock last = Superblock.decode(written.buffer, written.bufferIndex);
        world.answered(actions);
        assertThat(last.has(Superblock.WAS_UP_TO_DATE)).isTrue();
        assertThat(last.has(Superblock.CONNECTED_INDICATED)).isFalse();
        assertThat(world.handle(new Event.WorkContinued())).as("nothing changed").isEmpty();
    }

    @Test
    void twoGoodCopiesEndTheMarkOfACrashAndTheBootIsRemembered() {
        world.volume(0).setCrashedPrimary(true);
        world.volume(0).peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, PeerGenerations.CACHE_LOST);
        List<Action> actions = world.becomes(MIRRORED);
        assertThat(world.volume(0).crashedPrimary()).isFalse();
        assertThat(actions).contains(new Action.RememberCacheIntact(0), new Action.RememberCacheIntact(1));
        assertThat(world.volume(0).peerGenerations.hasLostItsCache()).isFalse();
        world.volume(0).setCrashedPrimary(true);
        assertThat(world.becomes(MIRRORED.withRole(Role.PRIMARY))).noneMatch(Action.RememberCacheIntact.class::isInstance);
        assertThat(world.volume(0).crashedPrimary()).as("they have been good before").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE, UP_TO_DATE, INCONSISTENT, true, true", "SYNC_TARGET, INCONSISTENT, UP_TO_DATE, false, false", "CONNECTED, UP_TO_DATE, INCONSISTENT, false, true"})
    void inAResyncOnlyTheTargetIsMadeGood(ConnectionState connection, DiskState disk, DiskState peerDisk, boolean ours, boolean peersStaysLost) {
        world.volume(0).peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, PeerGenerations.CACHE_LOST);
        List<Action> actions = world.becomes(MIRRORED.withConnection(connection).withDisk(disk).withPeerDisk(peerDisk));
        assertThat(actions.contains(new Action.RememberCacheIntact(0))).isEqualTo(ours);
        assertThat(world.volume(0).peerGenerations.hasLostItsCache()).isEqualTo(peersStaysLost);
    }

    /** A good disk that comes back to a Primary whose peer has none: what is written now is here alone (rule 1). */
    @ParameterizedTest
    @CsvSource({"PRIMARY, WF_CONNECTION, UNKNOWN, true", "PRIMARY, CONNECTED, DISKLESS, true", "PRIMARY, CONNECTED, UP_TO_DATE, false", "SECONDARY, WF_CONNECTION, UNKNOWN, false"})
    void aDiskThatComesBackAloneIsALossToRecord(Role role, ConnectionState connection, DiskState peerDisk, boolean recorded) {
        VolumeState state = VolumeState.of(role, Role.SECONDARY, connection, DiskState.INCONSISTENT, peerDisk);
        world.answered(world.becomes(state));
        long before = world.volume(0).identifiers().current();
        world.answered(world.becomes(state.withDisk(DiskState.UP_TO_DATE)));
        assertThat(GenerationIdentifiers.sameGeneration(world.volume(0).identifiers().current(), before)).isEqualTo(!recorded);
    }

    /** The connection lives (rule 4). */
    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, FAILED, true", "UP_TO_DATE, OUTDATED, true", "UP_TO_DATE, INCONSISTENT, true", "OUTDATED, FAILED, false", "UP_TO_DATE, UP_TO_DATE, false"})
    void aPrimaryWhosePeersDiskIsLostBeginsAGeneration(DiskState before, DiskState after, boolean begins) {
        VolumeState state = MIRRORED.withRole(Role.PRIMARY).withPeerDisk(before);
        world.answered(world.becomes(state));
        long current = world.volume(0).identifiers().current();
        world.answered(world.becomes(state.withPeerDisk(after)));
        assertThat(GenerationIdentifiers.sameGeneration(world.volume(0).identifiers().current(), current)).isEqualTo(!begins);
    }

    @Test
    void onlyAContactOfAllVolumesMakesAnEyewitness() {
        world.answered(world.becomes(MIRRORED));
        assertThat(machine.isEyewitness()).as("there was no connection").isFalse();
        assertThat(machine.contact()).isZero();
    }

    // ---- status

    @Test
    void itTellsWhatItIs() {
        world.answered(world.becomes(ALONE));
        HostRequest request = AttachedMachine.request(HostRequest.Kind.WRITE);
        List<Action> actions = world.handle(request.arrived);
        ResourceStatus during = machine.status();
        assertThat(during.role()).isEqualTo(Role.PRIMARY);
        assertThat(during.connection()).isEqualTo(ConnectionState.WF_CONNECTION);
        assertThat(during.volumes()).hasSize(2);
        assertThat(during.volumes().getFirst().sizeBytes()).isEqualTo(TwoVolumes.SECTORS * 512);
        assertThat(machine.waitingFor()).contains("writes=1");
        assertThat(machine.leaks()).contains("volume 0");
        world.answered(actions);
        assertThat(machine.waitingFor()).contains("writes=0");
        assertThat(machine.leaks()).isEmpty();
    }
}
