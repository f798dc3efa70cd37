package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.duett.failover.config.ClusterText.GROUP;
import static org.duett.failover.config.ClusterText.cluster;

import java.nio.file.Path;
import org.duett.replicator.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterTimesTest {
    @TempDir
    Path directory;

    @Test
    void theDefaultsWithPingAmountToThreeSeconds() throws ConfigException {
        ClusterTimes times = times("proof ping { target 192.0.2.1; }");
        assertThat(times.lines()).containsExactly(
                "A dead peer is known 1.80 s to 2.05 s after its death (deadtime 2 s, keepalive 200 ms); a silent path is reported after 1 s.",
                "Cut off, a node stops to answer by itself 1.80 s after it sent the last heartbeat that was echoed; the other one acts 2 s after it heard that one,"
                        + " or later: at least 200 ms between the two.",
                "Proof ping: at most 1 s from there, at its first attempt.",
                "A takeover begins at most 3.05 s after the death; the start of the members comes on top.",
                "After its start a node waits up to 30 s for the first word of the other one.");
    }

    @Test
    void ofSeveralProofsTheFastestCountsAndAWatchdogAloneCountsNothing() throws ConfigException {
        ClusterTimes times = times("""
                proof witness { lease-file /mnt/w/l; lease 6s; }
                proof fence-agent { program f; timeout 10s; node node-a { delay 9s; } node node-b { delay 1s; } }
                proof watchdog { timeout 4s; }
                """);
        assertThat(times.config().proofs()).extracting(proof -> times.provenAfterMostMillis(proof).orElseThrow()).containsExactly(1000, 11_000, 2200);
        assertThat(times.takeoverBeginsMostMillis()).contains(2050 + 1000);
    }

    @Test
    void withoutAProofThatWorksByItselfAPersonIsNeeded() throws ConfigException {
        assertThat(times("proof manual;").lines()).contains("Proof manual: as soon as a person confirms.", "No takeover begins without a person: duett cluster confirm-peer-down.");
        assertThat(times("").takeoverBeginsMostMillis()).isEmpty();
    }

    private ClusterTimes times(String inside) throws ConfigException {
        return ClusterTimes.of(ClusterText.read(directory, cluster(GROUP + inside)).cluster());
    }
}
