package org.duett.failover.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.ProgramKind;
import org.duett.failover.group.MemberOutcome;
import org.duett.failover.group.MemberState;
import org.duett.replicator.command.ProcessIdentity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs sh and sleep. */
class CommandAgentTest {
    private static final int LONG_MILLIS = 60_000;

    @TempDir
    Path folder;
    private CommandAgent agent;

    @AfterEach
    void end() throws InterruptedException {
        if (agent != null) agent.stop(true);
    }

    private CommandAgent agent(String start, String stop, String monitor, int startMillis) {
        return agent(start, stop, monitor, startMillis, LONG_MILLIS);
    }

    private CommandAgent agent(String start, String stop, String monitor, int startMillis, int stopMillis) {
        var commands = new ProgramKind.Command(start, Optional.ofNullable(stop), Optional.ofNullable(monitor));
        agent = new CommandAgent(commands, new MemberConfig.Program("shop", commands, startMillis, stopMillis), folder.resolve("run"));
        return agent;
    }

    private long startedPid() throws IOException {
        return Long.parseLong(Files.readString(folder.resolve("pid")).strip());
    }

    private String sleeper() {
        return "sleep 1000 & echo $! > " + folder.resolve("pid");
    }

    @Test
    void whatTheStartCommandLeavesRunningIsTheProgram() throws Exception {
        agent(sleeper(), null, null, LONG_MILLIS);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);

        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.RUNNING);
        ProcessIdentity program = ProcessIdentity.of(startedPid()).orElseThrow();

        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(program.isAlive()).isFalse();
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.stop(false)).as("again").isEqualTo(MemberOutcome.DONE);
    }

    @Test
    void aSecondStartAndANewDaemonFindItRunning() throws Exception {
        agent(sleeper(), null, null, LONG_MILLIS).start();
        long pid = startedPid();

        CommandAgent ofTheNextDaemon = agent(sleeper(), null, null, LONG_MILLIS);
        assertThat(ofTheNextDaemon.probe()).isEqualTo(MemberState.RUNNING);
        assertThat(ofTheNextDaemon.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(startedPid()).isEqualTo(pid);
    }

    @Test
    void aProgramThatHasEndedByItselfIsStopped() throws Exception {
        agent(sleeper(), null, null, LONG_MILLIS).start();
        ProcessIdentity program = ProcessIdentity.of(startedPid()).orElseThrow();
        program.kill();
        assertThat(program.awaitEnd(LONG_MILLIS)).isTrue();

        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    @Test
    void aProgramThatIgnoresTheRequestToEndIsKilledWithAllItsChildren() throws Exception {
        String stubborn = "(trap '' TERM; sleep 1000 & echo $! > " + folder.resolve("child") + "; mv " + folder.resolve("child") + " "
                + folder.resolve("pid") + "; while :; do sleep 1000; done) & while [ ! -e " + folder.resolve("pid") + " ]; do :; done";
        agent(stubborn, null, null, LONG_MILLIS, 3000);
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        ProcessIdentity child = ProcessIdentity.of(startedPid()).orElseThrow();

        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(child.awaitEnd(LONG_MILLIS)).isTrue();
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    @Test
    void aStartThatFailsOrLeavesNothingIsTold() throws Exception {
        assertThat(agent("echo no licence; exit 3", null, null, LONG_MILLIS).start().detail()).contains("exit code 3").contains("no licence");
        assertThat(agent("true", null, null, LONG_MILLIS).start().detail()).contains("left nothing running");
    }

    @Test
    void aStartThatDoesNotReturnIsCutOff() throws Exception {
        agent("echo $$ > " + folder.resolve("pid") + "; sleep 1000", null, null, 1000);

        assertThat(agent.start().detail()).contains("has to return");
        assertThat(ProcessIdentity.of(startedPid()).map(left -> left.awaitEnd(LONG_MILLIS)).orElse(true)).isTrue();
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    @Test
    void theMonitorSaysWhetherItRunsAndTheStopCommandEndsIt() throws Exception {
        Path up = folder.resolve("up");
        agent("touch " + up, "rm " + up, "test -e " + up, LONG_MILLIS);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
        assertThat(agent.start()).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.RUNNING);
        assertThat(agent.stop(false)).isEqualTo(MemberOutcome.DONE);
        assertThat(up).doesNotExist();
    }

    @Test
    void aProgramThatLivesAndDoesNotAnswerIsBroken() throws Exception {
        agent(sleeper(), null, "test -e " + folder.resolve("up"), LONG_MILLIS).start();

        assertThat(agent.probe().kind()).isEqualTo(MemberState.Kind.BROKEN);
        assertThat(agent.stop(true)).isEqualTo(MemberOutcome.DONE);
        assertThat(agent.probe()).isEqualTo(MemberState.STOPPED);
    }

    @Test
    void aStopThatLeavesItRunningIsNoStop() throws Exception {
        agent("true", "echo cannot; exit 1", "true", LONG_MILLIS).start();

        assertThat(agent.stop(false).detail()).contains("still runs").contains("cannot");
        agent = null;
    }

    @Test
    void itsOutputGoesToAFileAndNotIntoAPipeOfTheDaemon() throws Exception {
        agent("(while [ ! -e " + folder.resolve("go") + " ]; do :; done; echo later; touch " + folder.resolve("said") + "; sleep 1000) & echo $! > "
                + folder.resolve("pid") + "; echo started", null, null, LONG_MILLIS).start();
        Files.createFile(folder.resolve("go"));
        while (!Files.exists(folder.resolve("said"))) Thread.onSpinWait();

        assertThat(Files.readAllLines(folder.resolve("run/shop.out"))).isEqualTo(List.of("started", "later"));
    }
}
