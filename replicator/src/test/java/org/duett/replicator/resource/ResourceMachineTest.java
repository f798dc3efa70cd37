package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.ActionQueue;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.Event;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.volume.AttachedVolume;
import org.duett.replicator.volume.Volume;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The one front door: each event comes to its concept, and all that became possible by it happens before the next one. */
class ResourceMachineTest {
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.OUTDATED);
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private final ActionQueue out = new ActionQueue();
    private ResourceMachine machine;
    private final List<AttachedVolume> disks = new ArrayList<>();

    private static ResourceSettings machineSettings() {
        try (TwoVolumes like = new TwoVolumes()) {
            return like.parts.settings;
        }
    }

    @BeforeEach
    void attach() {
        machine = new ResourceMachine(machineSettings(), Unpooled::buffer);
        for (int number = 0; number < 2; number++) disks.add(new AttachedVolume(machine.volume(number), TwoVolumes.SECTORS, out));
        for (int number = 0; number < 2; number++) {
            volume(number).setIdentifiers(new GenerationIdentifiers(20, 0, 0, 0));
            volume(number).commit(ALONE.withRole(Role.SECONDARY).withPeerDisk(DiskState.UNKNOWN), "as its attach leaves it");
        }
        answered(handle(new Event.RandomArrived(LongStream.range(1000, 1200).toArray())));
    }

    @AfterEach
    void giveMemoryBack() {
        disks.forEach(AttachedVolume::close);
    }

    private Volume volume(int number) {
        return machine.volume(number);
    }

    private List<Action> handle(Event event) {
        machine.handle(event, out);
        return disks.getFirst().actions();
    }

    /** Both volumes are in this state; what follows from it with the next event. */
    private List<Action> becomes(VolumeState state) {
        for (int number = 0; number < 2; number++) volume(number).commit(state, "the test says so");
        return handle(new Event.WorkContinued());
    }

    private List<Action> answer(DiskOperation operation, int errno) {
        operation.errno = errno;
        return handle(operation.done);
    }

    /** The disks answer all that is ordered; what else was. */
    private List<Action> answered(List<Action> actions) {
        List<Action> others = new ArrayList<>();
        List<Action> left = new ArrayList<>(actions);
        while (!left.isEmpty()) {
            Action action = left.removeFirst();
            if (action instanceof Action.StartDiskOperation start) left.addAll(answer(start.operation, 0));
            else others.add(action);
        }
        return others;
    }

    private static HostRequest request(HostRequest.Kind kind) {
        HostRequest request = new HostRequest();
        request.kind = kind;
        request.lengthBytes = kind == HostRequest.Kind.FLUSH ? 0 : 4096;
        request.payload = Unpooled.buffer(4096);
        return request;
    }

    // ---- events

    @Test
    void randomValuesAreOrderedWhenTheyRunShort() {
        ResourceMachine fresh = new ResourceMachine(machineSettings(), Unpooled::buffer);
        fresh.handle(new Event.TimeAdvanced(1), out);
        assertThat(disks.getFirst().actions()).singleElement().isInstanceOf(Action.WantRandom.class);
        fresh.handle(new Event.TimeAdvanced(2), out);
        assertThat(disks.getFirst().actions()).as("once").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"READ", "WRITE", "FLUSH", "TRIM", "WRITE_ZEROES"})
    void whatTheHostAsksIsAnsweredWhenTheDiskHasIt(HostRequest.Kind kind) {
        answered(becomes(ALONE));
        HostRequest request = request(kind);
        List<Action> actions = handle(request.arrived);
        assertThat(machine.isQuiet()).isFalse();
        assertThat(actions).doesNotContain(request.complete);
        assertThat(answered(actions)).contains(request.complete);
        assertThat(request.errno).isZero();
        assertThat(machine.isQuiet()).isTrue();
        assertThat(machine.blockedForNothing()).isNull();
    }

    @Test
    void aSuspendedHostWaitsUntilAPersonResumes() {
        answered(becomes(ALONE));
        answered(handle(new Event.CommandArrived(7, new Command.SuspendIo())));
        HostRequest request = request(HostRequest.Kind.WRITE);
        assertThat(orderedAmong(handle(request.arrived))).isEmpty();
        assertThat(machine.status().frozen()).isTrue();
        assertThat(answered(handle(new Event.CommandArrived(8, new Command.ResumeIo())))).contains(request.complete);
    }

    @Test
    void whoWaitsBehindAnotherGoesOnWithItsEnd() {
        answered(becomes(ALONE));
        HostRequest first = request(HostRequest.Kind.WRITE);
        HostRequest second = request(HostRequest.Kind.WRITE);
        List<Action> actions = new ArrayList<>(handle(first.arrived));
        assertThat(orderedAmong(handle(second.arrived))).isEmpty();
        List<Action> others = answered(actions);
        assertThat(others).contains(first.complete, second.complete);
        assertThat(others.indexOf(first.complete)).isLessThan(others.indexOf(second.complete));
    }

    @Test
    void aDiskThatFailsIsGivenUpInTheSameEvent() {
        answered(becomes(ALONE));
        HostRequest request = request(HostRequest.Kind.FLUSH);
        DiskOperation flush = orderedAmong(handle(request.arrived)).getFirst();
        List<Action> actions = answer(flush, Errno.EIO);
        assertThat(machine.state(0).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(actions).contains(request.complete);
        assertThat(request.errno).isEqualTo(Errno.EIO);
        assertThat(actions).anyMatch(Action.CloseDisk.class::isInstance);
    }

    @Test
    void workInStepsIsOrderedOnceAtATime() {
        answered(becomes(ALONE.withRole(Role.SECONDARY).withConnection(ConnectionState.STAND_ALONE)));
        List<Action> actions = handle(new Event.CommandArrived(7, new Command.Invalidate(-1)));
        assertThat(actions.stream().filter(Action.ContinueWork.class::isInstance)).hasSize(1);
        assertThat(handle(new Event.TimeAdvanced(1))).noneMatch(Action.ContinueWork.class::isInstance);
        List<Action> others = new ArrayList<>(answered(actions));
        for (int step = 0; step < 10 && others.stream().noneMatch(Action.FinishCommand.class::isInstance); step++) others.addAll(answered(handle(new Event.WorkContinued())));
        assertThat(others.stream().filter(Action.FinishCommand.class::isInstance)).hasSize(1);
        assertThat(volume(0).bitmap().isAllSet()).isTrue();
        assertThat(volume(1).bitmap().isAllSet()).isTrue();
    }

    @Test
    void theTimeThatNobodyLookedIsNoSilence() {
        handle(new Event.TimeAdvanced(1_000_000_000));
        handle(new Event.LoopStalled(5_000_000_000L));
        assertThat(machine.deadlineNanos()).isEqualTo(Long.MAX_VALUE);
        handle(new Event.CommandArrived(7, new Command.Connect(false)));
        assertThat(machine.state(0).connection()).isEqualTo(ConnectionState.WF_CONNECTION);
    }

    // ---- changes of state

    @Test
    void eachChangeIsToldAndWrittenDown() {
        VolumeState before = machine.state(0);
        List<Action> actions = becomes(ALONE.withRole(Role.SECONDARY));
        assertThat(actions).contains(new Action.StateChanged(0, before, ALONE.withRole(Role.SECONDARY), "the test says so"));
        DiskOperation written = orderedAmong(actions).getFirst();
        assertThat(disks.get(written.volume).isSuperblock(written)).isTrue();
        Superblock last = Superblock.decode(written.buffer, written.bufferIndex);
        answered(actions);
        assertThat(last.has(Superblock.WAS_UP_TO_DATE)).isTrue();
        assertThat(last.has(Superblock.CONNECTED_INDICATED)).isFalse();
        assertThat(handle(new Event.WorkContinued())).as("nothing changed").isEmpty();
    }

    @Test
    void twoGoodCopiesEndTheMarkOfACrashAndTheBootIsRemembered() {
        volume(0).setCrashedPrimary(true);
        volume(0).peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, PeerGenerations.CACHE_LOST);
        List<Action> actions = becomes(MIRRORED);
        assertThat(volume(0).crashedPrimary()).isFalse();
        assertThat(actions).contains(new Action.RememberCacheIntact(0), new Action.RememberCacheIntact(1));
        assertThat(volume(0).peerGenerations.hasLostItsCache()).isFalse();
        volume(0).setCrashedPrimary(true);
        assertThat(becomes(MIRRORED.withRole(Role.PRIMARY))).noneMatch(Action.RememberCacheIntact.class::isInstance);
        assertThat(volume(0).crashedPrimary()).as("they have been good before").isTrue();
    }

    @ParameterizedTest
    @CsvSource({"SYNC_SOURCE, UP_TO_DATE, INCONSISTENT, true, true", "SYNC_TARGET, INCONSISTENT, UP_TO_DATE, false, false", "CONNECTED, UP_TO_DATE, INCONSISTENT, false, true"})
    void inAResyncOnlyTheTargetIsMadeGood(ConnectionState connection, DiskState disk, DiskState peerDisk, boolean ours, boolean peersStaysLost) {
        volume(0).peerGenerations = new PeerGenerations(new GenerationIdentifiers(20, 0, 0, 0), 0, PeerGenerations.CACHE_LOST);
        List<Action> actions = becomes(MIRRORED.withConnection(connection).withDisk(disk).withPeerDisk(peerDisk));
        assertThat(actions.contains(new Action.RememberCacheIntact(0))).isEqualTo(ours);
        assertThat(volume(0).peerGenerations.hasLostItsCache()).isEqualTo(peersStaysLost);
    }

    /** A good disk that comes back to a Primary whose peer has none: what is written now is here alone (rule 1). */
    @ParameterizedTest
    @CsvSource({"PRIMARY, WF_CONNECTION, UNKNOWN, true", "PRIMARY, CONNECTED, DISKLESS, true", "PRIMARY, CONNECTED, UP_TO_DATE, false", "SECONDARY, WF_CONNECTION, UNKNOWN, false"})
    void aDiskThatComesBackAloneIsALossToRecord(Role role, ConnectionState connection, DiskState peerDisk, boolean recorded) {
        VolumeState state = VolumeState.of(role, Role.SECONDARY, connection, DiskState.INCONSISTENT, peerDisk);
        answered(becomes(state));
        long before = volume(0).identifiers().current();
        answered(becomes(state.withDisk(DiskState.UP_TO_DATE)));
        assertThat(GenerationIdentifiers.sameGeneration(volume(0).identifiers().current(), before)).isEqualTo(!recorded);
    }

    /** The connection lives (rule 4). */
    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, FAILED, true", "UP_TO_DATE, OUTDATED, true", "UP_TO_DATE, INCONSISTENT, true", "OUTDATED, FAILED, false", "UP_TO_DATE, UP_TO_DATE, false"})
    void aPrimaryWhosePeersDiskIsLostBeginsAGeneration(DiskState before, DiskState after, boolean begins) {
        VolumeState state = MIRRORED.withRole(Role.PRIMARY).withPeerDisk(before);
        answered(becomes(state));
        long current = volume(0).identifiers().current();
        answered(becomes(state.withPeerDisk(after)));
        assertThat(GenerationIdentifiers.sameGeneration(volume(0).identifiers().current(), current)).isEqualTo(!begins);
    }

    @Test
    void onlyAContactOfAllVolumesMakesAnEyewitness() {
        answered(becomes(MIRRORED));
        assertThat(machine.isEyewitness()).as("there was no connection").isFalse();
        assertThat(machine.contact()).isZero();
    }

    // ---- status

    @Test
    void itTellsWhatItIs() {
        answered(becomes(ALONE));
        HostRequest request = request(HostRequest.Kind.WRITE);
        List<Action> actions = handle(request.arrived);
        ResourceStatus during = machine.status();
        assertThat(during.role()).isEqualTo(Role.PRIMARY);
        assertThat(during.connection()).isEqualTo(ConnectionState.WF_CONNECTION);
        assertThat(during.volumes()).hasSize(2);
        assertThat(during.volumes().getFirst().sizeBytes()).isEqualTo(TwoVolumes.SECTORS * 512);
        assertThat(machine.waitingFor()).contains("writes=1");
        assertThat(machine.leaks()).contains("volume 0");
        answered(actions);
        assertThat(machine.waitingFor()).contains("writes=0");
        assertThat(machine.leaks()).isEmpty();
    }
}
