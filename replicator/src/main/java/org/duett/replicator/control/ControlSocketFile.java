package org.duett.replicator.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The file of the control socket. It is bound in a directory that only this user may enter, and moved to its place with the right
 * mode: at no moment can another user connect.
 */
final class ControlSocketFile {
    private static final int BACKLOG = 64;

    private final Path path;
    private Object identity;

    ControlSocketFile(Path path) {
        this.path = path;
    }

    Path path() {
        return path;
    }

    ServerSocketChannel bind() throws IOException {
        removeIfStale();
        Path directory = Files.createTempDirectory(path.toAbsolutePath().getParent(), ".c",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path bindPath = directory.resolve("s");
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(bindPath), BACKLOG);
            Files.setPosixFilePermissions(bindPath, PosixFilePermissions.fromString("rw-------"));
            Files.move(bindPath, path);
            identity = identity();
            return listener;
        } catch (IOException failed) {
            listener.close();
            throw new IOException("the control socket cannot listen on " + path + ": " + failed.getMessage(), failed);
        } finally {
            Files.deleteIfExists(bindPath);
            Files.deleteIfExists(directory);
        }
    }

    private void removeIfStale() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return;
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
            throw new IOException("the control socket cannot listen on " + path + ": there is a file that is no socket; it was left alone");
        }
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            assert probe.isConnected();
        } catch (IOException nobodyAnswers) {
            Files.delete(path);
            return;
        }
        throw new IOException("another daemon answers on " + path);
    }

    /** Removes the socket from its place, unless somebody else has put another one there. */
    void delete() {
        try {
            if (identity != null && Files.exists(path, LinkOption.NOFOLLOW_LINKS) && identity.equals(identity())) Files.delete(path);
        } catch (IOException left) {
            // A socket file that nobody answers on is replaced by the next start.
        }
    }

    private Object identity() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    }
}
