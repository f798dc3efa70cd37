package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A Primary that loses its peer has it fenced by a handler, whose exit code says what is known of that one now (spec states 6.1, 6.2). */
class FencePolicyTest {
    private static final VolumeState ALONE = VolumeState.of(Role.PRIMARY, Role.UNKNOWN, ConnectionState.WF_CONNECTION, DiskState.UP_TO_DATE, DiskState.UNKNOWN);

    private TwoVolumes world = new TwoVolumes(Fencing.RESOURCE_AND_STONITH);
    private FencePolicy policy = new FencePolicy(world.parts);

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    /** The number of the handler that was started; 0: none was. */
    private int lost(VolumeState state) {
        world.commit(state);
        world.parts.socketsUp = false;
        world.parts.record.untoldTargetLost();
        policy.peerLost(world.out);
        List<Action> actions = world.actions();
        if (actions.isEmpty()) return 0;
        Action.RunHandler handler = (Action.RunHandler) actions.getFirst();
        assertThat(actions).hasSize(1);
        assertThat(handler.handler()).isEqualTo("fence-peer");
        assertThat(handler.volume()).isEqualTo(-1);
        return handler.run();
    }

    private boolean finished(int run, int exitCode) {
        return policy.handlerFinished(run, exitCode, world.out);
    }

    @ParameterizedTest
    @CsvSource({
            "PRIMARY, UNKNOWN, true",
            "PRIMARY, CONSISTENT, true",
            "PRIMARY, OUTDATED, false",
            "PRIMARY, DISKLESS, false",
            "SECONDARY, UNKNOWN, false"})
    void onlyAPrimaryFencesAndOnlyAPeerWhoseDiskMayBeGood(Role role, DiskState peerDisk, boolean fences) {
        assertThat(lost(ALONE.withRole(role).withPeerDisk(peerDisk)) != 0).isEqualTo(fences);
    }

    @Test
    void oneVolumeThatMayBeGoodIsEnough() {
        world.commit(ALONE.withPeerDisk(DiskState.OUTDATED));
        world.volume(1).commit(ALONE, "the test says so");
        policy.peerLost(world.out);
        assertThat(world.actions()).hasSize(1);
    }

    @Test
    void withoutThePolicyNobodyIsFenced() {
        world.close();
        world = new TwoVolumes(Fencing.DONT_CARE);
        policy = new FencePolicy(world.parts);
        assertThat(lost(ALONE)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"3, INCONSISTENT", "4, OUTDATED", "5, OUTDATED", "7, OUTDATED"})
    void aPeerThatIsFencedIsNoGoodCopyAndThePrimaryGoesOn(int exitCode, DiskState peerDisk) {
        int run = lost(ALONE.withSuspendedFencing(true));
        assertThat(world.parts.record.freezes()).isTrue();
        assertThat(finished(run, exitCode)).isTrue();
        for (int volume = 0; volume < 2; volume++) {
            assertThat(world.state(volume).peerDisk()).isEqualTo(peerDisk);
            assertThat(world.state(volume).suspendedFencing()).isFalse();
            assertThat(world.state(volume).disk()).isEqualTo(DiskState.UP_TO_DATE);
        }
        assertThat(world.parts.record.freezes()).isFalse();
        assertThat(world.parts.record.proof()).startsWith("fence-peer handler: PEER_");
        assertThat(TwoVolumes.reportsAmong(world.actions())).isEmpty();
    }

    /** It came back while its peer was lost already, in the generation that the host has seen (seed 9020134). */
    @ParameterizedTest
    @CsvSource({"PRIMARY, 4, UP_TO_DATE", "PRIMARY, 3, UP_TO_DATE", "PRIMARY, 5, CONSISTENT", "PRIMARY, 1, CONSISTENT", "SECONDARY, 4, CONSISTENT"})
    void aDiskThatWaitedForThatIsServed(Role role, int exitCode, DiskState disk) {
        int run = lost(ALONE.withDisk(DiskState.CONSISTENT));
        world.commit(ALONE.withDisk(DiskState.CONSISTENT).withRole(role));
        assertThat(finished(run, exitCode)).isTrue();
        assertThat(world.state(0).disk()).isEqualTo(disk);
    }

