package org.duett.replicator.bitmap;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** The compressed form in which bitmaps are exchanged: alternating run lengths in a variable length code (wire 5.2). */
public final class BitmapRunLength {
    /** What {@link #encode} made of the bitmap from a bit on. */
    public sealed interface Encoded {
        /** {@code payload} holds the encoding byte and the code; it covers the bits up to {@code nextBit}. */
        @SuppressWarnings("ArrayRecordComponent") // handed over at once, compared by nobody
        record Compressed(byte[] payload, long nextBit) implements Encoded {
        }

        /** The code would be larger than the bits: send a plain packet, from the word that holds the bit. */
        record Incompressible() implements Encoded {
        }
    }

    /** What {@link #decode} read. */
    public sealed interface Decoded {
        /** Merge it by {@link RunMerge}. */
        record Accepted(Runs runs) implements Decoded {
        }

        /** Not what a peer may send; nothing of it is used. */
        record Malformed(String reason) implements Decoded {
        }
    }

    /** Run lengths of alternating value from {@code firstBit} on; together they end at {@code nextBit}. */
    @SuppressWarnings("ArrayRecordComponent") // handed over at once, compared by nobody
    public record Runs(long firstBit, boolean firstIsSet, long[] lengths, long nextBit) {
    }

    private static final int CODE_RUN_LENGTH = 2;
    private static final int FIRST_IS_SET = 0x80;

    private static final int[] PREFIX = {0x00, 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xbf, 0xff};
    private static final int[] PREFIX_BITS = {1, 2, 3, 4, 5, 6, 8, 8, 8, 8};
    private static final int[] DATA_BITS = {1, 1, 2, 3, 5, 8, 13, 21, 34, 56};
    private static final long[] LOWEST = lowestOfEachRow();
    private static final int ROWS = PREFIX.length;

    private BitmapRunLength() {
    }

    private static long[] lowestOfEachRow() {
        long[] lowest = new long[PREFIX.length];
        long next = 1;
        for (int row = 0; row < lowest.length; row++) {
            lowest[row] = next;
            next += 1L << DATA_BITS[row];
        }
        return lowest;
    }

    /** At most {@code maxPayloadBytes} for the bits from {@code fromBit} on, with the kernel's choice between the forms. */
    public static Encoded encode(DirtyBitmap bitmap, long fromBit, int maxPayloadBytes) {
        assert fromBit < bitmap.bits();
        assert maxPayloadBytes > 1;
        var code = new BitWriter(maxPayloadBytes - 1);
        boolean firstIsSet = bitmap.isSet(fromBit);
        boolean set = firstIsSet;
        long bit = fromBit;
        while (bit < bitmap.bits()) {
            long end = set ? bitmap.nextClearBit(bit) : endOfClearRun(bitmap, bit);
            if (!code.appendRun(end - bit))
                break;
            bit = end;
            set = !set;
        }
        // A word of code is worth it only if it stands for at least as many bits (kernel policy).
        if (bit == fromBit || bit - fromBit < 8L * code.bytes())
            return new Encoded.Incompressible();
        return new Encoded.Compressed(code.payload(firstIsSet), bit);
    }

    private static long endOfClearRun(DirtyBitmap bitmap, long bit) {
        long end = bitmap.nextSetBit(bit);
        return end == DirtyBitmap.NONE ? bitmap.bits() : end;
    }

    /** Reads all readable bytes of {@code payload}: runs from {@code atBit} on, of a bitmap of {@code bits} bits. */
    public static Decoded decode(ByteBuf payload, long atBit, long bits) {
        assert atBit >= 0;
        assert atBit <= bits;
        int length = payload.readableBytes();
        if (length < 2)
            return malformed("a compressed bitmap packet of " + length + " bytes holds no code");
        int encoding = payload.readUnsignedByte();
        if ((encoding & 0x0f) != CODE_RUN_LENGTH)
            return malformed("bitmap code " + (encoding & 0x0f) + " is not known");
        var code = new BitReader(payload, encoding >>> 4 & 0x07);
        long[] lengths = new long[Math.toIntExact(Math.min(code.remainingBits() / 2 + 1, 1 << 16))];
        int runs = 0;
        long bit = atBit;
        while (code.remainingBits() > 0) {
            long run = code.readRun();
            if (run < 0)
                return malformed("the bitmap code breaks off inside run " + runs);
            if (run > bits - bit)
                return malformed("run " + runs + " of " + run + " bits at bit " + bit + " passes the end, " + bits);
            if (runs == lengths.length)
                lengths = Arrays.copyOf(lengths, 2 * runs);
            lengths[runs++] = run;
            bit += run;
        }
        if (!code.restIsZero())
            return malformed("the unused bits of the bitmap code are not zero");
        boolean firstIsSet = (encoding & FIRST_IS_SET) != 0;
        return new Decoded.Accepted(new Runs(atBit, firstIsSet, Arrays.copyOf(lengths, runs), bit));
    }

