package org.duett.failover.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.duett.failover.config.MemberConfig;
import org.duett.failover.config.MemberConfig.ProgramKind;

/** Programs of the tests' own. */
final class Scripts {
    private Scripts() {
    }

    static Path executable(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, "#!/bin/sh\n" + text);
            return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static MemberConfig.Program program(ProgramKind kind, int timeoutMillis) {
        return new MemberConfig.Program("shop", kind, timeoutMillis, timeoutMillis);
    }
}
