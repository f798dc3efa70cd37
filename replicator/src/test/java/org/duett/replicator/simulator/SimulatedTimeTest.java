package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulatedTimeTest {
    private final SimulatedTime time = new SimulatedTime();
    private final List<String> happened = new ArrayList<>();

    @Test
    void whatIsDueHappensInOrderAndAtItsTime() {
        time.at(300, () -> happened.add("third at " + time.nowNanos()));
        time.at(100, () -> happened.add("first at " + time.nowNanos()));
        time.at(200, () -> happened.add("second at " + time.nowNanos()));
        while (time.runNext()) {
        }
        assertThat(happened).containsExactly("first at 100", "second at 200", "third at 300");
    }

    @Test
    void atTheSameNanosecondTheOrderOfAskingCounts() {
        for (int index = 0; index < 100; index++) {
            int number = index;
            time.at(50, () -> happened.add("" + number));
        }
        time.runFor(50);
        assertThat(happened).hasSize(100);
        for (int index = 0; index < 100; index++) {
            assertThat(happened.get(index)).isEqualTo("" + index);
        }
    }

    @Test
    void whatIsCancelledDoesNotHappen() {
        SimulatedTime.Due due = time.after(10, () -> happened.add("cancelled"));
        time.after(20, () -> happened.add("kept"));
        due.cancel();
        assertThat(time.nextNanos()).isEqualTo(20);
        time.runFor(100);
        assertThat(happened).containsExactly("kept");
        assertThat(time.nowNanos()).isEqualTo(100);
    }

    @Test
    void runningUntilAConditionStopsThereOrAtTheLimit() {
        for (int nanos = 1; nanos <= 10; nanos++) {
            time.at(nanos, () -> happened.add("x"));
        }
        assertThat(time.runUntil(() -> happened.size() == 3, 100)).isTrue();
        assertThat(time.nowNanos()).isEqualTo(3);
        assertThat(time.runUntil(() -> happened.size() == 9, 5)).isFalse();
        assertThat(happened).hasSize(5);
        assertThat(time.runUntil(() -> happened.size() == 11, 100)).isFalse();
    }
}
