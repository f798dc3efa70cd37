package org.duett.replicator.config;

import java.util.ArrayList;
import java.util.List;

/** Collects the warnings of one reading, in the order of the files. */
final class ConfigWarnings {
    private final List<ConfigWarning> warnings = new ArrayList<>();

    void add(ConfigWarning.Kind kind, SourcePosition position, String text) {
        warnings.add(new ConfigWarning(kind, position, text));
    }

    List<ConfigWarning> toList() {
        return List.copyOf(warnings);
    }
}
