package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.metadata.ActivityLogRing;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** Devices that have become larger (spec metadata 9; promise 3). */
class GrowthStoriesTest {
    private static final long GROWN_BYTES = SimulatedPair.DEVICE_BYTES + (4L << 20);

    /** What a new extent of a volume manager brings along: anything, and something else on each node. */
    private static void grow(SimulatedNode node, int garbage) {
        SimulatedDevice device = node.data(0);
        long end = device.sizeBytes();
        device.grow(GROWN_BYTES);
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, (byte) garbage);
        device.store(end, bytes);
        device.store(GROWN_BYTES - 4096, bytes);
    }

    @Test
    void whatBothDevicesGrewByWhileTheyWereDetachedIsMadeEqual() {
        var pair = SimulatedPair.connected(31, StorySettings.externalMetadata());
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.kill(pair.alpha());
        grow(pair.alpha(), 0xa1);
        grow(pair.beta(), 0xb2);
        pair.alpha().up();
        pair.beta().up();
        pair.runUntilProtected();
        assertThat(Stories.volume(pair.alpha()).sizeSectors() * 512).isEqualTo(GROWN_BYTES);
        assertThat(Stories.volume(pair.beta()).bitmap().setBits()).isZero();
        assertThat(pair.alpha().data(0).firstDifference(pair.beta().data(0), GROWN_BYTES)).isNegative();
        pair.checkAll();
    }

    @Test
    void soItIsWhenTheSecondAttachesLate() {
        var pair = SimulatedPair.connected(32, StorySettings.externalMetadata());
        pair.must(pair.beta(), new Command.Detach(0, false));
        grow(pair.beta(), 0xb2);
        pair.kill(pair.alpha());
        grow(pair.alpha(), 0xa1);
        pair.alpha().up();
        pair.runUntil(() -> pair.state(pair.alpha()).connection().isEstablished());
        pair.must(pair.beta(), new Command.Attach(0));
        pair.runUntilProtected();
        assertThat(pair.alpha().data(0).firstDifference(pair.beta().data(0), Stories.volume(pair.alpha()).sizeSectors() * 512)).isNegative();
        assertThat(Stories.volume(pair.alpha()).sizeSectors()).isEqualTo(Stories.volume(pair.beta()).sizeSectors());
        pair.checkAll();
    }

    /** Found by seed 755: one of the two took the disk for grown that had been the larger one when they met, and the other one did not. */
    @Test
    void ofDisksThatAreNotOfOneSizeEachMayBeAttachedAgainInTheSameConnection() {
        for (long extra : new long[]{-(1 << 20), 1 << 20}) {
            var pair = SimulatedPair.of(33, SimulatedPair.usualSettings(), SimulatedPair.DEVICE_BYTES, SimulatedPair.DEVICE_BYTES + extra, ActivityLogRing.DEFAULT);
            pair.bringUp();
            pair.must(pair.alpha(), new Command.Demote(false));
            for (SimulatedNode node : pair.nodes()) {
                pair.must(node, new Command.Detach(0, false));
                pair.must(node, new Command.Attach(0));
                pair.runUntilProtected();
                pair.checkAll();
            }
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        }
    }

    /** Found by seed 599: the word on a disk that is attached in the midst of a handshake crossed the size that followed from it. */
    @Test
    void aDiskThatHasGrownAndIsAttachedAsTheHandshakeEndsCostsNoConnection() {
        for (long seed = 1; seed <= 20; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
            pair.kill(pair.alpha());
            pair.runUntil(() -> !pair.state(pair.beta()).connection().isEstablished());
            pair.must(pair.beta(), new Command.Promote(false));
            pair.done(pair.write(pair.beta(), 8, 8));
            pair.must(pair.beta(), new Command.Demote(false));
            pair.kill(pair.beta());
            grow(pair.alpha(), 0xa1);
            grow(pair.beta(), 0xb2);
            pair.beta().up();
            pair.runFor(SimulatedPair.SECOND);
            pair.alpha().up();
            pair.runUntilProtected();
            assertThat(Stories.volume(pair.alpha()).sizeSectors() * 512).isEqualTo(GROWN_BYTES);
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
        }
    }

    /**
     * Found by seed 1832: a report from before the attach was taken for the word on the disk, and the resync had begun when the peer, which
     * had now heard of it, told the volume's size.
     */
    @Test
    void anEmptyDiskThatIsLargerAndIsAttachedAsTheHandshakeEndsCostsNoConnection() {
        for (long seed : new long[]{2, 14, 22, 23}) {
            for (long micros = 1_400; micros < 2_000; micros += 100) attachAsTheHandshakeEnds(seed, micros);
        }
    }

    private static void attachAsTheHandshakeEnds(long seed, long aheadMicros) {
        var pair = SimulatedPair.connected(seed);
        pair.done(pair.write(pair.alpha(), 8, 8));
        pair.kill(pair.beta());
        pair.freshDisk(pair.beta(), 0, GROWN_BYTES);
        pair.beta().start();
        pair.must(pair.beta(), new Command.Attach(-1));
        pair.kill(pair.beta());
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().start();
        pair.beta().command(new Command.Attach(-1));
        pair.runFor(aheadMicros * 1_000);
        pair.beta().command(new Command.Connect(false));
        pair.runUntilProtected();
        assertThat(Stories.volume(pair.beta()).sizeSectors()).isEqualTo(Stories.volume(pair.alpha()).sizeSectors());
        for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        pair.checkAll();
    }

    /** Found by seed 1606914: that its peer had become Primary by force was taken for its word on the disk that was being attached. */
    @Test
    void anEmptyDiskThatIsLargerAndIsAttachedAsItsPeerIsForcedCostsNoConnection() {
        for (long micros = 0; micros < 4_000; micros += 100) {
            var pair = SimulatedPair.connected(31, StorySettings.externalMetadata());
            pair.must(pair.beta(), new Command.Invalidate(0));
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.SYNC_TARGET);
            pair.kill(pair.alpha());
            pair.freshDisk(pair.alpha(), 0, GROWN_BYTES);
            pair.alpha().start();
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.kill(pair.alpha());
            pair.alpha().start();
            pair.must(pair.alpha(), new Command.Connect(false));
            pair.runUntil(() -> pair.state(pair.beta()).connection() == ConnectionState.CONNECTED);
            assertThat(pair.state(pair.beta()).disk()).isEqualTo(DiskState.INCONSISTENT);
            pair.beta().command(new Command.Promote(true));
            pair.runFor(micros * 1_000);
            pair.alpha().command(new Command.Attach(0));
            pair.runFor(SimulatedPair.SECOND);
            // It was refused where nobody was to be made equal to yet.
            if (pair.state(pair.alpha()).disk() == DiskState.DISKLESS) pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntilProtected();
            assertThat(Stories.volume(pair.alpha()).sizeSectors()).isEqualTo(Stories.volume(pair.beta()).sizeSectors());
            for (SimulatedNode node : pair.nodes()) assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
            pair.checkAll();
        }
    }

    /**
     * Found by seed 52511: the peer's size came while our disk was being attached, its word on its own disk after that, and the source sent a bitmap
     * of the former size.
     */
    @Test
    void ofTwoDisksThatHaveGrownAndAreAttachedAtOnceEachKnowsTheSizeWhenItDecides() {
        int between = 0;
        for (long seed = 1; seed <= 16; seed++) {
            if (attachedBetweenSizeAndWord(seed, seed % 2 == 0)) between++;
        }
        assertThat(between).isPositive();
    }

    /** True: so it was; packets that arrive together leave nothing between them. */
    private static boolean attachedBetweenSizeAndWord(long seed, boolean behind) {
        var pair = SimulatedPair.connected(seed, StorySettings.externalMetadata());
        if (!behind) pair.must(pair.alpha(), new Command.Demote(false));
        pair.kill(pair.beta());
        if (behind) {
            pair.done(pair.write(pair.alpha(), 8, 8));
            pair.must(pair.alpha(), new Command.Demote(false));
        }
        pair.kill(pair.alpha());
        grow(pair.alpha(), 0xa1);
        grow(pair.beta(), 0xb2);
        for (SimulatedNode node : pair.nodes()) {
            node.start();
            node.command(new Command.Connect(false));
        }
        pair.runUntil(() -> pair.nodes().stream().allMatch(node -> pair.state(node).connection() == ConnectionState.CONNECTED));
        // The last that its attach waits for.
        pair.alpha().data(0).hang(EnumSet.of(Kind.FLUSH));
        pair.alpha().data(0).speed(new SimulatedDevice.Speed(1, 1, 1, 1));
        pair.alpha().command(new Command.Attach(0));
        pair.runFor(SimulatedPair.SECOND);
        pair.beta().command(new Command.Attach(0));
        pair.runUntil(() -> Stories.volume(pair.alpha()).peerDiskSectors == GROWN_BYTES / 512);
        boolean wordIsToCome = pair.state(pair.alpha()).peerDisk().isBelow(DiskState.NEGOTIATING);
        pair.alpha().data(0).resume();
        pair.runUntilProtected();
        for (SimulatedNode node : pair.nodes()) {
            assertThat(Stories.volume(node).sizeSectors() * 512).isEqualTo(GROWN_BYTES);
            assertThat(node.reports()).noneMatch(report -> report.whatHappened().contains("dropped"));
        }
        pair.checkAll();
        return wordIsToCome;
    }
}
