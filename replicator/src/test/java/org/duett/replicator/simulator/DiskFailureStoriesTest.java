package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.flagsOnDisk;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.isOutOfSync;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.told;
import static org.duett.replicator.simulator.Stories.volume;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.HostRequest;
import org.duett.replicator.machine.ResourceSettings.OnIoError;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** A disk that fails: who goes on, what is held until which record, and how the disk comes back (rules 1b, 4, 7, 14, 18). */
class DiskFailureStoriesTest {
    /** Found by seed 1068: the device was given back while the mark waited for a block that was on its way, and took it no more (rule 14). */
    @Test
    void aDiskThatFailsWhileItsMetadataIsBeingWrittenStillSaysSo() {
        var pair = SimulatedPair.connected(608, StorySettings.externalMetadata());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntilProtected();
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        var cold = pair.write(pair.alpha(), 8200, 8);
        pair.runFor(Stories.MILLI);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 0, 1 << 20, Errno.EIO, 1);
        var failing = pair.write(pair.alpha(), 8, 8);
        pair.done(cold);
        pair.done(failing);
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        assertThat(flagsOnDisk(pair.alpha()) & Superblock.CONSISTENT).isZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFlushWithoutAnyGoodCopyFails() {
        var pair = SimulatedPair.connected(606);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.flush(pair.alpha()));
        pair.write(pair.alpha(), 8, 8);
        var pending = pair.flush(pair.alpha());
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntil(pending::isCompleted);
        assertThat(pending.errno()).isEqualTo(Errno.EIO);
        var late = pair.flush(pair.alpha());
        pair.runUntil(late::isCompleted);
        assertThat(late.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void aFlushOfAPromotedTargetFailsWithItsSource() {
        var pair = SimulatedPair.connected(607, StorySettings.resyncRate(400));
        Stories.promoteTargetInItsResync(pair);
        pair.done(pair.write(pair.beta(), 8, 8));
        var flush = pair.flush(pair.beta());
        pair.kill(pair.alpha());
        pair.runUntil(flush::isCompleted);
        assertThat(flush.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void aPromotedTargetAnswersNothingThatItsSourceCouldNotKeep() {
        for (int seed = 600; seed < 606; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.resyncRate(400), StorySettings.onReadError(OnReadError.DETACH)));
            Stories.promoteTargetInItsResync(pair);
            // The source's disk fails while its connection lives.
            pair.alpha().data(0).fail(EnumSet.of(Kind.READ), Errno.EIO);
            List<SimulatedPair.HostOperation> writes = new ArrayList<>();
            pair.read(pair.beta(), 39 * 256L, 8);
            for (int i = 0; i < 60; i++) {
                writes.add(pair.write(pair.beta(), 16L * i, 8));
                pair.runFor(15_000);
            }
            pair.runUntil(() -> writes.stream().allMatch(SimulatedPair.HostOperation::isCompleted));
            assertThat(writes).anyMatch(write -> write.errno() != 0);
            pair.checkAcknowledgedWrites(pair.alpha());
        }
    }

    private static final long METADATA = SimulatedPair.DEVICE_BYTES - (1 << 18);

    private static void failWrites(SimulatedNode node) {
        node.data(0).fail(EnumSet.of(Kind.WRITE), 0, METADATA, Errno.EIO, Integer.MAX_VALUE);
    }

    @Test
    void aPrimaryWhoseDiskCannotWriteGoesOnThroughItsPeer() {
        var pair = SimulatedPair.connected(1);
        failWrites(pair.alpha());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 9000, 8));
        pair.done(pair.flush(pair.alpha()));
        pair.checkAcknowledgedWrites(pair.beta());
        told(pair.alpha(), "cannot be written");
    }

    @Test
    void aWriteThatTheOwnDiskLacksIsAnsweredOnlyAfterTheLossIsOnRecord() {
        var pair = SimulatedPair.connected(2);
        GenerationIdentifiers before = identifiers(pair.alpha());
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        // Neither beta's new generation nor our own mark can become durable.
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(300 * Stories.MILLI);
        assertThat(write.isCompleted()).isFalse();
        pair.beta().data(0).resume();
        pair.done(write);
        long record = Stories.superblockOnDisk(pair.beta()).bitmapUuid();
        assertThat(GenerationIdentifiers.sameGeneration(record, before.current())).isTrue();
    }

    @Test
    void theMarkOnTheOwnDiskIsRecordEnough() {
        var pair = SimulatedPair.connected(3);
        failWrites(pair.alpha());
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(flagsOnDisk(pair.alpha()) & Superblock.CONSISTENT).isZero();
    }

    @Test
    void aFailedDiskComesBackByBitmap() {
        var pair = SimulatedPair.connected(4);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        for (int i = 0; i < 10; i++) pair.done(pair.write(pair.alpha(), 100 + i * 16, 8));
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        long before = pair.network().bytesCarried();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.network().bytesCarried() - before).isLessThan(SimulatedPair.DEVICE_BYTES / 2);
        pair.checkAll();
    }

    @Test
    void aSecondaryWhoseDiskCannotWriteNeverAcknowledgesTheEpochAndComesBackDiskless() {
        var pair = SimulatedPair.connected(5);
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED
                && pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS);
        assertThat(isOutOfSync(pair.alpha(), 8)).isTrue();
        pair.runUntil(() -> !Stories.volume(pair.beta()).diskOpen());
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void writesOfAnUnacknowledgedEpochAreMarkedThoughTheirWritesWereAcknowledged() {
        var pair = SimulatedPair.connected(6);
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.done(pair.write(pair.alpha(), 1600, 8));
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(50 * Stories.MILLI);
        assertThat(isOutOfSync(pair.alpha(), 8)).isTrue();
        assertThat(isOutOfSync(pair.alpha(), 800)).isTrue();
        assertThat(isOutOfSync(pair.alpha(), 1600)).isTrue();
    }

    @Test
    void aNegativeAckIsOnRecordBeforeTheWriteIsAnswered() {
        var pair = SimulatedPair.connected(7);
        GenerationIdentifiers before = identifiers(pair.alpha());
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(write::isCompleted);
        Superblock onDisk = Stories.superblockOnDisk(pair.alpha());
        assertThat(GenerationIdentifiers.sameGeneration(onDisk.bitmapUuid(), before.current())).isTrue();
        assertThat(GenerationIdentifiers.sameGeneration(onDisk.currentUuid(), before.current())).isFalse();
    }

    @Test
    void aPrimaryWhoseFlushFailsGivesTheDiskUpAndAnswersThroughThePeer() {
        var pair = SimulatedPair.connected(8);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        pair.done(pair.flush(pair.alpha()));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        told(pair.alpha(), "flush");
    }

    @Test
    void aFlushWithNothingUnderWayMayFailHereWhenThePeerHasAllOnStableStorage() {
        var pair = SimulatedPair.connected(9);
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        pair.done(pair.flush(pair.alpha()));
    }

    @Test
    void aSecondaryWhoseFlushFailsNeverAcknowledgesTheBarrier() {
        var pair = SimulatedPair.connected(10);
        pair.beta().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.flush(pair.alpha()));
        assertThat(isOutOfSync(pair.alpha(), 8)).isTrue();
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.DISKLESS);
        pair.beta().data(0).heal();
        pair.runUntil(() -> !Stories.volume(pair.beta()).diskOpen());
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPrimaryThatCannotWriteItsActivityLogGoesOnThroughItsPeer() {
        var pair = SimulatedPair.connected(11);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), METADATA, 1 << 18, Errno.EIO, Integer.MAX_VALUE);
        pair.done(pair.write(pair.alpha(), 8200, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        told(pair.alpha(), "metadata");
        pair.checkAcknowledgedWrites(pair.beta());
    }

    @Test
    void anAttachThatCannotWriteItsMetadataIsRefusedAndChangesNoData() {
        var pair = SimulatedPair.connected(12);
        pair.kill(pair.beta());
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), METADATA, 1 << 18, Errno.EIO, Integer.MAX_VALUE);
        pair.beta().start();
        refused(pair, pair.beta(), new Command.Attach(0));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.DISKLESS);
        pair.beta().data(0).heal();
        pair.runFor(100 * Stories.MILLI);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aLonePrimaryWhoseDiskFailsAnswersWithErrors() {
        var pair = SimulatedPair.connected(13);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        failWrites(pair.alpha());
        var write = pair.write(pair.alpha(), 16, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
    }

    @Test
    void aDiskThatIsFullIsGivenUpLikeOneThatFails() {
        var pair = SimulatedPair.connected(14);
        pair.alpha().data(0).full(true);
        pair.done(pair.write(pair.alpha(), 24_000, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        assertThat(told(pair.alpha(), "cannot be written").whatHappened()).contains("errno 28");
        pair.checkAcknowledgedWrites(pair.beta());
    }

    @Test
    void callLocalIoErrorRunsItsHandler() {
        var pair = SimulatedPair.connected(15, StorySettings.onIoError(OnIoError.CALL_LOCAL_IO_ERROR));
        failWrites(pair.alpha());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        assertThat(pair.alpha().handlers().ordered()).contains("local-io-error");
    }

    @Test
    void passOnKeepsThePrimarysDiskAsInconsistentWhileThePeerIsGood() {
        var pair = SimulatedPair.connected(16, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        assertThat(flagsOnDisk(pair.alpha()) & Superblock.CONSISTENT).isZero();
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 80, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.must(pair.alpha(), new Command.Disconnect(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void whatTheMessageOfPassOnAdvisesBringsTheDiskBack() {
        var pair = SimulatedPair.connected(20, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT);
        Stories.told(pair.alpha(), "duett detach r0/0, then duett attach r0/0");

        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void passOnWithoutAPeerGivesTheErrorToTheHost() {
        var pair = SimulatedPair.connected(17, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.done(pair.write(pair.alpha(), 16, 8));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }

    @Test
    void passOnOnTheSecondaryBringsTheBlockByAResync() {
        var pair = SimulatedPair.connected(18, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSecondaryThatCannotWriteDownThatItIsInconsistentIsLeftBehindByANewGeneration() {
        for (int seed = 26; seed < 42; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.externalMetadata()));
            pair.holdAgainstMedia();
            pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
            pair.beta().metadata(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.kill(pair.beta());
            pair.beta().metadata(0).heal();
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void whenSeveralWritesFailAtOnceEachOfThemWaitsForTheRecordOfTheFirst() {
        for (int seed = 50; seed < 56; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.externalMetadata()));
            pair.holdAgainstMedia();
            // So that the peer's acks come before the superblock is written.
            pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(5 * Stories.MILLI, 6 * Stories.MILLI, 5 * Stories.MILLI, 6 * Stories.MILLI));
            pair.done(pair.write(pair.alpha(), 0, 8));
            pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            var writes = new ArrayList<SimulatedPair.HostOperation>();
            for (int i = 0; i < 20; i++) writes.add(pair.write(pair.alpha(), 16L * i, 8));
            writes.forEach(pair::done);
        }
    }

    @Test
    void aWriteThatOnlyTheTargetOfOurResyncCouldTakeFails() {
        var pair = SimulatedPair.connected(56, StorySettings.all(StorySettings.onIoError(OnIoError.PASS_ON), StorySettings.resyncRate(4000)));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 128L * i, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aBlockThatTheTargetCanNeverWriteEndsTheResyncWithTheDiskInconsistent() {
        var pair = SimulatedPair.connected(19, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, Integer.MAX_VALUE);
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.INCONSISTENT);
        assertThat(isOutOfSync(pair.alpha(), 8)).isTrue();
        assertThat(isOutOfSync(pair.alpha(), 800)).isFalse();
    }

    /** Found by seed 11742: its source compared with what it had told before that resync, took back the resync's identifier, and refused the disk for ever. */
    @Test
    void aTargetThatSaysSomethingElseWhileItDetachesAfterAnUnfinishedResyncIsTakenBack() {
        var pair = SimulatedPair.connected(23, StorySettings.onIoError(OnIoError.PASS_ON));
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, Integer.MAX_VALUE);
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.beta().data(0).heal();
        pair.beta().command(new Command.Detach(0, false));
        // Its state goes out after the question, and says what its disk still is.
        pair.beta().command(new Command.PauseSync());
        pair.runUntil(() -> !volume(pair.beta()).diskOpen());
        pair.must(pair.beta(), new Command.ResumeSync());
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDiskThatHangsIsGivenUpAndItsLateAnswersChangeNothing() {
        var pair = SimulatedPair.connected(20, StorySettings.diskTimeout(2_000));
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.done(write);
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        told(pair.alpha(), "disk-timeout");
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatHappened()).contains("not come back");
        pair.alpha().data(0).resume();
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aHangingReadIsAskedOfThePeerAfterDiskTimeout() {
        var pair = SimulatedPair.connected(21, StorySettings.diskTimeout(2_000));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().data(0).hang(EnumSet.of(Kind.READ));
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.alpha().data(0).resume();
        pair.runFor(SimulatedPair.SECOND);
        pair.checkBuffers();
    }

    @Test
    void aSecondaryWhoseDiskHangsLetsThePrimaryGoOn() {
        var pair = SimulatedPair.connected(22, StorySettings.diskTimeout(2_000));
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE, Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.DISKLESS);
        pair.beta().data(0).resume();
        pair.runUntil(() -> !Stories.volume(pair.beta()).diskOpen());
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void theForcedDetachOfAHangingDiskDoesNotWaitForIt() {
        var pair = SimulatedPair.connected(23);
        pair.alpha().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(100 * Stories.MILLI);
        assertThat(write.isCompleted()).isFalse();
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.done(write);
    }

    @Test
    void writesOfAnEpochOutliveAReattach() {
        var pair = SimulatedPair.connected(24);
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, 1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFlushThatWaitedForALostConnectionSaysNothingOfTheNextOne() {
        var pair = SimulatedPair.connected(25);
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.write(pair.alpha(), 8, 8);
        pair.request(pair.alpha(), HostRequest.Kind.FLUSH, 0, 0, 0, false);
        pair.runFor(50 * Stories.MILLI);
        pair.network().reset();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED || pair.state(pair.alpha()).connection().isSyncLike());
        pair.beta().data(0).resume();
        pair.runUntilProtected();
        pair.checkAll();
    }
}
