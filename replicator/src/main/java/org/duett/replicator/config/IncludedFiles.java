package org.duett.replicator.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads a configuration file and all files that it includes into one list of statements (spec config 1). */
final class IncludedFiles {
    private static final int DEEPEST_INCLUDE = 10;
    private static final int MOST_FILES = 1000;
    /** Room for well over a thousand resources; a limit on memory when the path names something else by mistake. */
    private static final int MOST_BYTES = 1 << 20;

    private final List<Statement> statements = new ArrayList<>();
    private final Set<Path> filesRead = new HashSet<>();
    private int bytesRead;

    List<Statement> readAll(Path file) throws ConfigException {
        read(file, SourcePosition.wholeFile(file), 0);
        return List.copyOf(statements);
    }

    private void read(Path file, SourcePosition askedFor, int depth) throws ConfigException {
        if (depth > DEEPEST_INCLUDE) {
            throw new ConfigException(askedFor, "files include one another more than " + DEEPEST_INCLUDE + " deep",
                    "includes up to a depth of " + DEEPEST_INCLUDE);
        }
        byte[] content = content(file, askedFor);
        if (content == null) {
            return;
        }
        for (Statement statement : new StatementReader(file, content).readFile()) {
            if (statement.keyword().isKeyword("include")) {
                include(statement, file, depth);
            } else {
                statements.add(statement);
            }
        }
    }

    private void include(Statement statement, Path includingFile, int depth) throws ConfigException {
        WordCursor words = statement.afterKeyword();
        Token pattern = words.takeWord("the path of a file, or a pattern with ? * [ ]");
        words.expectSemicolon();
        for (Path file : filesFor(pattern, includingFile)) {
            read(file, pattern.position(), depth + 1);
        }
    }

    /** The content of the file, or null when it has been read before. */
    private byte[] content(Path file, SourcePosition askedFor) throws ConfigException {
        try {
            if (!filesRead.add(file.toRealPath())) {
                return null;
            }
            // A pipe or a device would block the reader or never end.
            if (!Files.isRegularFile(file)) {
                throw new ConfigException(askedFor, file + " is not a regular file", "regular files");
            }
            if (filesRead.size() > MOST_FILES) {
                throw new ConfigException(askedFor, "this is file number " + filesRead.size(),
                        "up to " + MOST_FILES + " files");
            }
            try (var stream = Files.newInputStream(file)) {
                byte[] content = stream.readNBytes(MOST_BYTES - bytesRead + 1);
                bytesRead += content.length;
                if (bytesRead <= MOST_BYTES) {
                    return content;
                }
            }
            throw new ConfigException(askedFor, "with " + file + " the configuration is too large",
                    "up to " + MOST_BYTES + " bytes in all files together");
        } catch (IOException e) {
            throw new ConfigException(askedFor, "cannot read " + file + ": " + reason(e), "a file that can be read");
        }
    }

    private List<Path> filesFor(Token pattern, Path includingFile) throws ConfigException {
        try {
            Path directory = includingFile.toAbsolutePath().getParent();
            String text = pattern.text();
            if (!GlobPattern.hasWildcard(text)) {
                return List.of(directory.resolve(text));
            }
            var found = new ArrayList<Path>();
            expand(text.startsWith("/") ? Path.of("/") : directory, List.of(text.split("/")), pattern, found);
            return found;
        } catch (InvalidPathException e) {
            throw new ConfigException(pattern.position(), pattern.shown() + " is not a path on this system",
                    "the path of a file, or a pattern with ? * [ ]");
        }
    }

    private static void expand(Path directory, List<String> components, Token pattern, List<Path> found)
            throws ConfigException {
        if (components.isEmpty()) {
            if (Files.exists(directory)) {
                found.add(directory);
            }
            if (found.size() > MOST_FILES) {
                throw new ConfigException(pattern.position(),
                        pattern.shown() + " matches more than " + MOST_FILES + " files",
                        "up to " + MOST_FILES + " files");
            }
            return;
        }
        String first = components.getFirst();
        List<String> rest = components.subList(1, components.size());
        if (!GlobPattern.hasWildcard(first)) {
            expand(directory.resolve(first), rest, pattern, found);
            return;
        }
        for (Path match : matches(directory, new GlobPattern(first), pattern)) {
            expand(match, rest, pattern, found);
        }
    }

    private static List<Path> matches(Path directory, GlobPattern pattern, Token statement) throws ConfigException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (var entries = Files.list(directory)) {
            return entries.filter(entry -> pattern.matches(entry.getFileName().toString())).sorted().toList();
        } catch (UncheckedIOException e) {
            throw cannotList(directory, e.getCause(), statement);
        } catch (IOException e) {
            throw cannotList(directory, e, statement);
        }
    }

    private static ConfigException cannotList(Path directory, IOException cause, Token statement) {
        return new ConfigException(statement.position(), "cannot list " + directory + ": " + reason(cause),
                "a directory that can be read");
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
    }
}
