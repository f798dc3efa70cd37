package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.flagsOnDisk;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;
import static org.duett.replicator.simulator.Stories.told;
import static org.duett.replicator.simulator.Stories.volume;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.activitylog.ActivityLog;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.duett.replicator.state.StatePolicies.Fencing;
import org.duett.replicator.state.StatePolicies.OnNoData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A Primary that lives through its peer, and what becomes of its own disk (rules 1b, 6, 25). */
class DisklessStoriesTest {
    @Test
    void aDisklessSecondaryIsPromotedAndItsOldDiskGetsAllOnReturn() {
        var pair = SimulatedPair.connected(40);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.done(pair.read(pair.beta(), 8, 8));
        assertThat(identifiers(pair.alpha()).bitmap()).as("alpha counts what beta's disk misses").isNotZero();
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 267: what nobody who runs has seen may be newer than what everybody sees. */
    @Test
    void aNodeWhoseDiskIsNotAttachedIsNotPromotedThroughDataThatMayBeOlder() {
        var pair = SimulatedPair.connected(48);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).peerDisk() == DiskState.UP_TO_DATE);
        var report = refused(pair, pair.alpha(), new Command.Promote(false));
        assertThat(report.whatHappened()).contains("may hold newer data");
        assertThat(report.whatToDo()).contains("duett attach r0").contains("duett primary --force r0");

        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.checkAll();
    }

    @Test
    void anOperatorMaySayThatThePeersDataIsWhatCounts() {
        var pair = SimulatedPair.connected(49);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        refused(pair, pair.alpha(), new Command.Promote(false));
        pair.must(pair.alpha(), new Command.Promote(true));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 305: on its way while the disk was being attached, such a write was in nobody's bitmap. */
    @Test
    void whatADisklessPrimaryWritesWhileItAttachesItsDiskIsNotLeftOutOfTheResync() {
        for (int seed = 60; seed < 90; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.holdAgainstMedia();
            pair.must(pair.alpha(), new Command.Detach(0, false));
            long ticket = pair.alpha().command(new Command.Attach(0));
            // Each is the first one in its extent: the peer has to log it before it writes.
            for (int i = 0; i < 400 && pair.state(pair.alpha()).connection() != ConnectionState.SYNC_TARGET; i++) {
                pair.write(pair.alpha(), (8192L * i + 64L * (i / 4)) % (SimulatedPair.DEVICE_BYTES / 512 - 4096), 8);
                pair.runFor(20_000);
            }
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 336: what the log names counts only when the superblock says that it is to be looked at. */
    @Test
    void nothingIsWrittenForADisklessPrimaryBeforeACrashWouldHaveItsLogLookedAt() {
        for (int seed = 200; seed < 206; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            // Its log is still hot where the other node is about to write.
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.must(pair.beta(), new Command.Promote(false));
            for (int i = 0; i < 4; i++) pair.done(pair.write(pair.beta(), 8192L * i, 8));
            pair.must(pair.beta(), new Command.Demote(false));
            pair.must(pair.alpha(), new Command.Promote(false));
            pair.beta().metadata(0).speed(new SimulatedDevice.Speed(2 * Stories.MILLI, 3 * Stories.MILLI, 2 * Stories.MILLI, 3 * Stories.MILLI));
            pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            var chance = new SplittableRandom(seed);
            List<SimulatedPair.HostOperation> writes = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                if (i < 20) writes.add(pair.write(pair.alpha(), 8192L * (i % 4) + 64L * i, 8));
                pair.runFor(Stories.MILLI / 4);
                new NamedDifferences(pair).check();
                new NamedDifferences(pair).checkAfterPowerLoss(chance);
            }
            writes.forEach(pair::done);
            pair.alpha().data(0).heal();
            pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void thePeerOfADisklessPrimaryKeepsALogForIt() {
        var pair = SimulatedPair.connected(41);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8200, 8));
        assertThat(flagsOnDisk(pair.beta()) & Superblock.PRIMARY_INDICATED).isNotZero();
        assertThat(volume(pair.beta()).bitmap().isOutOfSync(8200, 4096)).isTrue();
        // Its bit is in memory only: the log has to bring it back.
        pair.losePower(pair.beta());
        pair.beta().start();
        pair.must(pair.beta(), new Command.Attach(0));
        assertThat(volume(pair.beta()).bitmap().isOutOfSync(8200, 4096)).isTrue();
    }

    @Test
    void aDisklessPrimaryThatLosesItsPeerAnswersWithErrorsAndGoesOnWhenItIsBack() {
        var pair = SimulatedPair.connected(42);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.alpha().machine().isQuiet());
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        var write = pair.write(pair.alpha(), 16, 8);
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.done(pair.write(pair.alpha(), 16, 8));
        pair.done(pair.read(pair.alpha(), 16, 8));
    }

    @Test
    void aDisklessPrimaryThatNeverReadThePeersNewGenerationIsRefusedAndTheMessageSaysSo() {
        var pair = SimulatedPair.connected(43);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        // What beta sends does not arrive any more: its P_UUIDS with the new generation neither.
        pair.network().silence(pair.beta().index());
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(() -> !identifiers(pair.beta()).equalsIgnoringRole(new GenerationIdentifiers(volume(pair.alpha()).exposedIdentifier(), 0,
                identifiers(pair.beta()).history0(), identifiers(pair.beta()).history1())));
        pair.runFor(100 * Stories.MILLI);
        assertThat(write.isCompleted()).isFalse();
        pair.network().reset();
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        var report = told(pair.alpha(), "another generation");
        assertThat(report.toString()).contains("I/O error");
        pair.must(pair.alpha(), new Command.Demote(true));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.read(pair.alpha(), 800, 8));
    }

    /** Found by seed 564: the record that such a write waits for can come no more, whatever disk the node has by then. */
    @Test
    void aConnectionThatEndsWhileANewDiskAwaitsThePeersWordLeavesNoWriteWaitingForThePeersRecord() {
        var pair = SimulatedPair.connected(48);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        // What beta sends does not arrive any more: neither its ack, nor its P_UUIDS with the new generation.
        pair.network().silence(pair.beta().index());
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.alpha().data(0).heal();
        pair.alpha().command(new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
        assertThat(write.isCompleted()).isFalse();
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.checkCauses();
        pair.runUntil(write::isCompleted);
        assertThat(write.errno()).isEqualTo(Errno.EIO);
        pair.done(pair.write(pair.alpha(), 16, 8));
    }

    /** Found by seed 2012: the peer waited for a second word of the Primary before it began the generation, and the Primary for that. */
    @Test
    void anOutdatedPeerThatADisklessPrimaryTakesBackRecordsTheLossAtOnce() {
        var pair = SimulatedPair.connected(50, StorySettings.cluster());
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), Command.Outdate.UNBOUND);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.checkAll();
    }

    /** Found by seed 1873: only while it was not connected at all was its own, older disk kept from the host. */
    @Test
    void aPrimaryThatWroteThroughItsPeerDoesNotServeItsOldDiskBesideAPeerThatHasNone() {
        var pair = SimulatedPair.connected(49);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 16, 8));
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.alpha().data(0).heal();
        pair.kill(pair.beta());
        pair.beta().start();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS);
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatHappened()).contains("another generation");
        pair.must(pair.beta(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /**
     * Found by seed 13620: the record that its writes through the peer were to wait for was never made, as that peer's copy became the target of its own. And
     * where it became the target, all writes failed after the resync: what the loss of both disks had given up stayed so.
     */
    @Test
    void aPrimaryThatLostBothCopiesWritesAgainWhicheverNodeBecomesTheSource() {
        var directions = EnumSet.noneOf(ConnectionState.class);
        for (int tenthsOfMillis = 80; tenthsOfMillis < 140; tenthsOfMillis++) {
            var pair = SimulatedPair.connected(90, StorySettings.cluster());
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.kill(pair.beta());
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_CONNECTION);
            pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            pair.write(pair.alpha(), 16, 8);
            pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
            pair.alpha().data(0).heal();
            pair.beta().start();
            pair.must(pair.beta(), new Command.Connect(false));
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
            pair.alpha().command(new Command.Attach(0));
            pair.runFor(tenthsOfMillis * Stories.MILLI / 10);
            pair.beta().command(new Command.Attach(0));
            pair.runUntil(() -> pair.state(pair.alpha()).disk().isAtLeast(DiskState.NEGOTIATING));
            boolean isThroughPeer = pair.state(pair.alpha()).peerDisk() == DiskState.UP_TO_DATE;
            pair.runUntil(() -> pair.state(pair.alpha()).disk() != DiskState.NEGOTIATING);
            if (isThroughPeer) directions.add(pair.state(pair.alpha()).connection());
            pair.runUntilProtected();
            pair.done(pair.write(pair.alpha(), 32, 8));
            pair.checkAll();
        }
        assertThat(directions).contains(ConnectionState.WF_BITMAP_S).hasSizeGreaterThan(1);
    }

    /** Found by seed 1000673: what had been given up with the last copy stayed so, and a write that its disk refused later waited for ever. */
    @Test
    void aPrimaryThatLostBothCopiesAndIsTheTargetOfItsPeerLosesItsDiskAgainAndGoesOn() {
        var pair = SimulatedPair.connected(91, StorySettings.all(StorySettings.cluster(), StorySettings.externalMetadata()));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_CONNECTION);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.INCONSISTENT);
        pair.beta().start();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.done(pair.write(pair.alpha(), 16, 8));
    }

    /** Found by seed 2863: the generation that the loss of its disk had brought came while that was being given up, and counted as foreign later. */
    @Test
    void whoIsPromotedWithoutADiskHasSeenThePeersGeneration() {
        var pair = SimulatedPair.connected(52);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 652886: the generation that a promotion had begun was not told, and a disk that had been given up before passed for what the host was served. */
    @Test
    void aPromotionTellsAPeerWithoutADiskWhichGenerationItIsBehind() {
        var pair = SimulatedPair.connected(57);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.must(pair.beta(), new Command.Promote(false));
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.must(pair.beta(), new Command.Demote(false));
        pair.must(pair.alpha(), new Command.Promote(false));
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Disconnect(true));
        pair.must(pair.alpha(), new Command.Disconnect(true));
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatHappened()).contains("another generation");
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 800275: it was told to nobody, and the resync of the disk that had come back meanwhile ended in the one before. */
    @Test
    void aGenerationForADisklessPrimaryIsNotBegunOnceThatConnectionIsOver() {
        var pair = SimulatedPair.connected(58);
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.network().reset();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.beta().data(0).resume();
        pair.runUntilProtected();
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.checkAll();
    }

    /** Found by seed 4516: it did not know the generation of the data that its host was served, and took the peer's record of the loss for another one's. */
    @Test
    void aTargetThatIsPromotedRecordsTheLossOfItsDiskAfterItsResyncHasEnded() {
        var pair = SimulatedPair.connected(53);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET || pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        SimulatedNode target = pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET ? pair.alpha() : pair.beta();
        pair.must(target, new Command.Promote(false));
        pair.runUntilProtected();
        target.data(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        pair.done(pair.write(target, 8, 8));
        pair.done(pair.write(target, 16, 8));
    }

    @Test
    void aPrimaryWhosePromotionWasNotRecordedRecordsItWhenItsDiskIsBack() {
        var pair = SimulatedPair.connected(46);
        pair.write(pair.alpha(), 800, 8);
        pair.kill(pair.alpha());
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished() && pair.beta().machine().isQuiet());
        pair.beta().data(0).fail(EnumSet.of(Kind.WRITE), SimulatedPair.DEVICE_BYTES - (1 << 18), 1 << 18, Errno.EIO, 1);
        pair.run(pair.beta(), new Command.Promote(false));
        pair.runUntil(() -> !volume(pair.beta()).diskOpen());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.beta(), new Command.Attach(0));
        assertThat(pair.state(pair.beta()).role()).isEqualTo(Role.PRIMARY);
        pair.must(pair.alpha(), new Command.Disconnect(true));
        pair.done(pair.write(pair.beta(), 800, 8));
        long record = Stories.superblockOnDisk(pair.beta()).bitmapUuid();
        assertThat(record).isNotZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.must(pair.alpha(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aDisklessPrimaryAnswersWhenThePeersDiskHasItInEachProtocol(Protocol protocol) {
        var pair = SimulatedPair.connected(47, StorySettings.protocol(protocol));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(write.isCompleted()).isFalse();
        pair.beta().data(0).resume();
        pair.done(write);
        pair.kill(pair.alpha());
        pair.checkAcknowledgedWrites(pair.beta());
    }

    /** Found by seed 27: in A and B what was under way as the own disk failed was answered when the peer had it on its way, and no disk did. */
    @ParameterizedTest
    @EnumSource(Protocol.class)
    void aWriteThatTheOwnDiskRefusesIsAnsweredWhenThePeersDiskHasItInEachProtocol(Protocol protocol) {
        var pair = SimulatedPair.connected(48, StorySettings.protocol(protocol));
        // Its extent is hot.
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 0, 1 << 20, Errno.EIO, 1);
        pair.beta().data(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 64, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.DISKLESS);
        assertThat(write.isCompleted()).isFalse();
        pair.beta().data(0).resume();
        pair.done(write);
        pair.kill(pair.alpha());
        pair.checkAcknowledgedWrites(pair.beta());
    }

    @Test
    void whoIsRefusedByADisklessPrimaryBeginsNoGenerationForIt() {
        var pair = SimulatedPair.connected(45);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.runFor(SimulatedPair.SECOND);
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        // As if beta had been equal to some other node meanwhile.
        var other = new GenerationIdentifiers(0x1234_5678_9abc_def0L, 0, identifiers(pair.beta()).current(), 0);
        volume(pair.beta()).setIdentifiers(other);
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.STAND_ALONE);
        told(pair.alpha(), "another generation");
        pair.runFor(SimulatedPair.SECOND);
        assertThat(identifiers(pair.beta())).isEqualTo(other);
    }

    @Test
    void writesOfADisklessPrimaryAreHeldUntilThePeerHasRecordedTheLoss() {
        var pair = SimulatedPair.connected(44);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.alpha().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.must(pair.beta(), new Command.Promote(false));
        var write = pair.write(pair.beta(), 8, 8);
        pair.runFor(300 * Stories.MILLI);
        assertThat(write.isCompleted()).isFalse();
        pair.alpha().data(0).resume();
        pair.done(write);
    }

    /** Found by seed 9262094: a FLUSH waited for ever for the generation of a peer that was lost while the disk was being attached, which was refused. */
    @Test
    void whatWaitsForThePeersGenerationFailsWithThePeerAlsoWhileADiskIsBeingAttached() {
        var pair = SimulatedPair.connected(48);
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        pair.alpha().metadata(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
        var flush = pair.flush(pair.alpha());
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.alpha().metadata(0).hang(EnumSet.of(Kind.READ));
        pair.alpha().command(new Command.Attach(0));
        pair.runFor(100 * Stories.MILLI);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.ATTACHING);
        assertThat(flush.isCompleted()).isFalse();
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.alpha().metadata(0).fail(EnumSet.of(Kind.READ), Errno.EIO);
        pair.alpha().metadata(0).resume();
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        assertThat(flush.errno()).isEqualTo(Errno.EIO);
    }

    /** Found by seed 14670: the peer need not make a generation any more, and all writes of the new Primary waited for it for ever. */
    @Test
    void aDiskThatComesWhileItsNodeIsPromotedEndsTheWaitForTheGenerationOfThePeer() {
        var pair = SimulatedPair.connected(34, StorySettings.twoVolumes());
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.beta().data(1).hang(EnumSet.of(Kind.WRITE, Kind.FLUSH));
        long promote = pair.beta().command(new Command.Promote(false));
        pair.runUntil(() -> pair.state(pair.beta()).role() == Role.PRIMARY);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.UP_TO_DATE);
        pair.beta().data(1).resume();
        pair.runUntil(() -> pair.beta().result(promote) != null);
        pair.done(pair.write(pair.beta(), 8, 8));
        pair.done(pair.flush(pair.beta()));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 200136: its word that it is Outdated had crossed ours, by which it is not, and what the host had waited with failed. */
    @Test
    void whatWaitedForAnOutdatedPeerWithTheHostsDataIsServedByIt() {
        var pair = SimulatedPair.connected(47, StorySettings.all(StorySettings.fencing(Fencing.RESOURCE_AND_STONITH), StorySettings.onNoData(OnNoData.SUSPEND_IO)));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Outdate(0, -1, Long.MAX_VALUE));
        var write = pair.write(pair.alpha(), 16, 8);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(write.isCompleted()).isFalse();
        pair.network().heal();
        pair.done(write);
        pair.done(read);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 430262: a power loss of both took the only mark, which was in memory, of a write that its peer did not name any more (rule 6, promise 4). */
    @Test
    void whatIsWrittenWhileThePeerHasASayOnADiskIsNamedByThatDisksLog() {
        var pair = SimulatedPair.connected(430262);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.network().silence(0);
        pair.alpha().command(new Command.Attach(0));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
        var write = pair.write(pair.alpha(), 40_000, 8);
        pair.runFor(50 * Stories.MILLI);
        assertThat(volume(pair.alpha()).log().extentsOnDisk()).contains(ActivityLog.extentOf(40_000));
        assertThat(flagsOnDisk(pair.alpha()) & Superblock.PRIMARY_INDICATED).as("the log is to be looked at").isNotZero();
        pair.network().heal();
        pair.done(write);
        pair.runUntilProtected();
        pair.checkAll();
    }
}