    private static Decoded malformed(String reason) {
        return new Decoded.Malformed(reason);
    }

    /** The code word of a run, its lowest bit first on the wire. */
    static long codeWord(long run) {
        int row = rowOf(run);
        return (run - LOWEST[row]) << PREFIX_BITS[row] | PREFIX[row];
    }

    static int codeWordBits(long run) {
        int row = rowOf(run);
        return PREFIX_BITS[row] + DATA_BITS[row];
    }

    private static int rowOf(long run) {
        assert run >= 1;
        int row = 0;
        while (row + 1 < ROWS && run >= LOWEST[row + 1])
            row++;
        return row;
    }

    /** Lowest bit of the lowest byte first. */
    private static final class BitWriter {
        private final byte[] payload;
        private final long capacityBits;
        private long usedBits;

        BitWriter(int codeBytes) {
            payload = new byte[1 + codeBytes];
            capacityBits = 8L * codeBytes;
        }

        /** A code word is never split: false, and nothing written, when it does not fit. */
        boolean appendRun(long run) {
            int wordBits = codeWordBits(run);
            if (usedBits + wordBits > capacityBits)
                return false;
            long word = codeWord(run);
            for (int written = 0; written < wordBits;) {
                int shift = (int) (usedBits & 7);
                int part = Math.min(8 - shift, wordBits - written);
                long chunk = word >>> written & (1L << part) - 1;
                payload[1 + (int) (usedBits >>> 3)] |= (byte) (chunk << shift);
                written += part;
                usedBits += part;
            }
            return true;
        }

        int bytes() {
            return (int) ((usedBits + 7) >>> 3);
        }

        byte[] payload(boolean firstIsSet) {
            int unusedBits = (int) (8L * bytes() - usedBits);
            payload[0] = (byte) (CODE_RUN_LENGTH | unusedBits << 4 | (firstIsSet ? FIRST_IS_SET : 0));
            return Arrays.copyOf(payload, 1 + bytes());
        }
    }

    private static final class BitReader {
        private final ByteBuf source;
        private final int unusedBits;
        private long window;
        private int windowBits;

        BitReader(ByteBuf source, int unusedBits) {
            this.source = source;
            this.unusedBits = unusedBits;
        }

        long remainingBits() {
            return windowBits + 8L * source.readableBytes() - unusedBits;
        }

        boolean restIsZero() {
            fill();
            return window == 0;
        }

        /** The length of the next run, or -1 when the code breaks off. */
        long readRun() {
            fill();
            int row = rowOfPrefix((int) window & 0xff);
            int wordBits = PREFIX_BITS[row] + DATA_BITS[row];
            if (wordBits > remainingBits())
                return -1;
            skip(PREFIX_BITS[row]);
            fill();
            long value = window & (1L << DATA_BITS[row]) - 1;
            skip(DATA_BITS[row]);
            return LOWEST[row] + value;
        }

        private static int rowOfPrefix(int lowByte) {
            for (int row = 0; row < ROWS; row++)
                if ((lowByte & (1 << PREFIX_BITS[row]) - 1) == PREFIX[row])
                    return row;
            throw new AssertionError("the prefixes cover every byte");
        }

        private void skip(int bits) {
            window >>>= bits;
            windowBits -= bits;
        }

        private void fill() {
            while (windowBits <= 56 && source.isReadable()) {
                window |= (long) source.readUnsignedByte() << windowBits;
                windowBits += 8;
            }
        }
    }
}
