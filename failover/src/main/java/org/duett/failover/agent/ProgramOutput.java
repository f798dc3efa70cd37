package org.duett.failover.agent;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.duett.replicator.config.FileNames;

/**
 * The file that holds what a program and its start said. A program that goes on in the background writes there, and not into a pipe of
 * this daemon, whose end would be its own.
 */
final class ProgramOutput {
    private static final long MOST_BYTES = 1 << 20;

    private final Path file;

    ProgramOutput(Path folder, String program) {
        file = folder.resolve(FileNames.escaped(program) + ".out");
    }

    /** Empty, for a new start. */
    Path renewed() throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[0]);
        return file;
    }

    /** The run directory is memory: one that talks and talks begins anew. Everybody appends, so nobody writes behind a gap. */
    void keepSmall() {
        try {
            if (Files.exists(file) && Files.size(file) > MOST_BYTES) FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING).close();
        } catch (IOException full) {
            // It is looked at again at the next probe.
        }
    }
}
