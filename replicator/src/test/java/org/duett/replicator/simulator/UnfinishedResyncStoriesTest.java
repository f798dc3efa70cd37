package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** Beta has been away; its resync has begun, and much of it is left. */
    private static SimulatedPair inTheMidstOfAResync(int seed) {
        var pair = SimulatedPair.connected(seed, StorySettings.resyncRate(4000));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET && Stories.volume(pair.beta()).bitmap().setBits() > 100);
        return pair;
    }

    /** Found by seed 101245: a slow disk here, and the peer's ack and its barrier's came before it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anAckTakesNoMarkAwayWhenThePeerOrItsDiskIsLostBeforeOurDiskIsThrough(boolean diskOnly) {
        var pair = inTheMidstOfAResync(11);
        long sector = 128 * 39;
        assertThat(Stories.isOutOfSync(pair.alpha(), sector)).isTrue();
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var slow = pair.write(pair.alpha(), sector, 8);
        pair.runFor(5 * Stories.MILLI);
        pair.done(pair.flush(pair.alpha()));
        assertThat(slow.isCompleted()).isFalse();
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(Stories.isOutOfSync(pair.alpha(), sector)).as("its resync has not come so far").isTrue();
        if (diskOnly) pair.must(pair.beta(), new Command.Detach(0, false));
        else pair.kill(pair.beta());
        pair.runUntil(() -> pair.state(pair.alpha()).connection() != ConnectionState.SYNC_SOURCE);
        assertThat(pair.state(pair.alpha()).connection().isEstablished()).isEqualTo(diskOnly);

        pair.alpha().data(0).resume();
        pair.done(slow);
        assertThat(Stories.isOutOfSync(pair.alpha(), sector)).isTrue();
        if (diskOnly) pair.must(pair.beta(), new Command.Attach(0));
        else pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    private static boolean sameGeneration(SimulatedPair pair) {
        return GenerationIdentifiers.sameGeneration(Stories.superblockOnDisk(pair.alpha()).currentUuid(),
                Stories.superblockOnDisk(pair.beta()).currentUuid());
    }

    private static void answersInANewGeneration(SimulatedPair pair) {
        pair.done(pair.write(pair.alpha(), 8, 8));
        // Beta writes down that it is through.
        pair.runFor(100 * Stories.MILLI);
        assertThat(sameGeneration(pair)).isFalse();
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
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

    /** A write failed on alpha's disk alone, and is marked there only; beta, which has it, is through with its resync (seeds 11076, 11733). */
    private static SimulatedPair targetIsThroughButForAFailedWrite(int seed, boolean told) {
        var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.resyncRate(4000)));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8000 * 512, 64 * 512, Errno.EIO, 1);
        var failed = pair.write(pair.alpha(), 8000, 64);
        pair.runUntil(failed::isCompleted);
        assertThat(failed.errno()).isEqualTo(Errno.EIO);
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        if (told) pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        assertThat(Stories.volume(pair.alpha()).bitmap().setBits()).isGreaterThanOrEqualTo(8);
        return pair;
    }

    /** Found by reasoning: the target's word was taken for one of the time before, and nobody said it again. */
    @Test
    void aResyncEndsThatHostWritesBroughtToItsEndBeforeTheTargetHadAskedForAnything() {
        for (int seed = 1; seed <= 20; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.must(pair.beta(), new Command.Disconnect(false));
            pair.done(pair.write(pair.alpha(), 80, 8));
            pair.beta().metadata(0).speed(new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
            pair.must(pair.beta(), new Command.Connect(false));
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
            pair.alpha().data(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 1, 2));
            SimulatedPair.HostOperation write = pair.write(pair.alpha(), 80, 8);
            pair.runUntil(() -> pair.state(pair.alpha()).isMirrored() && pair.state(pair.beta()).isMirrored());
            pair.done(write);
        }
    }

    @Test
    void aPrimaryOnWhichAWriteFailedDuringTheResyncWritesInANewGenerationWhenItsTargetHasFinished() {
        for (int seed = 57; seed < 65; seed++) {
            var pair = targetIsThroughButForAFailedWrite(seed, seed % 2 == 0);
            pair.network().reset();
            pair.network().pull();
            answersInANewGeneration(pair);
        }
    }

    /** Found by seed 1926400: beta has those by the host's writes, and names them no more; alpha's bits stay until its own disk has them, too. */
    @Test
    void aPrimaryWhoseDiskIsSlowerThanThatOfItsTargetWritesInANewGenerationWhenThatMayHaveFinished() {
        for (int seed = 86; seed < 94; seed++) {
            var pair = inTheMidstOfAResync(seed);
            pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
            var slow = pair.write(pair.alpha(), 128 * 39, 64);
            pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
            assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
            assertThat(slow.isCompleted()).isFalse();
            assertThat(Stories.isOutOfSync(pair.alpha(), 128 * 39)).isTrue();
            pair.network().reset();
            pair.network().pull();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
            pair.alpha().data(0).resume();
            pair.done(slow);
            answersInANewGeneration(pair);
        }
    }

    /** Found by seed 1842064: the end of its demotion forgot that a generation was being made, and its target took over at the end what ours was before. */
    @Test
    void aSourceThatIsStillBeingDemotedTellsItsTargetOfTheNewGenerationBeforeTheResyncBegins() {
        var pair = SimulatedPair.connected(78, StorySettings.all(StorySettings.cluster(), StorySettings.externalMetadata()));
        pair.network().pull();
        pair.write(pair.alpha(), 8, 8);
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(5 * SimulatedPair.SECOND, 6 * SimulatedPair.SECOND, 5 * SimulatedPair.SECOND, 6 * SimulatedPair.SECOND));
        pair.alpha().command(new Command.Demote(true));
        pair.runUntil(() -> pair.state(pair.alpha()).role() == Role.SECONDARY);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isSourceSide());
        pair.runUntilProtected();
        assertThat(sameGeneration(pair)).isTrue();
        pair.checkAll();
    }

    /** The cable is pulled, and alpha has written a block alone since. */
    private static SimulatedPair apart(long seed, UnaryOperator<ResourceSettings> change) {
        var pair = SimulatedPair.connected(seed, change);
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        return pair;
    }

    /** Found by seed 7859: the source still took it for a target, whose copy does not count. */
    @Test
    void whatATargetThatIsThroughRefusesIsAnsweredInANewGeneration() {
        for (boolean told : new boolean[]{true, false}) {
            var pair = targetIsThroughButForAFailedWrite(66, told);
            pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 100 * 512, 8 * 512, Errno.EIO, 1);
            pair.done(pair.write(pair.alpha(), 100, 8));
            assertThat(sameGeneration(pair)).as("told of its end: %s", told).isFalse();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 900746: it goes on with its disk, and that this is bad told of no end as a good one. */
    @Test
    void whatATargetThatIsThroughRefusesAndGoesOnWithIsAnsweredInANewGeneration() {
        var pair = apart(69, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.externalMetadata()));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        // It tells of its end when that is written down.
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.done(pair.write(pair.alpha(), 100, 8));
        assertThat(Stories.identifiers(pair.alpha()).current() | 1).as("alpha's generation").isNotEqualTo(Stories.identifiers(pair.beta()).current() | 1);
    }

    /** Found by seed 1631338: the Primary had no disk any more, and took the good one of its target for Inconsistent; its host got errors. */
    @Test
    void aSourceThatLosesItsDiskAsItTakesDownTheEndGoesOnThroughItsTarget() {
        var pair = apart(74, StorySettings.externalMetadata());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        // It tells of its end when that is written down.
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.alpha().metadata(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.alpha().metadata(0).heal();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 8602561: the mark of the write that its disk had refused made it take the good one of its target for Inconsistent, and its host waited for ever. */
    @Test
    void soDoesOneWhoseDiskRefusesAWriteThen() {
        var pair = apart(78, StorySettings.externalMetadata());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.runFor(10 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.ENOSPC);
        pair.done(pair.write(pair.alpha(), 100, 8));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().data(0).heal();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1823739: what its target had to say of the end came when the disk was lost already, and it took that one's, which had everything, for Outdated. */
    @Test
    void aSourceThatLosesItsDiskBeforeItHearsOfTheEndGoesOnThroughItsTarget() {
        var pair = apart(77, StorySettings.externalMetadata());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        // It tells of its end when that is written down.
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.write(pair.alpha(), 100, 8);
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.UP_TO_DATE);
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.alpha().data(0).heal();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1723321: it went on to take the complete disk of its target for Inconsistent. */
    @Test
    void aSourceThatIsDetachedAsItTakesDownTheEndKnowsThatItsTargetHasAll() {
        var pair = apart(76, StorySettings.externalMetadata());
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.runFor(10 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1630481: what it said of its wish to pause told that it is UpToDate, and its disk did not say so yet (rule 13). */
    @Test
    void whateverATargetHasToSayAtItsEndWaitsForItsSuperblock() {
        var pair = apart(73, StorySettings.externalMetadata());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 200 * Stories.MILLI, 300 * Stories.MILLI));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.must(pair.beta(), new Command.PauseSync());
        pair.runFor(50 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        pair.must(pair.beta(), new Command.ResumeSync());
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1700540: by the identifiers that it introduced itself with its peer took its disk for as good as its own, and its superblock said that it is not (rule 13). */
    @Test
    void aTargetAtItsEndMeetsItsPeerAgainWhenItsSuperblockSaysSo() {
        var pair = apart(75, StorySettings.externalMetadata());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(2 * SimulatedPair.SECOND, 3 * SimulatedPair.SECOND, 2 * SimulatedPair.SECOND, 3 * SimulatedPair.SECOND));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.network().reset();
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.beta()).connection()).isEqualTo(ConnectionState.UNCONNECTED);
        assertThat(DurableSuperblock.of(pair, pair.beta(), 0).has(Superblock.CONSISTENT)).isFalse();
        pair.runUntilProtected();
        assertThat(DurableSuperblock.of(pair, pair.beta(), 0).has(Superblock.CONSISTENT)).isTrue();
        pair.checkAll();
    }

    /** Found by seed 1603893: three generations later the source called what its target had begun with unrelated data. */
    @Test
    void aTargetThatHasRefusedABlockOfTheResyncCannotHaveFinishedAndCostsNoGeneration() {
        var pair = apart(72, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.externalMetadata()));
        pair.beta().data(0).full(true);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        // It ends the resync when what it has is written down.
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(200 * Stories.MILLI, 300 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        pair.runFor(50 * Stories.MILLI);
        var atRefusal = Stories.identifiers(pair.alpha());
        for (int sector = 100; sector < 500; sector += 100) pair.done(pair.write(pair.alpha(), sector, 8));
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        pair.network().reset();
        pair.done(pair.write(pair.alpha(), 600, 8));
        assertThat(Stories.identifiers(pair.alpha())).isEqualTo(atRefusal);
        pair.beta().data(0).full(false);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** What it lacked the host wrote anew meanwhile; its end passed for something said before it knew of the resync, and the source waited for ever. */
    @Test
    void aTargetThatHasNoBlockToAskForEndsTheResyncAlsoBesideAFailedWrite() {
        var pair = SimulatedPair.connected(67, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.must(pair.beta(), new Command.PauseSync());
        pair.runUntil(() -> pair.state(pair.alpha()).isSyncPaused());
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.PAUSED_SYNC_T && pair.state(pair.alpha()).connection().isSyncSource());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> Stories.volume(pair.beta()).bitmap().isAllClear());
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 800 * 512, 4096, Errno.EIO, 1);
        var failed = pair.write(pair.alpha(), 800, 8);
        pair.runUntil(failed::isCompleted);
        assertThat(failed.errno()).isEqualTo(Errno.EIO);
        assertThat(Stories.isOutOfSync(pair.alpha(), 800)).isTrue();
        pair.must(pair.beta(), new Command.ResumeSync());
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** It asked for as much as it may have under way before it paused: all of a small device. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResyncThatBeginsWhileItIsPausedCopiesNothing(boolean bySource) {
        var pair = SimulatedPair.connected(72);
        var pausing = bySource ? pair.alpha() : pair.beta();
        pair.must(pausing, new Command.PauseSync());
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.PAUSED_SYNC_T && pair.state(pair.alpha()).connection().isSyncSource());
        pair.runFor(500 * Stories.MILLI);
        assertThat(Stories.isOutOfSync(pair.beta(), 8)).isTrue();
        pair.must(pausing, new Command.ResumeSync());
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** The ack tells of what was read before the write that failed here, and that the target has instead now. */
    @Test
    void theAckOfAResyncedBlockDoesNotUnnameWhatHasFailedHereSince() {
        for (int seed = 68; seed < 72; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.externalMetadata()));
            pair.kill(pair.beta());
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.beta().up();
            pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET && pair.alpha().machine().isQuiet());
            pair.runFor(300 * Stories.MILLI);
            assertThat(Stories.isOutOfSync(pair.alpha(), 8)).isTrue();
            pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
            pair.write(pair.alpha(), 8, 8);
            pair.runFor(50 * Stories.MILLI);
            pair.beta().data(0).resume();
            for (int i = 0; i < 20; i++) {
                pair.runFor(Stories.MILLI);
                new NamedDifferences(pair).check();
            }
            pair.runUntilProtected();
            new NamedDifferences(pair).check();
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
            loseTargetThatIsThrough(pair);
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1501629: the target had not been heard to say that it is through, and was an eyewitness; its source answered alone without leave (rules 8, 20). */
    @Test
    void underClusterControlASecondaryWhoseTargetMayHaveFinishedIsPromotedAndWaitsForLeave() {
        for (int seed = 50; seed < 58; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.cluster());
            loseTargetThatIsThrough(pair);
            assertThat(pair.beta().machine().isEyewitness()).isTrue();
            pair.must(pair.alpha(), new Command.Promote(false));
            var write = pair.write(pair.alpha(), 8, 8);
            pair.runFor(SimulatedPair.SECOND);
            assertThat(write.isCompleted()).isFalse();
            pair.must(pair.alpha(), new Command.AllowAlone(true, pair.alpha().machine().contact(), "story"));
            pair.runUntil(write::isCompleted);
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Alpha, which is Secondary by then, has not heard that its resync has ended on beta. */
    private static void loseTargetThatIsThrough(SimulatedPair pair) {
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        if (pair.settings().cluster()) pair.must(pair.alpha(), new Command.AllowAlone(true, pair.alpha().machine().contact(), "story"));
        for (int i = 0; i < 20; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.network().reset();
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
    }

    /** Found by seed 8839: the target's bitmap is written now and then, after a flush that blocks were too late for which it un-named (rule 12). */
    @Test
    void aTargetNamesOnDiskWhatItsFlushDidNotCover() {
        var pair = SimulatedPair.connected(40, StorySettings.all(StorySettings.resyncRate(200), StorySettings.externalMetadata()));
        pair.kill(pair.beta());
        for (int i = 0; i < 400; i++) pair.done(pair.write(pair.alpha(), 120L * i, 8));
        // No block is named by an activity log.
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.beta().data(0).speed(new SimulatedDevice.Speed(Stories.MILLI / 10, Stories.MILLI / 10, 600 * Stories.MILLI, 800 * Stories.MILLI));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        var chance = new SplittableRandom(40);
        var named = new NamedDifferences(pair);
        while (pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET) {
            pair.runFor(20 * Stories.MILLI);
            for (int i = 0; i < 4; i++) named.checkAfterPowerLoss(chance);
        }
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aResyncThatIsCutOffLeavesWhatItsSourceCountsFrom() {
        var pair = inTheMidstOfAResync(25);
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

    @Test
    void aSourceThatCrashesWhenItsTargetMayHaveFinishedIsPromotedIntoANewGeneration() {
        for (int seed = 30; seed < 38; seed++) {
            var pair = targetIsThrough(seed);
            pair.network().pull();
            // The second crash finds no more on the disk than the first one has left there.
            for (int crashes = 0; crashes < 1 + seed % 3; crashes++) {
                if (seed % 2 == 0) pair.kill(pair.alpha());
                else pair.losePower(pair.alpha());
                pair.alpha().up();
                pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE && pair.alpha().machine().isQuiet());
            }
            assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.UNKNOWN);
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.holdAgainstMedia();
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.network().heal();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aSourceThatCrashesInTheMidstOfAResyncGoesOnByBitmap() {
        var pair = inTheMidstOfAResync(38);
        pair.network().reset();
        pair.network().pull();
        pair.kill(pair.alpha());
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(Stories.volume(pair.alpha()).bitmap().setBits()).isLessThan(4000);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Both were killed, alpha as Primary: they have one generation, and alpha is the source of what its log names. Beta's metadata is slow. */
    private static SimulatedPair sameGenerationAfterCrash(int seed) {
        var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
        pair.holdAgainstMedia();
        for (int i = 0; i < 40; i++) pair.write(pair.alpha(), 16L * i, 8);
        pair.runFor(2 * Stories.MILLI);
        pair.kill(pair.alpha());
        pair.kill(pair.beta());
        pair.alpha().up();
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE && pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.beta().metadata(0).speed(new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        return pair;
    }

    @Test
    void whatASourceAnswersBeforeItsTargetHasWrittenDownThatItIsBehindStandsInANewGeneration() {
        for (int seed = 40; seed < 46; seed++) {
            var pair = sameGenerationAfterCrash(seed);
            pair.runUntil(() -> pair.state(pair.alpha()).connection().isSourceSide());
            pair.must(pair.alpha(), new Command.Promote(false));
            List<SimulatedPair.HostOperation> writes = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                writes.add(pair.write(pair.alpha(), 16L * i, 8));
                pair.runFor(Stories.MILLI / 4);
            }
            writes.forEach(pair::done);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 135: a Primary that is made anew from its peer, and is lost before it could write that down. */
    @Test
    void whoIsPromotedInPlaceOfATargetThatNeverWroteDownThatItIsBehindBeginsAGeneration() {
        for (int seed = 60; seed < 66; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            pair.holdAgainstMedia();
            pair.alpha().metadata(0).hang(EnumSet.of(Kind.WRITE));
            pair.alpha().command(new Command.Invalidate(0));
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_SOURCE);
            if (seed % 2 == 0) pair.losePower(pair.alpha());
            else pair.kill(pair.alpha());
            pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
            pair.must(pair.beta(), new Command.Promote(false));
            pair.done(pair.write(pair.beta(), 8, 8));
            pair.alpha().metadata(0).resume();
            pair.alpha().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** What seed 191 found: both lose their power in that moment, and the source is promoted alone. */
    @Test
    void aTargetThatNeverWroteDownThatItIsBehindIsOfAnOlderGeneration() {
        for (int seed = 50; seed < 56; seed++) {
            var pair = sameGenerationAfterCrash(seed);
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
            pair.losePower(pair.alpha());
            pair.losePower(pair.beta());
            pair.alpha().up();
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE);
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            assertThat(sameGeneration(pair)).isFalse();
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1146: it went on to name its resync to the target, which knew that the disk was gone, and dropped the connection for it. */
    @Test
    void aSourceThatIsDetachedBeforeItsResyncBeginsBeginsNone() {
        var pair = SimulatedPair.connected(96);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.alpha().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.beta().command(new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.WF_SYNC_UUID);
        pair.runFor(5 * Stories.MILLI);
        pair.alpha().command(new Command.Detach(0, false));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.FAILED);
        pair.alpha().data(0).resume();
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.beta().reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }
}
