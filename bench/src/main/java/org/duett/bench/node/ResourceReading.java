package org.duett.bench.node;

import java.util.Optional;
import org.duett.replicator.control.JsonTree;

/** What a node says of its resource with one volume, at one moment (docs/operating/status-json.md). */
public final class ResourceReading {

    private final JsonTree resource;
    private final JsonTree volume;

    private ResourceReading(JsonTree resource) {
        this.resource = resource;
        volume = resource.at("volumes").element(0);
    }

    /** Empty when the resource is not up. */
    public static Optional<ResourceReading> of(String statusJson) {
        JsonTree resource = JsonTree.parse(statusJson).at("resources").element(0);
        return resource.isPresent() ? Optional.of(new ResourceReading(resource)) : Optional.empty();
    }

    public String role() {
        return resource.at("role").text();
    }

    public String peerRole() {
        return resource.at("peerRole").text();
    }

    public String connection() {
        return resource.at("connection").text();
    }

    /** What the volume does over the connection: Connected when that is just mirroring. */
    public String replication() {
        return volume.at("replication").text();
    }

    public String disk() {
        return volume.at("disk").text();
    }

    public String peerDisk() {
        return volume.at("peerDisk").text();
    }

    public String verdict() {
        return resource.at("verdict").text();
    }

    public long sizeBytes() {
        return volume.at("sizeBytes").wholeNumber();
    }

    public long outOfSyncBytes() {
        return volume.at("outOfSyncBytes").wholeNumber();
    }

    public boolean isResyncing() {
        return volume.at("resync").isPresent();
    }

    public long resyncTotalBytes() {
        return volume.at("resync", "totalBytes").wholeNumber();
    }

    public long resyncDoneBytes() {
        return volume.at("resync", "doneBytes").wholeNumber();
    }

    public double resyncBytesPerSecond() {
        return volume.at("resync", "bytesPerSecondAverage").number();
    }

    public Optional<String> nbdUri() {
        return volume.at("nbdUri").optionalText();
    }

    /** How the disk is reached: io_uring, or threads. */
    public String engine() {
        return volume.at("engine").text();
    }

    /** A counter since the start of the daemon, by its name in the JSON. */
    public long counter(String name) {
        return volume.at("counters", name).wholeNumber();
    }

    /** Mirroring, both disks good, nothing to copy. */
    public boolean isInSync() {
        return replication().equals("Connected") && disk().equals("UpToDate") && peerDisk().equals("UpToDate");
    }

    /** Nothing is under way between the host, the disks and the peer. */
    public boolean isQuiet() {
        return counter("localPending") == 0 && counter("peerPending") == 0 && counter("unacknowledged") == 0
                && counter("hostPending") == 0;
    }

    /** As people write it: Connected Primary/Secondary UpToDate/UpToDate. */
    @Override
    public String toString() {
        return replication() + " " + role() + "/" + peerRole() + " " + disk() + "/" + peerDisk();
    }
}
