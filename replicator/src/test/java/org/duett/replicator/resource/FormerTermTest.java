package org.duett.replicator.resource;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.generation.PeerGenerations;
import org.duett.replicator.machine.Action;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.machine.OperatorReport.Level;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StateChangeResult;
import org.duett.replicator.state.VolumeState;
import org.duett.replicator.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether the role that the daemon before this one had goes on, as the peer's handshake tells (rules 8, 22). */
class FormerTermTest {
    private static final VolumeState MIRRORED = VolumeState.of(Role.SECONDARY, Role.SECONDARY, ConnectionState.CONNECTED, DiskState.UP_TO_DATE, DiskState.UP_TO_DATE);

    private final TwoVolumes world = new TwoVolumes();
    private final FormerTerm former = new FormerTerm(world.parts);

    @BeforeEach
    void found() {
        former.found(42);
        world.commit(MIRRORED);
        for (VolumeParts each : world.parts.volumeParts) {
            each.volume.setIdentifiers(new GenerationIdentifiers(20, 10, 8, 6));
            peerHas(each, 20, 10);
        }
        world.actions();
    }

    @AfterEach
    void giveMemoryBack() {
        world.close();
    }

    private static void peerHas(VolumeParts each, long current, long bitmap) {
        each.volume.peerGenerations = new PeerGenerations(new GenerationIdentifiers(current, bitmap, 0, 0), 0, 0);
    }

    private boolean goesOn() {
        return former.goesOnByHandshake(world.out);
    }

    private void isOver() {
        assertThat(goesOn()).isFalse();
        assertThat(former.exists()).isFalse();
        List<Action> actions = world.actions();
        assertThat(actions).contains(new Action.StoreTerm(0));
        assertThat(TwoVolumes.reportsAmong(actions).getFirst().report().whatHappened()).contains("is not resumed");
    }

    private void isUndecided() {
        assertThat(goesOn()).isFalse();
        assertThat(former.exists()).isTrue();
        assertThat(world.actions()).isEmpty();
    }

    @Test
    void besideASecondaryOfOurGenerationItGoesOn() {
        assertThat(goesOn()).isTrue();
        assertThat(former.is(42)).isTrue();
        assertThat(former.is(43)).isFalse();
        assertThat(former.number()).isEqualTo(42);
        peerHas(world.each(0), 21, 0);
        assertThat(goesOn()).as("the lowest bit is that of the role").isTrue();
    }

    @Test
    void whereThereIsNoneNothingGoesOn() {
        former.giveUp();
        assertThat(goesOn()).isFalse();
        assertThat(former.exists()).isFalse();
    }

    @Test
    void allVolumesHaveToBeThroughWithTheHandshake() {
        world.volume(1).commit(MIRRORED.withConnection(ConnectionState.WF_REPORT_PARAMS), "its handshake runs");
        isUndecided();
        world.volume(1).commit(MIRRORED, "through");
        world.parts.socketsUp = false;
        isUndecided();
    }

    @Test
    void ourOwnDataHasToBeGood() {
        world.volume(1).commit(MIRRORED.withDisk(DiskState.INCONSISTENT), "it is behind");
        isUndecided();
    }

    @Test
    void besideAPrimaryItIsOver() {
        world.volume(1).commit(MIRRORED.withPeer(Role.PRIMARY), "it was promoted");
        isOver();
    }

    @Test
    void besideAGenerationThatWeDoNotKnowItIsOver() {
        peerHas(world.each(1), 30, 20);
        isOver();
    }

    @Test
    void alsoBesideOneThatHoldsUsToBeBehind() {
        peerHas(world.each(1), 10, 4);
        isOver();
    }

    /** Behind since before the daemon ended. */
    @ParameterizedTest
    @CsvSource({"10, 4, INCONSISTENT, true", "8, 4, OUTDATED, true", "6, 0, UP_TO_DATE, true", "6, 4, UP_TO_DATE, false", "30, 0, OUTDATED, false"})
    void besideOneThatIsBehindUsItGoesOn(long current, long bitmap, DiskState disk, boolean goesOn) {
        world.volume(1).commit(MIRRORED.withPeerDisk(disk), "it is so");
        peerHas(world.each(1), current, bitmap);
        assertThat(goesOn()).isEqualTo(goesOn);
        assertThat(former.exists()).isEqualTo(goesOn);
    }

    @ParameterizedTest
    @CsvSource({"500, true", "10, true", "501, true", "600, false"})
    void besideTheTargetOfOurResyncItGoesOn(long current, boolean goesOn) {
        world.each(1).generationLeftToTarget = 500;
        peerHas(world.each(1), current, 4);
        assertThat(goesOn()).isEqualTo(goesOn);
    }

    /** It was lost before it knew that its resync to us had ended (seed 2415847), or in the midst of one of which we never heard (seed 3032455), and we went on alone. */
    @ParameterizedTest
    @CsvSource({"10, 8, true, true", "11, 8, true, true", "8, 6, true, true", "10, 4, true, true", "10, 8, false, false", "8, 6, false, false", "30, 8, true, false"})
    void besideTheSourceOfAResyncToUsItGoesOn(long current, long bitmap, boolean isDuett, boolean goesOn) {
        if (isDuett) world.peerAnnounces(Packet.ConnectionFeatures.DUETT);
        peerHas(world.each(1), current, bitmap);
        assertThat(goesOn()).isEqualTo(goesOn);
        assertThat(former.exists()).isEqualTo(goesOn);
    }

    @Test
    void aPeerWithoutADiskSaysNothing() {
        world.each(1).volume.peerGenerations = null;
        isUndecided();
        peerHas(world.each(1), 30, 0);
        world.volume(1).stopUsingDisk(world.out);
        isUndecided();
    }

    // ---- how it ended

    private static CommandResult refused(StateChangeResult why) {
        return new CommandResult.Refused(why, new OperatorReport(Level.ERROR, "The peer refused it", "Nothing was changed.", "Wait."));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whoIsPrimaryAgainIsToldWhatReadsWaitFor(boolean awaitsDeadline) {
        former.resumes();
        assertThat(former.isBeingResumed()).isTrue();
        former.resumptionEnded(new CommandResult.Done("done"), awaitsDeadline, world.out);
        assertThat(former.isBeingResumed()).isFalse();
        assertThat(former.exists()).isFalse();
        assertThat(TwoVolumes.reportsAmong(world.actions()).getFirst().report().whatToDo().contains("resume-io")).isEqualTo(awaitsDeadline);
    }

    @Test
    void aRefusalEndsItButForALostConnection() {
        former.resumes();
        former.resumptionEnded(refused(StateChangeResult.NEED_CONNECTION), false, world.out);
        assertThat(former.exists()).as("it is asked again in the next one").isTrue();
        assertThat(former.isBeingResumed()).isFalse();
        assertThat(world.actions()).isEmpty();
        former.resumptionEnded(refused(StateChangeResult.TWO_PRIMARIES), false, world.out);
        assertThat(former.exists()).isFalse();
        assertThat(world.actions()).contains(new Action.StoreTerm(0));
    }
}
