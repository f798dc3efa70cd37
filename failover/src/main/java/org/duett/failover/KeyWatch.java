package org.duett.failover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.duett.failover.config.KeyFile;
import org.duett.replicator.config.ConfigException;

/**
 * Reads the key file again when it has changed, so that a key can be changed without a restart. What cannot be used changes nothing: the
 * keys that were read last stay valid. One thread at a time.
 */
final class KeyWatch {
    /**
     * What tells one content of the file from another without reading it; a file that is put in its place has another {@code fileKey}. Who
     * may read it belongs to it: a mode that is opened changes nothing else, and is told now, not by the daemon's next start that refuses it.
     */
    private record Mark(FileTime modified, long sizeBytes, Object fileKey, Set<PosixFilePermission> permissions) {
        static Mark of(Path file) {
            try {
                PosixFileAttributes attributes = Files.readAttributes(file, PosixFileAttributes.class);
                return new Mark(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey(), attributes.permissions());
            } catch (IOException gone) {
                // Reading it says why.
                return null;
            }
        }
    }

    private final Path file;
    private final Consumer<List<byte[]>> changed;
    private final Consumer<String> complaint;
    private List<byte[]> keys;
    private Mark seen;
    /** Content that came within the resolution of the file's time is not told from the one before: it is read once more a look later. */
    private boolean settled;
    private String complained = "";

    /** Reads it for the first time; {@code changed} hears of every content that follows and can be used. */
    KeyWatch(Path file, Consumer<List<byte[]>> changed, Consumer<String> complaint) throws ConfigException {
        this.file = file;
        this.changed = changed;
        this.complaint = complaint;
        seen = Mark.of(file);
        keys = KeyFile.read(file);
    }

    List<byte[]> keys() {
        return keys;
    }

    void look() {
        Mark mark = Mark.of(file);
        boolean isSame = Objects.equals(mark, seen);
        if (isSame && settled) return;
        settled = isSame;
        seen = mark;
        try {
            List<byte[]> found = KeyFile.read(file);
            complained = "";
            if (isEqual(found)) return;
            keys = found;
            changed.accept(found);
        } catch (ConfigException unusable) {
            // Each complaint once, not at every look.
            if (unusable.getMessage().equals(complained)) return;
            complained = unusable.getMessage();
            complaint.accept(complained);
        }
    }

    private boolean isEqual(List<byte[]> found) {
        boolean equal = found.size() == keys.size();
        for (int i = 0; equal && i < keys.size(); i++) equal = MessageDigest.isEqual(found.get(i), keys.get(i));
        return equal;
    }
}
