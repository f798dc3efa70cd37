package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.replicator.simulator.Stories.told;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.machine.ResourceSettings.OnReadError;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Sectors that cannot be read: repaired from the peer, or an error for this one read (rule 15). */
class ReadErrorStoriesTest {
    private static SimulatedPair withUnreadableSector(long seed) {
        var pair = SimulatedPair.connected(seed);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().data(0).unreadable(8 * 512, 512);
        return pair;
    }

    @Test
    void anUnreadableSectorIsReadFromThePeerAndWrittenAnew() {
        var pair = withUnreadableSector(1);
        pair.done(pair.read(pair.alpha(), 8, 8));
        told(pair.alpha(), "sector 8 cannot be read");
        long asked = pair.network().bytesCarried();
        pair.done(pair.read(pair.alpha(), 8, 8));
        assertThat(pair.network().bytesCarried()).as("read here").isEqualTo(asked);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aSectorOfAColdExtentIsRepaired() {
        var pair = SimulatedPair.connected(2);
        // Never written by the host: its extent is not in the activity log.
        pair.alpha().data(0).unreadable(20_000 * 512L, 512);
        pair.done(pair.read(pair.alpha(), 20_000, 8));
        long asked = pair.network().bytesCarried();
        pair.done(pair.read(pair.alpha(), 20_000, 8));
        assertThat(pair.network().bytesCarried()).isEqualTo(asked);
    }

    @Test
    void aRepairDoesNotUndoAWriteThatCameAfterIt() {
        for (int seed = 3; seed < 11; seed++) {
            var pair = withUnreadableSector(seed);
            var read = pair.read(pair.alpha(), 8, 8);
            pair.runFor(seed * 90_000L);
            var write = pair.write(pair.alpha(), 8, 8);
            pair.done(write);
            pair.done(read);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }

    @Test
    void aLonePrimaryFailsOnlyTheReadOfTheBadSector() {
        var pair = withUnreadableSector(30);
        pair.kill(pair.beta());
        pair.runFor(SimulatedPair.SECOND);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        pair.done(pair.read(pair.alpha(), 80, 8));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    @Test
    void aRepairIsDroppedWhenTheConnectionBreaks() {
        var pair = withUnreadableSector(31);
        pair.network().pull();
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runFor(10 * Stories.MILLI);
        assertThat(read.isCompleted()).isFalse();
        pair.network().reset();
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
        pair.network().heal();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aRepairThatCannotBeWrittenIsADiskFailureAndTheHostHasItsData() {
        var pair = withUnreadableSector(32);
        pair.alpha().data(0).fail(EnumSet.of(Kind.WRITE), 8 * 512, 4096, Errno.EIO, Integer.MAX_VALUE);
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
        pair.done(pair.read(pair.alpha(), 8, 8));
    }

    @Test
    void onReadErrorDetachGivesTheDiskUpAndReadsThroughThePeer() {
        var pair = SimulatedPair.connected(33, StorySettings.onReadError(OnReadError.DETACH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.alpha().data(0).unreadable(8 * 512, 512);
        pair.done(pair.read(pair.alpha(), 8, 8));
        pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
    }

    /** The block is in sync, yet the disk is not good: it is not repaired now. */
    @Test
    void aTargetReadsFromItsSourceWhatItCannotReadItself() {
        var pair = SimulatedPair.connected(38, StorySettings.resyncRate(1024));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Invalidate(0));
        pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET && !Stories.isOutOfSync(pair.alpha(), 8));
        pair.alpha().data(0).unreadable(8 * 512, 512);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runFor(SimulatedPair.SECOND);
        assertThat(pair.state(pair.alpha()).connection()).isEqualTo(ConnectionState.SYNC_TARGET);
        assertThat(read.isCompleted()).isTrue();
        assertThat(read.errno()).isZero();
    }

    @Test
    void aSourceThatCannotReadABlockKeepsItsDiskAndTheBlockStaysMarked() {
        var pair = SimulatedPair.connected(34);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.done(pair.write(pair.alpha(), 800, 8));
        pair.alpha().data(0).unreadable(8 * 512, 512);
        pair.beta().up();
        pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED
                && pair.state(pair.alpha()).connection() == ConnectionState.CONNECTED);
        assertThat(pair.state(pair.alpha()).disk()).isEqualTo(DiskState.UP_TO_DATE);
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
        told(pair.beta(), "1 block could not be copied");
        // The host writes the sector anew: then the rest can follow.
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.beta(), new Command.Disconnect(false));
        pair.must(pair.beta(), new Command.Connect(false));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aPeersReadOfABadSectorIsRefusedAndTheLastDiskStays() {
        var pair = SimulatedPair.connected(35);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.must(pair.alpha(), new Command.Detach(0, false));
        pair.beta().data(0).unreadable(8 * 512, 512);
        var read = pair.read(pair.alpha(), 8, 8);
        pair.runUntil(read::isCompleted);
        assertThat(read.errno()).isEqualTo(Errno.EIO);
        pair.done(pair.read(pair.alpha(), 80, 8));
        assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.UP_TO_DATE);
    }
}
