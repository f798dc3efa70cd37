package org.duett.ittests.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.duett.bench.network.Namespace;
import org.duett.bench.node.NamespaceFenceAgent;
import org.duett.failover.config.ProofConfig;
import org.duett.failover.proof.ProofOutcome;
import org.duett.failover.proof.ProofOutcome.Verdict;
import org.duett.failover.prover.FenceAgentProver;
import org.duett.ittests.Requirements;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: an agent that switches a namespace off. */
class FenceAgentProverTest {

    private static final int TIMEOUT_MILLIS = 60_000;

    @TempDir
    Path folder;

    @BeforeEach
    void demandNamespaces() {
        Requirements.demand(Namespace.requirements());
    }

    @Test
    void aFencedPeerRunsNothingAnyMore() throws Exception {
        try (Namespace peer = Namespace.create()) {
            Process stubborn = peer.start(new ProcessBuilder("sh", "-c", "trap '' TERM INT HUP; sleep 1000 & wait; sleep 1000"));

            ProofOutcome outcome = fence(Map.of("namespace", peer.name()));

            assertThat(outcome.verdict()).as(outcome.detail()).isEqualTo(Verdict.PROVEN);
            assertThat(stubborn.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aPeerThatTheAgentDoesNotKnowIsNotFenced() throws Exception {
        ProofOutcome outcome = fence(Map.of("namespace", "somebody"));

        assertThat(outcome.verdict()).isEqualTo(Verdict.UNKNOWN);
        assertThat(outcome.detail()).contains("none of ours");
    }

    private ProofOutcome fence(Map<String, String> options) throws InterruptedException {
        String program = NamespaceFenceAgent.installIn(folder).toString();
        return new FenceAgentProver(new ProofConfig.FenceAgent(program, options, 0, TIMEOUT_MILLIS)).prove();
    }
}
