package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.refused;

import java.util.EnumSet;
import java.util.function.UnaryOperator;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.junit.jupiter.api.Test;

/** A daemon ends without giving its role up, and the next one of the same boot begins (rule 22). */
class TermStoriesTest {
    private static SimulatedPair pair(long seed, UnaryOperator<ResourceSettings> change) {
        var pair = SimulatedPair.connected(seed, change);
        pair.alpha().resumesTerms();
        pair.beta().resumesTerms();
        return pair;
    }

    private static SimulatedPair pair(long seed) {
        return pair(seed, UnaryOperator.identity());
    }

    private static boolean isServedIn(SimulatedNode node, long term) {
        return node.servedTerm(0) == term && node.machine().state(0).role() == Role.PRIMARY;
    }

    // ---- resumed

    @Test
    void theTermGoesOnWhenThePeerSaysThatItIsSecondaryWithTheSameData() {
        for (int seed = 100; seed < 105; seed++) {
            var pair = pair(seed, seed % 2 == 0 ? StorySettings.cluster() : StorySettings.twoVolumes());
            long term = pair.alpha().servedTerm(0);
            for (int i = 0; i < 40; i++) pair.write(pair.alpha(), i * 16L, 8);
            pair.runFor((seed - 99) * 400_000L);
            pair.kill(pair.alpha());
            pair.alpha().up();
            assertThat(pair.alpha().servedTerm(0)).as("nobody has said anything yet").isZero();
            pair.runUntil(() -> isServedIn(pair.alpha(), term));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void itWaitsForThePeerThatCannotBeReached() {
        var pair = pair(1);
        long term = pair.alpha().servedTerm(0);
        pair.network().pull();
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runFor(60 * SimulatedPair.SECOND);
        assertThat(pair.alpha().hasExport(0)).isFalse();
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        pair.network().heal();
        pair.runUntil(() -> isServedIn(pair.alpha(), term));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 7000870: a peer that was behind all the time was taken for one that was promoted, and the service stayed down. */
    @Test
    void theTermGoesOnBesideAPeerThatIsOnlyBehind() {
        for (boolean isTarget : new boolean[]{true, false}) {
            var pair = pair(4, StorySettings.resyncRate(64));
            long term = pair.alpha().servedTerm(0);
            pair.network().pull();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
            for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 16L, 8));
            if (isTarget) {
                pair.network().heal();
                pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.INCONSISTENT);
            }
            pair.kill(pair.alpha());
            pair.alpha().up();
            pair.network().heal();
            pair.runUntil(() -> isServedIn(pair.alpha(), term));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 7400210: a disk that was still being attached was taken for one of another generation, and the service stayed down. */
    @Test
    void theTermGoesOnWhenTheDiskComesAfterTheConnection() {
        for (int seed = 6; seed < 12; seed++) {
            var pair = pair(seed);
            long term = pair.alpha().servedTerm(0);
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.kill(pair.alpha());
            pair.alpha().data(0).speed(new SimulatedDevice.Speed(400_000_000, 500_000_000, 400_000_000, 500_000_000));
            pair.alpha().up();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
            assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.ATTACHING);
            pair.alpha().data(0).speed(SimulatedDevice.Speed.USUAL);
            pair.runUntil(() -> isServedIn(pair.alpha(), term));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Nobody knows a generation that began with force, though that one is Secondary again. */
    @Test
    void theTermIsOverWhenAPeerThatWasBehindWasPromotedByForceMeanwhile() {
        var pair = pair(5);
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 16, 8));
        pair.kill(pair.alpha());
        pair.must(pair.beta(), new Command.Promote(true));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.alpha().up();
        pair.network().heal();
        pair.runFor(60 * SimulatedPair.SECOND);
        assertThat(pair.alpha().hasExport(0)).isFalse();
    }

    @Test
    void leaveToGoOnAloneStandsForThePeersWord() {
        for (Fencing fencing : new Fencing[]{Fencing.DONT_CARE, Fencing.RESOURCE_AND_STONITH}) {
            var pair = pair(2, StorySettings.all(StorySettings.cluster(), StorySettings.fencing(fencing)));
            long term = pair.alpha().servedTerm(0);
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.network().pull();
            pair.kill(pair.alpha());
            pair.alpha().up();
            pair.runFor(10 * SimulatedPair.SECOND);
            assertThat(pair.alpha().hasExport(0)).isFalse();
            pair.must(pair.alpha(), new Command.AllowAlone(true, -1, "beta is fenced"));
            pair.runUntil(() -> isServedIn(pair.alpha(), term));
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.done(pair.read(pair.alpha(), 8, 8));
        }
    }

    @Test
    void anOperatorWhoPromotesMeanwhileIsAnsweredByTheResumption() {
        var pair = pair(3);
        long term = pair.alpha().servedTerm(0);
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished());
        pair.must(pair.alpha(), new Command.Promote(false));
        assertThat(isServedIn(pair.alpha(), term)).isTrue();
    }

