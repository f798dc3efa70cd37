package org.duett.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.duett.bench.host.Requirement;
import org.duett.bench.report.Figure;
import org.duett.bench.report.Figure.Bound;
import org.duett.bench.scenario.Scenario;
import org.duett.bench.scenario.ScenarioSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line of the benchmarks, with scenarios that measure nothing. */
class BenchMainTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream progress = new ByteArrayOutputStream();
    private final List<ScenarioSettings> runs = new ArrayList<>();

    @TempDir
    Path folder;

    private record Fake(String name, double value, List<Requirement> requirements,
            List<ScenarioSettings> runs) implements Scenario {
        @Override
        public String description() {
            return "the fake " + name;
        }

        @Override
        public List<Figure> run(ScenarioSettings settings) {
            runs.add(settings);
            if (value < 0)
                throw new IllegalStateException("no disk");
            return List.of(Figure.against(Bound.AT_LEAST, 3, name, "ratio", value, "x", ""));
        }
    }

    @Test
    void everyScenarioIsListed() {
        assertThat(execute(BenchMain.SCENARIOS, "list")).isZero();

        assertThat(text(out).lines()).hasSize(BenchMain.SCENARIOS.size()).anyMatch(line -> line.startsWith("iops"))
                .anyMatch(line -> line.startsWith("allocation")).anyMatch(line -> line.startsWith("failover"));
    }

    @Test
    void theChosenScenariosRunWithTheGivenSettings() {
        assertThat(execute(fakes(4, 5), "second", "--seconds", "7", "--rounds", "2", "--directory", folder.toString(),
                "--jvm=-Xmx64m"))
                .isZero();

        assertThat(runs).hasSize(1);
        assertThat(runs.getFirst().seconds()).isEqualTo(7);
        assertThat(runs.getFirst().rounds()).isEqualTo(2);
        assertThat(runs.getFirst().directory()).isEqualTo(folder);
        assertThat(runs.getFirst().daemonJvmOptions()).containsExactly("-Xmx64m");
        assertThat(text(out)).contains("| second | ratio | 5 x | at least 3 | met |")
                .contains("./duett bench second --seconds 7");
    }

    @Test
    void withoutNamesAllRun() {
        assertThat(execute(fakes(4, 5))).isZero();
        assertThat(runs).hasSize(2);
    }

    @Test
    void aMissedTargetShowsInTheExitCode() {
        assertThat(execute(fakes(2, 5))).isEqualTo(1);
        assertThat(text(out)).contains("**missed**");
    }

    @Test
    void anUnknownScenarioIsNamedTogetherWithThoseThatThereAre() {
        assertThat(execute(fakes(4, 5), "third")).isEqualTo(2);
        assertThat(text(progress)).contains("no scenario third").contains("first, second");
        assertThat(runs).isEmpty();
    }

    @Test
    void aFailedScenarioDoesNotHideTheOthersFigures() {
        assertThat(execute(fakes(-1, 5))).isEqualTo(3);
        assertThat(text(progress)).contains("failed: no disk");
        assertThat(text(out)).contains("| second | ratio | 5 x |");
    }

    @Test
    void aScenarioThatLacksAProgramIsLeftOutAndSaysWhy() {
        List<Requirement> missing = List.of(Requirement.program("no-such-program", "no-such-package"));

        assertThat(execute(List.of(new Fake("first", 4, missing, runs)))).isZero();

        assertThat(text(progress)).contains("left out: needs no-such-program: apt install no-such-package");
        assertThat(runs).isEmpty();
    }

    @Test
    void reportsAreAlsoWrittenToFiles() throws Exception {
        Path json = folder.resolve("report.json");
        Path markdown = folder.resolve("report.md");

        execute(fakes(4, 5), "first", "--json", json.toString(), "--markdown", markdown.toString());

        assertThat(json).content().contains("\"figure\" : \"ratio\"");
        assertThat(Files.readString(markdown)).contains("| first | ratio | 4 x |");
    }

    private List<Scenario> fakes(double first, double second) {
        return List.of(new Fake("first", first, List.of(), runs), new Fake("second", second, List.of(), runs));
    }

    private int execute(List<Scenario> scenarios, String... arguments) {
        var bench = new BenchMain(scenarios, new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(progress, true, StandardCharsets.UTF_8));
        return BenchMain.execute(bench, arguments);
    }

    private static String text(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8);
    }
}
