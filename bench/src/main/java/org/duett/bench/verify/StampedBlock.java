package org.duett.bench.verify;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A block of 4 KiB that says which write it is of and where it belongs, and carries a checksum over all of itself: read back, it
 * proves what it is, or that it is damaged.
 */
public final class StampedBlock {

    public static final int BYTES = 4096;

    private static final long MAGIC = 0x4475657474626c6bL; // "Duettblk"
    private static final int SEQUENCE_AT = 8;
    private static final int OFFSET_AT = 16;
    private static final int FILLER_AT = 24;
    private static final int CHECKSUM_AT = BYTES - 8;

    /** What a block holds. */
    public sealed interface Content {
        /** Nothing was ever written there. */
        record Zeroes() implements Content {
        }

        /** The write of this number, whole, in its place. */
        record Write(long sequence) implements Content {
        }

        record Damaged(String reason) implements Content {
        }
    }

    private StampedBlock() {
    }

    /** Fills the next 4 KiB of the buffer. */
    public static void put(ByteBuffer buffer, long sequence, long offsetBytes) {
        ByteBuffer block = buffer.slice(buffer.position(), BYTES).order(ByteOrder.BIG_ENDIAN);
        block.putLong(0, MAGIC);
        block.putLong(SEQUENCE_AT, sequence);
        block.putLong(OFFSET_AT, offsetBytes);
        long filler = sequence ^ offsetBytes << 20;
        for (int at = FILLER_AT; at < CHECKSUM_AT; at += Long.BYTES) {
            // A linear congruence (Knuth's MMIX): each block looks random, and none like another.
            filler = filler * 6364136223846793005L + 1442695040888963407L;
            block.putLong(at, filler);
        }
        block.putLong(CHECKSUM_AT, checksum(block));
        buffer.position(buffer.position() + BYTES);
    }

    private static long checksum(ByteBuffer block) {
        CRC32C checksum = new CRC32C();
        checksum.update(block.slice(0, CHECKSUM_AT));
        return checksum.getValue();
    }

    /** Reads the next 4 KiB of the buffer, which were read from this offset of the volume. */
    public static Content get(ByteBuffer buffer, long offsetBytes) {
        ByteBuffer block = buffer.slice(buffer.position(), BYTES).order(ByteOrder.BIG_ENDIAN);
        buffer.position(buffer.position() + BYTES);
        if (block.getLong(0) != MAGIC) {
            return isZero(block) ? new Content.Zeroes() : new Content.Damaged("it is no block of ours");
        }
        if (block.getLong(CHECKSUM_AT) != checksum(block))
            return new Content.Damaged("its checksum is wrong");
        if (block.getLong(OFFSET_AT) != offsetBytes) {
            return new Content.Damaged("it belongs to offset " + block.getLong(OFFSET_AT));
        }
        return new Content.Write(block.getLong(SEQUENCE_AT));
    }

    private static boolean isZero(ByteBuffer block) {
        for (int at = 0; at < BYTES; at += Long.BYTES) {
            if (block.getLong(at) != 0)
                return false;
        }
        return true;
    }
}
