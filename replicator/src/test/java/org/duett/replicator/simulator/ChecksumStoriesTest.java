package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import org.duett.replicator.machine.Command;
import org.duett.replicator.machine.DiskOperation.Kind;
import org.duett.replicator.machine.Errno;
import org.duett.replicator.resource.ResourceStatus.Counters;
import org.duett.replicator.state.ConnectionState;
import org.duett.replicator.state.DiskState;
import org.junit.jupiter.api.Test;

/** A resync by checksums ({@code csums-alg}): the target says what it has, and only what differs is sent. */
class ChecksumStoriesTest {
    private static SimulatedPair connected(long seed) {
        return SimulatedPair.connected(seed, StorySettings.digests("", "crc32c", ""));
    }

    private static Counters counters(SimulatedNode node) {
        return node.machine().status().volumes().getFirst().counters();
    }

    private static long sizeKib(SimulatedPair pair) {
        return pair.alpha().machine().status().volumes().getFirst().sizeBytes() >> 10;
    }

    /** How much the source sends for a whole copy of beta's disk. */
    private static long sentForWholeCopy(SimulatedPair pair) {
        Counters source = counters(pair.alpha());
        Counters target = counters(pair.beta());
        pair.must(pair.beta(), new Command.Invalidate(0));
        pair.runUntilProtected();
        pair.checkAll();
        assertThat(counters(pair.alpha()).readKib() - source.readKib()).as("read by the source").isEqualTo(sizeKib(pair));
        assertThat(counters(pair.beta()).readKib() - target.readKib()).as("read by the target").isEqualTo(sizeKib(pair));
        long sent = counters(pair.alpha()).sentKib() - source.sentKib();
        assertThat(counters(pair.beta()).receivedKib() - target.receivedKib()).isEqualTo(sent);
        assertThat(counters(pair.beta()).writtenKib() - target.writtenKib()).isEqualTo(sent);
        return sent;
    }

    private static void fill(SimulatedPair pair) {
        for (long sector = 0; sector < 32 * 1024; sector += 512) pair.done(pair.write(pair.alpha(), sector, 512));
    }

    @Test
    void whatIsEqualIsNotSentAgain() {
        var pair = connected(1);
        fill(pair);
        assertThat(sentForWholeCopy(pair)).isZero();
    }

    @Test
    void whatDiffersIsSentAndNothingElse() {
        var pair = connected(2);
        fill(pair);
        // It is the medium that changes, under what is in the cache.
        pair.done(pair.flush(pair.alpha()));
        for (int i = 0; i < 3; i++) pair.beta().data(0).rot((3L + 4L * i) << 20, 5);
        assertThat(sentForWholeCopy(pair)).as("three requests").isBetween(3 * 4L, 3 * 1024L);
    }

    /**
     * Found by seed 1610209: the target made its digest before it wrote what had been sent to it while its source had no disk. When it heard that both have the
     * same, that was so no more (promise 3).
     */
    @Test
    void whatReachesTheTargetAloneIsSentWhateverItHadBefore() {
        for (long seed = 3; seed < 43; seed++) {
            var pair = SimulatedPair.connected(seed, StorySettings.all(StorySettings.digests("", "crc32c", ""), StorySettings.externalMetadata()));
            pair.must(pair.alpha(), new Command.Invalidate(0));
            pair.runUntil(() -> pair.state(pair.alpha()).connection() == ConnectionState.SYNC_TARGET);
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.UP_TO_DATE);
            // There the write waits for the activity log, while the next resync begins.
            pair.beta().metadata(0).speed(new SimulatedDevice.Speed(10 * Stories.MILLI, 20 * Stories.MILLI, 5 * Stories.MILLI, 10 * Stories.MILLI));
            pair.alpha().metadata(0).fail(EnumSet.of(Kind.WRITE), Errno.EIO);
            var write = pair.write(pair.alpha(), 8 * 2048, 8);
            pair.runUntil(() -> pair.state(pair.alpha()).disk() == DiskState.DISKLESS);
            pair.alpha().metadata(0).heal();
            pair.runFor(Stories.MILLI);
            pair.must(pair.alpha(), new Command.Attach(0));
            pair.runUntil(write::isCompleted);
            pair.runUntilProtected();
            pair.checkAll();
        }
    }
}
