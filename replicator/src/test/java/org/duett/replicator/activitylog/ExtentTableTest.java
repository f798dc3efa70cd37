package org.duett.replicator.activitylog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A map from extent to slot. */
class ExtentTableTest {
    /** Capacity, highest extent, seed: so many extents that places collide, chains pass the end of the table, and gaps are closed in their midst. */
    @ParameterizedTest
    @CsvSource({"1,4,1", "4,9,2", "5,1000,3", "31,64,4", "67,4000000,5", "600,4000000,6"})
    void itHasWhatAMapHas(int capacity, int extents, long seed) {
        ExtentTable table = new ExtentTable(capacity);
        Map<Integer, Integer> map = new HashMap<>();
        Random random = new Random(seed);
        int[] usual = random.ints(3L * capacity, 0, extents).distinct().toArray();
        for (int step = 0; step < 5000; step++) {
            int extent = usual[random.nextInt(usual.length)];
            if (map.remove(extent) != null) {
                table.remove(extent);
            } else if (map.size() < capacity) {
                table.put(extent, step);
                map.put(extent, step);
            }
            if (step % 16 > 0) continue;
            for (int each : usual) assertThat(table.get(each)).isEqualTo(map.getOrDefault(each, -1));
        }
    }

    @Test
    void anExtentStandsInItOnce() {
        ExtentTable table = new ExtentTable(4);
        table.put(0, 1);
        table.put(7, 2);
        assertThatThrownBy(() -> table.put(7, 3)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> table.remove(8)).isInstanceOf(AssertionError.class);
        assertThat(table.get(0)).isEqualTo(1);
    }

    @Test
    void aFullOneIsAtMostHalfFullInside() {
        ExtentTable table = new ExtentTable(64);
        for (int extent = 0; extent < 64; extent++) table.put(extent, extent);
        // There is an empty place to stop at.
        assertThat(table.get(64)).isEqualTo(-1);
    }
}
