package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Rule 3: whether the target of a resync has finished is not known at its source when they part, and what each counts from is never lost. */
class UnfinishedResyncStoriesTest {

    /** Beta has been away; its resync is through, and alpha has not heard of that yet. */
    private static SimulatedPair targetIsThrough(int seed) {
        var pair = SimulatedPair.connected(seed);
        pair.kill(pair.beta());
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        return pair;
    }

    private static boolean sameGeneration(SimulatedPair pair) {
        return GenerationIdentifiers.sameGeneration(Stories.superblockOnDisk(pair.alpha()).currentUuid(),
                Stories.superblockOnDisk(pair.beta()).currentUuid());
    }

    @Test
    void aPrimaryWhoseTargetMayHaveFinishedWritesInANewGeneration() {
        for (int seed = 1; seed < 9; seed++) {
            var pair = targetIsThrough(seed);
            pair.network().reset();
            pair.network().pull();
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aTargetThatFinishedAndLostItsDiskAtOnceIsOfAnOlderGenerationToo() {
        for (int seed = 9; seed < 17; seed++) {
            var pair = targetIsThrough(seed);
            pair.must(pair.beta(), new Command.Detach(0, true));
            pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS || !pair.state(pair.alpha()).connection().isEstablished());
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.runUntil(() -> !Stories.volume(pair.beta()).diskOpen() && pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            pair.must(pair.beta(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aSecondaryWhoseTargetMayHaveFinishedIsPromotedIntoANewGeneration() {
        for (int seed = 17; seed < 25; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.kill(pair.beta());
            for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
            pair.network().reset();
            pair.network().pull();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aResyncThatIsCutOffLeavesWhatItsSourceCountsFrom() {
        var pair = SimulatedPair.connected(25, StorySettings.resyncRate(4000));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET && Stories.volume(pair.beta()).bitmap().setBits() > 100);
        long countedFrom = Stories.identifiers(pair.alpha()).bitmap();
        pair.network().reset();
        pair.network().pull();
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(countedFrom).isNotZero();
        assertThat(Stories.identifiers(pair.alpha()).bitmap()).isEqualTo(countedFrom);
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
    }
}
