package org.duett.bench.cluster;

import org.duett.replicator.control.JsonTree;

/** What a node says of its cluster with one group and one resource, at one moment ({@code duett cluster status --json}). */
public final class ClusterReading {

    private final JsonTree status;

    private ClusterReading(JsonTree status) {
        this.status = status;
    }

    public static ClusterReading of(String json) {
        return new ClusterReading(JsonTree.parse(json));
    }

    private JsonTree group() {
        return status.at("groups").element(0);
    }

    private JsonTree resource() {
        return status.at("resources").element(0);
    }

    /** In a sentence: can the service survive the loss of a node now? */
    public String verdict() {
        return status.at("verdict").text();
    }

    public boolean isProtected() {
        return verdict().startsWith("Protected: ");
    }

    /** up, starting, stopping, recover, fail, unclean ... */
    public String groupState() {
        return group().at("state").text();
    }

    public boolean isActive() {
        return groupState().equals("up");
    }

    /** It waits for {@code duett cluster recover}. */
    public boolean hasFailedHere() {
        return !group().at("failedHere").text().isEmpty();
    }

    public String waitsFor() {
        return group().at("waitsFor").text();
    }

    public boolean failsCheck(String name) {
        return group().at("failingChecks", name).isPresent();
    }

    /** alive, or how it is lost. */
    public String peer() {
        return status.at("peer").text();
    }

    /** Whether heartbeats come over the path with this name. */
    public boolean hears(String path) {
        for (int i = 0; status.at("paths").element(i).isPresent(); i++) {
            JsonTree each = status.at("paths").element(i);
            if (each.at("name").text().equals(path)) return each.at("state").text().equals("up");
        }
        throw new IllegalArgumentException("no path " + path);
    }

    public boolean isConnected() {
        return resource().at("connected").isTrue();
    }

    public String disk() {
        return resource().at("disk").text();
    }

    public String role() {
        return resource().at("role").text();
    }

    public boolean isFrozen() {
        return resource().at("frozen").isTrue();
    }

    @Override
    public String toString() {
        return "group " + groupState() + (waitsFor().isEmpty() ? "" : " (waits for " + waitsFor() + ")") + ", peer " + peer() + ", "
                + resource().at("role").text() + " " + resource().at("disk").text() + "; \"" + verdict() + "\"";
    }
}
