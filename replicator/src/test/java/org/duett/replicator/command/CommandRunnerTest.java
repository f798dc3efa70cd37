package org.duett.replicator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.duett.replicator.command.CommandResult.Ending;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs sh, cat and sleep. */
class CommandRunnerTest {

    private static final long LONG_MILLIS = 60_000;

    @TempDir
    Path folder;

    @Test
    void bothStreamsAndTheExitCodeAreTold() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("sh", "-c", "echo out; echo err >&2; exit 3"), LONG_MILLIS);

        assertThat(ended.ending()).isEqualTo(Ending.EXITED);
        assertThat(ended.exitCode()).isEqualTo(3);
        assertThat(ended.output().lines()).containsExactlyInAnyOrder("out", "err");
        assertThat(ended.describe()).contains("exit code 3");
    }

    /** mount says what was wrong on its first line, and on one that is indented where to read on: the last line alone told nothing. */
    @Test
    void aLineThatIsIndentedGoesOnFromTheOneBefore() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("printf", "loud\nmount: /srv: wrong fs type.\n       dmesg(1) may have more information.\n"), LONG_MILLIS);

        assertThat(ended.describe()).endsWith(": mount: /srv: wrong fs type. dmesg(1) may have more information.");
        assertThat(CommandRunner.run(List.of("printf", "  only this\n\n"), LONG_MILLIS).describe()).endsWith(": only this");
        assertThat(CommandRunner.run(List.of("printf", "one\n\n  two"), LONG_MILLIS).describe()).endsWith(": one two");
    }

    @Test
    void theCommandReadsItsInputAndSeesItsEnvironment() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("sh", "-c", "cat; echo $DUETT_NODE"), Map.of("DUETT_NODE", "alpha"), "off\n",
                LONG_MILLIS);

        assertThat(ended.output()).isEqualTo("off\nalpha\n");
        assertThat(ended.succeeded()).isTrue();
    }

    @Test
    void aCommandThatDoesNotEndIsKilledWithItsChildren() throws Exception {
        Path childPid = folder.resolve("child");

        CommandResult ended = CommandRunner.run(
                List.of("sh", "-c", "sleep 1000 & echo $! > " + childPid + "; echo begun; wait"), 1000);

        assertThat(ended.ending()).isEqualTo(Ending.TIMED_OUT);
        assertThat(ended.describe()).contains("did not end in its time");
        var child = ProcessHandle.of(Long.parseLong(Files.readString(childPid).strip()));
        if (child.isPresent())
            child.get().onExit().get(60, TimeUnit.SECONDS);
    }

    @Test
    void whatACommandLeavesRunningIsLeftAloneAndDoesNotHoldUpTheAnswer() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("sh", "-c", "sleep 1000 & echo $!"), LONG_MILLIS);

        var left = ProcessHandle.of(Long.parseLong(ended.output().strip()));
        assertThat(left).isPresent();
        left.get().destroyForcibly();
        assertThat(ended.succeeded()).isTrue();
    }

    @Test
    void aProgramThatIsNotThereIsNotStarted() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("/no/such/program"), LONG_MILLIS);

        assertThat(ended.ending()).isEqualTo(Ending.NOT_STARTED);
        assertThat(ended.describe()).contains("/no/such/program could not be started");
    }

    @Test
    void moreOutputThanAnybodyReadsDoesNotStopTheCommand() throws Exception {
        CommandResult ended = CommandRunner.run(List.of("sh", "-c", "head -c 1000000 /dev/zero"), LONG_MILLIS);

        assertThat(ended.succeeded()).isTrue();
        assertThat(ended.output()).hasSize(CommandRunner.OUTPUT_BYTES);
    }
}
