package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DueQueueTest {
    private final DueQueue queue = new DueQueue();
    private final SimulatedTime time = new SimulatedTime();

    private record Entry(long atNanos, long sequence, SimulatedTime.Due due) {
    }

    @Test
    void hasNothingAheadAtFirst() {
        assertThat(queue.first()).isNull();
    }

    @Test
    void givesBackInTheOrderOfTimeAndThenOfSequenceWhateverComesBetween() {
        var random = new SplittableRandom(7);
        var expected = new PriorityQueue<>(Comparator.comparingLong(Entry::atNanos).thenComparingLong(Entry::sequence));
        for (long sequence = 1; sequence <= 20_000; sequence++) {
            // Few different times: most are shared by several.
            var entry = new Entry(random.nextLong(50), sequence, time.after(0, () -> { }));
            queue.add(entry.atNanos, entry.sequence, entry.due);
            expected.add(entry);
            for (int taken = random.nextInt(3); taken > 0 && !expected.isEmpty(); taken--) {
                assertThat(queue.first()).isSameAs(expected.remove().due);
                queue.removeFirst();
            }
        }
        while (!expected.isEmpty()) {
            assertThat(queue.first()).isSameAs(expected.remove().due);
            queue.removeFirst();
        }
        assertThat(queue.first()).isNull();
    }
}
