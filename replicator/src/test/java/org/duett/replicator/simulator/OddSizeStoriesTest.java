package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.HostRequest.Kind;
import org.junit.jupiter.api.Test;

/** A volume that ends in the midst of a block of 4 KiB: its last bit stands for less than the others. */
class OddSizeStoriesTest {
    private static final long SECTORS = 12_288 + 3;

    private static SimulatedPair connected(long seed) {
        var pair = SimulatedPair.of(seed, StorySettings.externalMetadata().apply(SimulatedPair.usualSettings()), SECTORS * 512);
        pair.bringUp();
        assertThat(pair.alpha().servedBytes(0)).isEqualTo(SECTORS * 512);
        return pair;
    }

    @Test
    void whatIsWrittenAloneToTheLastBlockIsNamedAndCopied() {
        var pair = connected(1);
        pair.kill(pair.beta());
        pair.done(pair.write(pair.alpha(), SECTORS - 2, 2));
        new NamedDifferences(pair).check();
        assertThat(Stories.volume(pair.alpha()).bitmap().setBits()).isEqualTo(1);
        pair.beta().up();
        pair.runUntilProtected();
        pair.checkAll();
    }

    @Test
    void aTrimToTheEndLeavesTheLastBlockAsItIs() {
        var pair = connected(2);
        pair.done(pair.write(pair.alpha(), SECTORS - 11, 11));
        pair.done(pair.request(pair.alpha(), Kind.TRIM, 0, SECTORS - 11, 11, false));
        pair.done(pair.read(pair.alpha(), SECTORS - 11, 11));
        pair.done(pair.request(pair.alpha(), Kind.WRITE_ZEROES, 0, SECTORS - 1, 1, true));
        pair.done(pair.read(pair.alpha(), SECTORS - 1, 1));
        pair.checkAll();
    }
}
