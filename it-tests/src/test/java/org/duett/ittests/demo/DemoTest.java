package org.duett.ittests.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.duett.bench.host.HostCommand;
import org.duett.bench.host.SourceTree;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./duett demo}, as a newcomer runs it: by the launcher, with real daemons. Needs nothing but the build. */
class DemoTest {

    private static final long LIMIT_SECONDS = 180;

    @TempDir
    Path folder;

    private record Outcome(int exitCode, String output) {
    }

    /**
     * Maven has just built what is tested, but leaves a jar alone that would come out the same; the launcher would take it for old and
     * build again, under the feet of this very test.
     */
    @BeforeAll
    static void tellTheLauncherThatAllIsBuilt() throws Exception {
        for (String module : List.of("replicator", "bench")) {
            Files.writeString(SourceTree.top().resolve(module).resolve("target/duett-built"), "");
        }
    }

    @Test
    void theDemoLosesNothingAndLeavesNothingBehind() throws Exception {
        Outcome outcome = demo();

        assertThat(outcome.output()).containsPattern("acknowledged writes lost +0")
                .containsPattern("writes acknowledged before kill -9 +[1-9]")
                .containsPattern("takeover, from kill -9 to Primary +\\d").containsPattern("disks compared byte by byte +.*identical");
        assertThat(outcome.exitCode()).as(outcome.output()).isZero();
        assertThat(whatIsLeft()).isEmpty();
    }

    @Test
    void keepLeavesARunningPairAndSaysHowToUseAndRemoveIt() throws Exception {
        Outcome outcome = demo("--keep");
        assertThat(outcome.exitCode()).as(outcome.output()).isZero();

        String status = firstLine(outcome, "DUETT_CONF=\\S+ \\S+/duett status");
        String removal = firstLine(outcome, "kill \\d+ \\d+; rm -r \\S+");
        try {
            HostCommand asked = HostCommand.run("sh", "-c", status).orThrow();
            assertThat(asked.output()).contains("Protected: either node may be lost.");
        } finally {
            HostCommand.run("sh", "-c", removal).orThrow();
        }
    }

    @Test
    void aFolderThatDoesNotWorkIsAReasonAndAnExitCode() throws Exception {
        folder = folder.resolve("x".repeat(100));
        Files.createDirectory(folder);

        Outcome outcome = demo();

        assertThat(outcome.exitCode()).isOne();
        assertThat(outcome.output()).contains("path is too long").doesNotContain("at org.duett");
        assertThat(whatIsLeft()).isEmpty();
    }

    private Outcome demo(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(SourceTree.launcher().toString(), "demo", "--directory", folder.toString()));
        command.addAll(List.of(options));
        // What the demo leaves running must not hold a pipe of ours open.
        Path output = Files.createTempFile("demo", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!ended) process.destroyForcibly();
        String text = Files.readString(output, StandardCharsets.UTF_8);
        Files.delete(output);
        assertThat(ended).as("the demo takes less than three minutes; so far: " + text).isTrue();
        return new Outcome(process.exitValue(), text);
    }

    private static String firstLine(Outcome outcome, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(outcome.output());
        assertThat(matcher.find()).as(outcome.output()).isTrue();
        return matcher.group();
    }

    private List<Path> whatIsLeft() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
