package org.duett.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.duett.replicator.control.JsonTree;
import org.duett.bench.report.Figure.Bound;
import org.junit.jupiter.api.Test;

/** A report for people and for programs. */
class BenchReportTest {

    private static final Machine MACHINE = new Machine("Some CPU", 2, 8L << 30, "Linux 6", "Some JVM 25", "abc123");

    @Test
    void aFigureIsHeldAgainstItsTarget() {
        assertThat(Figure.against(Bound.AT_LEAST, 3, "iops", "ratio", 3, "x", "").isMet()).isTrue();
        assertThat(Figure.against(Bound.AT_LEAST, 3, "iops", "ratio", 2.99, "x", "").isMet()).isFalse();
        assertThat(Figure.against(Bound.BELOW, 64, "allocation", "Primary", 64, "bytes", "").isMet()).isFalse();
        assertThat(Figure.against(Bound.AT_MOST, 1, "resync", "excess", 1, "%", "").isMet()).isTrue();
        assertThat(Figure.plain("iops", "Duett", 1, "writes/s", "").isMet()).isTrue();
    }

    @Test
    void theTableNamesValueTargetMachineCommitAndCommand() {
        String table = report(Figure.against(Bound.AT_LEAST, 3, "iops", "ratio", 2.5, "x", "fio")).markdown();

        assertThat(table).contains("| iops | ratio (fio) | 2.50 x | at least 3 | **missed** |")
                .contains("Some CPU, 2 cores, 8 GiB")
                .contains("Commit abc123").contains("`./duett bench iops`");
    }

    @Test
    void theJsonSaysTheSame() {
        JsonTree json = JsonTree
                .parse(report(Figure.against(Bound.AT_LEAST, 3, "iops", "ratio", 4, "x", "fio")).json());

        assertThat(json.at("machine", "commit").text()).isEqualTo("abc123");
        JsonTree figure = json.at("figures").element(0);
        assertThat(figure.at("value").number()).isEqualTo(4);
        assertThat(figure.at("target").text()).isEqualTo("at least 3");
        assertThat(figure.at("met").isTrue()).isTrue();
    }

    @Test
    void oneMissedTargetIsAMissedRun() {
        Figure met = Figure.against(Bound.BELOW, 64, "allocation", "Primary", 10, "bytes", "");
        Figure missed = Figure.against(Bound.BELOW, 64, "allocation", "Secondary", 100, "bytes", "");

        assertThat(report(met).allTargetsMet()).isTrue();
        assertThat(report(met, missed).allTargetsMet()).isFalse();
    }

    @Test
    void numbersHaveAsManyDigitsAsCount() {
        assertThat(Figure.number(21345.6)).isEqualTo("21 346");
        assertThat(Figure.number(12.345)).isEqualTo("12.3");
        assertThat(Figure.number(3)).isEqualTo("3");
        assertThat(Figure.number(0.0123)).isEqualTo("0.0123");
    }

    private static BenchReport report(Figure... figures) {
        return new BenchReport(MACHINE, "./duett bench iops", "2026-11-20T12:00:00Z", List.of(figures));
    }
}
