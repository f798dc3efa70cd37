package org.duett.replicator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HandlerRunnerTest {
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/bin:/usr/bin", "DRBD_RESOURCE", "mirror");

    @TempDir
    private Path directory;

    private static int exitCode(String command) throws Exception {
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        new HandlerRunner("mirror").run("fence-peer", command, ENVIRONMENT, ended::complete);
        return ended.get(30, TimeUnit.SECONDS);
    }

    @Test
    void theExitCodeComesBack() throws Exception {
        assertThat(exitCode("exit 7")).isEqualTo(7);
        assertThat(exitCode("true")).isZero();
    }

    @Test
    void theEnvironmentIsExactlyTheOneGiven() throws Exception {
        Path file = directory.resolve("environment");
        assertThat(exitCode("env > '" + file + "'")).isZero();
        assertThat(file).content().contains("DRBD_RESOURCE=mirror").doesNotContain("HOME=").doesNotContain("JAVA");
    }

    @Test
    void whatIsLeftRunningInTheBackgroundKeepsNobodyWaiting() throws Exception {
        Path pid = directory.resolve("pid");
        assertThat(exitCode("sleep 600 & echo $! > '" + pid + "'; echo started; exit 4")).isEqualTo(4);
        ProcessHandle.of(Long.parseLong(java.nio.file.Files.readString(pid).strip())).orElseThrow().destroyForcibly();
    }
}
