package org.duett.replicator.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file on FUSE: memory, served by nbdkit, shown by nbdfuse. */
record FuseFile(Process process, Path path) implements AutoCloseable {

    /** Skips the test, visibly, where nbdfuse or FUSE is not there. */
    static FuseFile assumeWorks(Path directory, long sizeBytes) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "there is no FUSE here");
        Path path = Files.createFile(directory.resolve("on-fuse"));
        Process process;
        try {
            Path log = directory.resolve("nbdfuse.log");
            process = new ProcessBuilder("nbdfuse", path.toString(), "[", "nbdkit", "--exit-with-parent", "memory", Long.toString(sizeBytes), "]")
                    .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        } catch (IOException exception) {
            assumeTrue(false, "nbdfuse is not installed");
            throw exception;
        }
        // It has no other way to say that it is ready than the file's size.
        while (process.isAlive() && Files.size(path) != sizeBytes) {
            Thread.onSpinWait();
        }
        assumeTrue(process.isAlive(), () -> "nbdfuse does not work here");
        return new FuseFile(process, path);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        int unmounted = new ProcessBuilder("fusermount3", "-u", path.toString()).inheritIO().start().waitFor();
        if (unmounted != 0) process.destroy();
        process.waitFor();
    }
}
