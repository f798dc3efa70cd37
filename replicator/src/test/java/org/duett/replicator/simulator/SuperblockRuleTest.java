package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.replicator.metadata.MetadataLayout;
import org.duett.replicator.metadata.Superblock;
import org.junit.jupiter.api.Test;

/** The checker itself: a disk that goes on to say something else than its node is told of, a moment of that is not. */
class SuperblockRuleTest {
    @Test
    void aGoodDiskThatSaysThatItIsBehindIsToldOf() {
        var pair = SimulatedPair.connected(1);
        var rule = new SuperblockRule(pair);
        rule.check();
        // In the first sector of the superblock, where its flags stand.
        long at = MetadataLayout.superblockByte(pair.settings().volumes().getFirst().metadataKind(), pair.beta().metadata(0).sizeBytes());
        byte[] block = pair.beta().metadata(0).current(at, SimulatedDevice.SECTOR_BYTES);
        block[59] &= ~Superblock.WAS_UP_TO_DATE;
        pair.beta().metadata(0).store(at, block);
        rule.check();
        pair.runFor(4 * SimulatedPair.SECOND);
        assertThatThrownBy(rule::check).isInstanceOf(AssertionError.class).hasMessageContaining("says on disk that it is behind");
    }
}
