package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.refused;
import static org.duett.replicator.simulator.Stories.superblockOnDisk;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.IntStream;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.CommandResult;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.duett.replicator.state.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A volume grows while it is in use (spec metadata 9, states 8: resize). */
class ResizeStoriesTest {
    private static final Command.Resize TO_ALL = new Command.Resize(0, 0, false);
    private static final long GROWN_BYTES = SimulatedPair.DEVICE_BYTES + (8L << 20);
    private static final long GROWN_SECTORS = GROWN_BYTES / 512;

    private static SimulatedPair pair(long seed) {
        return SimulatedPair.connected(seed, StorySettings.externalMetadata());
    }

    /** The new part holds anything, and something else on each node. */
    private static void grow(SimulatedNode node, long bytes) {
        long end = node.data(0).sizeBytes();
        node.data(0).grow(bytes);
        byte[] garbage = new byte[4096];
        Arrays.fill(garbage, (byte) (0xa1 + node.index()));
        node.data(0).store(end, garbage);
        node.data(0).store(bytes - 4096, garbage);
    }

    private static long size(SimulatedNode node) {
        return Stories.volume(node).sizeSectors();
    }

    @Test
    void bothDevicesAreMeasuredAndTheNewPartIsResynced() {
        for (boolean onPrimary : new boolean[]{true, false}) {
            var pair = pair(1);
            SimulatedNode where = onPrimary ? pair.alpha() : pair.beta();
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.must(where, TO_ALL);
            assertThat(superblockOnDisk(where).lastAgreedSectors()).as("on disk when it is answered").isEqualTo(GROWN_SECTORS);
            assertThat(pair.alpha().servedBytes(0)).isEqualTo(GROWN_BYTES);
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
            pair.done(pair.write(pair.alpha(), GROWN_SECTORS - 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1560659: the superblock that the answer waited for still had the size before both. */
    @Test
    void aResizeIsAnsweredWhenItsSizeIsOnDiskThoughAnotherOneHasBegunMeanwhile() {
        var pair = pair(7);
        Command.Resize toAllAlike = new Command.Resize(0, 0, true);
        pair.nodes().forEach(node -> node.data(0).grow(GROWN_BYTES));
        // Behind a write to the log its bitmap and its superblock wait for one and the same turn; in that the other one comes.
        pair.alpha().metadata(0).hang(EnumSet.of(Kind.WRITE));
        var write = pair.write(pair.alpha(), 8, 8);
        long ticket = pair.alpha().command(toAllAlike);
        pair.runUntil(() -> size(pair.alpha()) == GROWN_SECTORS && size(pair.beta()) == GROWN_SECTORS);
        pair.alpha().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().metadata(0).resume();
        pair.runFor(SimulatedPair.SECOND / 10);
        pair.nodes().forEach(node -> node.data(0).grow(2 * GROWN_BYTES));
        pair.beta().command(toAllAlike);
        pair.runUntil(() -> size(pair.alpha()) == 2 * GROWN_SECTORS);
        assertThat(pair.alpha().result(ticket)).isNull();
        pair.alpha().data(0).resume();
        pair.runUntil(() -> pair.alpha().result(ticket) != null);
        assertThat(pair.alpha().result(ticket)).isInstanceOf(CommandResult.Done.class);
        assertThat(superblockOnDisk(pair.alpha()).lastAgreedSectors()).isGreaterThanOrEqualTo(GROWN_SECTORS);
        pair.done(write);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seeds 58 and 112: the other node is a target from then on, and passes for as good until it has written that down. */
    @Test
    void whatIsAnsweredWhileTheResyncOfTheNewPartBeginsStandsInANewGeneration() {
        for (int seed = 40; seed < 46; seed++) {
            var pair = pair(seed);
            pair.holdAgainstMedia();
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.beta().metadata(0).speed(new SimulatedDevice.Speed(2 * Stories.MILLI, 3 * Stories.MILLI, 2 * Stories.MILLI, 3 * Stories.MILLI));
            long ticket = pair.alpha().command(TO_ALL);
            for (int i = 0; i < 400; i++) {
                pair.write(pair.alpha(), 16L * i, 8);
                pair.runFor(Stories.MILLI / 10);
            }
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1722739: each decided on the roles as it knew them, both became the target of the new part, and waited for ever. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ofTwoThatKnowDifferentRolesTheFirstOneDecidesWhoCopiesTheNewPart(boolean promotes) {
        for (int seed = 60; seed < 70; seed++) {
            var pair = pair(seed);
            if (promotes) pair.must(pair.alpha(), new Command.Demote(false));
            pair.runUntilProtected();
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.network().isOf(SimulatedNetwork.Cable.UNEVEN);
            pair.alpha().command(promotes ? new Command.Promote(false) : new Command.Demote(false));
            if (!promotes) pair.runUntil(() -> pair.state(pair.alpha()).role() == Role.SECONDARY);
            SimulatedNode asked = promotes ? pair.alpha() : pair.beta();
            asked.command(TO_ALL);
            pair.runUntil(() -> size(pair.alpha()) == GROWN_SECTORS && size(pair.beta()) == GROWN_SECTORS);
            pair.network().isOf(SimulatedNetwork.Cable.USUAL);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 1821986: it called itself an eyewitness, and lacked what had been answered without it (rule 20). */
    @Test
    void whoHasNotHeardThatItIsTheTargetOfTheNewPartHasAllThatIsAnsweredMeanwhile() {
        for (int seed = 70; seed < 76; seed++) {
            var pair = pair(seed);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.network().isOf(SimulatedNetwork.Cable.LONG);
            pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(4 * Stories.MILLI, 6 * Stories.MILLI, 2 * Stories.MILLI, 3 * Stories.MILLI));
            pair.beta().command(TO_ALL);
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.WF_BITMAP_S);
            var writes = IntStream.range(0, 20).mapToObj(i -> pair.write(pair.alpha(), 16L * i, 8)).toList();
            pair.runUntil(() -> pair.state(pair.alpha()).connection() != ConnectionState.WF_BITMAP_S || writes.stream().anyMatch(SimulatedPair.HostOperation::isCompleted));
            pair.network().reset();
            assertThat(writes).filteredOn(write -> write.isCompleted() && write.errno() == 0).allMatch(write -> pair.history(0).holds(pair.beta().data(0), write.write));
            pair.network().isOf(SimulatedNetwork.Cable.USUAL);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void itGrowsUnderLoad() {
        for (int seed = 20; seed < 30; seed++) {
            var pair = pair(seed);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            for (int i = 0; i < 60; i++) pair.write(pair.alpha(), i * 640L, 8);
            long ticket = pair.alpha().command(TO_ALL);
            for (int i = 0; i < 60; i++) pair.write(pair.alpha(), i * 640L + 16, 8);
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            pair.runUntilProtected();
            if (pair.alpha().result(ticket) instanceof CommandResult.Refused) pair.must(pair.alpha(), TO_ALL);
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
            pair.checkAll();
        }
    }

    /** Found by seed 3071: the source took the size for one that changes in the midst of a resync, and dropped the connection. */
    @Test
    void aTargetThatIsThroughMayGrowBeforeItsSourceHasWrittenThatDown() {
        var pair = pair(31);
        pair.network().reset();
        pair.runUntil(() -> !pair.isProtected());
        for (int i = 0; i < 20; i++) pair.write(pair.alpha(), i * 640L, 8);
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_SOURCE);
        pair.alpha().metadata(0).speed(new SimulatedDevice.Speed(20 * Stories.MILLI, 30 * Stories.MILLI, 20 * Stories.MILLI, 30 * Stories.MILLI));
        grow(pair.alpha(), GROWN_BYTES);
        grow(pair.beta(), GROWN_BYTES);
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_SOURCE);
        int connection = pair.alpha().machine().connection();
        pair.must(pair.beta(), TO_ALL);
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
        assertThat(pair.alpha().machine().connection()).as("never interrupted").isEqualTo(connection);
        pair.checkAll();
    }

    @Test
    void aSizeThatWasOrderedHoldsOnBothNodes() {
        var pair = pair(3);
        grow(pair.alpha(), GROWN_BYTES);
        grow(pair.beta(), GROWN_BYTES);
        long wanted = GROWN_SECTORS - 4096;
        pair.must(pair.alpha(), new Command.Resize(0, wanted, false));
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(wanted).isEqualTo(size(pair.beta()));
        pair.network().reset();
        pair.runUntil(() -> !pair.isProtected());
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).as("also in the next connection").isEqualTo(wanted).isEqualTo(size(pair.beta()));
        pair.must(pair.beta(), TO_ALL);
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
        pair.checkAll();
    }

    @Test
    void whatIsKnownToBeEqualIsNotResynced() {
        var pair = pair(4);
        pair.alpha().data(0).grow(GROWN_BYTES);
        pair.beta().data(0).grow(GROWN_BYTES);
        pair.must(pair.alpha(), new Command.Resize(0, 0, true));
        assertThat(pair.state(pair.alpha()).connection().isSyncLike()).isFalse();
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
        pair.checkAll();
    }

    @Test
    void aPeerWhoseDeviceHasNotGrownKeepsTheSize() {
        var pair = pair(5);
        long before = size(pair.alpha());
        grow(pair.alpha(), GROWN_BYTES);
        var report = refused(pair, pair.alpha(), TO_ALL);
        assertThat(report.whatHappened()).contains("beta's disk has room for " + before);
        assertThat(size(pair.alpha())).isEqualTo(before).isEqualTo(size(pair.beta()));
        grow(pair.beta(), GROWN_BYTES);
        pair.must(pair.alpha(), TO_ALL);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void ofTwoDevicesThatGrewDifferentlyTheSmallerOneCounts() {
        var pair = pair(9);
        grow(pair.alpha(), GROWN_BYTES);
        grow(pair.beta(), GROWN_BYTES - (1L << 20));
        pair.must(pair.alpha(), TO_ALL);
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS - 2048).isEqualTo(size(pair.beta()));
        refused(pair, pair.alpha(), TO_ALL);
        pair.checkAll();
    }

    @Test
    void anOrderThatIsRefusedLeavesNoLimitBehind() {
        var pair = pair(10);
        grow(pair.alpha(), GROWN_BYTES);
        refused(pair, pair.alpha(), new Command.Resize(0, GROWN_SECTORS - 8, false));
        grow(pair.beta(), GROWN_BYTES);
        pair.must(pair.alpha(), TO_ALL);
        pair.runUntilProtected();
        assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
        pair.checkAll();
    }

    /** Found by seed 418: both refused each other for ever, as one node remembered a limit that was none any more. */
    @Test
    void aLimitThatOnlyOneNodeRemembersDoesNotKeepThemApart() {
        for (int step = 0; step < 40; step++) {
            var pair = pair(60 + step);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.must(pair.alpha(), new Command.Resize(0, GROWN_SECTORS - 4096, false));
            pair.runUntilProtected();
            // Cut off anywhere in it, the two disagree about whether the limit still holds.
            pair.beta().command(TO_ALL);
            pair.runFor(step * Stories.MILLI / 20);
            pair.network().reset();
            pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished() && !pair.state(pair.beta()).connection().isEstablished());
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(size(pair.beta()));
            pair.must(pair.alpha(), TO_ALL);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    /** Found by seed 12582: what the target had said before it heard of the growth passed for the end of its resync, and the source remained paused for ever. */
    @Test
    void whatWasSaidBeforeTheGrowthDoesNotEndItsResync() {
        for (int step = 0; step < 40; step++) {
            var pair = pair(300 + step);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            pair.must(pair.beta(), new Command.PauseSync());
            pair.runUntil(() -> pair.state(pair.alpha()).isSyncPaused());
            long ticket = pair.beta().command(TO_ALL);
            pair.runFor(step * Stories.MILLI / 20);
            pair.beta().sleep(50 * Stories.MILLI);
            pair.beta().command(new Command.ResumeSync());
            pair.runUntil(() -> pair.beta().result(ticket) != null);
            pair.runUntilProtected();
            assertThat(pair.state(pair.alpha()).isSyncPaused()).isFalse();
            pair.checkAll();
        }
    }

    /** Found by seed 40239: its device was measured for the new size when the full sync began, and that cost the connection. */
    @Test
    void aFullSyncThatIsAskedForAsTheVolumeGrowsComesAfterThat() {
        for (int step = 0; step < 40; step++) {
            var pair = pair(700 + step);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            long resize = pair.alpha().command(TO_ALL);
            pair.runFor(step * Stories.MILLI / 20);
            long sync = pair.beta().command(new Command.InvalidateRemote(0));
            pair.runUntil(() -> pair.alpha().result(resize) != null && pair.beta().result(sync) != null);
            pair.runUntilProtected();
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
        }
    }

    /** Found by seed 100807: of both orders on one node the peer had carried out the full sync first, or was measuring its device when it began. */
    @Test
    void ofAFullSyncAndAResizeOnOneNodeTheLaterOneIsRefused() {
        List<Command> syncs = List.of(new Command.Invalidate(0), new Command.InvalidateRemote(0));
        for (int step = 0; step < 80; step++) {
            var pair = pair(800 + step);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            Command sync = syncs.get(step % 2);
            boolean resizeFirst = step % 4 < 2;
            long first = pair.beta().command(resizeFirst ? TO_ALL : sync);
            pair.runFor(step / 4 * Stories.MILLI / 10);
            long second = pair.beta().command(resizeFirst ? sync : TO_ALL);
            pair.runUntil(() -> pair.beta().result(first) != null && pair.beta().result(second) != null);
            assertThat(pair.beta().result(first)).isInstanceOf(CommandResult.Done.class);
            pair.runUntilProtected();
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
        }
    }

    /** Found by seeds 9424, 11889 and 12582, too: both grew at once, and each changed the size in the midst of the other one's resync. */
    @Test
    void ofTwoOrdersAtOnceOneIsGivenUpAndTheNodesStayTogether() {
        for (int step = 0; step < 40; step++) {
            var pair = pair(100 + step);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            int connection = pair.alpha().machine().connection();
            long limited = pair.alpha().command(new Command.Resize(0, GROWN_SECTORS - 4096, false));
            pair.runFor(step * Stories.MILLI / 20);
            long toAll = pair.beta().command(TO_ALL);
            pair.runUntil(() -> pair.alpha().result(limited) != null && pair.beta().result(toAll) != null);
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(size(pair.beta()));
            assertThat(pair.alpha().machine().connection()).as("never interrupted, step %d", step).isEqualTo(connection);
            pair.checkAll();
        }
    }

    /** Found by seed 39: a disk grew in a handshake, and was refused before its superblock said so; its bitmap had the new blocks already. */
    @Test
    void blocksOfASizeThatWasGivenUpAreNotLeftInTheBitmapOnDisk() {
        var pair = pair(120);
        pair.must(pair.beta(), new Command.Detach(0, false));
        long page = Stories.volume(pair.beta()).layout().bitmapPageByte(Stories.volume(pair.beta()).bitmap().pages() - 1);
        byte[] grown = pair.beta().metadata(0).current(page, 4096);
        Arrays.fill(grown, 4000, 4096, (byte) 0xff);
        pair.beta().metadata(0).store(page, grown);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        new BitmapOnDisk(pair).check();
        pair.checkAll();
    }

    @Test
    void withInternalMetadataItIsRefusedWithAWayOut() {
        for (int grown = 0; grown < 2; grown++) {
            var pair = SimulatedPair.connected(6);
            long before = size(pair.alpha());
            (grown == 0 ? pair.alpha() : pair.beta()).data(0).grow(GROWN_BYTES);
            CommandResult result = pair.run(pair.alpha(), TO_ALL);
            if (grown == 0) {
                var report = ((CommandResult.Refused) result).report();
                Stories.readsWell(report);
                assertThat(report.whatHappened()).contains("metadata is internal");
                assertThat(report.whatToDo()).contains("create-md");
            } else {
                Stories.told(pair.beta(), "metadata is internal");
            }
            assertThat(size(pair.alpha())).isEqualTo(before).isEqualTo(size(pair.beta()));
            pair.done(pair.write(pair.alpha(), before - 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void itIsAnsweredWhenTheConnectionIsLostMeanwhile() {
        var pair = pair(7);
        grow(pair.alpha(), GROWN_BYTES);
        grow(pair.beta(), GROWN_BYTES);
        long ticket = pair.alpha().command(TO_ALL);
        pair.network().pull();
        pair.network().reset();
        pair.runUntil(() -> pair.alpha().result(ticket) != null);
        assertThat(pair.alpha().result(ticket)).isInstanceOf(CommandResult.Refused.class);
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void nothingShrinks() {
        var pair = pair(8);
        refused(pair, pair.alpha(), new Command.Resize(0, size(pair.alpha()) - 8, false));
        refused(pair, pair.alpha(), new Command.Resize(0, size(pair.alpha()) + 8, false));
        pair.must(pair.alpha(), TO_ALL);
    }

    /** Found by seed 20512: the last word of both was the new size, of which no bitmap on disk named the new blocks. */
    @Test
    void disksThatFailBeforeTheNewBlocksAreOnRecordComeBackWithTheirOldSize() {
        for (int step = 0; step < 40; step++) {
            var pair = pair(500 + step);
            long before = size(pair.alpha());
            pair.must(pair.alpha(), new Command.Demote(false));
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            long ticket = pair.alpha().command(TO_ALL);
            pair.runFor(step * Stories.MILLI / 20);
            for (SimulatedNode node : pair.nodes()) node.data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            pair.runFor(Stories.MILLI * 20);
            for (SimulatedNode node : pair.nodes()) {
                if (step == 0) assertThat(superblockOnDisk(node).lastAgreedSectors()).isEqualTo(before);
                node.data(0).heal();
            }
            new NamedDifferences(pair).check();
            for (SimulatedNode node : pair.nodes()) {
                if (pair.state(node).disk() == DiskState.DISKLESS) pair.must(node, new Command.Attach(0));
            }
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.alpha().machine().isQuiet());
            new NamedDifferences(pair).check();
            if (pair.state(pair.alpha()).disk() == DiskState.INCONSISTENT) pair.must(pair.alpha(), new Command.Promote(true));
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
            pair.checkAll();
        }
    }

    /** The disk says the old size, and its host goes on in the new part while it is attached. */
    @Test
    void aPrimaryThatHasGrownWithoutItsDiskTakesItBackAtTheSizeThatTheHostIsServed() {
        for (int seed = 600; seed < 620; seed++) {
            var pair = pair(seed);
            pair.alpha().data(0).grow(GROWN_BYTES);
            pair.beta().data(0).grow(GROWN_BYTES);
            pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
            pair.run(pair.alpha(), new Command.Resize(0, 0, true));
            pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
            pair.alpha().data(0).heal();
            assertThat(pair.alpha().servedBytes(0)).isEqualTo(GROWN_BYTES);
            long ticket = pair.alpha().command(new Command.Attach(0));
            for (int i = 1; i < 40; i++) {
                pair.write(pair.alpha(), GROWN_SECTORS - 8 * i, 8);
                pair.runFor(Stories.MILLI / 20);
            }
            pair.runUntil(() -> pair.alpha().result(ticket) != null);
            assertThat(pair.alpha().result(ticket)).isInstanceOf(CommandResult.Done.class);
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
            pair.checkAll();
        }
    }

    /** Its disk was lost when it had grown, and the peer went down before it had that on record. */
    @Test
    void aPrimaryWithoutADiskIsServedInFullByAPeerThatRemembersTheOldSize() {
        var pair = pair(630);
        long before = size(pair.alpha());
        pair.alpha().data(0).grow(GROWN_BYTES);
        pair.beta().data(0).grow(GROWN_BYTES);
        pair.beta().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().data(0).fail(EnumSet.of(Kind.FLUSH), Errno.EIO);
        pair.run(pair.alpha(), new Command.Resize(0, 0, true));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS && size(pair.beta()) == GROWN_SECTORS);
        assertThat(pair.alpha().servedBytes(0)).isEqualTo(GROWN_BYTES);
        pair.losePower(pair.beta());
        assertThat(superblockOnDisk(pair.beta()).lastAgreedSectors()).isEqualTo(before);
        pair.runUntil(() -> !pair.state(pair.alpha()).connection().isEstablished());
        pair.beta().data(0).resume();
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).peerDisk() == DiskState.UP_TO_DATE);
        pair.done(pair.write(pair.alpha(), GROWN_SECTORS - 8, 8));
        assertThat(size(pair.beta())).isEqualTo(GROWN_SECTORS);
        pair.alpha().data(0).heal();
        pair.runUntil(() -> !Stories.volume(pair.alpha()).diskOpen());
        pair.must(pair.alpha(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seed 1910917: it went on to count what it had had when its disk was lost, and would have served no more. */
    @Test
    void whoHasNoDiskServesAllThatItsPeerHas() {
        var pair = pair(640);
        pair.must(pair.alpha(), new Command.Demote(false));
        grow(pair.alpha(), GROWN_BYTES);
        grow(pair.beta(), GROWN_BYTES);
        pair.network().isOf(SimulatedNetwork.Cable.LONG);
        pair.beta().command(TO_ALL);
        pair.runUntil(() -> size(pair.alpha()) == GROWN_SECTORS);
        pair.network().reset();
        pair.network().pull();
        pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
        assertThat(size(pair.beta())).isLessThan(GROWN_SECTORS);
        pair.must(pair.beta(), new Command.Detach(0, true));
        pair.network().heal();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED && pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        pair.must(pair.beta(), new Command.Promote(false));
        assertThat(pair.beta().servedBytes(0)).isEqualTo(GROWN_BYTES);
        pair.done(pair.write(pair.beta(), GROWN_SECTORS - 8, 8));
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPowerLossInTheMidstOfItLosesNothing() {
        for (int seed = 30; seed < 50; seed++) {
            var pair = pair(seed);
            grow(pair.alpha(), GROWN_BYTES);
            grow(pair.beta(), GROWN_BYTES);
            SimulatedNode crashes = seed % 2 == 0 ? pair.alpha() : pair.beta();
            for (int i = 0; i < 40; i++) pair.write(pair.alpha(), i * 640L, 8);
            pair.beta().command(TO_ALL);
            pair.runFor((seed - 29) * 300_000L);
            // While the new part is resynced there is one good copy, which keeps what was flushed.
            if (pair.state(crashes).peerDisk() != DiskState.UP_TO_DATE) pair.history(0).unflushedMayBeLost();
            pair.losePower(crashes);
            crashes.up();
            pair.runUntilProtected();
            if (pair.state(pair.alpha()).role() != Role.PRIMARY) pair.must(pair.alpha(), new Command.Promote(false));
            pair.must(pair.alpha(), TO_ALL);
            pair.runUntilProtected();
            assertThat(size(pair.alpha())).isEqualTo(GROWN_SECTORS).isEqualTo(size(pair.beta()));
            pair.done(pair.write(pair.alpha(), GROWN_SECTORS - 8, 8));
            pair.runUntilProtected();
            pair.checkAll();
        }
    }
}
