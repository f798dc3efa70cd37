package org.duett.replicator.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.duett.replicator.file.WholeFile;

/**
 * The last word of a replicator that halted itself: which event of which resource it could not handle (rule 25). It stands in the run
 * directory, as the one who wrote it answers on no socket any more; the failover daemon tells the other node. Good for this boot only.
 *
 * @param event its kind, as {@code HostRequestArrived WRITE}: the same mistake shows at the same kind on both nodes
 * @param bootNanos CLOCK_BOOTTIME of the halt
 */
public record FailStopNote(String event, long bootId, long bootNanos) {
    private static final int MOST_BYTES = 1000;
    private static final Pattern CONTENT = Pattern.compile("event (\\S[^\n]{0,200})\nboot ([0-9a-f]{16})\nnanos ([0-9]{1,18})\n");

    /** Whole, or not there; it need not survive the boot that it is about. */
    public void write(Path file) throws IOException {
        WholeFile.replace(file, "event " + event + "\nboot " + HexFormat.of().toHexDigits(bootId) + "\nnanos " + bootNanos + "\n");
    }

    /** Empty when no replicator of this boot has left one; a damaged one says nothing. */
    public static Optional<FailStopNote> read(Path file, long bootId) throws IOException {
        String text;
        try {
            if (Files.size(file) > MOST_BYTES) return Optional.empty();
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        Matcher matcher = CONTENT.matcher(text);
        if (!matcher.matches() || HexFormat.fromHexDigitsToLong(matcher.group(2)) != bootId) return Optional.empty();
        return Optional.of(new FailStopNote(matcher.group(1), bootId, Long.parseLong(matcher.group(3))));
    }
}