    @Test
    void theConnectionIsLostWhileThePeerIsAsked() {
        for (int seed = 200; seed < 215; seed++) {
            var pair = pair(seed, StorySettings.cluster());
            long term = pair.alpha().servedTerm(0);
            pair.kill(pair.alpha());
            pair.alpha().up();
            pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished());
            pair.runFor((seed - 200) * 150_000L);
            pair.network().reset();
            pair.runUntil(() -> isServedIn(pair.alpha(), term));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    // ---- not resumed

    /** Found by seed 200359: the refused promotion had forgotten that term, the run file had not, and nobody erased it when beta was found promoted. */
    @Test
    void aTermThatOutlivesARefusedPromotionEndsAsThePeerIsFoundPromoted() {
        var pair = pair(14);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().start();
        refused(pair, pair.alpha(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.alpha().termOnFile()).isZero();
        pair.must(pair.beta(), new Command.Demote(false));
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntilProtected();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        pair.checkAll();
    }

    @Test
    void aTermThatOutlivesARefusedPromotionGoesOnWithThePeersWord() {
        var pair = pair(15);
        long term = pair.alpha().servedTerm(0);
        pair.kill(pair.alpha());
        pair.alpha().start();
        refused(pair, pair.alpha(), new Command.Promote(false));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> isServedIn(pair.alpha(), term));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPeerThatIsPrimaryHasTheRole() {
        var pair = pair(10);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.alpha().up();
        pair.runUntilProtected();
        Stories.told(pair.alpha(), "is not resumed: the other node was promoted meanwhile");
        assertThat(pair.alpha().hasExport(0)).isFalse();
        assertThat(pair.alpha().termOnFile()).isZero();
        pair.checkAll();
    }

    @Test
    void aPeerThatWasPrimaryMeanwhileHasNewerData() {
        var pair = pair(11);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.alpha().up();
        pair.runUntilProtected();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        assertThat(pair.alpha().termOnFile()).isZero();
        pair.checkAll();
    }

    @Test
    void anotherBootOfTheMachineIsAnotherTerm() {
        var pair = pair(12);
        pair.losePower(pair.alpha());
        pair.alpha().up();
        pair.runUntilProtected();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
    }

    /** Found by seed 401223: the peer was down when that was said, had been promoted, and came without its disk while this node's was still being attached. */
    @Test
    void wordThatThePeerIsDownCountsForNothingWhenItIsThere() {
        var pair = pair(18);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.done(pair.flush(pair.beta()));
        pair.losePower(pair.beta());
        pair.beta().start();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.alpha().start();
        pair.alpha().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().command(new Command.Attach(0));
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.alpha(), new Command.ResumeIo());
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished() && pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().data(0).resume();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.alpha().termOnFile()).isZero();
        pair.checkAll();
    }

    @Test
    void aRoleThatWasGivenUpIsNotTakenAgain() {
        var pair = pair(13);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntilProtected();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void aDemotionBeforeThePeersWordGivesTheTermUp() {
        var pair = pair(14);
        pair.network().pull();
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.must(pair.alpha(), new Command.Demote(false));
        assertThat(pair.alpha().termOnFile()).isZero();
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(pair.state(pair.alpha()).role()).isEqualTo(Role.SECONDARY);
    }

    @Test
    void aPromotionByTheOperatorBeginsATermOfItsOwn() {
        var pair = pair(15);
        long term = pair.alpha().servedTerm(0);
        pair.network().pull();
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Promote(false));
        assertThat(pair.alpha().servedTerm(0)).isNotZero().isNotEqualTo(term).isEqualTo(pair.alpha().termOnFile());
    }

    @Test
    void aPeerWithoutADiskConfirmsNothing() {
        var pair = pair(16);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished());
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(pair.alpha().hasExport(0)).isFalse();
        pair.must(pair.alpha(), new Command.Promote(false));
    }

    // ---- devices of the host

    @Test
    void nothingIsPromotedOverADeviceThatStillHoldsDataOfAnotherTerm() {
        var pair = pair(17);
        pair.alpha().hostAttaches(0, pair.alpha().servedTerm(0));
        pair.must(pair.alpha(), new Command.Demote(true));
        var report = refused(pair, pair.alpha(), new Command.Promote(false));
        assertThat(report.whatToDo()).contains("duett detach-device --force");
        assertThat(pair.alpha().hasExport(0)).isFalse();
        refused(pair, pair.alpha(), new Command.Promote(true));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.must(pair.beta(), new Command.Demote(false));

        pair.alpha().hostAttaches(0, 0);
        pair.must(pair.alpha(), new Command.Promote(false));
        assertThat(pair.alpha().servedTerm(0)).isNotZero();
    }

    @Test
    void theDeviceOfTheTermThatGoesOnIsNoHindrance() {
        var pair = pair(18);
        long term = pair.alpha().servedTerm(0);
        pair.alpha().hostAttaches(0, term);
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> isServedIn(pair.alpha(), term));
    }

    @Test
    void aPromotionThatIsRefusedForADeviceLeavesTheTermThatItWaitsFor() {
        var pair = pair(19);
        long term = pair.alpha().servedTerm(0);
        pair.alpha().hostAttaches(0, term);
        pair.kill(pair.beta());
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runFor(SimulatedPair.SECOND);
        var report = refused(pair, pair.alpha(), new Command.Promote(false));
        assertThat(report.whatToDo()).contains("duett resume-io");
        pair.must(pair.alpha(), new Command.ResumeIo());
        pair.runUntil(() -> isServedIn(pair.alpha(), term));
    }
}
