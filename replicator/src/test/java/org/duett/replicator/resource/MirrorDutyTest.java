package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.volume.AttachedVolume.orderedAmong;
import static org.duett.replicator.volume.AttachedVolume.sentAmong;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a Primary without a disk begins to write through us a generation begins here, and until its end our log counts (rule 6). */
class MirrorDutyTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.PRIMARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);
    private static final VolumeState DUTY = MIRRORED.withPeerDisk(DiskState.DISKLESS);
    private static final VolumeState UNCONNECTED = VolumeState.of(Role.SECONDARY, Role.UNKNOWN, ConnectionState.WF_REPORT_PARAMS, DiskState.UP_TO_DATE, DiskState.UNKNOWN);
    private static final GenerationIdentifiers OURS = new GenerationIdentifiers(20, 0, 0, 0);

    private final TwoVolumes world = new TwoVolumes(Fencing.DONT_CARE);
    private final MirrorDuty duty = new MirrorDuty(world.parts);

    @BeforeEach
    void connect() {
        world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        world.volume(0).setIdentifiers(OURS);
        world.volume(0).metadata().flushData(null, world.out);
        world.answerAll();
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private List<Action> changes(VolumeState before, VolumeState after) {
        world.commit(after);
        duty.changed(world.each(0), before, after, world.out);
        return world.actions();
    }

    private List<Action> reports(VolumeState report) {
        duty.peerReported(world.each(0), report, world.out);
        return world.actions();
    }

    /** What the peer says of itself, as it is told here. */
    private static VolumeState report(DiskState itsDisk, DiskState ours) {
        return VolumeState.of(Role.PRIMARY, Role.SECONDARY, ConnectionState.CONNECTED, itsDisk, ours);
    }

    private boolean hasNewGeneration() {
        return !GenerationIdentifiers.sameGeneration(world.volume(0).identifiers().current(), OURS.current());
    }

    private void isFlushOfData(List<Action> actions) {
        DiskOperation flush = orderedAmong(actions).getFirst();
        assertThat(flush.kind).isEqualTo(DiskOperation.Kind.FLUSH);
        assertThat(flush.area).isEqualTo(DiskOperation.Area.DATA);
    }

    private List<Action> answer(List<Action> ordered, int errno) {
        DiskOperation operation = orderedAmong(ordered).getFirst();
        assertThat(orderedAmong(ordered)).hasSize(1);
        world.answer(operation, errno);
        return world.actions();
    }

    // ---- its beginning

    @Test
    void whenThePrimaryLosesItsDiskAGenerationBeginsAndIsToldWhenItIsOnDisk() {
        List<Action> actions = changes(MIRRORED, DUTY);
        isFlushOfData(actions);
        assertThat(world.volume(0).marks().generationForPeerDue()).isTrue();
        assertThat(hasNewGeneration()).isFalse();
        actions = answer(actions, 0);
        assertThat(hasNewGeneration()).isTrue();
        GenerationIdentifiers identifiers = world.volume(0).identifiers();
        assertThat(identifiers.bitmap()).isEqualTo(OURS.current());
        assertThat(identifiers.current() & 1).as("we are Secondary").isZero();
        assertThat(world.each(0).generationOnItsWay).isTrue();
        // A superblock with a new generation waits for the data once more.
        while (world.each(0).generationOnItsWay) {
            assertThat(sentAmong(actions)).isEmpty();
            assertThat(world.volume(0).marks().generationForPeerDue()).isTrue();
            actions = answer(actions, 0);
        }
        assertThat(world.volume(0).marks().generationForPeerDue()).isFalse();
        Packet.Uuids told = (Packet.Uuids) sentAmong(actions).getFirst();
        assertThat(told.current()).isEqualTo(identifiers.current());
    }

    @ParameterizedTest
    @CsvSource({"SECONDARY, PRIMARY, CONNECTED, OUTDATED", "SECONDARY, PRIMARY, CONNECTED, INCONSISTENT", "SECONDARY, SECONDARY, CONNECTED, UP_TO_DATE", "PRIMARY, PRIMARY, CONNECTED, UP_TO_DATE", "SECONDARY, PRIMARY, WF_REPORT_PARAMS, UP_TO_DATE"})
    void nobodyElseWritesThroughUs(Role role, Role peer, ConnectionState connection, DiskState disk) {
        VolumeState after = DUTY.withRole(role).withPeer(peer).withConnection(connection).withDisk(disk);
        assertThat(changes(after.withPeerDisk(DiskState.UP_TO_DATE), after)).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isFalse();
    }

    @Test
    void whatCountsFromAnOlderGenerationNeedsNoOther() {
        world.commit(MIRRORED);
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(0).metadata().writeSuperblock(null, world.out);
        world.answerAll();
        assertThat(changes(DUTY.withPeer(Role.SECONDARY), DUTY)).isEmpty();
        assertThat(world.volume(0).marks().generationForPeerDue()).isFalse();
        assertThat(changes(MIRRORED, DUTY)).as("but for a copy that was as good").isNotEmpty();
    }

    /** Found by seed 3113330: it was a Primary's when it began, and its disk was slow. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneThatIsOnItsWayToDiskIsWaitedFor(boolean fails) {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(30, 20, 0, 0));
        List<Action> actions = changes(DUTY.withPeer(Role.SECONDARY), DUTY);
        do {
            assertThat(world.volume(0).marks().generationForPeerDue()).isTrue();
            actions = answer(actions, fails ? Errno.EIO : 0);
        } while (!orderedAmong(actions).isEmpty());
        assertThat(world.volume(0).marks().generationForPeerDue()).isFalse();
        assertThat(world.volume(0).identifiers().current()).as("it needs no other").isEqualTo(30);
    }

    @Test
    void aResyncOfWhichNobodyKnowsWhetherItEndedCountsFromNone() {
        world.volume(0).setIdentifiers(new GenerationIdentifiers(20, 10, 0, 0));
        world.volume(0).leaveResyncOpen();
        assertThat(changes(DUTY.withPeer(Role.SECONDARY), DUTY)).isNotEmpty();
    }

    @Test
    void withoutADiskThereIsNoDuty() {
        world.volume(0).stopUsingDisk(world.out);
        world.actions();
        assertThat(changes(MIRRORED, DUTY)).isEmpty();
        assertThat(changes(DUTY, MIRRORED)).isEmpty();
    }

    // ---- where the Primary may still refuse us

    /** Its host may have seen other data; a generation of nobody's writes would be a split brain. */
    @Test
    void aDuettPrimaryIsWaitedForUntilItSaysThatItTakesUs() {
        assertThat(changes(UNCONNECTED, DUTY)).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isTrue();
        isFlushOfData(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE)));
        assertThat(world.each(0).mirrorDutyDue).isFalse();
        assertThat(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE))).as("once").isEmpty();
    }

    @Test
    void aKernelIsNot() {
        world.peerAnnounces(0);
        isFlushOfData(changes(UNCONNECTED, DUTY));
    }

    @Test
    void norOneThatHasComparedAnOutdatedDisk() {
        isFlushOfData(changes(DUTY.withDisk(DiskState.OUTDATED), DUTY));
    }

    @Test
    void aDiskThatWasAttachedInTheConnectionMayBeRefusedAsWell() {
        assertThat(changes(DUTY.withDisk(DiskState.NEGOTIATING), DUTY)).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isTrue();
    }

    @Test
    void whatItSaidBeforeItHeardOfOurDiskIsNoWordOnIt() {
        changes(UNCONNECTED, DUTY);
        assertThat(reports(report(DiskState.DISKLESS, DiskState.DISKLESS))).isEmpty();
        assertThat(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE).withConnection(ConnectionState.WF_REPORT_PARAMS))).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isTrue();
    }

    @Test
    void aPrimaryThatAttachesItsDiskHasNotWrittenThroughUsYet() {
        changes(UNCONNECTED, DUTY);
        assertThat(reports(report(DiskState.NEGOTIATING, DiskState.UP_TO_DATE))).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).as("should it not fit").isTrue();
    }

    @Test
    void aPrimaryThatCallsOurDiskOutdatedDoesNotTakeIt() {
        changes(UNCONNECTED, DUTY);
        assertThat(reports(report(DiskState.DISKLESS, DiskState.OUTDATED))).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isFalse();
    }

    @Test
    void whatHasChangedMeanwhileIsNoDutyAnyMore() {
        changes(UNCONNECTED, DUTY);
        world.commit(MIRRORED);
        assertThat(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE))).isEmpty();
        changes(UNCONNECTED, DUTY);
        world.volume(0).stopUsingDisk(world.out);
        world.actions();
        assertThat(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE))).isEmpty();
    }

    // ---- a Primary that asks to detach

    /** It has our leave, and may never hear of that: until it tells that it has none, it has one. */
    @Test
    void aPrimaryThatMayDetachIsWaitedFor() {
        world.each(0).peerAsksToDetach = true;
        assertThat(changes(MIRRORED, DUTY)).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isTrue();
        isFlushOfData(reports(report(DiskState.DISKLESS, DiskState.UP_TO_DATE)));
        assertThat(world.each(0).peerAsksToDetach).isFalse();
    }

    @Test
    void aPrimaryThatKeepsItsDiskAllTheSameNeedsNoGeneration() {
        world.each(0).peerAsksToDetach = true;
        changes(MIRRORED, DUTY);
        assertThat(reports(report(DiskState.UP_TO_DATE, DiskState.UP_TO_DATE))).isEmpty();
        assertThat(world.each(0).mirrorDutyDue).isFalse();
        assertThat(world.each(0).peerAsksToDetach).isFalse();
    }

    // ---- what comes between

    @ParameterizedTest
    @ValueSource(strings = {"the flush fails", "another connection", "not connected", "it has its disk"})
    void noGenerationBeginsWhereItWouldBeNews(String what) {
        List<Action> flush = changes(MIRRORED, DUTY);
        switch (what) {
            case "another connection" -> world.parts.connection++;
            case "not connected" -> world.commit(UNCONNECTED);
            case "it has its disk" -> world.commit(MIRRORED);
            default -> {
                // It is the disk.
            }
        }
        List<Action> actions = answer(flush, what.equals("the flush fails") ? Errno.EIO : 0);
        assertThat(actions).isEmpty();
        assertThat(hasNewGeneration()).isFalse();
        assertThat(world.volume(0).marks().generationForPeerDue()).isFalse();
    }

    /** It may have written through us by then. */
    @Test
    void beforeAKernelThatHasItsDiskAgainTheGenerationBeginsAllTheSame() {
        world.peerAnnounces(0);
        List<Action> flush = changes(MIRRORED, DUTY);
        world.commit(MIRRORED);
        answer(flush, 0);
        assertThat(hasNewGeneration()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGenerationThatIsOnDiskTooLateOrNotAtAllIsNotTold(boolean fails) {
        List<Action> actions = answer(changes(MIRRORED, DUTY), 0);
        if (!fails) world.parts.connection++;
        while (!orderedAmong(actions).isEmpty()) {
            actions = answer(actions, fails ? Errno.EIO : 0);
            assertThat(actions).noneMatch(Action.SendPacket.class::isInstance);
        }
        assertThat(world.each(0).generationOnItsWay).isFalse();
        assertThat(world.volume(0).marks().generationForPeerDue()).isFalse();
    }

    // ---- its end

    /** What the log names is on disk in the bitmap before the superblock may say that the log does not count. */
    @Test
    void atItsEndTheLogCountsUntilTheBitmapIsOnDisk() {
        world.volume(0).bitmap().setRange(1, 2);
        List<Action> actions = changes(DUTY, MIRRORED);
        isFlushOfData(actions);
        assertThat(world.volume(0).marks().keepsLogOfPeer()).isTrue();
        while (!orderedAmong(actions).isEmpty()) {
            assertThat(world.volume(0).marks().keepsLogOfPeer()).isTrue();
            actions = answer(actions, 0);
        }
        assertThat(world.volume(0).marks().keepsLogOfPeer()).isFalse();
        assertThat(world.volume(0).bitmap().dirtyPages().anyDirty()).isFalse();
    }

    @Test
    void aBitmapThatCannotBeWrittenEndsNothing() {
        answer(changes(DUTY, MIRRORED), Errno.EIO);
        assertThat(world.volume(0).marks().keepsLogOfPeer()).isTrue();
    }

    /** It took its writes, though they failed there (seed 1542529). */
    @ParameterizedTest
    @CsvSource({"OUTDATED, true", "INCONSISTENT, true", "NEGOTIATING, false", "DISKLESS, false"})
    void alsoADiskThatIsBehindHasLogged(DiskState disk, boolean logged) {
        VolumeState before = DUTY.withDisk(disk);
        assertThat(changes(before, before.withPeerDisk(DiskState.INCONSISTENT)).isEmpty()).isEqualTo(!logged);
    }

    @Test
    void whatGoesOnDoesNotEnd() {
        assertThat(changes(DUTY.withDisk(DiskState.OUTDATED), DUTY.withDisk(DiskState.INCONSISTENT))).isEmpty();
        assertThat(changes(MIRRORED, MIRRORED.withDisk(DiskState.OUTDATED))).isEmpty();
    }
}
