package org.duett.replicator.disk;

import java.nio.file.Path;

/**
 * Which devices a volume is made of, as its configuration says.
 *
 * @param subject who asks, as messages name it: {@code Resource r0 volume 0}
 * @param punchHole a discard may give the allocation back; else the space stays reserved
 * @param allowNetworkStorage also take files on FUSE or a network file system; only tests do
 */
public record DiskRequest(String subject, Path data, Metadata metadata, boolean punchHole, boolean allowNetworkStorage) {

    /** Where the metadata area lies. */
    public sealed interface Metadata {
        /** At the end of the data device. */
        record Internal() implements Metadata {
        }

        /** On a device of its own (flex-external). */
        record External(Path device) implements Metadata {
        }

        /** On a device that several volumes share, each at an index; it is locked against exclusive users only. */
        record Indexed(Path device) implements Metadata {
        }
    }

    public static DiskRequest internal(String subject, Path data) {
        return new DiskRequest(subject, data, new Metadata.Internal(), false, false);
    }
}
