package org.duett.failover.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.duett.replicator.config.ConfigException;
import org.duett.replicator.config.SourcePosition;

/**
 * The file with the keys of the heartbeats: one key, or two while a change is under way, each on a line of its own. What is sent is
 * authenticated with the first; what arrives may be authenticated with either. No message shows a key.
 */
public final class KeyFile {
    /** Half of what HMAC-SHA-256 gives; less can be guessed offline from one recorded heartbeat. */
    private static final int LEAST_KEY_BYTES = 16;
    private static final int MOST_FILE_BYTES = 4096;
    private static final String HOW = "for one: openssl rand -hex 32 > FILE; chmod 600 FILE; the same file on both nodes";

    private KeyFile() {
    }

    public static List<byte[]> read(Path file) throws ConfigException {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE).containsAll(permissions)) {
                throw refused(file, "the key file has the mode " + PosixFilePermissions.toString(permissions) + ": others could read or run it", "mode 0600: chmod 600 " + file);
            }
            if (Files.size(file) > MOST_FILE_BYTES) throw refused(file, "the key file is larger than " + MOST_FILE_BYTES + " bytes", HOW);
            return keys(file, Files.readAllLines(file, StandardCharsets.ISO_8859_1));
        } catch (NoSuchFileException e) {
            throw refused(file, "there is no key file", HOW);
        } catch (IOException e) {
            String reason = e instanceof FileSystemException it && it.getReason() != null ? it.getReason() : e.getClass().getSimpleName();
            throw refused(file, "the key file cannot be read: " + reason, "a file that this process can read");
        }
    }

    private static List<byte[]> keys(Path file, List<String> lines) throws ConfigException {
        List<byte[]> keys = new ArrayList<>();
        for (String line : lines) {
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) continue;
            byte[] key = key(text);
            if (key.length < LEAST_KEY_BYTES) throw refused(file, "key " + (keys.size() + 1) + " has " + key.length + " bytes", "at least " + LEAST_KEY_BYTES + " bytes to a key; " + HOW);
            keys.add(key);
        }
        if (keys.isEmpty() || keys.size() > 2) {
            throw refused(file, "the key file has " + keys.size() + " keys", "one key, or two while it is changed, the new one first; " + HOW);
        }
        return keys;
    }

    /** An even number of hexadecimal digits stands for bytes, anything else for itself. */
    private static byte[] key(String text) {
        boolean isHexadecimal = text.length() % 2 == 0 && text.matches("[0-9a-fA-F]+");
        return isHexadecimal ? HexFormat.of().parseHex(text) : text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static ConfigException refused(Path file, String found, String allowed) {
        return new ConfigException(SourcePosition.wholeFile(file), found, allowed);
    }
}
