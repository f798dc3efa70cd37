package org.duett.replicator.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** As many lives as were asked for, each once. */
class ManyLivesTest {
    private final Set<Long> lived = new ConcurrentSkipListSet<>();
    private final AtomicInteger reports = new AtomicInteger();

    private void live(long firstSeed, long count, long nanos) throws InterruptedException {
        try (var many = new ManyLives()) {
            many.live(firstSeed, count, nanos, 3, seed -> {
                assertThat(lived.add(seed)).isTrue();
                return seed != 25;
            }, reports::incrementAndGet);
        }
    }

    @Test
    void eachSeedIsLivedOnce() throws InterruptedException {
        live(100, 50, Long.MAX_VALUE);
        assertThat(lived).isEqualTo(LongStream.range(100, 150).boxed().collect(Collectors.toSet()));
        assertThat(reports.get()).isPositive();
    }

    @Test
    void seedsThatAreNotWantedArePassedOverAndNotCounted() throws InterruptedException {
        try (var many = new ManyLives(seed -> seed % 3 == 0)) {
            many.live(100, 20, Long.MAX_VALUE, 3, lived::add, reports::incrementAndGet);
        }
        assertThat(lived).isEqualTo(LongStream.range(34, 54).map(n -> 3 * n).boxed().collect(Collectors.toSet()));
    }

    @Test
    void noneIsBegunAfterOneThatIsEnough() throws InterruptedException {
        live(1, Long.MAX_VALUE, Long.MAX_VALUE);
        assertThat(lived).contains(25L);
    }

    @Test
    void noneIsBegunWhenTimeIsUp() throws InterruptedException {
        live(1, Long.MAX_VALUE, -1);
        assertThat(lived).isEmpty();
    }

    /** Whoever is told then that all is well would believe it. */
    @Test
    void aLifeThatIsTornOffIsNotTakenForOneThatWasLived() {
        try (var many = new ManyLives()) {
            assertThatThrownBy(() -> many.live(1, Long.MAX_VALUE, Long.MAX_VALUE, 2, seed -> {
                if (seed == 5) throw new OutOfMemoryError("of this life");
                return true;
            }, reports::incrementAndGet)).isInstanceOf(IllegalStateException.class).hasMessageContaining("seed 5").hasRootCauseInstanceOf(OutOfMemoryError.class);
        }
        assertThat(reports.get()).isPositive();
    }

    @Test
    void sigtermBeginsNoFurtherOneAndWhatWasFoundIsTold() throws Exception {
        Process process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp", System.getProperty("java.class.path"),
                Endless.class.getName()).redirectErrorStream(true).start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("a life");
            process.toHandle().destroy(); // that of Process closes the stream, too
            List<String> rest = out.readAllLines();
            assertThat(rest).last().isEqualTo("told");
        } finally {
            process.destroyForcibly();
        }
    }

    /** A night of lives. */
    static final class Endless {
        public static void main(String[] arguments) throws InterruptedException {
            try (var many = new ManyLives()) {
                many.live(1, Long.MAX_VALUE, Long.MAX_VALUE, 2, seed -> {
                    if (seed == 1) System.out.println("a life");
                    return true;
                }, () -> { });
                System.out.println("told");
            }
        }
    }
}
