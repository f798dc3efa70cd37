package org.duett.replicator.config;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Configurations as texts, for tests. */
final class ConfigText {
    /** Two hosts with one implied volume each. */
    static final String HOSTS = """
            on alice { address 10.0.0.1:7788; device /dev/drbd0; disk /dev/sda; meta-disk internal; }
            on bob { address 10.0.0.2:7788; device /dev/drbd0; disk /dev/sda; meta-disk internal; }
            """;

    private ConfigText() {
    }

    static ConfigReader.Result read(Path directory, String text) throws ConfigException {
        return ConfigReader.read(file(directory, text));
    }

    /** The resource r of a file that holds it with {@code inside} and two ordinary hosts. */
    static ResourceConfig resource(Path directory, String inside) throws ConfigException {
        return read(directory, "resource r {\n" + inside + "\n" + HOSTS + "}").config().resource("r").orElseThrow();
    }

    static ConfigException refused(Path directory, String text) {
        return assertThrows(ConfigException.class, () -> read(directory, text));
    }

    static Path file(Path directory, String text) {
        return file(directory, "test.conf", text.getBytes(StandardCharsets.UTF_8));
    }

    static Path file(Path directory, String name, byte[] content) {
        try {
            Files.createDirectories(directory.resolve(name).getParent());
            return Files.write(directory.resolve(name), content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
