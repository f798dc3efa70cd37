package org.duett.replicator.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs sleep. */
class ProcessIdentityTest {

    private Process process;
    private ProcessIdentity identity;

    @BeforeEach
    void start() throws Exception {
        process = new ProcessBuilder("sleep", "1000").start();
        identity = ProcessIdentity.of(process.pid()).orElseThrow();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @Test
    void aProcessIsAliveUntilItIsKilled() throws Exception {
        assertThat(identity.isAlive()).isTrue();
        assertThat(identity.awaitEnd(0)).isFalse();

        identity.kill();

        assertThat(identity.awaitEnd(60_000)).isTrue();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(128 + 9);
        assertThat(identity.isAlive()).isFalse();
    }

    @Test
    void aRequestToEndIsOneThatItMayAnswer() throws Exception {
        identity.terminate();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(128 + 15);
    }

    @Test
    void anEarlierProcessWithTheSameNumberIsNotThisOne() throws Exception {
        var earlier = new ProcessIdentity(identity.pid(), identity.startTicks() - 1);

        assertThat(earlier.isAlive()).isFalse();
        assertThat(earlier.awaitEnd(0)).isTrue();
        earlier.kill();

        assertThat(process.waitFor(100, TimeUnit.MILLISECONDS)).as("the living one was hit").isFalse();
    }

    @Test
    void nobodyHasTheNumberOfNobody() {
        assertThat(ProcessIdentity.of(Integer.MAX_VALUE)).isEmpty();
        assertThat(new ProcessIdentity(Integer.MAX_VALUE, 1).awaitEnd(0)).isTrue();
    }
}
