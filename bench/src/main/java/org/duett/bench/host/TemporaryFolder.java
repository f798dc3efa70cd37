package org.duett.bench.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A folder of our own for the time of a run, with a short name, as Unix sockets are made in it. It goes with us, however we end,
 * unless it is let go; the processes that work in it go before.
 */
public final class TemporaryFolder implements AutoCloseable {

    private static final Set<TemporaryFolder> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(TemporaryFolder::deleteAll));
    }

    private final Path path;

    private TemporaryFolder(Path path) {
        this.path = path;
    }

    /** Made below {@code parent}, for this user only: {@code PREFIX-PID}, or with a number when that is taken. */
    public static TemporaryFolder create(Path parent, String prefix) {
        var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        String name = prefix + "-" + ProcessHandle.current().pid();
        for (int attempt = 1;; attempt++) {
            try {
                Path path = parent.toRealPath().resolve(attempt == 1 ? name : name + "-" + attempt);
                var folder = new TemporaryFolder(Files.createDirectory(path, mode));
                OPEN.add(folder);
                return folder;
            } catch (FileAlreadyExistsException _) {
                // Left behind by an earlier process of our number, or our own second one.
            } catch (IOException e) {
                throw new UncheckedIOException("Could not make a folder below " + parent + ": " + e, e);
            }
        }
    }

    public Path path() {
        return path;
    }

    /** From now on it stays. */
    public void letGo() {
        OPEN.remove(this);
    }

    private static void deleteAll() {
        if (OPEN.isEmpty())
            return;
        BackgroundProcess.killAll();
        List.copyOf(OPEN).forEach(TemporaryFolder::close);
    }

    /** Deletes it with everything in it. */
    @Override
    public void close() {
        if (!OPEN.remove(this))
            return;
        try (Stream<Path> files = Files.walk(path)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList())
                Files.deleteIfExists(each);
        } catch (IOException e) {
            throw new UncheckedIOException("Could not delete " + path, e);
        }
    }
}
