package org.duett.replicator.metadata;

/** Where a disk's metadata lies: at its own end, or on another device (spec metadata 2). */
public sealed interface MetadataKind {
    /** At the end of the data device. */
    record Internal() implements MetadataKind {
    }

    /** A device of its own; its size limits the size of the data device. */
    record FlexExternal() implements MetadataKind {
    }

    /** One of several slots of 128 MiB on a shared device. */
    record Indexed(int index) implements MetadataKind {
        public static final int MAXIMUM_INDEX = 255;

        public Indexed {
            assert index >= 0;
            assert index <= MAXIMUM_INDEX;
        }
    }

    /** The word that drbdmeta and drbd.conf use. */
    default String drbdName() {
        return switch (this) {
            case Internal() -> "internal";
            case FlexExternal() -> "flex-external";
            case Indexed(int index) -> Integer.toString(index);
        };
    }
}
