package org.duett.replicator.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A small text file that is replaced as a whole: who reads it finds the old text or the new one, whatever has ended its writer. */
public final class WholeFile {

    private WholeFile() {
    }

    /** For what need not outlive the machine. */
    public static void replace(Path file, String text) throws IOException {
        Path next = next(file);
        Files.writeString(next, text);
        moveInto(file, next);
    }

    /** On disk when it returns, name and text. */
    public static void replaceDurably(Path file, String text) throws IOException {
        Path next = next(file);
        try (FileChannel channel = FileChannel.open(next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
            while (bytes.hasRemaining()) channel.write(bytes);
            channel.force(true);
        }
        moveInto(file, next);
        syncFolderOf(file);
    }

    /** Gone from the disk when it returns, if it was there at all. */
    public static void deleteDurably(Path file) throws IOException {
        Files.deleteIfExists(file);
        syncFolderOf(file);
    }

    private static Path next(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".next");
    }

    private static void moveInto(Path file, Path next) throws IOException {
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void syncFolderOf(Path file) throws IOException {
        try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }
}
