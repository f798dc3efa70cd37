package org.duett.failover.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.duett.replicator.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyFileTest {
    private static final String HEXADECIMAL = "000102030405060708090a0b0c0d0e0f";

    @TempDir
    Path directory;

    @Test
    void oneKeyOrTheNewAndTheOldOne() throws Exception {
        assertThat(KeyFile.read(file(HEXADECIMAL + "\n", "rw-------"))).singleElement().satisfies(key -> assertThat(key).hasSize(16).startsWith(0, 1, 2));
        assertThat(KeyFile.read(file("# new\na long sentence that is a key\n# old\n" + HEXADECIMAL, "r--------"))).satisfiesExactly(
                first -> assertThat(first).isEqualTo("a long sentence that is a key".getBytes(StandardCharsets.ISO_8859_1)),
                second -> assertThat(second).hasSize(16));
    }

    @Test
    void aKeyFileThatOthersCanReadIsRefused() throws IOException {
        Path file = file(HEXADECIMAL, "rw-r-----");
        assertThatThrownBy(() -> KeyFile.read(file)).isInstanceOf(ConfigException.class).hasMessageContaining("has the mode rw-r-----").hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void aKeyFileWithNoShortOrTooManyKeysIsRefusedAndNoKeyIsShown() throws IOException {
        Path none = file("# nothing\n", "rw-------");
        assertThatThrownBy(() -> KeyFile.read(none)).hasMessageContaining("has 0 keys");
        Path brief = file("deadbeefcafe", "rw-------");
        assertThatThrownBy(() -> KeyFile.read(brief)).hasMessageContaining("key 1 has 6 bytes").hasMessageNotContaining("deadbeef");
        Path three = file((HEXADECIMAL + "\n").repeat(3), "rw-------");
        assertThatThrownBy(() -> KeyFile.read(three)).hasMessageContaining("has 3 keys");
    }

    @Test
    void aMissingKeyFileIsRefusedWithHowToMakeOne() {
        assertThatThrownBy(() -> KeyFile.read(directory.resolve("none"))).hasMessageContaining("there is no key file").hasMessageContaining("openssl rand -hex 32");
    }

    private Path file(String content, String mode) throws IOException {
        Path file = Files.createTempFile(directory, "cluster", ".key");
        Files.writeString(file, content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }
}
