package org.duett.ittests.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/** What a daemon says about its resources, as read from {@code duett status --json} (docs/operating/status-json.md). */
public record NodeStatus(String text, List<Resource> resources) {

    /** One resource, with the words of the status. */
    public record Resource(String name, boolean isProtected, String verdict, String role, String peerRole, String connection,
            boolean frozen, String term, String trouble, List<Volume> volumes) {

        public Volume volume(int number) {
            return volumes.stream().filter(volume -> volume.number() == number).findFirst().orElseThrow();
        }
    }

    /** One volume. {@code nbdUri} is null unless it is served. */
    public record Volume(int number, String replication, String disk, String peerDisk, long sizeBytes, long outOfSyncBytes,
            String nbdUri, String currentGeneration, String bitmapGeneration, boolean crashedPrimary, List<String> suspended,
            Map<String, Long> counters) {

        /** As DRBD writes it: {@code UpToDate/Inconsistent}. */
        public String disks() {
            return disk + "/" + peerDisk;
        }
    }

    static NodeStatus parse(String text) {
        try {
            JsonTree root = JsonTree.parse(text);
            return new NodeStatus(text, root.list("resources").stream().map(NodeStatus::resource).toList());
        } catch (IOException e) {
            throw new UncheckedIOException("no status:\n" + text, e);
        }
    }

    private static Resource resource(JsonTree tree) {
        return new Resource(tree.text("name"), tree.truth("protected"), tree.text("verdict"), tree.text("role"),
                tree.text("peerRole"), tree.text("connection"), tree.truth("frozen"), tree.text("term"),
                tree.has("trouble") ? tree.tree("trouble").text("whatHappened") : null,
                tree.list("volumes").stream().map(NodeStatus::volume).toList());
    }

    private static Volume volume(JsonTree tree) {
        JsonTree generation = tree.tree("generation");
        return new Volume((int) tree.number("volume"), tree.text("replication"), tree.text("disk"), tree.text("peerDisk"),
                tree.number("sizeBytes"), tree.number("outOfSyncBytes"), tree.text("nbdUri"), generation.text("current"),
                generation.text("bitmap"), tree.truth("crashedPrimary"), tree.texts("suspended"),
                tree.tree("counters").numbers());
    }

    public Resource resource(String name) {
        return resources.stream().filter(resource -> resource.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException(name + " is not up:\n" + text));
    }

    public boolean has(String name) {
        return resources.stream().anyMatch(resource -> resource.name().equals(name));
    }
}
