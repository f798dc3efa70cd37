package org.duett.replicator.transport;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The file of a listening Unix socket that only this user may open: the one way to make one. It is bound in a directory that only this
 * user may enter and moved to its place when its mode is right: at no moment can another user connect.
 */
public final class PrivateSocketFile {
    /** What Linux has room for in a socket address, less the final zero. */
    private static final int MAX_PATH_BYTES = 107;

    private final Path path;
    private final Path privateDirectory;
    private Object identity;

    private PrivateSocketFile(Path path, Path privateDirectory) {
        this.path = path;
        this.privateDirectory = privateDirectory;
    }

    /**
     * Makes sure that the place is free: a socket left behind by a dead process is removed, one that is answered is not.
     *
     * @param listener who is going to listen, for messages
     */
    public static PrivateSocketFile prepare(String listener, Path path) throws IOException {
        Path parent = path.toAbsolutePath().getParent();
        if (!Files.isDirectory(parent)) throw new IOException(listener + " cannot listen on " + path + ": the directory does not exist");
        removeIfStale(listener, path);
        for (int attempt = 0;; attempt++) {
            Path directory = parent.resolve(".socket" + attempt);
            Path bindPath = directory.resolve("s");
            if (Math.max(bindPath.toString().length(), path.toString().length()) > MAX_PATH_BYTES) {
                throw new IOException(
                        listener + " cannot listen on " + path + ": a Unix socket's path has at most " + MAX_PATH_BYTES
                                + " characters, and some are needed for a directory beside it");
            }
            try {
                Files.createDirectory(directory,
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
                return new PrivateSocketFile(path, directory);
            } catch (FileAlreadyExistsException e) {
                // Another listener's, this moment, or left behind by a process that was killed at the wrong one.
                if (attempt == 99) throw e;
            }
        }
    }

    private static void removeIfStale(String listener, Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return;
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
            throw new IOException(
                    listener + " cannot listen on " + path + ": there is a file that is no socket, and it was left alone");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException nobodyAnswers) {
            Files.delete(path);
            return;
        }
        throw new IOException(listener + " cannot listen on " + path + ": another process answers there");
    }

    /** Where to bind; {@link #publish} moves it. */
    public Path bindPath() {
        return privateDirectory.resolve("s");
    }

    /** The socket is bound and listens. */
    public void publish() throws IOException {
        Files.setPosixFilePermissions(bindPath(), PosixFilePermissions.fromString("rw-------"));
        Files.move(bindPath(), path);
        identity = identityOf(path);
    }

    /** Removes what was needed on the way only. */
    public void cleanUp() throws IOException {
        Files.deleteIfExists(bindPath());
        Files.deleteIfExists(privateDirectory);
    }

    /** Removes the socket from its place, unless somebody else has put another one there. */
    public void delete() {
        try {
            if (identity != null && Files.exists(path, LinkOption.NOFOLLOW_LINKS) && identityOf(path).equals(identity)) Files.delete(path);
        } catch (IOException left) {
            // A socket file that nobody answers on is removed by the next start.
        }
    }

    private static Object identityOf(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    }
}
