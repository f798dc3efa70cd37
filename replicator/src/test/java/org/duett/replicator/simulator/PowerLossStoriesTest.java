package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.VolumeState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Machines that lose their power, and with it what their disks had not flushed (rules 12, 16, 24). */
class PowerLossStoriesTest {

    private static void load(SimulatedPair pair, int writes) {
        for (int i = 0; i < writes; i++) pair.write(pair.alpha(), 1000 + 24L * i, 8);
        pair.runFor(2 * Stories.MILLI);
    }

    /** How often each node was the source of a resync until both are good again. */
    private static List<String> sourcesUntilProtected(SimulatedPair pair) {
        List<String> sources = new ArrayList<>();
        pair.runUntil(() -> {
            for (SimulatedNode node : List.of(pair.alpha(), pair.beta())) {
                boolean source = node.isRunning() && pair.state(node).connection() == ConnectionState.SYNC_SOURCE;
                if (source && !sources.contains(node.name())) sources.add(node.name());
            }
            return pair.isProtected();
        });
        return sources;
    }

    @Test
    void afterThePowerLossOfThePrimaryTheSurvivorIsTheSource() {
        var pair = SimulatedPair.connected(1);
        load(pair, 100);
        pair.losePower(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().up();
        assertThat(sourcesUntilProtected(pair)).containsExactly("beta");
        pair.checkAll();
    }

    /** Found by seed 32 of the cluster simulator: who knows that the other machine crashed is killed before they meet again. */
    @Test
    void theSurvivorIsTheSourceAlsoWhenItsDaemonWasKilledMeanwhile() {
        var pair = SimulatedPair.connected(3);
        load(pair, 100);
        pair.losePower(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.kill(pair.beta());
        pair.beta().up();
        pair.alpha().up();
        assertThat(sourcesUntilProtected(pair)).containsExactly("beta");
        pair.checkAll();
    }

    /** Found by seed 91: the survivor had booted itself, and the other volume, without a disk there, kept it from learning who its peer was. */
    @Test
    void theSurvivorOfOneVolumeIsItsSourceAlsoWhenItBootedBeforeAndAnotherVolumeHasNoDiskThere() {
        var pair = SimulatedPair.connected(91, StorySettings.twoVolumes());
        pair.losePower(pair.beta());
        pair.beta().start();
        pair.beta().command(new Command.Attach(0));
        pair.beta().command(new Command.Connect(false));
        pair.runUntil(() -> isGood(pair.state(pair.alpha())) && isGood(pair.state(pair.beta())));
        load(pair, 100);
        pair.losePower(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.beta().command(new Command.Attach(1));
        pair.alpha().up();
        assertThat(sourcesUntilProtected(pair)).containsExactly("beta");
        pair.checkAll();
    }

    @Test
    void aTargetThatHasEndedItsResyncIsTheSourceWhenItsSourceLosesPowerBeforeItHeardOfThat() {
        var pair = SimulatedPair.connected(92);
        pair.losePower(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        load(pair, 10);
        pair.beta().up();
        pair.runUntil(() -> isGood(pair.state(pair.beta())));
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        pair.losePower(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().up();
        assertThat(sourcesUntilProtected(pair)).containsExactly("beta");
        pair.checkAll();
    }

    /** Found by seed 70680: the survivor had kept what both had answered, and was overwritten by the one that bore the newer name. */
    @Test
    void thePrimaryThatBearsTheNameOfANewGenerationHasWhatBothHadAnsweredBefore() {
        for (int seed = 93; seed < 103; seed++) {
            var pair = SimulatedPair.connected(seed);
            load(pair, 60);
            long before = DurableSuperblock.identifiers(pair, pair.alpha(), 0).current();
            pair.network().pull();
            pair.runUntil(() -> !GenerationIdentifiers.sameGeneration(DurableSuperblock.identifiers(pair, pair.alpha(), 0).current(), before));
            pair.losePower(pair.alpha());
            pair.network().heal();
            pair.alpha().up();
            assertThat(sourcesUntilProtected(pair)).containsExactly("alpha");
            pair.checkAll();
        }
    }

    private static boolean isGood(VolumeState state) {
        return state.connection() == ConnectionState.CONNECTED && state.disk() == DiskState.UP_TO_DATE && state.peerDisk() == DiskState.UP_TO_DATE;
    }

    @Test
    void afterTheDeathOfItsDaemonTheCrashedPrimaryIsTheSource() {
        var pair = SimulatedPair.connected(2);
        load(pair, 100);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().up();
        assertThat(sourcesUntilProtected(pair)).containsExactly("alpha");
        pair.checkAll();
    }

    @Test
    void whatWasFlushedOutlivesThePowerLossOfBoth() {
        for (int seed = 10; seed < 20; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 1000 + 24L * i, 8));
            pair.done(pair.flush(pair.alpha()));
            pair.losePower(pair.alpha());
            pair.losePower(pair.beta());
            pair.checkAcknowledgedWrites(pair.alpha());
            pair.checkAcknowledgedWrites(pair.beta());
            pair.alpha().up();
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aWriteWithForcedUnitAccessIsOnStableStorageOfBoth(Protocol protocol) {
        for (int seed = 20; seed < 26; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.protocol(protocol));
            pair.done(pair.request(pair.alpha(), Kind.WRITE, 0, 1000, 64, true));
            pair.losePower(pair.alpha());
            pair.losePower(pair.beta());
            pair.checkAcknowledgedWrites(pair.alpha());
            pair.checkAcknowledgedWrites(pair.beta());
        }
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aFlushCoversBothNodesInEachProtocol(Protocol protocol) {
        for (int seed = 30; seed < 36; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.protocol(protocol));
            for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 1000 + 24L * i, 8));
            pair.done(pair.flush(pair.alpha()));
            pair.losePower(pair.beta());
            pair.checkAcknowledgedWrites(pair.beta());
            pair.losePower(pair.alpha());
            pair.checkAcknowledgedWrites(pair.alpha());
        }
    }

    @Test
    void theSecondaryTakesOverAfterThePowerLossOfThePrimaryAndNothingIsMissing() {
        for (int seed = 40; seed < 46; seed++) {
            var pair = SimulatedPair.connected(seed);
            load(pair, 60);
            pair.losePower(pair.alpha());
            pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
            pair.must(pair.beta(), new Command.Promote(false));
            pair.checkAcknowledgedWrites(pair.beta());
            pair.done(pair.write(pair.beta(), 2000, 8));
            pair.alpha().up();
            pair.runUntilProtected();
            assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
            pair.checkAll();
        }
    }

    @Test
    void aSecondaryThatLosesPowerGetsBackAllThatItsCacheHeld() {
        for (int seed = 50; seed < 56; seed++) {
            var pair = SimulatedPair.connected(seed);
            load(pair, 60);
            pair.losePower(pair.beta());
            pair.runFor(SimulatedPair.SECOND);
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aTargetThatLosesPowerInTheMidstOfItsResyncGoesOnAndIsEqualInTheEnd() {
        for (int seed = 60; seed < 66; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.resyncRate(4_000));
            pair.kill(pair.beta());
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
            for (int i = 0; i < 300; i++) pair.done(pair.write(pair.alpha(), 1000 + 24L * i, 8));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.runFor(100 * Stories.MILLI);
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void whatADisklessPrimaryWroteThroughUsIsNamedAlsoAfterItsDemotionAndAPowerLoss() {
        for (int seed = 300; seed < 306; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.must(pair.alpha(), new Command.Detach(0, true));
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
            for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.runUntil(() -> pair.state(pair.beta()).peer() == Role.SECONDARY);
            pair.runFor((seed - 300) * Stories.MILLI);
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }
}
