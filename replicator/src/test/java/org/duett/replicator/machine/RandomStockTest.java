package org.duett.replicator.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Random values in stock (rule 29). */
class RandomStockTest {
    private static final int FULL = 4 * RandomStock.LOW;

    private final RandomStock stock = new RandomStock(1);
    private final ActionQueue out = new ActionQueue();

    private int asked() {
        out.clear();
        stock.refill(out);
        return out.size() == 0 ? 0 : ((Action.WantRandom) out.get(0)).count();
    }

    private void arrive(int count) {
        stock.arrived(LongStream.rangeClosed(1, count).map(i -> i << 8).toArray());
    }

    @Test
    void itAsksOnceForAllThatIsMissingWhenItRunsLow() {
        assertThat(asked()).isEqualTo(FULL);
        assertThat(asked()).as("has been asked for").isZero();
        arrive(RandomStock.LOW);
        assertThat(asked()).as("is not low").isZero();
        stock.take();
        assertThat(asked()).isEqualTo(FULL - RandomStock.LOW + 1);
    }

    @Test
    void noValueIsHandedOutTwiceAndWhatIsTooMuchIsLeft() {
        arrive(FULL + RandomStock.LOW + 5);
        long[] taken = LongStream.generate(stock::take).limit(FULL + RandomStock.LOW).toArray();
        assertThat(taken).doesNotHaveDuplicates().doesNotContain(0);
        assertThatThrownBy(stock::take).isInstanceOf(AssertionError.class);
    }

    /** All of them may begin a generation in one event. */
    @Test
    void thereIsOneForEachOfManyVolumes() {
        var many = new RandomStock(300);
        many.arrived(LongStream.rangeClosed(1, 316).toArray());
        out.clear();
        many.refill(out);
        assertThat(out.size()).as("enough").isZero();
        many.take();
        many.refill(out);
        assertThat(((Action.WantRandom) out.get(0)).count()).isEqualTo(4 * 316 - 315);
        for (int i = 0; i < 300; i++) many.takeIdentifier();
    }

    @Test
    void identifiersAreEvenAndNoneOfTheSpecialValues() {
        stock.arrived(new long[]{77, 5, 4, 1, 0});
        assertThat(stock.takeIdentifier()).isEqualTo(76);
    }

    @Test
    void bytesComeFromTheLowestUpwards() {
        stock.arrived(new long[]{0x1817161514131211L, 0x0807060504030201L});
        assertThat(stock.takeBytes(12)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14);
        assertThatThrownBy(stock::take).as("no more than was needed").isInstanceOf(AssertionError.class);
        stock.arrived(new long[]{9, 8});
        assertThat(stock.takeBytes(8)).containsExactly(8, 0, 0, 0, 0, 0, 0, 0);
        assertThat(stock.take()).isEqualTo(9);
    }
}
