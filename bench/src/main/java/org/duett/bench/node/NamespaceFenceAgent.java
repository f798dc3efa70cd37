package org.duett.bench.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A fence agent that speaks as those of the fence-agents family do and switches a network namespace off instead of a plug. */
public final class NamespaceFenceAgent {

    private static final String SCRIPT = "fence_namespace";

    private NamespaceFenceAgent() {
    }

    /** Puts the program into the folder. Its options: {@code namespace}. */
    public static Path installIn(Path folder) {
        Path program = folder.resolve(SCRIPT);
        try (InputStream script = NamespaceFenceAgent.class.getResourceAsStream(SCRIPT)) {
            Files.write(program, script.readAllBytes());
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException("Could not install " + program, e);
        }
        return program;
    }
}
