package org.duett.replicator.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.duett.replicator.config.ConfigText.file;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IncludedFilesTest {
    @TempDir
    Path directory;

    @Test
    void patternsAreRelativeToTheirFileSortedAndEachFileIsReadOnce() throws ConfigException {
        write("main.conf", "include \"drbd.d/*.res\"; include drbd.d/a.res; include \"none-*.res\"; resource main { }");
        write("drbd.d/b.res", "resource b { } include \"../main.conf\"; include \"more/[cd].res\";");
        write("drbd.d/a.res", "resource a { }");
        write("drbd.d/.hidden.res", "resource hidden { }");
        write("drbd.d/a.res.bak", "resource backup { }");
        write("drbd.d/more/c.res", "resource c { }");
        write("drbd.d/more/e.res", "resource e { }");
        assertThat(names("main.conf")).containsExactly("a", "b", "c", "main");
    }

    @Test
    void theFileOfAnErrorIsTheIncludedOne() {
        write("main.conf", "include inner.conf;");
        write("inner.conf", "\n\n  oops;");
        assertThatThrownBy(() -> names("main.conf")).isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(directory.resolve("inner.conf") + ":3:3: 'oops' is unknown");
    }

    @Test
    void filesThatIncludeOneAnotherTooDeepAreRefused() {
        for (int depth = 0; depth < 20; depth++) {
            write("f" + depth + ".conf", "include f" + (depth + 1) + ".conf;");
        }
        write("f20.conf", "");
        assertThatThrownBy(() -> names("f0.conf")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("f10.conf:1:9: files include one another more than 10 deep");
    }

    @Test
    void aFileThatIsTooLargeIsRefusedBeforeItIsReadIntoMemory() throws IOException {
        Path huge = directory.resolve("huge.conf");
        try (var file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(1L << 40);
        }
        assertThatThrownBy(() -> ConfigReader.read(huge)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("the configuration is too large. Allowed: up to 1048576 bytes");
    }

    @Test
    void whatIsNotARegularFileIsRefused() throws IOException {
        assertThatThrownBy(() -> ConfigReader.read(directory)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("is not a regular file");
        Files.createSymbolicLink(directory.resolve("loop"), Path.of("loop"));
        assertThatThrownBy(() -> ConfigReader.read(directory.resolve("loop"))).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ConfigReader.read(directory.resolve("absent"))).isInstanceOf(ConfigException.class)
                .hasMessageContaining("there is no such file");
    }

    @Test
    void shellPatternsMatchAsTheShellMatches() {
        assertThat(new GlobPattern("*.res").matches("r0.res")).isTrue();
        assertThat(new GlobPattern("*.res").matches(".res")).isFalse();
        assertThat(new GlobPattern("*.res").matches("r0.res~")).isFalse();
        assertThat(new GlobPattern("r?.r*s").matches("r0.res")).isTrue();
        assertThat(new GlobPattern("[a-c]x").matches("bx")).isTrue();
        assertThat(new GlobPattern("[!a-c]x").matches("bx")).isFalse();
        assertThat(new GlobPattern("[]a]").matches("]")).isTrue();
        assertThat(new GlobPattern("[a").matches("[a")).isTrue();
        assertThat(new GlobPattern("*a*b*").matches("xxaxxbxx")).isTrue();
        assertThat(new GlobPattern("*a".repeat(40) + "b").matches("a".repeat(250))).isFalse();
    }

    private List<String> names(String file) throws ConfigException {
        return ConfigReader.read(directory.resolve(file)).config().resources().stream().map(ResourceConfig::name)
                .toList();
    }

    private void write(String name, String text) {
        file(directory, name, text.getBytes(StandardCharsets.UTF_8));
    }
}
