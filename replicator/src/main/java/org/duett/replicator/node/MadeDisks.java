package org.duett.replicator.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which disks this node's create-md has made for which volume: a line each in the state directory, {@code DEVICE-UUID RESOURCE/VOLUME}.
 * A disk of another volume is not attached by mistake. What stands in no line is nobody's, and welcome.
 */
public final class MadeDisks {
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{16}) (.+)");

    private MadeDisks() {
    }

    private static Path file(Path stateDirectory) {
        return stateDirectory.resolve("disks");
    }

    /** Appended, so that a disk that changes hands has its latest owner last. */
    public static void add(Path stateDirectory, long deviceUuid, String volume) throws IOException {
        Files.createDirectories(stateDirectory);
        String line = HexFormat.of().toHexDigits(deviceUuid) + " " + volume + "\n";
        Files.writeString(file(stateDirectory), line, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** By device identifier; lines that are none are passed over. */
    static SortedMap<Long, String> read(Path stateDirectory) throws IOException {
        SortedMap<Long, String> owners = new TreeMap<>();
        try {
            for (String line : Files.readAllLines(file(stateDirectory), StandardCharsets.UTF_8)) {
                Matcher matcher = LINE.matcher(line);
                if (matcher.matches()) owners.put(HexFormat.fromHexDigitsToLong(matcher.group(1)), matcher.group(2));
            }
        } catch (NoSuchFileException none) {
            // No disk was made here yet.
        }
        return owners;
    }
}
