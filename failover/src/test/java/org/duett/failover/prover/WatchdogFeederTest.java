package org.duett.failover.prover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.duett.replicator.command.CommandRunner;
import org.duett.failover.config.ProofConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipe stands for the device. */
class WatchdogFeederTest {

    private static final int TIMEOUT_MILLIS = 40;

    @TempDir
    Path folder;
    private final AtomicBoolean healthy = new AtomicBoolean(true);
    private final BlockingQueue<String> complaints = new LinkedBlockingQueue<>();

    @Test
    void itIsFedWhileThisNodeIsWellAndToldGoodbyeAtTheOrderlyEnd() throws Exception {
        Path pipe = pipe();
        Process reader = new ProcessBuilder("cat", pipe.toString()).start();
        try (InputStream food = reader.getInputStream()) {
            try (WatchdogFeeder _ = WatchdogFeeder.open(config(pipe), healthy::get, complaints::add)) {
                assertThat(food.readNBytes(3)).containsExactly(0, 0, 0);
            }
            byte[] rest = food.readAllBytes();
            assertThat(rest[rest.length - 1]).isEqualTo((byte) 'V');
        } finally {
            reader.destroyForcibly();
        }
    }

    @Test
    void aNodeThatIsNotWellIsNeitherFedNorToldGoodbyeAndSaysSo() throws Exception {
        Path pipe = pipe();
        Process reader = new ProcessBuilder("cat", pipe.toString()).start();
        healthy.set(false);
        try (InputStream food = reader.getInputStream()) {
            try (WatchdogFeeder _ = WatchdogFeeder.open(config(pipe), healthy::get, complaints::add)) {
                assertThat(complaints.poll(60, TimeUnit.SECONDS)).contains("about to be reset");
            }
            assertThat(food.readAllBytes()).isEmpty();
        } finally {
            reader.destroyForcibly();
        }
    }

    @Test
    void aDeviceThatIsMissingIsSaidAtTheStart() {
        assertThatThrownBy(() -> WatchdogFeeder.open(config(folder.resolve("none/at/all")), healthy::get, complaints::add))
                .isInstanceOf(IOException.class).hasMessageContaining("none/at/all");
    }

    private Path pipe() throws InterruptedException {
        Path pipe = folder.resolve("watchdog");
        assertThat(CommandRunner.run(List.of("mkfifo", pipe.toString()), 60_000).succeeded()).isTrue();
        assertThat(Files.exists(pipe)).isTrue();
        return pipe;
    }

    private static ProofConfig.Watchdog config(Path device) {
        return new ProofConfig.Watchdog(device, TIMEOUT_MILLIS);
    }
}
