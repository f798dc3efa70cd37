package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.Command;
import org.duett.replicator.resource.ResourceStatus.Counters;
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
}
