package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation;
import org.duett.replicator.machine.HostRequest.Kind;
import org.duett.replicator.machine.ResourceSettings.Protocol;
import org.duett.replicator.machine.ResourceSettings.VolumeSettings;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Epochs, their barriers, and the slots that live until these are acknowledged (rules 16, 17). */
class EpochStoriesTest {

    private static int openEpochs(SimulatedPair pair) {
        return pair.alpha().machine().status().volumes().getFirst().counters().epochs();
    }

    @Test
    void anEpochThatNothingFollowsIsClosedByItself() {
        var pair = SimulatedPair.connected(1);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        assertThat(openEpochs(pair)).isZero();
        assertThat(pair.alpha().machine().isQuiet()).isTrue();
        pair.checkAll();
    }

    @ParameterizedTest
    @EnumSource(Protocol.class)
    void moreWritesThanThereAreSlotsAreAllAnsweredAndLeaveNothing(Protocol protocol) {
        var pair = SimulatedPair.connected(2, StorySettings.protocol(protocol));
        List<SimulatedPair.HostOperation> writes = new ArrayList<>();
        for (int i = 0; i < 6000; i++) writes.add(pair.write(pair.alpha(), i * 5L % 40_000, 1));
        for (var write : writes) pair.done(write);
        pair.runUntil(() -> openEpochs(pair) == 0);
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFlushWaitsUntilTheOtherNodeHasFlushed() {
        var pair = SimulatedPair.connected(3);
        pair.beta().data(0).hang(EnumSet.of(DiskOperation.Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        var flush = pair.flush(pair.alpha());
        pair.runFor(SimulatedPair.SECOND);
        assertThat(flush.isCompleted()).isFalse();
        pair.beta().data(0).resume();
        pair.done(flush);
    }

    @Test
    void aFlushWithNothingOpenAsksOnlyTheOwnDisk() {
        var pair = SimulatedPair.connected(4);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().data(0).hang(EnumSet.of(DiskOperation.Kind.FLUSH));
        pair.done(pair.flush(pair.alpha()));
        pair.beta().data(0).resume();
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, names = {"TRIM", "WRITE_ZEROES"})
    void aRequestOverTheWholeDeviceReadsBackAsZeroesOnBoth(Kind kind) {
        var pair = SimulatedPair.connected(5);
        int sectors = Math.toIntExact(Stories.volume(pair.alpha()).sizeSectors());
        for (int i = 0; i < 40; i++) pair.done(pair.write(pair.alpha(), 1000L * i, 64));
        pair.done(pair.request(pair.alpha(), kind, 0, 0, sectors, false));
        for (int i = 0; i < 40; i++) {
            assertThat(Stories.isZero(Stories.sectorOnDisk(pair.alpha(), 1000L * i))).isTrue();
            assertThat(Stories.isZero(Stories.sectorOnDisk(pair.beta(), 1000L * i))).isTrue();
        }
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Found by seeds 300453 and 201225: the write was answered as it was sent, and a disk that was being given up refused it; the barrier ack let the FLUSH go that covers it. */
    @Test
    void aFlushDoesNotCountACopyThatRefusedWhatItCovers() {
        var pair = SimulatedPair.connected(6, StorySettings.all(StorySettings.protocol(Protocol.A), StorySettings.externalMetadata()));
        pair.holdAgainstMedia();
        pair.beta().data(0).hang(EnumSet.of(DiskOperation.Kind.FLUSH));
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.flush(pair.alpha());
        // There it waits for the end of the epoch before it.
        pair.done(pair.write(pair.alpha(), 16, 8));
        var flush = pair.flush(pair.alpha());
        pair.runFor(SimulatedPair.SECOND);
        pair.alpha().metadata(0).hang(EnumSet.of(DiskOperation.Kind.WRITE));
        pair.beta().command(new Command.Detach(0, false));
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.FAILED);
        pair.beta().data(0).resume();
        pair.runUntil(() -> pair.state(pair.alpha()).peerDisk() == DiskState.DISKLESS);
        assertThat(flush.isCompleted()).as("before that copy's loss is on record").isFalse();
        pair.alpha().metadata(0).resume();
        pair.done(flush);
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aFlushThatHasNothingToWaitForIsAnsweredAtOnce() {
        var pair = SimulatedPair.connected(3, StorySettings.volumes(v -> new VolumeSettings(v.number(), v.metadataKind(), v.sizeLimitSectors(), v.activityLogExtents(),
                v.activityLogUpdates(), v.fencing(), v.onIoError(), v.onReadError(), false, v.metadataFlushes(), v.diskTimeoutMillis(), v.resync())));
        var flush = pair.flush(pair.alpha());
        pair.runFor(Stories.MILLI);
        assertThat(flush.isCompleted()).isTrue();
    }

    /** The write that it waits for is answered, but whether the peer's disk has it is known by its barrier only. */
    @ParameterizedTest
    @EnumSource(value = Protocol.class, names = {"A", "B"})
    void aWriteThatOverlapsAnAnsweredOneDoesNotWaitForTheEndOfItsEpoch(Protocol protocol) {
        var pair = SimulatedPair.connected(4, StorySettings.protocol(protocol));
        pair.done(pair.write(pair.alpha(), 8, 8));
        long begunNanos = pair.time().nowNanos();
        pair.done(pair.write(pair.alpha(), 8, 8));
        assertThat(pair.time().nowNanos() - begunNanos).as("an epoch is closed after 100 ms").isLessThan(50 * Stories.MILLI);
        pair.runUntilProtected();
        pair.checkAll();
    }

    /** Seed 8905089: it was answered with an error, on a good disk with the loss on record. */
    @Test
    void aFlushOverADiskWithABatteryGoesOnWithoutThePeer() {
        for (int seed = 1; seed <= 10; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.withoutDiskFlushes());
            pair.done(pair.write(pair.alpha(), 8, 8));
            SimulatedPair.HostOperation flush = pair.flush(pair.alpha());
            pair.kill(pair.beta());
            pair.done(flush);
        }
    }
}
