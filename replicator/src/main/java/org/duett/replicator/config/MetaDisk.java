package org.duett.replicator.config;

import java.nio.file.Path;

/** Where the metadata of a volume is. */
public sealed interface MetaDisk {
    /** At the end of the backing disk itself. */
    record Internal() implements MetaDisk {
    }

    /** A device or file of its own, just as large as it needs to be. */
    record FlexExternal(Path path) implements MetaDisk {
    }

    /** Slot {@code index} of 128 MiB each on a device that several volumes share. */
    record Indexed(Path path, int index) implements MetaDisk {
    }
}
