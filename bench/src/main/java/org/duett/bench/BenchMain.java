package org.duett.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.duett.bench.host.Requirement;
import org.duett.bench.host.Requirement.Missing;
import org.duett.bench.host.SourceTree;
import org.duett.bench.report.BenchReport;
import org.duett.bench.report.Figure;
import org.duett.bench.report.Machine;
import org.duett.bench.scenario.AllocationScenario;
import org.duett.bench.scenario.AttachScenario;
import org.duett.bench.scenario.FailoverScenario;
import org.duett.bench.scenario.IdleScenario;
import org.duett.bench.scenario.IopsScenario;
import org.duett.bench.scenario.KillsScenario;
import org.duett.bench.scenario.LoadScenario;
import org.duett.bench.scenario.ResyncScenario;
import org.duett.bench.scenario.Scenario;
import org.duett.bench.scenario.ScenarioSettings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code duett bench}: measures on this machine what the project promises in figures. */
@Command(name = "duett bench", mixinStandardHelpOptions = true, description = {
        "Measures Duett on this machine and holds the figures against their targets. Without a scenario: all of them.",
        "`duett bench list` names the scenarios. Exit code 1: a target was missed; 2: wrong usage; 3: something failed."})
public final class BenchMain implements Callable<Integer> {

    private static final int TARGET_MISSED = 1;
    private static final int FAILED = 3;
    private static final String LIST = "list";

    static final List<Scenario> SCENARIOS = List.of(new IopsScenario(), new AllocationScenario(), new IdleScenario(),
            new AttachScenario(),
            new ResyncScenario(), new FailoverScenario(), new KillsScenario(), new LoadScenario());

    @Parameters(paramLabel = "SCENARIO", arity = "0..*", description = "iops, allocation, idle, attach, resync, failover, kills, load; or list")
    private List<String> names = List.of();

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "5", description = "one measured stretch (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "how often contestants take turns (default: ${DEFAULT-VALUE})")
    private int rounds;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "of the random offsets (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--directory", paramLabel = "DIR", description = "where backing files are made (default: the folder for temporary files); "
            + "on the disk that is to be measured, with 3 GiB free")
    private Path directory = Path.of(System.getProperty("java.io.tmpdir"));

    @Option(names = "--jvm", paramLabel = "OPTION", description = "a further option for the JVMs of the daemons, as -Xmx64m; may be repeated")
    private List<String> jvmOptions = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "write the report there, too, as JSON")
    private Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "write the report there, too, as it is printed")
    private Path markdown;

    private final List<Scenario> scenarios;
    private final PrintStream out;
    private final PrintStream progress;
    private List<String> commandWords = List.of();

    BenchMain(List<Scenario> scenarios, PrintStream out, PrintStream progress) {
        this.scenarios = scenarios;
        this.out = out;
        this.progress = progress;
    }

    public static void main(String[] arguments) {
        System.exit(execute(new BenchMain(SCENARIOS, System.out, System.err), arguments));
    }

    static int execute(BenchMain bench, String... arguments) {
        bench.commandWords = List.of(arguments);
        return new CommandLine(bench).execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        if (names.equals(List.of(LIST))) {
            for (Scenario each : scenarios)
                out.println(String.format("%-12s %s", each.name(), each.description()));
            return CommandLine.ExitCode.OK;
        }
        List<Scenario> chosen = new ArrayList<>();
        for (String name : names) {
            Optional<Scenario> found = scenarios.stream().filter(each -> each.name().equals(name)).findFirst();
            if (found.isEmpty()) {
                progress.println("There is no scenario " + name + "; there are: "
                        + String.join(", ", scenarios.stream().map(Scenario::name).toList()));
                return CommandLine.ExitCode.USAGE;
            }
            chosen.add(found.get());
        }
        return measure(chosen.isEmpty() ? scenarios : chosen);
    }

    private int measure(List<Scenario> chosen) throws IOException {
        var settings = new ScenarioSettings(directory, seconds, rounds, seed, jvmOptions,
                text -> progress.println("  " + text));
        List<Figure> figures = new ArrayList<>();
        boolean failed = false;
        for (Scenario scenario : chosen) {
            progress.println(scenario.name() + ": " + scenario.description());
            List<Missing> missing = Requirement.missingOf(scenario.requirements());
            if (!missing.isEmpty()) {
                progress.println("  left out: " + String.join("; ", missing.stream().map(Missing::reason).toList()));
                continue;
            }
            try {
                figures.addAll(scenario.run(settings));
            } catch (RuntimeException e) {
                failed = true;
                progress.println("  failed: " + e.getMessage());
                if (!(e instanceof IllegalStateException))
                    e.printStackTrace(progress);
            }
        }
        report(figures);
        if (failed)
            return FAILED;
        return figures.stream().allMatch(Figure::isMet) ? CommandLine.ExitCode.OK : TARGET_MISSED;
    }

    private void report(List<Figure> figures) throws IOException {
        if (figures.isEmpty())
            return;
        var report = new BenchReport(Machine.here(SourceTree.top()),
                ("./duett bench " + String.join(" ", commandWords)).strip(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), figures);
        out.println();
        out.print(report.markdown());
        if (json != null)
            Files.writeString(json, report.json());
        if (markdown != null)
            Files.writeString(markdown, report.markdown());
    }
}
