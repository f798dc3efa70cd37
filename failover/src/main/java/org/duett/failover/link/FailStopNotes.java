package org.duett.failover.link;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.config.FileNames;
import org.duett.replicator.control.FailStopNote;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a replicator that halted itself has left in the run directory (rule 25): it answers on no socket any more. */
public final class FailStopNotes {
    private static final Logger LOG = LoggerFactory.getLogger(FailStopNotes.class);

    private final Path runDirectory;
    private final List<String> resources;
    private final long bootId;

    public FailStopNotes(Path runDirectory, List<String> resources, long bootId) {
        this.runDirectory = runDirectory;
        this.resources = List.copyOf(resources);
        this.bootId = bootId;
    }

    /** Tells each that there is, also those that were told before. */
    void read(ReplicatorLink.Listener listener) {
        for (String resource : resources) {
            try {
                Optional<FailStopNote> note = FailStopNote.read(FileNames.failStop(runDirectory, resource), bootId);
                note.ifPresent(halt -> listener.halted(resource, halt.event(), halt.bootNanos()));
            } catch (IOException unreadable) {
                LOG.warn("resource={} whether its daemon halted itself cannot be read: {}", resource, unreadable.toString());
            }
        }
    }
}
