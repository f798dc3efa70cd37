package org.duett.replicator.wire;

/** The bounds that protocol 101 sets (spec wire 2, "Size limits"). */
public final class WireLimits {
    public static final int SECTOR_BYTES = 512;
    /** Data of one block packet, and what one read, resync or verify request may ask for. */
    public static final int MAX_BLOCK_BYTES = 1 << 20;
    /** A trim, a zeroing, and the answers to them. */
    public static final int MAX_ZEROING_BYTES = 128 << 20;
    /** Header and fixed part together. */
    public static final int MAX_PACKET_BYTES = 4096;
    public static final int HEADER_80_BYTES = 8;
    public static final int HEADER_100_BYTES = 16;
    /** A bitmap packet, a challenge: what fits behind a header of form 100. */
    public static final int MAX_FIXED_BYTES = MAX_PACKET_BYTES - HEADER_100_BYTES;
    /** The longest digest that a configured algorithm has (sha512). */
    public static final int MAX_DIGEST_BYTES = 64;
    /** A sector number must stay a byte offset in 63 bits. */
    public static final long MAX_SECTOR = Long.MAX_VALUE / SECTOR_BYTES;

    static final int MAGIC_80 = 0x83740267;
    static final int MAGIC_100 = 0x8620ec20;
    static final int BLOCK_DATA_BYTES = 24;

    private WireLimits() {
    }
}
