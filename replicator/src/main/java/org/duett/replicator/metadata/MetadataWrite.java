package org.duett.replicator.metadata;

/** One thing to be written to the device that holds the metadata; offsets and lengths are multiples of 4096. */
public sealed interface MetadataWrite {

    /** {@code count} times the same 4096 bytes, one after the other. */
    @SuppressWarnings("ArrayRecordComponent") // handed over at once, compared by nobody
    record Blocks(long offsetBytes, byte[] block, long count) implements MetadataWrite {
    }

    record Zeroes(long offsetBytes, long lengthBytes) implements MetadataWrite {
    }

    long offsetBytes();
}
