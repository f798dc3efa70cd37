package org.duett.replicator.volume;

import static org.assertj.core.api.Assertions.assertThat;

import org.duett.replicator.machine.BlockUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailedHereTest {
    private final FailedHere failed = new FailedHere();

    private static BlockUser user(long firstSector, int sectors) {
        BlockUser user = new BlockUser() {
        };
        user.firstSector = firstSector;
        user.lengthBytes = sectors * BlockUser.SECTOR_BYTES;
        return user;
    }

    private void fail(long firstSector, int sectors) {
        failed.add(firstSector, sectors * BlockUser.SECTOR_BYTES);
    }

    /** More would let the target of a resync pass for through too early (rule 3). */
    @ParameterizedTest
    @CsvSource({"8,8,1", "8,9,2", "15,1,1", "15,2,2", "0,1,1", "80,24,3", "81,24,4"})
    void eachBlockThatIsTouchedCounts(long firstSector, int sectors, long blocks) {
        fail(firstSector, sectors);
        assertThat(failed.blocks()).isEqualTo(blocks);
    }

    @Test
    void whoOverlapsOneOfThemIsTouchedAndItsNeighbourIsNot() {
        fail(100, 8);
        for (int i = 1; i <= 20; i++) fail(1_000L * i, 4);
        assertThat(failed.touches(user(92, 8))).isFalse();
        assertThat(failed.touches(user(93, 8))).isTrue();
        assertThat(failed.touches(user(107, 8))).isTrue();
        assertThat(failed.touches(user(108, 8))).isFalse();
        assertThat(failed.touches(user(0, 2_000_000))).isTrue();
        assertThat(failed.touches(user(20_003, 1))).as("the last one").isTrue();
    }

    @Test
    void ofMoreThanItKeepsAnyMayTouch() {
        for (int i = 0; i < 1024; i++) fail(8L * i, 8);
        assertThat(failed.touches(user(1 << 20, 8))).isFalse();
        fail(8 * 1024, 8);
        assertThat(failed.touches(user(1 << 20, 8))).isTrue();
        assertThat(failed.blocks()).isEqualTo(1025);
    }

    @Test
    void itEndsWithTheConnection() {
        fail(0, 8);
        failed.forget();
        assertThat(failed.blocks()).isZero();
        assertThat(failed.touches(user(0, 8))).isFalse();
    }
}