    /** Nobody has seen it die: a disk that is not good itself may not count on it. */
    @Test
    void aPeerThatCannotBeReachedCountsAsOutdatedOnlyBesideAGoodDisk() {
        int run = lost(ALONE.withDisk(DiskState.INCONSISTENT));
        assertThat(finished(run, 5)).isTrue();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(world.parts.record.hasLeave()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 8, 127, -1})
    void aHandlerThatFailsProvesNothing(int exitCode) {
        int run = lost(ALONE.withSuspendedFencing(true));
        assertThat(finished(run, exitCode)).isTrue();
        assertThat(world.state(0)).isEqualTo(ALONE.withSuspendedFencing(true));
        assertThat(world.parts.record.hasLeave()).isFalse();
        List<Action.Report> reports = TwoVolumes.reportsAmong(world.actions());
        assertThat(reports).hasSize(1);
        assertThat(reports.getFirst().report().level()).isEqualTo(Level.ERROR);
        assertThat(reports.getFirst().report().whatHappened()).contains("fence-peer handler failed");
    }

    @Test
    void aPeerThatIsPrimaryIsNotGoneOnWithout() {
        int run = lost(ALONE.withSuspendedFencing(true));
        assertThat(finished(run, 6)).isTrue();
        assertThat(world.state(0).disk()).as("this one is Primary itself").isEqualTo(DiskState.UP_TO_DATE);
        assertThat(world.state(0).suspendedFencing()).isTrue();
        assertThat(world.parts.record.hasLeave()).isFalse();
        assertThat(TwoVolumes.reportsAmong(world.actions()).getFirst().report().whatHappened()).contains("beta is Primary");
    }

    @ParameterizedTest
    @CsvSource({"UP_TO_DATE, OUTDATED", "CONSISTENT, OUTDATED", "OUTDATED, OUTDATED", "INCONSISTENT, INCONSISTENT"})
    void beforeAPrimaryPeerASecondaryIsOutdated(DiskState before, DiskState after) {
        int run = lost(ALONE);
        world.commit(ALONE.withRole(Role.SECONDARY).withDisk(before));
        assertThat(finished(run, 6)).isTrue();
        assertThat(world.state(0).disk()).isEqualTo(after);
        assertThat(world.state(1).disk()).isEqualTo(after);
    }

    @Test
    void theAnswerOfAnotherHandlerIsNotOurs() {
        assertThat(finished(0, 4)).isFalse();
        int run = lost(ALONE);
        assertThat(finished(run + 1, 4)).isFalse();
        assertThat(finished(run, 4)).isTrue();
        assertThat(finished(run, 4)).as("once").isFalse();
    }

    @Test
    void theAnswerToAnEarlierLossSaysNothingAboutThisOne() {
        int first = lost(ALONE);
        int second = lost(ALONE);
        assertThat(second).isNotEqualTo(first);
        assertThat(finished(first, 4)).isFalse();
        assertThat(finished(second, 4)).isTrue();
        int third = lost(ALONE);
        assertThat(lost(ALONE.withRole(Role.SECONDARY))).isZero();
        assertThat(finished(third, 4)).isFalse();
    }

    /** Then it speaks for itself. */
    @Test
    void anAnswerAfterThePeerIsBackChangesNothing() {
        int run = lost(ALONE);
        world.parts.socketsUp = true;
        assertThat(finished(run, 4)).isTrue();
        assertThat(world.state(0).peerDisk()).isEqualTo(DiskState.UNKNOWN);
        assertThat(world.parts.record.hasLeave()).isFalse();
        assertThat(world.actions()).isEmpty();
    }
}
