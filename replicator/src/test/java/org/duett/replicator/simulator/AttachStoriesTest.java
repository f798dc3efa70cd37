package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.identifiers;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;
import static org.duett.replicator.simulator.Stories.told;
import static org.duett.replicator.simulator.Stories.volume;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.EnumSet;
import java.util.SplittableRandom;
import org.duett.replicator.generation.GenerationIdentifiers;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.metadata.Superblock;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Disks that come by command (rules 1b, 6, 14, 25). */
class AttachStoriesTest {
    private static final long METADATA = SimulatedPair.DEVICE_BYTES - (1 << 18);

    @Test
    void anAttachWhileADiskIsAttachedIsRefused() {
        var pair = SimulatedPair.connected(20);
        assertThat(refused(pair, pair.alpha(), new Command.Attach(0)).whatToDo()).contains("duett detach r0/0");
    }

    /** The volume that is answered last is none that was refused. */
    @Test
    void anAttachOfAllVolumesIsRefusedWhenOneOfThemIs() {
        var pair = SimulatedPair.connected(20, StorySettings.twoVolumes());
        pair.must(pair.beta(), new Command.Detach(1, false));
        assertThat(refused(pair, pair.beta(), new Command.Attach(-1)).whatHappened()).contains("r0/0: a disk is attached already");
        pair.runUntilProtected();
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

    /** Found by seed 1931245: its peer's answer to the first attach passed for that to the second one, and what followed cost the connection. */
    @Test
    void anAnswerThatIsLaterThanTheDiskItIsOnIsNoneToTheNextAttach() {
        for (int seed = 110; seed < 118; seed++) {
            var pair = SimulatedPair.connected(seed);
            pair.must(pair.alpha(), new Command.Detach(0, false));
            for (int i = 0; i < 4; i++) pair.done(pair.write(pair.alpha(), 16L * i, 8));
            pair.network().isOf(SimulatedNetwork.Cable.LONG);
            for (int i = 0; i < 3; i++) {
                pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
                pair.alpha().command(new Command.Attach(0));
                pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.NEGOTIATING);
                if (i < 2) pair.must(pair.alpha(), new Command.Detach(0, true));
            }
            pair.runUntilProtected();
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
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

    /** Found by seed 102525: it was promoted before it had heard of the disk to which it had been compared, and both were source. */
    @Test
    void whoIsPromotedWhileBothAttachAtOnceIsNotSourceBesideTheSource() {
        for (int seed = 700; seed < 730; seed++) {
            var measured = bothAboutToAttach(seed);
            long later = attachNanos(measured, measured.alpha()) - attachNanos(measured, measured.beta()) + 80_000;
            var pair = bothAboutToAttach(seed);
            long promote = pair.alpha().command(new Command.Promote(false));
            (later > 0 ? pair.alpha() : pair.beta()).data(0).resume();
            pair.runFor(Math.abs(later));
            (later > 0 ? pair.beta() : pair.alpha()).data(0).resume();
            pair.runUntil(() -> pair.alpha().result(promote) != null);
            pair.runUntilProtected();
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.run(pair.alpha(), new Command.Promote(false));
            pair.done(pair.write(pair.alpha(), 16, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Beta is to be the source: alpha, which was Primary, has lost its power. */
    private static SimulatedPair bothAboutToAttach(int seed) {
        var pair = SimulatedPair.connected(seed);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.losePower(pair.alpha());
        pair.kill(pair.beta());
        pair.history(0).unflushedMayBeLost();
        for (SimulatedNode node : pair.nodes()) {
            node.start();
            pair.must(node, new Command.Connect(false));
        }
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> pair.state(node).connection() == ConnectionState.CONNECTED));
        for (SimulatedNode node : pair.nodes()) {
            node.data(0).hang(EnumSet.of(Kind.FLUSH));
            node.command(new Command.Attach(0));
        }
        pair.runFor(100 * Stories.MILLI);
        return pair;
    }

    private static long attachNanos(SimulatedPair pair, SimulatedNode node) {
        long from = pair.time().nowNanos();
        node.data(0).resume();
        pair.runUntil(() -> pair.state(node).disk().isAtLeast(DiskState.NEGOTIATING));
        return pair.time().nowNanos() - from;
    }
}
