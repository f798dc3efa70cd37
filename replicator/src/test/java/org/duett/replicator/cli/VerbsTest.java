package org.duett.replicator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import picocli.CommandLine;

/** What the command line says to wrong arguments, and while no daemon runs. */
@ResourceLock(Resources.SYSTEM_ERR)
@ResourceLock(Resources.SYSTEM_OUT)
class VerbsTest {
    @TempDir
    private Path directory;
    private Path configuration;

    private record Ended(int code, String err) {
    }

    @BeforeEach
    void writeConfiguration() throws IOException {
        configuration = Files.writeString(directory.resolve("duett.conf"), """
                resource r0 {
                    on here { address 127.0.0.1:7788; device minor 0; disk %1$s/a.img; meta-disk internal; }
                    on there { address 127.0.0.2:7788; device minor 0; disk %1$s/b.img; meta-disk internal; }
                }
                duett { node-name here; run-directory %1$s/run; state-directory %1$s/state; }
                """.formatted(directory));
    }

    private Ended run(String... arguments) {
        PrintStream before = System.err;
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        System.setErr(new PrintStream(text, true, StandardCharsets.UTF_8));
        try {
            Optional<Integer> byHand = StatusVerb.run(arguments);
            int code = byHand.isPresent() ? byHand.get() : Verbs.execute(arguments);
            return new Ended(code, text.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    private Ended runHere(String... arguments) {
        String[] all = Stream.concat(Stream.of(arguments), Stream.of("--config", configuration.toString())).toArray(String[]::new);
        return run(all);
    }

    @TestFactory
    Stream<DynamicTest> everyVerbSaysWhatItDoesAndRefusesWhatItDoesNotKnow() {
        return Verbs.commandLine().getSubcommands().values().stream().filter(verb -> !verb.getCommandName().equals("help"))
                .map(verb -> DynamicTest.dynamicTest(verb.getCommandName(), () -> {
                    assertThat(verb.getCommandSpec().usageMessage().description()).isNotEmpty();
                    Ended ended = run(verb.getCommandName(), "--no-such-option");
                    assertThat(ended.code()).isEqualTo(20);
                    assertThat(ended.err()).containsAnyOf("Unknown option: '--no-such-option'", "Missing required parameter: 'RESOURCE");
                }));
    }

    /** Of a verb that wants a resource, too. */
    @TestFactory
    Stream<DynamicTest> everyVerbHasHelp() {
        return Verbs.commandLine().getSubcommands().keySet().stream().filter(verb -> !verb.equals("help")).map(verb -> DynamicTest.dynamicTest(verb, () -> {
            PrintStream before = System.out;
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            System.setOut(new PrintStream(text, true, StandardCharsets.UTF_8));
            try {
                assertThat(run(verb, "--help").code()).isZero();
            } finally {
                System.setOut(before);
            }
            assertThat(text.toString(StandardCharsets.UTF_8)).startsWith("Usage: duett " + verb);
        }));
    }

    @Test
    void aResourceThatThereIsNotIsNoneToPromoteBeforeItsDeviceIsAttached() {
        for (String target : new String[]{"r9", "r0/x", "r0/7"}) {
            Ended ended = runHere("attach-device", target);
            assertThat(ended.code()).isEqualTo(10);
            assertThat(ended.err()).contains(" has no ").contains("It has: ").doesNotContain("Primary");
        }
    }

    @TestFactory
    Stream<DynamicTest> withoutADaemonEveryVerbThatNeedsOneSaysHowToStartIt() {
        return Stream.of("primary r0", "secondary r0", "attach r0", "detach r0/0", "connect r0", "disconnect r0", "wait-connect r0",
                "wait-sync r0", "invalidate r0", "invalidate-remote r0", "outdate r0", "new-current-uuid r0", "suspend-io r0", "resume-io r0",
                "pause-sync r0", "resume-sync r0", "resize r0", "down r0", "status", "status r0 --json", "status --proc-drbd", "events --now",
                "cstate r0", "role r0", "dstate r0").map(line -> DynamicTest.dynamicTest(line, () -> {
                    Ended ended = runHere(line.split(" "));
                    assertThat(ended.code()).isEqualTo(20);
                    assertThat(ended.err()).contains("No daemon answers on " + directory.resolve("run/control.sock")).contains("Nothing was changed.")
                            .contains("duett daemon --config " + configuration);
                }));
    }

    @Test
    void aBrokenConfigurationIsShownWithItsPlaceAndWhatIsAllowed() throws IOException {
        Files.writeString(configuration, "resource r0 {\n  net { protocol D; }\n}\n");
        Ended ended = runHere("create-md", "r0");
        assertThat(ended.code()).isEqualTo(10);
        assertThat(ended.err()).contains(configuration + ":2:").contains("Allowed: ");
    }

    @Test
    void anUnknownResourceIsNamedTogetherWithThoseThatThereAre() {
        Ended ended = runHere("create-md", "r9");
        assertThat(ended.code()).isEqualTo(10);
        assertThat(ended.err()).contains("has no resource r9").contains("It has: r0.");
    }

    @Test
    void aVerbThatIsAboutAResourceRefusesAVolume() {
        assertThat(runHere("primary", "r0/0").err()).contains("is about a whole resource").contains("duett primary r0");
    }

    @Test
    void aSizeThatIsNoneIsRefused() {
        Ended ended = runHere("create-md", "r0", "--size", "10MB");
        assertThat(ended.code()).isEqualTo(20);
        assertThat(ended.err()).contains("'10MB' is no size; sizes are like 10G");
        assertThat(ByteSize.parse("10G").bytes()).isEqualTo(10L << 30);
        assertThat(ByteSize.parse("8s").bytes()).isEqualTo(4096);
        assertThatThrownBy(() -> ByteSize.parse("999999999999999T")).hasMessageContaining("larger than any device");
    }

    @Test
    void formsOfStatusThatExcludeOneAnotherAreRefused() {
        assertThat(runHere("status", "--json", "--watch").err()).contains("exclude one another");
        assertThat(runHere("status", "--json", "--colour").code()).isEqualTo(20);
    }

    @Test
    void theLastPartOfANameIsAVolumeWhenItIsANumber() {
        assertThat(Target.parse("r0")).isEqualTo(new Target("r0", -1));
        assertThat(Target.parse("r0/1")).isEqualTo(new Target("r0", 1));
        assertThat(Target.parse("mail/store")).isEqualTo(new Target("mail/store", -1));
        assertThat(Target.parse("mail/store/12")).isEqualTo(new Target("mail/store", 12));
        assertThat(Target.parse("/5")).isEqualTo(new Target("/5", -1));
    }

    @Test
    void theHelpNamesEveryVerb() {
        String help = Verbs.commandLine().getUsageMessage(CommandLine.Help.Ansi.OFF);
        assertThat(help).contains("create-md", "dump-md", "up", "down", "primary", "secondary", "wait-sync", "status", "events", "--config");
    }
}
