package org.duett.failover.prover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
