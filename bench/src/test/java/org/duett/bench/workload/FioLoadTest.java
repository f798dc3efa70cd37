package org.duett.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.duett.bench.measure.LoadResult;
import org.junit.jupiter.api.Test;

/** What fio prints, as fio 3.33 does. */
class FioLoadTest {

    private static final String REPORT = """
            fio: a warning before the report
            {
              "fio version" : "fio-3.33",
              "jobs" : [
                {
                  "jobname" : "load",
                  "read" : { "total_ios" : 0, "runtime" : 0, "clat_ns" : { "max" : 0 } },
                  "write" : {
                    "total_ios" : 50000, "runtime" : 5000, "iops" : 10000.0,
                    "clat_ns" : { "max" : 9000000, "percentile" : { "50.000000" : 1500000, "99.000000" : 4000000, "99.900000" : 8000000 } }
                  }
                }
              ]
            }
            """;

    @Test
    void theReportIsReadBehindItsWarnings() {
        LoadResult result = FioLoad.parse(REPORT, Workload.randomWrites(32, 1));

        assertThat(result.perSecond()).isEqualTo(10_000);
        assertThat(result.latencies().medianMicros()).isEqualTo(1500);
        assertThat(result.latencies().p999Micros()).isEqualTo(8000);
        assertThat(result.latencies().worstMicros()).isEqualTo(9000);
    }

    @Test
    void noReportIsAnErrorThatQuotesWhatThereWas() {
        assertThatThrownBy(() -> FioLoad.parse("fio: engine nbd not found", Workload.randomWrites(1, 1)))
                .hasMessageContaining("engine nbd not found");
    }

    @Test
    void theSameSeedAsksForTheSameBlocks() {
        var one = new Offsets(Workload.randomWrites(32, 7), 1 << 20);
        var other = new Offsets(Workload.randomWrites(32, 7), 1 << 20);

        for (int i = 0; i < 100; i++) {
            long offset = one.nextBytes();
            assertThat(offset).isEqualTo(other.nextBytes()).isBetween(0L, (1L << 20) - 4096);
            assertThat(offset % 4096).isZero();
        }
    }

    @Test
    void sequentialBlocksBeginAgainAtTheEnd() {
        var offsets = new Offsets(new Workload(4096, 1, 0, Workload.Pattern.SEQUENTIAL, 1), 10_000);

        assertThat(offsets.nextBytes()).isZero();
        assertThat(offsets.nextBytes()).isEqualTo(4096);
        assertThat(offsets.nextBytes()).isZero();
    }
}
