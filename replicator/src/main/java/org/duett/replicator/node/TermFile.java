package org.duett.replicator.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The run file that says in which term a resource is Primary, and in which boot of the machine (rule 22). Whole, or not there. */
final class TermFile {
    private static final Pattern CONTENT = Pattern.compile("term ([0-9a-f]{16})\nboot ([0-9a-f]{16})\n");

    private final Path path;
    private final long bootId;

    TermFile(Path path, long bootId) {
        this.path = path;
        this.bootId = bootId;
    }

    /** Durable when it returns; 0 erases. */
    void store(long term) throws IOException {
        if (term == 0) {
            Files.deleteIfExists(path);
        } else {
            Path next = path.resolveSibling("." + path.getFileName() + ".next");
            HexFormat hexadecimal = HexFormat.of();
            String text = "term " + hexadecimal.toHexDigits(term) + "\nboot " + hexadecimal.toHexDigits(bootId) + "\n";
            try (FileChannel channel = FileChannel.open(next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
                while (bytes.hasRemaining()) channel.write(bytes);
                channel.force(true);
            }
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        }
        try (FileChannel directory = FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** The term of a daemon that ended in this boot without giving the role up; empty when there is none, or the file is damaged. */
    OptionalLong read() throws IOException {
        String text;
        try {
            text = Files.readString(path, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException none) {
            return OptionalLong.empty();
        }
        Matcher matcher = CONTENT.matcher(text);
        if (!matcher.matches() || HexFormat.fromHexDigitsToLong(matcher.group(2)) != bootId) return OptionalLong.empty();
        return OptionalLong.of(HexFormat.fromHexDigitsToLong(matcher.group(1)));
    }
}
