package org.duett.ittests.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.bench.host.Requirement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, in a tree of its own with a JDK and a Maven that only write down how they were called. */
class LauncherTest {

    private static final Path TOP = Path.of("").toAbsolutePath().getParent();

    @TempDir
    Path folder;

    private Path tree;
    private Path programs;
    private Path jdk;
    private Path mavenCalls;

    private record Outcome(int exitCode, String output) {
    }

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectories(folder.resolve("tree"));
        Files.copy(TOP.resolve("duett"), tree.resolve("duett"), StandardCopyOption.COPY_ATTRIBUTES);
        write(tree.resolve("pom.xml"), "");
        for (String module : List.of("replicator", "failover", "bench")) {
            write(tree.resolve(module + "/pom.xml"), "");
            write(tree.resolve(module + "/src/main/java/Some.java"), "");
        }

        jdk = folder.resolve("jdk");
        write(jdk.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"25.0.3\"\n");
        writeProgram(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"");
        writeProgram(jdk.resolve("bin/javac"), "exit 1");

        programs = Files.createDirectories(folder.resolve("programs"));
        for (String name : List.of("dirname", "readlink", "find", "mkdir", "cp", "flock")) {
            writeProgram(programs.resolve(name), "exec " + Requirement.Program.find(name).orElseThrow() + " \"$@\"");
        }
        mavenCalls = folder.resolve("maven-calls");
        write(mavenCalls, "");
        writeProgram(programs.resolve("mvn"),
                """
                        echo "$@" >>'%s'
                        for module in replicator bench; do mkdir -p $module/target; printf 'library.jar' >$module/target/classpath.txt; done
                        """
                        .formatted(mavenCalls));
    }

    @Test
    void startsTheProgramFromAnyFolderAndThroughASymbolicLink() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), tree.resolve("duett"));

        Outcome outcome = launch(link, "status", "r0", "two words");

        assertThat(outcome.exitCode).isZero();
        assertThat(outcome.output.lines()).containsSubsequence("-cp", tree + "/replicator/target/classes:library.jar",
                "org.duett.replicator.DuettMain", "status", "r0", "two words");
    }

    @Test
    void passesTheFlagsOfThePomAndTurnsAssertionsOn() throws Exception {
        Matcher flags = Pattern.compile("<duett.jvm.flags>(.*)</duett.jvm.flags>")
                .matcher(Files.readString(TOP.resolve("pom.xml")));
        assertThat(flags.find()).isTrue();

        assertThat(launch("daemon").output.lines()).contains(flags.group(1).split(" ")).contains("-ea:org.duett...");
    }

    @Test
    void aShortVerbGetsAJvmThatStartsQuicklyAndTheDaemonOneThatRunsWell() throws Exception {
        assertThat(launch("status").output.lines()).contains("-XX:TieredStopAtLevel=1");
        assertThat(launch("daemon").output.lines()).doesNotContain("-XX:TieredStopAtLevel=1");
        assertThat(launch("simulate").output.lines()).doesNotContain("-XX:TieredStopAtLevel=1");
    }

    @Test
    void theFirstWordChoosesTheProgram() throws Exception {
        assertThat(launch("daemon", "--config", "x").output.lines())
                .endsWith("org.duett.replicator.ReplicatorMain", "--config", "x");
        assertThat(launch("demo", "--keep").output.lines()).endsWith("org.duett.bench.demo.DemoMain", "--keep");
        assertThat(launch("cluster", "status").output.lines()).endsWith("org.duett.failover.FailoverMain", "status");
        assertThat(launch("bench", "list").output.lines()).endsWith("org.duett.bench.BenchMain", "list");
        assertThat(launch("primary", "r0").output.lines())
                .endsWith("org.duett.replicator.DuettMain", "primary", "r0");
    }

    @Test
    void theConfigurationMayStandBeforeTheWordOfAnotherProgram() throws Exception {
        assertThat(launch("--config", "x", "cluster", "status").output.lines()).endsWith("org.duett.failover.FailoverMain", "--config", "x", "status");
        assertThat(launch("--config=x", "cluster", "daemon").output.lines()).endsWith("org.duett.failover.FailoverMain", "--config=x", "daemon")
                .doesNotContain("-XX:TieredStopAtLevel=1");
        assertThat(launch("-c", "x", "daemon").output.lines()).endsWith("org.duett.replicator.ReplicatorMain", "-c", "x");
        assertThat(launch("--config", "x", "status").output.lines()).endsWith("org.duett.replicator.DuettMain", "--config", "x", "status");
    }

    @Test
    void buildsOnFirstUseAndThenNoMore() throws Exception {
        assertThat(launch("status").output).contains("building");
        assertThat(launch("status").output).doesNotContain("building");
        assertThat(launch("demo").output).doesNotContain("building");
        assertThat(Files.readAllLines(mavenCalls)).hasSize(1);
    }

    @Test
    void buildsAgainWhenASourceIsNewerThanTheBuild() throws Exception {
        launch("status");
        Path source = tree.resolve("replicator/src/main/java/Some.java");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));

        assertThat(launch("status").output).contains("building");
    }

    /** A JVM reads a class when it first needs it: it would find another program's, or none. */
    @Test
    void theBuildThatADaemonRunsFromIsNotReplaced() throws Exception {
        launch("status");
        Files.setLastModifiedTime(tree.resolve("replicator/src/main/java/Some.java"), FileTime.from(Instant.now().plusSeconds(60)));
        writeProgram(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"; case \"$*\" in *ReplicatorMain*) read -r line ;; esac");
        Process daemon = start(tree.resolve("duett"), Map.of("JAVA_HOME", jdk.toString()), "daemon");
        daemon.inputReader().lines().takeWhile(line -> !line.endsWith("ReplicatorMain")).forEach(line -> {
        });
        Files.setLastModifiedTime(tree.resolve("replicator/src/main/java/Some.java"), FileTime.from(Instant.now().plusSeconds(120)));
        int built = Files.readAllLines(mavenCalls).size();

        Outcome beside = launch("status");

        assertThat(beside.exitCode).isZero();
        assertThat(beside.output).contains("a daemon runs from that: it stays as it is", "DuettMain").doesNotContain("building");
        assertThat(Files.readAllLines(mavenCalls)).hasSize(built);
        daemon.outputWriter().close();
        daemon.waitFor();
        assertThat(launch("status").output).contains("building").doesNotContain("stays as it is");
    }

    @Test
    void aBuildByHandCountsToo() throws Exception {
        launch("status");
        Instant later = Instant.now().plusSeconds(60);
        Files.setLastModifiedTime(tree.resolve("replicator/pom.xml"), FileTime.from(later));
        write(tree.resolve("replicator/target/duett-replicator-1.jar"), "");
        Files.setLastModifiedTime(tree.resolve("replicator/target/duett-replicator-1.jar"),
                FileTime.from(later.plusSeconds(1)));

        assertThat(launch("status").output).doesNotContain("building");
    }

    @Test
    void aFailedBuildIsToldAndTriedAgain() throws Exception {
        writeProgram(programs.resolve("mvn"), "echo 'Some.java:1: no'; exit 1");

        for (int attempt = 1; attempt <= 2; attempt++) {
            Outcome outcome = launch("status");
            assertThat(outcome.exitCode).isOne();
            assertThat(outcome.output).contains("Some.java:1: no").contains("the build failed");
        }
    }

    @Test
    void withoutMavenItSaysHowToGetIt() throws Exception {
        Files.delete(programs.resolve("mvn"));

        Outcome outcome = launch("status");

        assertThat(outcome.exitCode).isOne();
        assertThat(outcome.output).contains("Maven is missing: apt install maven");
    }

    @Test
    void aJavaHomeOfAnotherVersionIsPassedOver() throws Exception {
        Path old = folder.resolve("old");
        write(old.resolve("release"), "JAVA_VERSION=\"17.0.15\"\n");
        writeProgram(old.resolve("bin/java"), "echo old");
        writeProgram(old.resolve("bin/javac"), "exit 1");

        Outcome outcome = launch(tree.resolve("duett"),
                Map.of("JAVA_HOME", old.toString(), "JAVA25_HOME", jdk.toString()), "status");

        assertThat(outcome.output).contains("DuettMain");
    }

    private Outcome launch(String... arguments) throws Exception {
        return launch(tree.resolve("duett"), arguments);
    }

    private Outcome launch(Path launcher, String... arguments) throws Exception {
        return launch(launcher, Map.of("JAVA_HOME", jdk.toString()), arguments);
    }

    private Outcome launch(Path launcher, Map<String, String> environment, String... arguments) throws Exception {
        Process process = start(launcher, environment, arguments);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    private Process start(Path launcher, Map<String, String> environment, String... arguments) throws IOException {
        var builder = new ProcessBuilder(launcher.toString());
        builder.command().addAll(List.of(arguments));
        builder.environment().clear();
        builder.environment().put("PATH", programs.toString());
        builder.environment().putAll(environment);
        return builder.directory(folder.toFile()).redirectErrorStream(true).start();
    }

    private static void writeProgram(Path path, String body) throws IOException {
        write(path, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void write(Path path, String text) throws IOException {
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
