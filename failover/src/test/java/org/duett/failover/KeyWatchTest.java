package org.duett.failover;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.duett.failover.heartbeat.Heartbeat;
import org.duett.failover.heartbeat.HeartbeatCodec;
import org.duett.failover.heartbeat.Incarnation;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key is changed while the daemon runs. */
class KeyWatchTest {
    private static final String OLD = "the key of the last two years";
    private static final String NEW = "the key of the next two years";

    @TempDir
    private Path directory;
    private Path file;
    private KeyWatch watch;
    private final List<List<byte[]>> read = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();

    @BeforeEach
    void aDaemonStartsWithTheOldKey() throws Exception {
        file = directory.resolve("cluster.key");
        write(OLD);
        watch = new KeyWatch(file, read::add, complaints::add);
    }

    /** As editors and configuration tools do it: a new file takes the place of the old one. */
    private void write(String... lines) throws IOException {
        Path next = directory.resolve("next");
        Files.write(next, List.of(lines));
        Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void look() {
        watch.look();
        watch.look();
    }

    private static Heartbeat heartbeat() {
        return new Heartbeat(new Heartbeat.Sender("shop", "alpha", new Incarnation(1, 1)), "lan", 1, Heartbeat.Echo.NONE, List.of(), new byte[0]);
    }

    private boolean understands(HeartbeatCodec reader, List<byte[]> writersKeys) {
        return reader.decode(new HeartbeatCodec(writersKeys).encode(heartbeat())) instanceof HeartbeatCodec.Reading.Authentic;
    }

    @Test
    void aFileThatDoesNotChangeIsNotReadAgain() {
        look();
        assertThat(read).isEmpty();
        assertThat(complaints).isEmpty();
    }

    @Test
    void aFileWrittenInPlaceCountsToo() throws IOException {
        look();
        Files.writeString(file, OLD + "\n" + NEW + "\n");
        look();
        assertThat(read).hasSize(1);
        assertThat(read.getFirst()).hasSize(2);
    }

    /** The three steps of docs/operating/cluster.md; between them the nodes have different files for as long as it takes. */
    @Test
    void aKeyIsChangedWithoutAHeartbeatThatIsNotUnderstood() throws IOException {
        List<byte[]> behind = watch.keys();
        for (List<String> step : List.of(List.of(OLD, NEW), List.of(NEW, OLD), List.of(NEW))) {
            write(step.toArray(String[]::new));
            look();
            List<byte[]> ahead = read.getLast();
            assertThat(understands(new HeartbeatCodec(behind), ahead)).as("who is behind, at step %s", step).isTrue();
            assertThat(understands(new HeartbeatCodec(ahead), behind)).as("who is ahead, at step %s", step).isTrue();
            behind = ahead;
        }
        assertThat(understands(new HeartbeatCodec(read.getLast()), read.getFirst())).as("the old key is out of use").isFalse();
    }

    @Test
    void whatCannotBeUsedIsToldOnceAndTheKeysStay() throws IOException {
        write("short");
        look();
        look();
        assertThat(complaints).singleElement().asString().contains("at least 16 bytes").doesNotContain("short ");
        Files.delete(file);
        look();
        assertThat(complaints).hasSize(2);
        assertThat(read).isEmpty();
        write(NEW);
        look();
        assertThat(read).hasSize(1);
    }

    @Test
    void aFileThatOthersMayReadIsNotUsed() throws IOException {
        write(NEW);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        look();
        assertThat(read).isEmpty();
        assertThat(complaints).singleElement().asString().contains("0600");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        write(NEW);
        look();
        assertThat(read).hasSize(1);
    }

    @Test
    void aModeThatIsOpenedWhileTheDaemonRunsIsTold() throws IOException {
        look();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        look();
        assertThat(complaints).singleElement().asString().contains("0600");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        look();
        assertThat(complaints).hasSize(1);
        assertThat(read).as("the same keys").isEmpty();
    }
}
