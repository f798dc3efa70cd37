package org.duett.replicator.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.file.WholeFile;

/**
 * A number that a resource remembers beyond its process, for this boot of the machine: the term in which it is Primary (rule 22). Or only that it is
 * there: a volume has been the peer's equal (rule 24). Whole, or not there.
 */
final class RunFile {
    private final Path path;
    private final String word;
    private final Pattern content;
    private final long bootId;

    private RunFile(Path path, String word, long bootId) {
        this.path = path;
        this.word = word;
        this.bootId = bootId;
        content = Pattern.compile(word + " ([0-9a-f]{16})\nboot ([0-9a-f]{16})\n");
    }

    static RunFile ofTerm(Path runDirectory, String resource, long bootId) {
        return new RunFile(FileNames.term(runDirectory, resource), "term", bootId);
    }

    static RunFile ofCacheIntact(Path runDirectory, String resource, int volume, long bootId) {
        return new RunFile(FileNames.cacheIntact(runDirectory, resource, volume), "intact", bootId);
    }

    void mark() throws IOException {
        store(1);
    }

    /** Durable when it returns; 0 erases. */
    void store(long number) throws IOException {
        HexFormat hexadecimal = HexFormat.of();
        if (number == 0) WholeFile.deleteDurably(path);
        else WholeFile.replaceDurably(path, word + " " + hexadecimal.toHexDigits(number) + "\nboot " + hexadecimal.toHexDigits(bootId) + "\n");
    }

    /** What an earlier process of this boot has stored; empty when there is nothing, or the file is damaged. */
    OptionalLong read() throws IOException {
        String text;
        try {
            text = Files.readString(path, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException none) {
            return OptionalLong.empty();
        }
        Matcher matcher = content.matcher(text);
        if (!matcher.matches() || HexFormat.fromHexDigitsToLong(matcher.group(2)) != bootId) return OptionalLong.empty();
        return OptionalLong.of(HexFormat.fromHexDigitsToLong(matcher.group(1)));
    }
}
