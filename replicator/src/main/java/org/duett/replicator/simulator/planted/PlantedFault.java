package org.duett.replicator.simulator.planted;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A mistake that somebody could have made in the core: in a copy of one source file a piece of text is replaced, and that copy is compiled for
 * the test alone. What is shipped knows nothing of it.
 *
 * @param root the package of the module
 * @param what the mistake, as one would tell it
 * @param source the file, below that package
 * @param original what stands there today, exactly once
 * @param mistake what stands there instead
 */
public record PlantedFault(String root, String what, String source, String original, String mistake) {

    String className() {
        return root + "." + source.replace(".java", "").replace('/', '.');
    }

    /** The source with the mistake in it. An {@link AssertionError} when the core has moved on and the text is not there once. */
    public String faultySource() {
        String text;
        try {
            text = Files.readString(Path.of("src", "main", "java").resolve(root.replace('.', '/')).resolve(source));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int at = text.indexOf(original);
        if (at < 0 || text.indexOf(original, at + 1) >= 0) {
            throw new AssertionError(source + " contains this " + (at < 0 ? "no longer" : "more than once") + ": " + original);
        }
        return text.substring(0, at) + mistake + text.substring(at + original.length());
    }

    /** Those whose description contains the words; without words those of the build, {@code all}: all. */
    public static List<PlantedFault> chosen(List<PlantedFault> all, String words, Set<String> inTheBuild) {
        List<PlantedFault> chosen = all.stream()
                .filter(fault -> words == null ? inTheBuild.contains(fault.what) : words.equals("all") || fault.what.contains(words)).toList();
        if (chosen.isEmpty()) throw new AssertionError("no planted fault is called " + words);
        return chosen;
    }

    @Override
    public String toString() {
        return what;
    }
}
