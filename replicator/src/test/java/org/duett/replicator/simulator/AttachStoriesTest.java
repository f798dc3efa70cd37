package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.flagsOnDisk;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;
import static org.duett.replicator.simulator.Stories.told;
import static org.duett.replicator.simulator.Stories.volume;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Disks that come and go by command, and a Primary that lives through its peer (rules 1b, 6, 14, 25). */
class AttachStoriesTest {
    private static final long METADATA = SimulatedPair.DEVICE_BYTES - (1 << 18);

    // ---- detach

    @Test
    void aSecondarysCleanDetachLeavesTheMetadataAsApplyAlWould() {
        var pair = SimulatedPair.connected(1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Detach(0, false));
        Superblock superblock = superblockOnDisk(pair.beta());
        assertThat(superblock.magic()).isEqualTo(Superblock.MAGIC_CLEAN);
        assertThat(superblock.isClean()).isTrue();
        assertThat(superblock.has(Superblock.CONSISTENT)).isTrue();
        assertThat(superblock.has(Superblock.PRIMARY_INDICATED)).isFalse();
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.DISKLESS);
    }

    @Test
    void aDetachedSecondaryComesBackWithWhatItMissed() {
        var pair = SimulatedPair.connected(2);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSecondaryDetachedUnderWritesLeavesNothingUnnamed() {
        for (int seed = 100; seed < 105; seed++) {
            var pair = SimulatedPair.connected(seed);
            for (int i = 0; i < 100; i++) pair.write(pair.alpha(), i * 24L, 8);
            pair.runFor(seed * 3_000L);
            pair.must(pair.beta(), new Command.Detach(0, false));
            pair.losePower(pair.beta());
            pair.beta().up();
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPrimaryDetachesWhileItsPeerIsGood() {
        var pair = SimulatedPair.connected(3);
        GenerationIdentifiers before = identifiers(pair.beta());
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 4000, 8));
        pair.done(pair.read(pair.alpha(), 4000, 8));
        pair.done(pair.flush(pair.alpha()));
        assertThat(GenerationIdentifiers.sameGeneration(identifiers(pair.beta()).bitmap(), before.current())).isTrue();
        assertThat(identifiers(pair.beta()).current() & 1).as("made by a Secondary").isZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 5148: the Secondary took the question for the deed, and its new generation, in which nobody had written, would have overwritten the Primary. */
    @Test
    void aPrimaryThatDoesNotHearThatItMayDetachKeepsItsDisk() {
        var pair = SimulatedPair.connected(31);
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 16L, 8);
        pair.runUntilProtected();
        pair.network().silence(1);
        assertThat(refused(pair, pair.alpha(), new Command.Detach(0, false)).whatHappened()).contains("detach");
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
        pair.network().heal();
        pair.runUntilProtected();
        assertThat(identifiers(pair.beta()).bitmap()).as("no generation of nobody's writes").isZero();
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(identifiers(pair.beta()).bitmap()).as("a generation that the detached disk misses").isNotZero();
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 10462: the leave that came too late made a disk that was gone a failed one, for ever. */
    @Test
    void aDiskThatIsGivenUpWhileItsDetachIsAskedForIsGoneOnce() {
        var pair = SimulatedPair.connected(32);
        pair.beta().sleep(200 * Stories.MILLI);
        long asked = pair.alpha().command(new Command.Detach(0, false));
        pair.runFor(Stories.MILLI);
        pair.must(pair.alpha(), new Command.Detach(0, true));
        pair.runUntil(() -> pair.alpha().result(asked) != null);
        assertThat(pair.alpha().result(asked)).isEqualTo(new CommandResult.Done("is Diskless"));
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seeds 20609 and 14047: the state of its disk came before the node had said who it is, and cost the connection. */
    @Test
    void aDiskThatIsDetachedBeforeTheHandshakeIsIntroducedInItAsGone() {
        var pair = SimulatedPair.connected(33);
        pair.network().reset();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_CONNECTION
                && pair.state(pair.beta()).connection() == ConnectionState.WF_CONNECTION);
        pair.alpha().sleep(100 * Stories.MILLI);
        pair.runFor(10 * Stories.MILLI);
        pair.must(pair.beta(), new Command.Detach(0, false));
        int connection = pair.alpha().machine().connection();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.alpha().machine().connection()).as("the first one").isEqualTo(connection);
        assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(DiskState.DISKLESS);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 30229: each was given leave by the other one, and a write was answered that was on neither disk. */
    @Test
    void ofTwoNodesThatDetachAtOnceOneKeepsItsDisk() {
        for (int step = -10; step <= 10; step++) {
            var pair = SimulatedPair.connected(120 + step);
            SimulatedNode first = step < 0 ? pair.beta() : pair.alpha();
            first.command(new Command.Detach(0, false));
            pair.runFor(Math.abs(step) * Stories.MILLI / 20);
            pair.other(first).command(new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runFor(SimulatedPair.SECOND);
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.done(pair.flush(pair.alpha()));
            for (SimulatedNode node : pair.nodes()) {
                if (!volume(node).diskOpen()) pair.must(node, new Command.Attach(0));
            }
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aPrimaryDoesNotDetachItsLastGoodCopy() {
        var pair = SimulatedPair.connected(4);
        pair.kill(pair.beta());
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        assertThat(refused(pair, pair.alpha(), new Command.Detach(0, false)).whatHappened()).contains("only good copy");
        pair.done(pair.write(pair.alpha(), 8, 8));
    }

    @Test
    void aSecondaryDetachesAlone() {
        var pair = SimulatedPair.connected(5);
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aDetachTwiceIsNothingToDo() {
        var pair = SimulatedPair.connected(6);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.must(pair.beta(), new Command.Detach(0, false));
    }

    @Test
    void aTargetDetachesInTheMidstOfItsResyncAndGoesOnLater() {
        var pair = SimulatedPair.connected(7, StorySettings.resyncRate(256));
        pair.kill(pair.beta());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), i * 256L, 64));
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
        pair.runFor(200 * Stories.MILLI);
        pair.must(pair.beta(), new Command.Detach(0, false));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 30012: what it sent for that resync before it heard the answer cost the connection. */
    @Test
    void aSourceThatDetachesAsItsResyncBeginsCostsNoConnection() {
        for (int step = 0; step < 80; step++) {
            var pair = SimulatedPair.connected(70 + step);
            pair.kill(pair.beta());
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.must(pair.alpha(), new Command.Demote(false));
            pair.beta().up();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_BITMAP_S);
            pair.runFor(step * Stories.MILLI / 20);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.runUntil(() -> pair.alpha().result(detach) != null);
            pair.runFor(SimulatedPair.SECOND);
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.run(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    // ---- attach

    @Test
    void anAttachWhileADiskIsAttachedIsRefused() {
        var pair = SimulatedPair.connected(20);
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatToDo()).contains("duett detach r0/0");
    }

    @Test
    void metadataThatCannotBeReadIsRefused() {
        var pair = SimulatedPair.connected(21);
        pair.kill(pair.beta());
        pair.beta().data(0).unreadable(SimulatedPair.DEVICE_BYTES - 4096, 4096);
        pair.beta().start();
        var report = refused(pair, pair.beta(), new Command.Attach(0));
        assertThat(report.whatHappened()).contains("cannot be read");
        assertThat(report.keptSafe()).contains("Nothing was written");
    }

    @Test
    void aDeviceWithoutMetadataIsRefusedWithoutAByteWritten() {
        var pair = SimulatedPair.of(22);
        pair.alpha().data(0).store(SimulatedPair.DEVICE_BYTES - 4096, new byte[4096]);
        var before = pair.alpha().data(0).current(0, (int) SimulatedPair.DEVICE_BYTES);
        pair.alpha().start();
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatToDo()).contains("create-md");
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.alpha().data(0).current(0, (int) SimulatedPair.DEVICE_BYTES)).isEqualTo(before);
    }

    @Test
    void anAttachThatCannotWriteBackItsReplayedLogIsRefused() {
        var pair = SimulatedPair.connected(23);
        pair.done(pair.write(pair.alpha(), 8200, 8));
        pair.kill(pair.alpha());
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), METADATA, 1 << 18, Errno.EIO, Integer.MAX_VALUE);
        pair.alpha().start();
        refused(pair, pair.alpha(), new Command.Attach(0));
        pair.alpha().data(0).heal();
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).bitmap().setBits()).isEqualTo(1024);
    }

    @Test
    void aKilledPrimaryMarksExactlyTheExtentsOfItsLog() {
        var pair = SimulatedPair.connected(24);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 3 * 8192 + 100, 8));
        pair.kill(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).bitmap().setBits()).isEqualTo(2 * 1024);
        assertThat(volume(pair.alpha()).bitmap().isOutOfSync(0, 4096)).isTrue();
        assertThat(volume(pair.alpha()).bitmap().isOutOfSync(8192, 4096)).isFalse();
        assertThat(volume(pair.alpha()).bitmap().isOutOfSync(3 * 8192, 4096)).isTrue();
        assertThat(volume(pair.alpha()).crashedPrimary()).isTrue();
    }

    @Test
    void aPowerLossMarksTheSameExtents() {
        var pair = SimulatedPair.connected(25);
        pair.done(pair.write(pair.alpha(), 8200, 8));
        pair.losePower(pair.alpha());
        pair.alpha().start();
        pair.must(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).bitmap().setBits()).isEqualTo(1024);
    }

    @Test
    void aKilledSecondaryMarksNothing() {
        var pair = SimulatedPair.connected(26);
        pair.done(pair.write(pair.alpha(), 8200, 8));
        pair.kill(pair.beta());
        pair.beta().start();
        pair.must(pair.beta(), new Command.Attach(0));
        assertThat(volume(pair.beta()).bitmap().isAllClear()).isTrue();
        assertThat(volume(pair.beta()).crashedPrimary()).isFalse();
    }

    @Test
    void aLateAttachWithNothingMissedConnectsWithoutAResync() {
        var pair = SimulatedPair.connected(27);
        pair.must(pair.alpha(), new Command.Demote(false));
        pair.must(pair.beta(), new Command.Detach(0, false));
        long before = pair.network().bytesCarried();
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.network().bytesCarried() - before).isLessThan(8192);
        pair.checkAll();
    }

    @Test
    void anAttachLostWithItsConnectionNeverShowsThePrimarysHostOldData() {
        for (int seed = 200; seed < 207; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.must(pair.alpha(), new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.runUntil(() -> pair.alpha().machine().isQuiet());
            long ticket = pair.alpha().command(new Command.Attach(0));
            pair.runFor((seed - 199) * 800_000L);
            pair.network().pull();
            pair.network().reset();
            // BlockHistory refuses what is older than the acknowledged write.
            var read = pair.read(pair.alpha(), 8, 8);
            pair.runUntil(read::isCompleted);
            pair.runFor(SimulatedPair.SECOND);
            var later = pair.read(pair.alpha(), 8, 8);
            pair.runUntil(later::isCompleted);
            pair.network().heal();
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.alpha().machine().isQuiet());
            if (pair.state(pair.alpha()).disk() == DiskState.DISKLESS) {
                pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
                pair.must(pair.alpha(), new Command.Attach(0));
            }
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    // ---- living through the peer

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

    /** Found by seed 137: the peer's bitmap came when its disk was given up already, and the connection was dropped for it. */
    @Test
    void aDiskThatIsDetachedWhileThePeerAnswersItsAttachCostsNoConnection() {
        for (long seed = 60; seed < 80; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.must(pair.alpha(), new Command.Detach(0, false));
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.alpha().command(new Command.Attach(0));
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
            long detach = pair.alpha().command(new Command.Detach(0, false));
            pair.runUntil(() -> pair.alpha().result(detach) != null);
            pair.runFor(SimulatedPair.SECOND);
            assertThat(pair.alpha().reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.run(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Nobody is left who could give the word on it, and the connection stays. */
    @Test
    void aDiskWhosePeerLosesItsOwnBeforeItHearsOfThatAttachDoesNotWaitForEver() {
        for (boolean primary : new boolean[]{true, false}) {
            for (long seed = 80; seed < 90; seed++) {
                var pair = SimulatedPair.connected(seed);
                if (!primary) pair.must(pair.alpha(), new Command.Demote(false));
                pair.must(pair.beta(), new Command.Detach(0, false));
                pair.beta().command(new Command.Attach(0));
                pair.runUntil(() -> pair.state(pair.beta()).disk() == DiskState.NEGOTIATING);
                long detach = pair.alpha().command(new Command.Detach(0, true));
                pair.runUntil(() -> pair.alpha().result(detach) != null);
                pair.runFor(SimulatedPair.SECOND);
                // A Primary's host has seen more than that disk has.
                assertThat(pair.state(pair.beta()).disk()).isEqualTo(primary ? DiskState.OUTDATED : DiskState.UP_TO_DATE);
                assertThat(pair.state(pair.alpha()).peerDisk()).isEqualTo(pair.state(pair.beta()).disk());
                assertThat(identifiers(pair.beta()).bitmap()).as("a generation of nobody's writes").isZero();
                // What a Primary gave up by force has failed, and is newer: that is for a person.
                if (primary) continue;
                pair.must(pair.alpha(), new Command.Attach(0));
                pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE);
                pair.checkMirror();
            }
        }
    }

    /** Found by seed 2695: the answer to an attach named the identifiers as the comparison had put them right, and the other node came to another end. */
    @Test
    void bothNodesCompareTheSameWhenADiskIsAttachedAfterASourceMissedTheEndOfItsResync() {
        var pair = SimulatedPair.connected(51);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.beta().up();
        pair.runUntil(() -> GenerationIdentifiers.sameGeneration(Stories.superblockOnDisk(pair.beta()).currentUuid(), identifiers(pair.alpha()).current()));
        pair.losePower(pair.alpha());
        pair.losePower(pair.beta());
        pair.history(0).unflushedMayBeLost();
        pair.alpha().up();
        pair.beta().start();
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).disk().isAtLeast(DiskState.CONSISTENT));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        pair.checkAll();
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

    @Test
    void bitsThatAnAttachFoundInTheCacheAreDurableBeforeTheLogForgetsTheirExtents() {
        for (int seed = 160; seed < 164; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            for (int i = 0; i < 40; i++) pair.write(pair.alpha(), 16L * i, 8);
            pair.runFor(2 * Stories.MILLI);
            pair.kill(pair.alpha());
            // This attach writes what the log names into the bitmap, and ends before that is flushed.
            pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), 0, Long.MAX_VALUE / 2, Errno.EIO, 1);
            pair.alpha().start();
            refused(pair, pair.alpha(), new Command.Attach(0));
            pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
            pair.must(pair.alpha(), new Command.Attach(0));
            var chance = new SplittableRandom(seed);
            for (int i = 0; i < 40; i++) new NamedDifferences(pair).checkAfterPowerLoss(chance);
            pair.must(pair.alpha(), new Command.Connect(false));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** The mark of the loss said that the bitmap on disk is all that is to be copied, of which not a page had been written. */
    @Test
    void aDiskThatFailsWhileAllOfItIsBeingMarkedIsStillToBeCopiedWhole() {
        var pair = SimulatedPair.connected(621, StorySettings.externalMetadata());
        pair.must(pair.beta(), new Command.Detach(0, false));
        var layout = Stories.volume(pair.beta()).layout();
        Superblock superblock = Stories.superblockOnDisk(pair.beta());
        ByteBuf marked = Unpooled.buffer(Superblock.BYTES).writeZero(Superblock.BYTES);
        superblock.withFlags(superblock.flags() | Superblock.FULL_SYNC).encode(marked, 0);
        pair.beta().metadata(0).store(layout.superblockByte(), marked.array());
        pair.beta().metadata(0).fail(EnumSet.of(Kind.WRITE), layout.bitmapPageByte(0), 4096, Errno.EIO, 1);
        Stories.refused(pair, pair.beta(), new Command.Attach(0));
        pair.runUntil(() -> !Stories.volume(pair.beta()).diskOpen());
        assertThat(Stories.superblockOnDisk(pair.beta()).has(Superblock.CONSISTENT)).as("the loss is on record").isFalse();
        assertThat(Stories.superblockOnDisk(pair.beta()).has(Superblock.FULL_SYNC)).isTrue();
        pair.must(pair.beta(), new Command.Attach(0));
        assertThat(Stories.volume(pair.beta()).bitmap().isAllClear()).isFalse();
        pair.runUntilProtected();
        assertThat(Stories.superblockOnDisk(pair.beta()).has(Superblock.FULL_SYNC)).isFalse();
        pair.checkAll();
    }

    /** Found by seed 31023: the log of the former disk went on where the new one was open, before anybody knew what disk that is. */
    @Test
    void whatTheLogOfALostDiskStillWantedIsNotWrittenToTheNextOne() {
        var pair = SimulatedPair.connected(631, StorySettings.all(StorySettings.externalMetadata(), StorySettings.tables(4)));
        for (int i = 0; i < 4; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
        pair.runUntilProtected();
        pair.must(pair.beta(), new Command.Detach(0, true));
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 0, 4096, Errno.EIO, 1);
        // The one that waits for a slot finds its extent cold in the event that takes the disk away.
        for (int i = 0; i < 4; i++) pair.write(pair.alpha(), 16L * i, 8);
        pair.write(pair.alpha(), 8200, 8);
        pair.runUntil(() -> !volume(pair.alpha()).diskOpen());
        long written = volume(pair.alpha()).metadata().logWrites();
        pair.run(pair.alpha(), new Command.Attach(0));
        assertThat(volume(pair.alpha()).metadata().logWrites()).isEqualTo(written);
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

    /** The handshake of the other volume was not through: the peer was not told, and went on to count a disk that was gone. */
    @Test
    void aDiskThatIsLostWhileAnotherVolumeIsStillInTheHandshakeIsToldOf() {
        int met = 0;
        for (int seed = 0; seed < 20; seed++) {
            var pair = SimulatedPair.connected(3500 + seed, StorySettings.twoVolumes());
            pair.network().reset();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_CONNECTION);
            boolean between = pair.time().runUntil(() -> pair.state(pair.alpha()).connection().isEstablished()
                    && !pair.alpha().machine().state(1).connection().isEstablished(), pair.time().nowNanos() + SimulatedPair.SECOND);
            if (!between) continue;
            met++;
            pair.must(pair.alpha(), new Command.Detach(0, true));
            pair.runFor(SimulatedPair.SECOND);
            assertThat(pair.state(pair.beta()).peerDisk()).isEqualTo(DiskState.DISKLESS);
        }
        assertThat(met).isPositive();
    }
}
