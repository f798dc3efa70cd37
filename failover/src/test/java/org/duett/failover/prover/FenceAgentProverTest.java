package org.duett.failover.prover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents of sh, which speak as those of fence-agents do. */
class FenceAgentProverTest {

    private static final int LONG_MILLIS = 60_000;

    @TempDir
    Path folder;

    @Test
    void anAgentThatSaysYesAndThenOffProvesIt() throws Exception {
        Path agent = agent("echo off > plug");
        ProofOutcome outcome = prove(agent, Map.of("ip", "192.0.2.9", "password", "secret"), LONG_MILLIS);

        assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(Verdict.PROVEN);
        assertThat(outcome.detail()).contains("its status that the peer is off").doesNotContain("secret");
    }

    @Test
    void theAgentFindsItsOptionsOnItsStandardInput() throws Exception {
        Path agent = agent("echo \"$options\" > asked; echo off > plug");
        prove(agent, Map.of("ip", "192.0.2.9", "plug", "3"), LONG_MILLIS);

        assertThat(Files.readAllLines(folder.resolve("asked"))).containsExactlyInAnyOrder("action=off", "ip=192.0.2.9", "plug=3");
    }

    @Test
    void anAgentThatFailsHasFencedNobody() throws Exception {
        ProofOutcome outcome = prove(agent("echo 'Unable to connect' >&2; exit 1"), Map.of(), LONG_MILLIS);

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("Unable to connect").contains("does not count as fenced");
    }

    @Test
    void aPeerThatIsStillOnAfterwardsIsNotFenced() throws Exception {
        ProofOutcome outcome = prove(agent("exit 0"), Map.of(), LONG_MILLIS);

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("that the peer is on");
    }

    @Test
    void anAgentThatHangsIsKilledWithItsChildrenAndHasFencedNobody() throws Exception {
        Path agent = agent("sleep 1000 & echo $! > child; wait");
        ProofOutcome outcome = prove(agent, Map.of(), 4000);

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("did not end in its time");
        var child = ProcessHandle.of(Long.parseLong(Files.readString(folder.resolve("child")).strip()));
        if (child.isPresent())
            child.get().onExit().get(60, TimeUnit.SECONDS);
    }

    @Test
    void anAgentThatIsNotInstalledHasFencedNobody() throws Exception {
        ProofOutcome outcome = prove(folder.resolve("fence_missing"), Map.of(), LONG_MILLIS);

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("could not be started");
    }

    /** Found with an agent that failed: it was called 36 times in 24 seconds, and would have been for as long as the peer was away. */
    @Test
    void anAgentThatFailsIsCalledAgainAfterLongerAndLongerPauses() throws Exception {
        Path agent = agent("echo call >> calls; exit 1");
        var clock = new AtomicLong();
        var prover = new FenceAgentProver(new ProofConfig.FenceAgent(agent.toString(), Map.of(), 0, LONG_MILLIS), clock::get);

        var calledAtSeconds = new ArrayList<Integer>();
        for (int halfSeconds = 0; halfSeconds <= 120; halfSeconds++) {
            clock.set(TimeUnit.MILLISECONDS.toNanos(500L * halfSeconds));
            int before = calls();
            assertThat(prover.prove().verdict()).isEqualTo(Verdict.UNKNOWN);
            if (calls() > before) calledAtSeconds.add(halfSeconds / 2);
        }

        assertThat(calledAtSeconds).containsExactly(0, 1, 3, 7, 15, 31, 47);
    }

    @Test
    void anotherLossOfThePeerBeginsWithACallAtOnce() throws Exception {
        Path agent = agent("echo call >> calls; if [ -e mended ]; then echo off > plug; else exit 1; fi");
        var clock = new AtomicLong();
        var prover = new FenceAgentProver(new ProofConfig.FenceAgent(agent.toString(), Map.of(), 0, LONG_MILLIS), clock::get);
        for (int seconds = 0; seconds <= 20; seconds++) {
            clock.set(TimeUnit.SECONDS.toNanos(seconds));
            prover.prove();
        }
        Files.createFile(folder.resolve("mended"));
        assertThat(prover.prove().verdict()).isEqualTo(Verdict.UNKNOWN);

        clock.addAndGet(TimeUnit.SECONDS.toNanos(11));
        assertThat(prover.prove().verdict()).isEqualTo(Verdict.PROVEN);
    }

    private int calls() throws IOException {
        Path calls = folder.resolve("calls");
        return Files.exists(calls) ? Files.readAllLines(calls).size() : 0;
    }

    /** An agent with a plug, that is on at first. {@code off} is what it does when it is told to switch it off. */
    private Path agent(String off) throws IOException {
        Files.writeString(folder.resolve("plug"), "on\n");
        Path agent = folder.resolve("fence_test");
        Files.writeString(agent, """
                #!/bin/sh
                cd %s
                options=$(cat)
                case "$options" in
                    *action=status*) if [ "$(cat plug)" = on ]; then exit 0; else exit 2; fi ;;
                    *) %s ;;
                esac
                """.formatted(folder, off));
        Files.setPosixFilePermissions(agent, PosixFilePermissions.fromString("rwx------"));
        return agent;
    }

    private static ProofOutcome prove(Path agent, Map<String, String> options, int timeoutMillis) throws InterruptedException {
        return new FenceAgentProver(new ProofConfig.FenceAgent(agent.toString(), options, 0, timeoutMillis)).prove();
    }
}
