package org.duett.replicator.config;

import java.nio.file.Path;

/** A place in a configuration file. Lines and columns count from 1; line 0 means the file as a whole. */
public record SourcePosition(Path file, int line, int column) {

    public static SourcePosition wholeFile(Path file) {
        return new SourcePosition(file, 0, 0);
    }

    @Override
    public String toString() {
        return line == 0 ? file.toString() : file + ":" + line + ":" + column;
    }
}
