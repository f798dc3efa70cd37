package org.duett.replicator.node.status;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.duett.replicator.machine.OperatorReport;
import org.duett.replicator.resource.ResourceStatus;

/** A resource at one moment: what the core says of it, and where this node keeps and serves its volumes. */
public record ResourceView(ResourceStatus status, List<VolumePlace> places, Optional<Stopped> stopped) {

    /** Its core could not handle an event of this kind, and is not asked any more: {@code status} is what it said last (rule 25). */
    public record Stopped(String event, OperatorReport report) {
    }

    public ResourceView(ResourceStatus status, List<VolumePlace> places) {
        this(status, places, Optional.empty());
    }

    public ResourceView {
        places = List.copyOf(places);
        assert places.stream().map(VolumePlace::number).toList().equals(
                status.volumes().stream().map(ResourceStatus.VolumeStatus::number).toList());
    }

    Verdict verdict() {
        return stopped.isEmpty() ? Verdict.of(status)
                : new Verdict(false, "NOT protected: resource " + status.name() + " has stopped itself here. What to do stands below.");
    }

    /** What a person should know first. */
    Optional<OperatorReport> trouble() {
        return stopped.isPresent() ? Optional.of(stopped.get().report()) : status.trouble();
    }

    /** On what this node relies while it goes on alone, if it does. */
    Optional<String> proof() {
        String proof = status.proof();
        return proof == null || proof.isBlank() || proof.equals("none") ? Optional.empty() : Optional.of(proof);
    }

    /**
     * Where a volume lives.
     *
     * @param engine how the disk is reached; empty while there is none
     * @param thin the file has holes: a write can fail for want of space
     * @param nbdUri where clients attach to; empty while the volume is not served
     */
    public record VolumePlace(int number, int minor, Path disk, String engine, boolean thin, Optional<String> nbdUri) {
    }
}
